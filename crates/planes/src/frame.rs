//! Which part of which radiograph a record shows.

use std::str::FromStr;

use bones::Size;
use bones::crop::Window;
use shard::Record;

use crate::PlaneError;

/// The attributes that travel with every record.
pub mod attribute {
    /// The patient, such as `ID001`; folds are grouped by it.
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
}

/// Which part of which radiograph a record shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Size in pixels of the radiograph that the record shows: of the whole, or of the crop window.
    pub size: Size,
    /// Where a crop lies; `None` on whole radiographs.
    pub window: Option<Window>,
}

impl Frame {
    /// Reads the attributes `size` and `window`.
    pub fn of(record: &Record) -> Result<Frame, PlaneError> {
        let text = record.attributes.get(attribute::SIZE).map(String::as_str).unwrap_or_default();
        let mut sides = text.split(' ').map(u32::from_str);
        let size = match (sides.next(), sides.next(), sides.next()) {
            (Some(Ok(width)), Some(Ok(height)), None) => Size::new(width, height),
            _ => None,
        };
        let size = size.ok_or_else(|| PlaneError::Attribute {
            attribute: attribute::SIZE,
            what: format!("is {text:?}; WIDTH HEIGHT was expected"),
        })?;
        let window = record.attributes.get(attribute::WINDOW).map(|text| Window::from_str(text)).transpose();
        let window = window.map_err(|error| PlaneError::Attribute {
            attribute: attribute::WINDOW,
            what: error.to_string(),
        })?;
        Ok(Frame { size, window })
    }

    /// Writes the attributes `size` and `window`.
    pub fn write(&self, record: &mut Record) {
        let size = format!("{} {}", self.size.width(), self.size.height());
        record.attributes.insert(attribute::SIZE.to_owned(), size);
        match &self.window {
            Some(window) => record.attributes.insert(attribute::WINDOW.to_owned(), window.to_string()),
            None => record.attributes.remove(attribute::WINDOW),
        };
    }
}
