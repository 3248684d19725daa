//! The outlines of one radiograph, as an annotation file of the competition.

use bones::dice::overlaps;
use bones::polygon::{Outline, fill};
use bones::{Bone, BoneSet, Mask, contour};
use planes::{Frame, attribute};
use serde::Serialize;
use shard::Record;
use stage::{Job, Reason};

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
    /// The key of the radiograph.
    pub key: String,
    /// The JSON text.
    pub text: String,
    /// What of the masks is not in it.
    pub losses: Losses,
}

/// What outlines lose of masks, each bone being one ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Losses {
    /// Files that lose anything.
    pub files: u64,
    /// Pieces of bones that are not in them, all but the largest one.
    pub pieces: u64,
    /// Their pixels.
    pub pixels: u64,
    /// Pixels of holes that are filled.
    pub filled: u64,
}

impl Losses {
    pub(crate) fn add(&mut self, other: &Losses) {
        self.files += other.files;
        self.pieces += other.pieces;
        self.pixels += other.pixels;
        self.filled += other.filled;
    }

    /// Says them on standard error and in the summary.
    pub(crate) fn tell(&self, job: &mut Job) {
        let Losses { files, pieces, pixels, filled } = *self;
        if files == 0 {
            return;
        }
        job.count("pieces left out", pieces);
        job.count("pixels of pieces left out", pixels);
        job.count("pixels of holes filled", filled);
        job.note(&format!(
            "an outline is one ring: in {files} files {pieces} smaller pieces of bones ({pixels} pixels) are left out, \
             and holes of {filled} pixels are filled"
        ));
    }
}

impl Outlines {
    /// The outlines of the plane `masks`.
    pub(crate) fn of(record: &Record) -> Result<Outlines, Reason> {
        let frame = Frame::of(record)?;
        let (mask, opinion) = planes::masks_and_opinion(record)?;
        if frame.window.is_some() {
            return Err("it is a crop; run `vote --paste-back` before".into());
        }
        if mask.size() != frame.size {
            return Err(format!("its masks are {}, the radiograph is {}", mask.size(), frame.size).into());
        }
        let base_name = record.key.rsplit('/').next().expect("a split text has a last part");
        let filename = record.attributes.get(attribute::IMAGE_NAME).map_or(base_name, String::as_str);
        let (annotations, losses) = annotations(&mask, opinion);
        let metadata = Metadata { width: frame.size.width(), height: frame.size.height() };
        let mut text = serde_json::to_string(&File { annotations, filename, metadata })?;
        text.push('\n');
        Ok(Outlines { key: record.key.clone(), text, losses })
    }
}

/// The annotations of the bones on which there is an opinion, in canonical order, and what they lose of the mask.
fn annotations(mask: &Mask, opinion: BoneSet) -> (Vec<Annotation>, Losses) {
    let mut pieces_left_out = 0;
    let outline = |bone: Bone| {
        let pieces = contour::trace(mask, bone);
        pieces_left_out += pieces.len().saturating_sub(1) as u64;
        Outline {
            bone,
            ring: pieces.first().map_or_else(Vec::new, |largest| contour::simplify(&largest.ring)),
        }
    };
    let outlines: Vec<Outline> = opinion.iter().map(outline).collect();
    let drawn = fill(&outlines, mask.size());
    let overlaps = overlaps(mask, &drawn).expect("a mask is drawn at its own size");
    let pixels = overlaps.iter().map(|overlap| u64::from(overlap.a - overlap.both)).sum();
    let filled = overlaps.iter().map(|overlap| u64::from(overlap.b - overlap.both)).sum();
    let files = u64::from(pieces_left_out > 0 || filled > 0);
    let losses = Losses { files, pieces: pieces_left_out, pixels, filled };
    let annotation = |Outline { bone, ring }| Annotation {
        id: bone.name(),
        kind: "poly_seg",
        attributes: Nothing {},
        label: bone.name(),
        points: ring,
    };
    (outlines.into_iter().map(annotation).collect(), losses)
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
        let Outlines { text, losses, .. } = Outlines::of(&record).unwrap();
        assert_eq!(losses, Losses::default());
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
        assert_eq!(outlines.losses, Losses { files: 1, pieces: 1, pixels: 25, filled: 0 });
        assert!(outlines.text.contains("[20,2]") && !outlines.text.contains("[2,2]"));
    }

    #[test]
    fn a_hole_is_filled_and_counted() {
        let size = Size::new(60, 40).unwrap();
        let set = BoneSet::of(Bone::ALL[4]);
        let mut dense = vec![BoneSet::EMPTY; size.pixels() as usize];
        for (x, y) in (10..20).flat_map(|x| (5..15).map(move |y| (x, y))) {
            let hole = (12..15).contains(&x) && (7..9).contains(&y);
            dense[y * 60 + x] = if hole { BoneSet::EMPTY } else { set };
        }
        let mut record = radiograph(&[]);
        planes::set_masks(&mut record, &Mask::from_dense(size, &dense).unwrap());
        let losses = Outlines::of(&record).unwrap().losses;
        assert_eq!(losses, Losses { files: 1, pieces: 0, pixels: 0, filled: 6 });
    }

    #[test]
    fn there_is_no_annotation_where_there_is_no_opinion() {
        let mut record = radiograph(&[]);
        planes::set_opinion(&mut record, BoneSet::CARPALS);
        let file: serde_json::Value = serde_json::from_str(&Outlines::of(&record).unwrap().text).unwrap();
        let labels: Vec<&str> = file["annotations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["label"].as_str().unwrap())
            .collect();
        assert_eq!(labels, Bone::NAMES[19..27]);
    }
}
