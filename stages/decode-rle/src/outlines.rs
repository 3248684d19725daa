//! The outlines of one radiograph, as an annotation file of the competition.

use std::path::{Component, Path, PathBuf};

use bones::contour;
use bones::{Bone, Mask};
use planes::{Frame, attribute};
use serde::Serialize;
use shard::Record;
use stage::Reason;

/// An annotation file. Who drew it, when, and with what tool can't be known and is not written.
#[derive(Serialize)]
struct File<'a> {
    annotations: Vec<Annotation>,
    filename: &'a str,
    metadata: Metadata,
}

#[derive(Serialize)]
struct Annotation {
    /// The bone's name once more: unique in its file.
    id: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    attributes: Nothing,
    label: &'static str,
    /// (x, y) pixels of the image, one closed ring; empty for a bone that shows nowhere.
    points: Vec<[i32; 2]>,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct Metadata {
    width: u32,
    height: u32,
}

/// The annotation file of one radiograph.
pub(crate) struct Outlines {
    /// Below `outputs_json`: `ID001/image1_R.json`.
    pub path: PathBuf,
    /// The JSON text.
    pub text: String,
    /// How many pieces of bones are not in it.
    pub pieces_left_out: u64,
}

impl Outlines {
    /// The outlines of the plane `masks`.
    pub(crate) fn of(record: &Record) -> Result<Outlines, Reason> {
        let frame = Frame::of(record)?;
        let mask = planes::masks(record)?;
        if frame.window.is_some() {
            return Err("it is a crop; run `vote --paste-back` before".into());
        }
        if mask.size() != frame.size {
            return Err(format!("its masks are {}, the radiograph is {}", mask.size(), frame.size).into());
        }
        let path = PathBuf::from(format!("{}.json", record.key));
        if path.components().any(|part| !matches!(part, Component::Normal(_))) {
            return Err("its key can't be the path of a file: it must be like `ID001/image1_R`".into());
        }
        let base_name = Path::new(&record.key).file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let filename = record.attributes.get(attribute::IMAGE_NAME).map_or(base_name, String::as_str);
        let (annotations, pieces_left_out) = annotations(&mask);
        let metadata = Metadata { width: frame.size.width(), height: frame.size.height() };
        let mut text = serde_json::to_string(&File { annotations, filename, metadata })?;
        text.push('\n');
        Ok(Outlines { path, text, pieces_left_out })
    }
}

/// All 29 annotations in canonical order, and how many pieces are left out of them.
fn annotations(mask: &Mask) -> (Vec<Annotation>, u64) {
    let mut left_out = 0;
    let annotation = |bone: Bone| {
        let pieces = contour::trace(mask, bone);
        left_out += pieces.len().saturating_sub(1) as u64;
        let points = pieces.first().map_or_else(Vec::new, |largest| contour::simplify(&largest.ring));
        Annotation { id: bone.name(), kind: "poly_seg", attributes: Nothing {}, label: bone.name(), points }
    };
    (Bone::ALL.into_iter().map(annotation).collect(), left_out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bones::polygon::{Outline, fill};
    use bones::{BoneSet, Size};

    use super::*;

    fn radiograph(outlines: &[Outline]) -> Record {
        let size = Size::new(60, 40).unwrap();
        let mut record = Record { key: "ID001/a_R".to_owned(), ..Record::default() };
        record.attributes.insert("image_name".to_owned(), "a_R.png".to_owned());
        Frame { size, window: None }.write(&mut record);
        planes::set_masks(&mut record, &fill(outlines, size));
        record
    }

    #[test]
    fn outlines_are_in_x_y_order_and_fill_to_the_same_mask() {
        let bone = Bone::from_name("Ulna").unwrap();
        let ring = vec![[5, 2], [50, 6], [40, 30], [7, 20]];
        let record = radiograph(&[Outline { bone, ring }]);
        let Outlines { path, text, pieces_left_out } = Outlines::of(&record).unwrap();
        assert_eq!((path.to_str().unwrap(), pieces_left_out), ("ID001/a_R.json", 0));
        let file: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(file["filename"], "a_R.png");
        assert_eq!(file["metadata"], serde_json::json!({ "width": 60, "height": 40 }));
        let annotations = file["annotations"].as_array().unwrap();
        let labels: Vec<&str> = annotations.iter().map(|one| one["label"].as_str().unwrap()).collect();
        assert_eq!(labels, Bone::NAMES);
        assert_eq!(annotations[0]["points"], serde_json::json!([]));
        let ring: Vec<[i32; 2]> = serde_json::from_value(annotations[28]["points"].clone()).unwrap();
        assert!(ring.contains(&[50, 6]), "{ring:?}");
        let mask = planes::masks(&record).unwrap();
        assert_eq!(fill(&[Outline { bone, ring }], mask.size()), mask);
    }

    #[test]
    fn the_largest_piece_counts_and_the_others_are_counted() {
        let bone = Bone::ALL[4];
        let square = |x: i32, side: i32| Outline {
            bone,
            ring: vec![[x, 2], [x + side, 2], [x + side, 2 + side], [x, 2 + side]],
        };
        // `fill` takes the later outline of a bone in place of the earlier, so the pieces are drawn apart.
        let size = Size::new(60, 40).unwrap();
        let [large, small] = [square(20, 9), square(2, 4)].map(|one| fill(&[one], size).to_dense());
        let both: Vec<BoneSet> = large.iter().zip(&small).map(|(&a, &b)| a | b).collect();
        let mut record = radiograph(&[]);
        planes::set_masks(&mut record, &Mask::from_dense(size, &both).unwrap());
        let outlines = Outlines::of(&record).unwrap();
        assert_eq!(outlines.pieces_left_out, 1);
        assert!(outlines.text.contains("[20,2]") && !outlines.text.contains("[2,2]"));
    }

    #[test]
    fn a_key_can_not_leave_the_folder() {
        for key in ["../a", "/etc/a", "a/../../b"] {
            let mut record = radiograph(&[]);
            record.key = key.to_owned();
            assert!(Outlines::of(&record).err().unwrap().to_string().contains("can't be the path"), "{key}");
        }
    }
}
