//! Reads a submission: CSV → `{masks}`, or outlines in the layout of the competition's annotations.
//!
//! ```text
//! before   image_name,class,rle
//!          image1_R.png,finger-1,2 2 8 2
//!          …
//! after    image1_R   masks: finger-1 on pixels 1, 2, 7 and 8 (from 0)
//! or       outputs_json/ID001/image1_R.json   {"annotations": [{"label": "finger-1", "points": [[1, 0], …]}, …]}
//! ```
//!
//! A submission knows neither patients nor sizes. With `--images`, a shard of the same images, keys and attributes are
//! those of its records; without it, the key is the image's name and the size that of `--width` and `--height`.
//!
//! A bone without a row for any image is one on which the submission has no opinion: the masks carry that in the attribute
//! `opinion`, which `vote` and `score` heed, and outline files have no annotation of it. A row that is left out of a bone
//! with rows for other images says that no pixel shows it, as an empty field does.
//!
//! `--emit outlines` also takes a shard of masks, so that predictions can be looked at, corrected and trained on.
//! An annotation is one ring: that of a bone's largest piece, with its holes filled. Smaller pieces that are left out,
//! and holes, are said and counted.

mod outlines;

use std::io;
use std::path::{Path, PathBuf};

use aligned::{Aligned, ImageSize, Missing, Row};
use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::Serialize;
use shard::Record;
use stage::{Arity, Artefact, Failure, Job, Output, Places, Port, Reason, Relation, Stage};

use outlines::{Losses, Outlines};

/// What is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Emit {
    /// A shard of masks
    #[default]
    Masks,
    /// A folder of outline files, as the competition's annotations are laid out
    Outlines,
}

/// The arguments of the stage.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub struct DecodeRle {
    /// What to write: a shard of masks, or a folder of outline files
    #[arg(long, value_enum, default_value_t = Emit::Masks)]
    pub emit: Emit,
    /// A shard of the same images, from which keys, patients and sizes are taken
    #[arg(long, value_name = "PATH")]
    pub images: Option<PathBuf>,
    #[command(flatten)]
    #[serde(flatten)]
    #[allow(missing_docs, reason = "its fields are documented where they are")]
    pub size: ImageSize,
}

impl Stage for DecodeRle {
    const NAME: &'static str = "decode-rle";
    const ABOUT: &'static str = "Reads a submission: CSV → {masks}, or outlines in the layout of annotations";
    const RELATION: Relation = Relation::Source;

    fn inputs(&self) -> Vec<Port> {
        let submission = Artefact::file("submission");
        let accepts = match self.emit {
            Emit::Masks => vec![submission],
            Emit::Outlines => vec![submission, Artefact::shard(&[planes::name::MASKS])],
        };
        vec![
            Port::new("in", Arity::One, accepts),
            Port::new("images", Arity::Optional, [Artefact::shard(&[])]),
        ]
    }

    fn output(&self) -> Output {
        match self.emit {
            Emit::Masks => Output::planes([planes::masks_spec()]),
            Emit::Outlines => Output::Directory { of: "outlines".to_owned() },
        }
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        let rows = self.rows(job)?;
        let mut without_rows = 0;
        match self.emit {
            Emit::Masks => {
                let mut header = job.header_after(None);
                header.classes = planes::classes();
                job.create(header)?;
                rows.each(job, decoded, |job, decoded| match decoded {
                    Some(record) => job.push(&record),
                    None => {
                        without_rows += 1;
                        Ok(())
                    }
                })?;
            }
            Emit::Outlines => {
                let folder = job.directory()?.join("outputs_json");
                fs_err::create_dir(&folder).map_err(Failure::system)?;
                let mut places = Places::below(folder);
                let outlines = |row: &Row| decoded(row)?.map(|record| Outlines::of(&record)).transpose();
                let mut lost = Losses::default();
                let file = rows.file();
                rows.each(job, outlines, |job, outlines| {
                    let Some(Outlines { key, text, losses }) = outlines else {
                        without_rows += 1;
                        return Ok(());
                    };
                    match places.of(&key, "json") {
                        Ok(path) => write(&path, &text).map_err(Failure::system)?,
                        Err(reason) => return job.skip(&file, &key, reason),
                    }
                    lost.add(&losses);
                    job.count_written(1);
                    Ok(())
                })?;
                lost.tell(job);
            }
        }
        if without_rows > 0 {
            job.count("images without rows", without_rows);
            job.note(&format!("{without_rows} images have no row in the submission, and are left out"));
        }
        Ok(())
    }
}

/// Writes a file, and the folders that it is in.
fn write(path: &Path, text: &str) -> io::Result<()> {
    fs_err::create_dir_all(path.parent().expect("it is below the output's folder"))?;
    fs_err::write(path, text)
}

impl DecodeRle {
    /// The submission's rows, beside the images where those are given: the last member of a row is that of the
    /// port `in`.
    fn rows(&self, job: &mut Job) -> Result<Aligned, Failure> {
        let paths = job.input_paths()?;
        let [path] = paths.as_slice() else {
            return Err(Failure::Usage(format!("one submission is read at a time, not {}", paths.len())));
        };
        let images = self.images.iter().map(|images| ("images", images.clone()));
        let inputs: Vec<(&str, PathBuf)> = images.chain([("in", path.clone())]).collect();
        Aligned::open(job, &inputs, self.size.get()?, Missing::Allow)
    }
}

/// The record with the plane `masks`; `None` for an image of which the submission has no row.
fn decoded(row: &Row) -> Result<Option<Record>, Reason> {
    match row.members.as_slice() {
        [member] | [Some(_), member] => {
            let Some(member) = member else { return Ok(None) };
            let decoded = member.record(&row.head)?;
            let mut record = row.head.clone();
            let (mask, opinion) = planes::masks_and_opinion(&decoded)?;
            planes::set_masks(&mut record, &mask);
            planes::set_opinion(&mut record, opinion);
            Ok(Some(record))
        }
        _ => Err("the submission has it, but --images has not; give the shard of the same images".into()),
    }
}
