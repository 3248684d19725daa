//! The four planes of this project, between the bytes of a [`shard::Record`] and the values of [`bones`].
//!
//! | plane | dtype, encoding | shape | value |
//! |---|---|---|---|
//! | `image` | u8 dense | [height, width] | grey, 0 … 255 |
//! | `polygons` | i32 rings | [height, width] of the radiograph the points lie in | [`Outline`]s |
//! | `masks` | u32 runs | [height, width] | [`Mask`] |
//! | `scores` | f16 dense, or u8 dense ([`ScoresKind`]) | [29, height, width] of the network's output | [`Scores`]: logits |
//!
//! `image` may be smaller than `polygons` and `masks`: images are resized to the network's size early, labels
//! stay at the size of the radiograph, where Dice is measured. [`Frame`] says which part of which radiograph a
//! record shows.

mod around;
mod frame;
mod opinion;
mod quantised;
mod rounded;
mod scores;
pub mod submission;

use bones::crop::Window;
use bones::polygon::Outline;
use bones::{Bone, BoneSet, Mask, Run, Size};
use shard::{Dtype, Encoding, Header, Plane, PlaneSpec, Record};
use thiserror::Error;

pub use frame::{Frame, attribute};
pub use opinion::{first_names, masks_and_opinion, opinion, set_opinion};
pub use scores::{Scores, ScoresKind, scores, set_scores};

/// The names of the planes.
pub mod name {
    /// Grey radiograph.
    pub const IMAGE: &str = "image";
    /// Outlines of the bones.
    pub const POLYGONS: &str = "polygons";
    /// The bones of every pixel.
    pub const MASKS: &str = "masks";
    /// Logits of a network.
    pub const SCORES: &str = "scores";
}

/// What a header says of the plane `image`.
pub fn image_spec() -> PlaneSpec {
    spec(name::IMAGE, Dtype::U8, Encoding::Dense)
}

/// What a header says of the plane `polygons`.
pub fn polygons_spec() -> PlaneSpec {
    spec(name::POLYGONS, Dtype::I32, Encoding::Rings)
}

/// What a header says of the plane `masks`.
pub fn masks_spec() -> PlaneSpec {
    spec(name::MASKS, Dtype::U32, Encoding::Runs)
}

fn spec(name: &str, dtype: Dtype, encoding: Encoding) -> PlaneSpec {
    PlaneSpec { name: name.to_owned(), dtype, encoding }
}

/// The class list that headers of `polygons`, `masks` and `scores` carry.
pub fn classes() -> Vec<String> {
    Bone::NAMES.iter().map(|&name| name.to_owned()).collect()
}

/// Checks that a stream's `polygons`, `masks` and `scores` index the classes of this project, in their order. A stream
/// of images alone indexes none.
pub fn check_classes(header: &Header) -> Result<(), String> {
    let indexing = [name::POLYGONS, name::MASKS, name::SCORES];
    if header.classes == Bone::NAMES || indexing.iter().all(|name| header.plane(name).is_none()) {
        return Ok(());
    }
    let at = Bone::NAMES.iter().zip(&header.classes).position(|(known, found)| known != found);
    let differ = match at {
        Some(index) => format!("class {index} is `{}`, not `{}`", header.classes[index], Bone::NAMES[index]),
        None => format!("there are {} classes, not {}", header.classes.len(), Bone::NAMES.len()),
    };
    Err(format!("its classes (by `{}`) are not those of this program: {differ}", header.producer.stage))
}

/// Why a plane's bytes are no value of its kind.
#[derive(Debug, Error)]
pub enum PlaneError {
    /// There is no plane of that name.
    #[error("no plane `{0}`")]
    Missing(&'static str),
    /// Dtype, encoding or shape are not those of the plane's kind.
    #[error("plane `{plane}`: {what}")]
    Form {
        /// The plane.
        plane: &'static str,
        /// What is wrong, and what was expected.
        what: String,
    },
    /// An attribute of the record is missing or malformed.
    #[error("attribute `{attribute}` {what}")]
    Attribute {
        /// The attribute.
        attribute: &'static str,
        /// What is wrong, and what was expected.
        what: String,
    },
}

/// A grey image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Image {
    size: Size,
    pixels: Vec<u8>,
}

