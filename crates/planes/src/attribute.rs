//! The attributes that travel with every record.

/// The patient, such as `ID001`. Whoever wants to know it asks `folds::patient_of`.
pub const PATIENT: &str = "patient";
/// `R`, `L`, or absent where nothing tells.
pub const SIDE: &str = "side";
/// The file's base name with its extension: `image_name` of a submission.
pub const IMAGE_NAME: &str = "image_name";
/// The path of the image file below the data set's root, with `/`; submissions are sorted by it.
pub const SOURCE: &str = "source";
/// `WIDTH HEIGHT` of what the record shows, in pixels of the radiograph: predictions come out at this size.
pub const SIZE: &str = "size";
/// Where a crop lies in the radiograph, as [`bones::crop::Window`] writes itself; absent on whole ones.
pub const WINDOW: &str = "window";
/// The key of the record that this one was derived from. A derived record keeps the patient of its parent, and
/// with it the fold.
pub const PARENT: &str = "parent";
/// The key of the record at the beginning, where the parent was derived itself.
pub const ANCESTOR: &str = "ancestor";
/// The bones on which the plane `masks` has an opinion, separated by blanks; absent where it has one on all.
pub const OPINION: &str = "opinion";
