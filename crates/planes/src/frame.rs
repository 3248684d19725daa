//! Which part of which radiograph a record shows.

use std::str::FromStr;

use bones::components::{self, Connectivity};
use bones::crop::Window;
use bones::{Bone, BoneSet, Mask, Size};
use shard::Record;

use crate::PlaneError;
use crate::opinion::first_names;

/// The attributes that travel with every record.
pub mod attribute {
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
        let missing = || PlaneError::Attribute { attribute: attribute::SIZE, what: "is missing".to_owned() };
        let text = record.attributes.get(attribute::SIZE).ok_or_else(missing)?;
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

    /// What a prediction for this frame should not be silent about: a whole radiograph of one hand shows every
    /// bone, each in one piece, so one in which some were not found or lie scattered is probably something else, or
    /// beyond the model.
    pub fn misgiving(&self, mask: &Mask) -> Option<String> {
        self.misgiving_about(mask, BoneSet::ALL)
    }

    /// The same of a prediction that has an opinion on the bones `sought` alone.
    pub fn misgiving_about(&self, mask: &Mask, sought: BoneSet) -> Option<String> {
        if self.window.is_some() {
            return None;
        }
        let scattered: BoneSet = sought.iter().filter(|bone| is_scattered(mask, *bone)).collect();
        let found = [(mask.absent() & sought, "were not found"), (scattered, "lie in scattered pieces")];
        let told: Vec<String> = found
            .into_iter()
            .filter(|(bones, _)| !bones.is_empty())
            .map(|(bones, what)| {
                format!("{} of {} bones {what} ({})", bones.len(), sought.len(), first_names(bones))
            })
            .collect();
        (!told.is_empty()).then(|| format!("{}: look at it before you trust it", told.join(" and ")))
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

/// The share of a bone's pixels that its largest piece has at least, unless it is scattered.
const WHOLE: f64 = 0.8;

fn is_scattered(mask: &Mask, bone: Bone) -> bool {
    let pieces = components::components(mask, bone, Connectivity::Eight);
    let areas = || pieces.iter().map(|component| f64::from(component.area));
    areas().fold(0.0, f64::max) < WHOLE * areas().sum::<f64>()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_whole_radiograph_without_all_bones_raises_misgivings() {
        let size = Size::new(4, 1).unwrap();
        let whole = Frame { size, window: None };
        let mask = |set| Mask::from_dense(size, &[BoneSet::EMPTY, set, set, BoneSet::EMPTY]).unwrap();
        assert_eq!(whole.misgiving(&mask(BoneSet::ALL)), None);
        let text = whole.misgiving(&mask(BoneSet::ALL - BoneSet::CARPALS)).unwrap();
        assert!(
            text.starts_with("8 of 29 bones were not found (Trapezium, Trapezoid, Capitate, Hamate, …)"),
            "{text}"
        );
        let pieces =
            Mask::from_dense(size, &[BoneSet::ALL, BoneSet::EMPTY, BoneSet::ALL, BoneSet::EMPTY]).unwrap();
        let text = whole.misgiving(&pieces).unwrap();
        assert!(text.starts_with("29 of 29 bones lie in scattered pieces (finger-1, "), "{text}");
        assert_eq!(whole.misgiving_about(&mask(BoneSet::CARPALS), BoneSet::CARPALS), None);
        let text = whole.misgiving_about(&mask(BoneSet::EMPTY), BoneSet::CARPALS).unwrap();
        assert!(text.starts_with("8 of 8 bones were not found"), "{text}");
        let crop = Frame { size, window: Some("0 0 4 1 of 8 8".parse().unwrap()) };
        assert_eq!(crop.misgiving(&mask(BoneSet::EMPTY)), None);
    }
}
