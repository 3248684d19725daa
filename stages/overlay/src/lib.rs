//! Records with `image` and `masks` → a folder of pictures in which every bone has its colour.
//!
//! ```text
//! record ID001/image7_R                          ID001-image7_R.png    the radiograph, bones tinted and outlined
//!   image  u8 dense [512, 512]              →
//!   masks  u32 runs [2048, 2048]                 contact-sheet.png     all of them at a glance, with captions
//! ```
//!
//! Image and masks may be of different sizes: a picture shows what lies under each of its pixels' centres in both.
//!
//! With `--masks` the bones are those of another shard, joined by key, or of a submission, joined by image name, and the
//! masks of the main input, where it has any, are the reference: outlined in white, with the Dice in the caption, over
//! the bones on which both have an opinion. Of a file no more is read than is drawn; a pipe must have its records in the
//! order of the main input.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use aligned::Beside;
use bones::dice::overlaps;
use bones::{BoneSet, Mask};
use clap::Args;
use drawing::{Cell, Picture, Sheet};
use fs_err::File;
use planes::Image;
use schemars::JsonSchema;
use serde::Serialize;
use shard::Record;
use stage::{Arity, Artefact, Failure, Job, Output, Places, Port, Reason, Relation, Stage};

/// Draws bones on radiographs.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub struct Overlay {
    /// Draw the masks of this shard or submission, joined by key or image name; those of IN, where it has any, become
    /// the reference: white outlines and a Dice
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
        "Draws the bones of masks on their radiographs, one picture a record and a contact sheet";
    const RELATION: Relation = Relation::Reduce;

    /// Without `--masks` the main input must have `masks` itself, which is seen when its header is read.
    fn inputs(&self) -> Vec<Port> {
        let [image, masks] = [planes::name::IMAGE, planes::name::MASKS];
        vec![
            Port::new("in", Arity::Many, [Artefact::shard(&[image, masks]), Artefact::shard(&[image])]),
            Port::new("masks", Arity::Optional, [Artefact::shard(&[masks]), Artefact::file("submission")]),
        ]
    }

    fn output(&self) -> Output {
        Output::Directory { of: "pictures".to_owned() }
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        self.check_sheet()?;
        let beside = self.masks.as_deref().map(|path| Beside::open(job, "masks", path)).transpose()?;
        let records = job.records()?.first(self.limit.into());
        if self.masks.is_none() && records.header().plane(planes::name::MASKS).is_none() {
            let reason = format!(
                "no plane `masks`: it was written by `{}`; give the masks to draw by --masks",
                records.header().producer.stage
            );
            return Err(Failure::data(records.file(), reason));
        }
        let folder = job.directory()?;
        let mut sheet = Sheet::new(self.columns as usize, self.thumbnail as usize);
        let mut places = Places::below(&folder);
        let contact_sheet = places.claim("of the contact sheet", CONTACT_SHEET).expect("it is the first");
        let shard = records.file();
        let take = |job: &mut Job, Drawn { file, written, cell }: Drawn| {
            // Pictures are drawn side by side, so that the other one may be overwritten by now: not to be skipped.
            let claimed = places.claim(&cell.name, &file);
            claimed.map_err(|reason| Failure::record(&shard, &cell.name, reason))?;
            written.map_err(Failure::system)?;
            job.count_written(1);
            sheet.push(cell);
            Ok(())
        };
        match beside {
            Some(beside) => {
                let draw = |record, other| self.draw(&folder, record, Some(other));
                beside.each(job, records, draw, take)?;
            }
            None => job.each_with(records, |record| self.draw(&folder, record, None), take)?,
        }
        write(&contact_sheet, |file| sheet.finish().write_png(file)).map_err(Failure::system)
    }
}

/// The most pixels that the contact sheet may have, captions not counted: it is in memory as a whole.
const SHEET_PIXELS: u64 = 1 << 28;

/// What was drawn of one record.
struct Drawn {
    file: String,
    written: io::Result<()>,
    cell: Cell,
}

/// The masks to draw, and those to compare them with.
struct Bones {
    mask: Mask,
    reference: Option<Mask>,
    /// What there is to say about them.
    remark: String,
}

impl Overlay {
    /// Refuses a contact sheet that would not fit the memory.
    fn check_sheet(&self) -> Result<(), Failure> {
        let Overlay { limit, thumbnail, .. } = *self;
        if u64::from(limit) * u64::from(thumbnail).pow(2) <= SHEET_PIXELS {
            return Ok(());
        }
        let most = (SHEET_PIXELS / u64::from(limit)).isqrt();
        Err(Failure::Usage(format!(
            "a contact sheet of {limit} pictures of {thumbnail} × {thumbnail} pixels is too large: with --limit \
             {limit}, --thumbnail can be {most} at most"
        )))
    }

    /// Draws the picture of a record into `folder`, and a small one.
    fn draw(&self, folder: &Path, mut record: Record, other: Option<Record>) -> Result<Drawn, Reason> {
        let Bones { mask, reference, remark } = Bones::of(&record, other.as_ref())?;
        let image: Image = planes::take_image(&mut record)?;
        let picture = |longest| Picture::new(&image, &mask, reference.as_ref(), longest);
        let file = file_name(&record.key);
        let written = write(&folder.join(&file), |file| picture(self.size).write_png(file));
        let cell = Cell { picture: picture(self.thumbnail).canvas(), name: record.key, remark };
        Ok(Drawn { file, written, cell })
    }
}

impl Bones {
    /// Those of a record, and of the record beside it.
    fn of(record: &Record, other: Option<&Record>) -> Result<Bones, Reason> {
        let own = match record.plane(planes::name::MASKS) {
            Some(_) => Some(planes::masks_and_opinion(record)?),
            None => None,
        };
        let other = other.map(planes::masks_and_opinion).transpose()?;
        let ((mask, opinion), (reference, known)) = match (other, own) {
            (Some(drawn), Some(reference)) => (drawn, reference),
            (Some((mask, _)), None) | (None, Some((mask, _))) => {
                let remark = format!("{} bones", (BoneSet::ALL - mask.absent()).len());
                return Ok(Bones { mask, reference: None, remark });
            }
            (None, None) => return Err("it has no masks".into()),
        };
        let compared = opinion & known;
        let overlaps = overlaps(&mask, &reference).ok_or_else(|| {
            format!("its masks are {}, those to compare with {}", reference.size(), mask.size())
        })?;
        let dice = compared.iter().map(|bone| overlaps[bone.index()].dice()).sum::<f64>();
        let remark = match compared.len() {
            0 => "no opinion to compare".to_owned(),
            count if compared == BoneSet::ALL => format!("Dice {:.4}", dice / count as f64),
            count => format!("Dice {:.4} of {count} bones", dice / count as f64),
        };
        Ok(Bones { mask, reference: Some(reference), remark })
    }
}

/// Makes a file of what `write` writes.
fn write(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    write(&mut file)?;
    file.flush()
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