impl Image {
    /// An image of `size`, row-major; `None` where `pixels` is not width × height long.
    pub fn new(size: Size, pixels: Vec<u8>) -> Option<Image> {
        (pixels.len() == size.pixels() as usize).then_some(Image { size, pixels })
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Grey values 0 … 255, row-major.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The part of the image in `window`.
    ///
    /// # Panics
    /// Where the image is not of the size [`Window::full`].
    pub fn crop(&self, window: &Window) -> Image {
        assert_eq!(self.size, window.full(), "a window crops images of the frame that it lies in");
        let (left, width) = (window.x() as usize, window.size().width() as usize);
        let rows = self.pixels.chunks_exact(self.size.width() as usize).skip(window.y() as usize);
        let rows = rows.take(window.size().height() as usize);
        Image {
            size: window.size(),
            pixels: rows.flat_map(|row| &row[left..left + width]).copied().collect(),
        }
    }

    /// The grey values, without a copy.
    pub fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }
}

/// Reads the plane `image`; its bytes are taken out of the record without a copy.
pub fn take_image(record: &mut Record) -> Result<Image, PlaneError> {
    let plane = record.take_plane(name::IMAGE).ok_or(PlaneError::Missing(name::IMAGE))?;
    let size = check(&plane, &image_spec(), name::IMAGE)?;
    Image::new(size, plane.bytes).ok_or_else(|| form(name::IMAGE, "its bytes are not width × height many"))
}

/// Writes the plane `image`.
pub fn set_image(record: &mut Record, image: Image) {
    record.set_plane(plane(&image_spec(), image.size, image.pixels));
}

/// Reads the plane `polygons` and the size of the radiograph that they lie in.
pub fn polygons(record: &Record) -> Result<(Size, Vec<Outline>), PlaneError> {
    let plane = record.plane(name::POLYGONS).ok_or(PlaneError::Missing(name::POLYGONS))?;
    let size = check(plane, &polygons_spec(), name::POLYGONS)?;
    let mut words = plane.bytes.chunks_exact(4).map(|word| [word[0], word[1], word[2], word[3]]);
    let short = || form(name::POLYGONS, "it ends within an outline");
    let mut outlines = Vec::new();
    while let Some(class) = words.next() {
        let class = u32::from_le_bytes(class) as usize;
        let bone = Bone::from_index(class).ok_or_else(|| {
            form(name::POLYGONS, format!("class {class}; there are 0 … {}", bones::bone::COUNT - 1))
        })?;
        let points = u32::from_le_bytes(words.next().ok_or_else(short)?) as usize;
        if points > words.len() / 2 {
            return Err(short());
        }
        let mut coordinate = || words.next().map(i32::from_le_bytes).ok_or_else(short);
        let ring = (0..points)
            .map(|_| Ok([coordinate()?, coordinate()?]))
            .collect::<Result<Vec<_>, PlaneError>>()?;
        outlines.push(Outline { bone, ring });
    }
    Ok((size, outlines))
}

/// Writes the plane `polygons`.
pub fn set_polygons(record: &mut Record, size: Size, outlines: &[Outline]) {
    let mut bytes = Vec::new();
    for Outline { bone, ring } in outlines {
        bytes.extend((bone.index() as u32).to_le_bytes());
        bytes.extend((ring.len() as u32).to_le_bytes());
        for coordinate in ring.iter().flatten() {
            bytes.extend(coordinate.to_le_bytes());
        }
    }
    record.set_plane(plane(&polygons_spec(), size, bytes));
}

/// Reads the plane `masks`.
pub fn masks(record: &Record) -> Result<Mask, PlaneError> {
    let plane = record.plane(name::MASKS).ok_or(PlaneError::Missing(name::MASKS))?;
    let size = check(plane, &masks_spec(), name::MASKS)?;
    let runs = plane
        .bytes
        .chunks_exact(8)
        .map(|pair| {
            let word = |at: usize| u32::from_le_bytes([pair[at], pair[at + 1], pair[at + 2], pair[at + 3]]);
            let set = BoneSet::from_bits(word(4))
                .ok_or_else(|| form(name::MASKS, "a run with a class beyond 28"))?;
            Ok(Run { end: word(0), set })
        })
        .collect::<Result<Vec<Run>, PlaneError>>()?;
    Mask::from_runs(size, runs).map_err(|error| form(name::MASKS, error))
}

/// Writes the plane `masks`.
pub fn set_masks(record: &mut Record, mask: &Mask) {
    let bytes =
        mask.runs().iter().flat_map(|run| [run.end, run.set.bits()]).flat_map(u32::to_le_bytes).collect();
    record.set_plane(plane(&masks_spec(), mask.size(), bytes));
}

