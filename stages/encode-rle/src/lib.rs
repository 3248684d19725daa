//! Writes a submission: `{masks}` → CSV.
//!
//! ```text
//! before   ID001/image1_R   masks: finger-1 on pixels 1, 2 and 7 (from 0), nothing else
//! after    image_name,class,rle
//!          image1_R.png,finger-1,2 2 8 1
//!          image1_R.png,finger-2,
//!          … 29 rows for each image, images in the order of their paths
//! ```
//!
//! Rows are sorted whatever the order of the stream: the rows of each image are kept until the last one is there, on
//! disk where they are many, so that memory does not grow with the number of images.
//!
//! A submission has 29 rows for each image, so it can't say of a bone that there is no opinion on it: where masks have
//! none (see `decode-rle` and `vote`), their rows say that no pixel shows the bone, and that is told.

mod spool;

use std::collections::BTreeMap;

use bones::BoneSet;
use bones::submission::Writer;
use clap::Args;
use planes::{Frame, attribute};
use schemars::JsonSchema;
use serde::Serialize;
use shard::Record;
use stage::{Failure, Job, Output, Port, Reason, Relation, Stage};

use spool::Spool;

/// The arguments of the stage: none but those of the contract.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub struct EncodeRle {}

impl Stage for EncodeRle {
    const NAME: &'static str = "encode-rle";
    const ABOUT: &'static str = "Writes a submission: {masks} → CSV of run-length texts";
    const RELATION: Relation = Relation::Reduce;

    fn inputs(&self) -> Vec<Port> {
        vec![Port::shards(&[planes::name::MASKS])]
    }

    fn output(&self) -> Output {
        Output::File { of: "submission".to_owned() }
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        let records = job.records()?;
        planes::check_classes(records.header()).map_err(|error| Failure::data(records.file(), error))?;
        let file = records.file();
        let out = job.text()?;
        Writer::new(out).and_then(Writer::finish).map_err(Failure::system)?;

        let mut spool = Spool::default();
        let mut sources = BTreeMap::new();
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let (mut silent, mut silent_on) = (0, BoneSet::EMPTY);
        job.each_with(records, |record| rows(&record), |job, Rows { key, source, image_name, text, opinion }| {
            if let Some(other) = names.insert(image_name.clone(), key.clone()) {
                let reason = format!(
                    "its image name `{image_name}` is also that of record {other}, and a submission tells images \
                     apart by their names alone"
                );
                return job.skip(&file, &key, reason);
            }
            let place = spool.push(text.as_bytes()).map_err(|error| Failure::io("temporary file", error))?;
            sources.insert((source, key), place);
            silent += u64::from(opinion != BoneSet::ALL);
            silent_on = silent_on | (BoneSet::ALL - opinion);
            Ok(())
        })?;
        if silent > 0 {
            job.count("without an opinion on some bones", silent);
            job.note(&format!(
                "{silent} radiographs have no opinion on some bones ({}): their rows say that no pixel shows those; to \
                 vote or score without them, use the shard",
                planes::first_names(silent_on)
            ));
        }
        job.count_written(sources.len() as u64);
        spool.copy(sources.into_values(), job.text()?)
    }
}

/// The rows of one image.
struct Rows {
    key: String,
    source: String,
    image_name: String,
    text: String,
    opinion: BoneSet,
}

/// The 29 rows of a record, without the header.
fn rows(record: &Record) -> Result<Rows, Reason> {
    let frame = Frame::of(record)?;
    let (mask, opinion) = planes::masks_and_opinion(record)?;
    if frame.window.is_some() {
        return Err(
            "it is a crop, and a submission holds whole radiographs; run `vote --paste-back` before".into()
        );
    }
    if mask.size() != frame.size {
        return Err(format!(
            "its masks are {}, the radiograph is {}; masks are written at the radiograph's size",
            mask.size(),
            frame.size
        )
        .into());
    }
    let image_name = record.attributes.get(attribute::IMAGE_NAME).cloned().ok_or_else(|| {
        format!("attribute `{}` is missing: the file's name, such as `image1_R.png`", attribute::IMAGE_NAME)
    })?;
    let source = record.attributes.get(attribute::SOURCE).unwrap_or(&image_name).clone();
    let text = bones::submission::rows(&image_name, &mask)?;
    Ok(Rows { key: record.key.clone(), source, image_name, text, opinion })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bones::{Bone, Mask, Run, Size};

    use super::*;

    fn record() -> Record {
        let size = Size::new(4, 3).unwrap();
        let set = BoneSet::of(Bone::ALL[0]);
        let runs = [(1, BoneSet::EMPTY), (3, set), (7, BoneSet::EMPTY), (9, set), (12, BoneSet::EMPTY)];
        let mask = Mask::from_runs(size, runs.map(|(end, set)| Run { end, set })).unwrap();
        let mut record = Record { key: "ID001/a_R".to_owned(), ..Record::default() };
        record.attributes.insert("image_name".to_owned(), "a_R.png".to_owned());
        record.attributes.insert("source".to_owned(), "train/DCM/ID001/a_R.png".to_owned());
        Frame { size, window: None }.write(&mut record);
        planes::set_masks(&mut record, &mask);
        record
    }

    #[test]
    fn each_bone_has_a_row_in_canonical_order() {
        let Rows { source, text, .. } = rows(&record()).unwrap();
        assert_eq!(source, "train/DCM/ID001/a_R.png");
        assert!(text.starts_with("a_R.png,finger-1,2 2 8 2\na_R.png,finger-2,\n"), "{text}");
        let classes: Vec<&str> = text.lines().map(|line| line.split(',').nth(1).unwrap()).collect();
        assert_eq!(classes, Bone::NAMES);
    }

    #[test]
    fn what_is_no_whole_radiograph_is_refused() {
        let reason = |record: &Record| rows(record).err().unwrap().to_string();
        let mut crop = record();
        crop.attributes.insert("window".to_owned(), "0 0 4 3 of 8 8".to_owned());
        assert!(reason(&crop).contains("vote --paste-back"));
        let mut small = record();
        small.attributes.insert("size".to_owned(), "8 6".to_owned());
        assert_eq!(
            reason(&small),
            "its masks are 4×3, the radiograph is 8×6; masks are written at the radiograph's size"
        );
        let mut nameless = record();
        nameless.attributes.remove("image_name");
        assert!(reason(&nameless).contains("`image_name` is missing"));
    }
}
