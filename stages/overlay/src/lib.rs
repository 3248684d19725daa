//! Records with `image` and `masks` → a folder of pictures in which every bone has its colour.
//!
//! ```text
//! record ID001/image7_R                          ID001-image7_R.png    the radiograph, bones tinted and outlined
//!   image  u8 dense [512, 512]              →
//!   masks  u32 runs [2048, 2048]                 contact-sheet.png     all of them at a glance, with captions
//! ```
//!
//! With `--masks` the bones are those of another stream, joined by key, and the masks of the main input, where it has
//! any, are the reference: outlined in white, with the Dice in the caption.

mod canvas;
mod palette;
mod picture;
mod sheet;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use bones::Mask;
use bones::dice::overlaps;
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use shard::{RawRecord, Record};
use stage::{Arity, Artefact, Failure, Job, Output, Port, Reason, Relation, Stage};

use crate::sheet::Cell;

/// Draws bones on radiographs.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub struct Overlay {
    /// Draw the masks of this shard, joined by key; those of IN, where it has any, become the reference: white
    /// outlines and a Dice
    #[arg(long, value_name = "PATH")]
    #[serde(skip)]
    pub masks: Option<PathBuf>,
    /// Draw only the first N records
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Pixels of a picture's longer side, at most
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(16..=8192))]
    pub size: u32,
    /// Pixels of a picture's longer side on the contact sheet, at most
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(16..=2048))]
    pub thumbnail: u32,
    /// Pictures in a row of the contact sheet
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub columns: u32,
}

/// The file with all pictures.
pub const CONTACT_SHEET: &str = "contact-sheet.png";

impl Stage for Overlay {
    const NAME: &'static str = "overlay";
    const ABOUT: &'static str =
        "Draw the bones of masks on their radiographs, one picture a record and a contact sheet";
    const RELATION: Relation = Relation::Reduce;

    /// Without `--masks` the main input must have `masks` itself, which is seen when its header is read.
    fn inputs(&self) -> Vec<Port> {
        let [image, masks] = [planes::name::IMAGE, planes::name::MASKS];
        vec![
            Port::new("in", Arity::Many, [Artefact::shard(&[image, masks]), Artefact::shard(&[image])]),
            Port::new("masks", Arity::Optional, [Artefact::shard(&[masks])]),
        ]
    }

    fn output(&self) -> Output {
        Output::Directory { of: "pictures".to_owned() }
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        let others = self.masks.as_deref().map(|path| Others::read(job, path)).transpose()?;
        let records = job.records()?.first(self.limit.into());
        if others.is_none() && records.header().plane(planes::name::MASKS).is_none() {
            let reason = format!(
                "no plane `masks`: it was written by `{}`; give the masks to draw by --masks",
                records.header().producer.stage
            );
            return Err(Failure::data(records.file(), reason));
        }
        let folder = job.directory()?;
        let (mut cells, mut names) = (Vec::new(), HashSet::from([CONTACT_SHEET.to_owned()]));
        job.each_with(
            records,
            |record| self.draw(record, others.as_ref()),
            |job, drawn| {
                let path = folder.join(&drawn.file);
                if !names.insert(drawn.file) {
                    let reason = "two keys give this file name; draw the two apart";
                    return Err(Failure::record(path.display(), drawn.cell.name, reason));
                }
                fs::write(&path, drawn.png).map_err(|error| Failure::io(&path, error))?;
                job.count_written(1);
                cells.push(drawn.cell);
                Ok(())
            },
        )?;
        let sheet = sheet::lay_out(&cells, self.columns as usize, self.thumbnail as usize);
        let path = folder.join(CONTACT_SHEET);
        sheet.to_png().and_then(|png| fs::write(&path, png)).map_err(|error| Failure::io(&path, error))
    }
}

/// The pictures of one record.
struct Drawn {
    file: String,
    png: Vec<u8>,
    cell: Cell,
}

/// The records of `--masks`, compressed, by key.
struct Others {
    file: String,
    by_key: HashMap<String, RawRecord>,
}

impl Others {
    fn read(job: &mut Job, path: &Path) -> Result<Others, Failure> {
        let mut records = job.records_of("masks", &[path.to_owned()])?;
        let mut by_key = HashMap::new();
        for record in &mut records {
            let (_, raw) = record?;
            by_key.insert(raw.key().to_owned(), raw);
        }
        job.done_reading(records);
        Ok(Others { file: path.display().to_string(), by_key })
    }

    fn mask(&self, key: &str) -> Result<Mask, Reason> {
        let raw = self.by_key.get(key).ok_or_else(|| format!("{} has no record of that key", self.file))?;
        Ok(planes::masks(&raw.decode()?)?)
    }
}

impl Overlay {
    /// The picture of a record, large and small.
    fn draw(&self, mut record: Record, others: Option<&Others>) -> Result<Drawn, Reason> {
        let own = match record.plane(planes::name::MASKS) {
            Some(_) => Some(planes::masks(&record)?),
            None => None,
        };
        let (mask, reference) = match (others, own) {
            (Some(others), own) => (others.mask(&record.key)?, own),
            (None, Some(own)) => (own, None),
            (None, None) => return Err("it has no masks".into()),
        };
        let remark = reference.as_ref().map(|reference| mean_dice(&mask, reference)).transpose()?;
        let image = planes::take_image(&mut record)?;
        let small = picture::draw(image.clone(), &mask, reference.as_ref(), self.thumbnail);
        let large = picture::draw(image, &mask, reference.as_ref(), self.size);
        let remark = remark.map_or_else(
            || format!("{} bones", mask.areas().iter().filter(|&&area| area > 0).count()),
            |dice| format!("Dice {dice:.4}"),
        );
        Ok(Drawn {
            file: file_name(&record.key),
            png: large.to_png()?,
            cell: Cell { picture: small, name: record.key, remark },
        })
    }
}

/// The mean Dice over the 29 bones.
fn mean_dice(mask: &Mask, reference: &Mask) -> Result<f64, Reason> {
    let overlaps = overlaps(mask, reference).ok_or_else(|| {
        format!("its masks are {}, those to compare with {}", reference.size(), mask.size())
    })?;
    Ok(overlaps.iter().map(|overlap| overlap.dice()).sum::<f64>() / overlaps.len() as f64)
}

/// A key as the name of a file in one folder: `/` becomes `-`, and what is no letter, digit, `-`, `_` or `.` becomes
/// `_`.
fn file_name(key: &str) -> String {
    let safe = |character: char| match character {
        '/' => '-',
        '-' | '_' | '.' => character,
        _ if character.is_alphanumeric() => character,
        _ => '_',
    };
    format!("{}.png", key.chars().map(safe).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_stay_in_their_folder() {
        assert_eq!(file_name("ID001/image7_R"), "ID001-image7_R.png");
        assert_eq!(file_name("../../etc/x"), "..-..-etc-x.png");
        assert_eq!(file_name("/a\\b\0c 손.d"), "-a_b_c_손.d.png");
    }
}