fn plane(spec: &PlaneSpec, size: Size, bytes: Vec<u8>) -> Plane {
    let shape = vec![u64::from(size.height()), u64::from(size.width())];
    Plane { name: spec.name.clone(), dtype: spec.dtype, encoding: spec.encoding, shape, bytes }
}

fn check(plane: &Plane, spec: &PlaneSpec, name: &'static str) -> Result<Size, PlaneError> {
    check_shape(plane, &plane.shape, spec, name)
}

fn check_shape(
    plane: &Plane,
    shape: &[u64],
    spec: &PlaneSpec,
    name: &'static str,
) -> Result<Size, PlaneError> {
    if (plane.dtype, plane.encoding) != (spec.dtype, spec.encoding) {
        let (dtype, encoding) = (plane.dtype, plane.encoding);
        let expected = format!("{:?} {:?}", spec.dtype, spec.encoding);
        return Err(form(name, format!("it is {dtype:?} {encoding:?}; {expected} was expected")));
    }
    let &[height, width] = shape else {
        return Err(form(name, format!("its shape is {:?}; height and width were expected", plane.shape)));
    };
    let side = |extent: u64| u32::try_from(extent).ok();
    side(width)
        .zip(side(height))
        .and_then(|(width, height)| Size::new(width, height))
        .ok_or_else(|| form(name, format!("{width}×{height} is more than 2³² pixels")))
}

fn form(plane: &'static str, what: impl ToString) -> PlaneError {
    PlaneError::Form { plane, what: what.to_string() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn planes_round_trip() {
        let size = Size::new(4, 3).unwrap();
        let mut record = Record::default();
        let image = Image::new(size, (0..12).collect()).unwrap();
        let set = BoneSet::of(Bone::ALL[3]) | BoneSet::of(Bone::ALL[28]);
        let mask =
            Mask::from_runs(size, [Run { end: 5, set }, Run { end: 12, set: BoneSet::EMPTY }]).unwrap();
        let outlines = vec![
            Outline { bone: Bone::ALL[7], ring: vec![[-1, 2], [3, 4], [5, -6]] },
            Outline { bone: Bone::ALL[0], ring: vec![] },
        ];
        set_image(&mut record, image.clone());
        set_masks(&mut record, &mask);
        set_polygons(&mut record, size, &outlines);
        assert_eq!(take_image(&mut record).unwrap(), image);
        assert_eq!(masks(&record).unwrap(), mask);
        assert_eq!(polygons(&record).unwrap(), (size, outlines));
    }

    #[test]
    fn classes_matter_where_a_plane_indexes_them() {
        let header = |planes: Vec<PlaneSpec>, classes: &[&str]| Header {
            producer: shard::Producer { stage: "other".to_owned(), version: "1".to_owned() },
            planes,
            classes: classes.iter().map(|&class| class.to_owned()).collect(),
            attributes: Default::default(),
        };
        assert_eq!(check_classes(&header(vec![image_spec()], &[])), Ok(()));
        assert_eq!(check_classes(&header(vec![image_spec(), masks_spec()], &Bone::NAMES)), Ok(()));
        let specs = [polygons_spec(), masks_spec(), ScoresKind::Quantised.spec()];
        for spec in specs {
            let told = check_classes(&header(vec![spec.clone()], &[])).unwrap_err();
            assert!(told.contains("there are 0 classes, not 29"), "{told}");
            assert!(check_classes(&header(vec![spec], &["finger-2"])).is_err());
        }
    }

    #[test]
    fn a_plane_of_another_form_is_refused() {
        let mut record = Record::default();
        assert!(matches!(masks(&record), Err(PlaneError::Missing("masks"))));
        set_polygons(
            &mut record,
            Size::new(4, 3).unwrap(),
            &[Outline { bone: Bone::ALL[7], ring: vec![[1, 2]] }],
        );
        let mut plane = record.take_plane("polygons").unwrap();
        plane.bytes.truncate(12);
        record.set_plane(plane.clone());
        assert!(polygons(&record).unwrap_err().to_string().contains("ends within an outline"));
        plane.encoding = Encoding::Dense;
        record.set_plane(plane);
        assert!(polygons(&record).unwrap_err().to_string().contains("I32 Rings was expected"));
    }
}
