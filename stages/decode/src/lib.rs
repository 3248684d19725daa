//! Image files (and annotations) → records with the plane `image` (and `polygons`).
//!
//! ```text
//! data/train/DCM/ID001/image7_R.png              record ID001/image7_R
//!   2048 × 2048, RGB, 8 bits                 →     image     u8 dense [512, 512]     (--size 512)
//! data/train/outputs_json/ID001/image7_R.json      polygons  i32 rings [2048, 2048]  29 outlines
//!   29 annotations                                 patient ID001, side R, size 2048 2048
//! ```
//!
//! Records come in the order of the radiographs' paths below IN. Outlines stay in the radiograph's own pixels,
//! whatever `--size` says.

pub mod annotation;
pub mod grey;
mod jpeg;
mod levels;
mod luma;
mod png;
mod polarity;
pub mod tree;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use bones::polygon::Outline;
use clap::{Args, ValueEnum};
use pixels::{Filter, Resized};
use planes::{Extent, Image, attribute};
use schemars::JsonSchema;
use serde::Serialize;
use shard::{Header, RawRecord, Record};
use stage::{Arity, Artefact, Failure, Job, Output, Port, Relation, Stage};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::annotation::Annotation;
use crate::grey::{Grey, Samples};
pub use crate::levels::Percentiles;
use crate::tree::{Case, Cases, Tree};

/// Reads radiographs, and their annotations, from files.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub struct Decode {
    /// Which part of a data set in the competition layout to read
    #[arg(long, value_enum, default_value_t = Split::All)]
    pub split: Split,
    /// What to do about annotations
    #[arg(long, value_enum, default_value_t = Labels::Auto)]
    pub labels: Labels,
    /// Resize images to N × N pixels; images that are not square are stretched. The outlines, and the size at which
    /// masks are predicted and scored, stay those of the radiograph [default: keep the size]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=16384))]
    pub size: Option<u32>,
    /// How to resize; both are exactly OpenCV 4.10's
    #[arg(long, value_enum, default_value_t = Filter::Linear)]
    pub filter: Filter,
    /// Whether to turn dark bones on bright ground into bright ones on dark ground
    #[arg(long, value_enum, default_value_t = Invert::Auto)]
    pub invert: Invert,
    /// The percentiles of 16-bit samples that become black and white; 8-bit samples stay as they are
    #[arg(long, value_name = "LOW,HIGH", default_value = "0.5,99.5")]
    pub window_percentiles: Percentiles,
    /// Refuse images of more pixels, before memory is taken for them
    #[arg(long, value_name = "N", default_value_t = 16384 * 16384, value_parser = clap::value_parser!(u32).range(1..=1 << 30))]
    pub max_pixels: u32,
}

/// A part of a data set in the competition layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Everything below IN
    All,
    /// The folder `train` of IN
    Train,
    /// The folder `test` of IN
    Test,
}

impl Split {
    /// The folder of IN to read; `None` for all of it.
    fn folder(self) -> Option<&'static str> {
        match self {
            Split::All => None,
            Split::Train => Some("train"),
            Split::Test => Some("test"),
        }
    }
}

/// What to do about annotations.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Labels {
    /// Where any radiograph has an annotation, as `require`, but radiographs without one are left out and told
    /// about; else as `none`
    Auto,
    /// Every radiograph must have an annotation; records have `polygons`
    Require,
    /// Annotations are not looked at; records have no `polygons`
    None,
}

/// Whether to turn dark bones on bright ground into bright ones on dark ground.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Invert {
    /// Where the middle of the image is dark and uneven, and the bright part even
    Auto,
    /// All images
    On,
    /// No image
    Off,
}

/// The record attribute that inverted images have.
pub const INVERTED: &str = "inverted";
/// The record attribute `LOW HIGH` of images whose samples between these became 0 … 255.
pub const LEVELS: &str = "levels";
/// Longest annotation file that is read, in bytes.
const MAX_ANNOTATION: u64 = 64 << 20;

impl Stage for Decode {
    const NAME: &'static str = "decode";
    const ABOUT: &'static str =
        "Read radiographs (PNG, JPEG, BMP, TIFF) and their annotations from a folder into records";
    const RELATION: Relation = Relation::Source;

    fn inputs(&self) -> Vec<Port> {
        vec![Port::new("in", Arity::Many, [Artefact::directory("data-set"), Artefact::file("radiograph")])]
    }

    /// With `--labels auto` this is what comes out of annotated radiographs; of others come images alone.
    fn output(&self) -> Output {
        match self.labels {
            Labels::None => Output::planes([planes::image_spec()]),
            Labels::Auto | Labels::Require => Output::planes([planes::image_spec(), planes::polygons_spec()]),
        }
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        let roots = job.input_paths()?;
        let mut tree = Tree::default();
        roots.iter().try_for_each(|root| tree.add(root, self.split.folder()))?;
        let mut cases = tree.pair();
        let labelled = self.select(job, &mut cases)?;
        job.count("ignored files", tree.ignored);
        for fault in tree.faults.into_iter().chain(cases.faults) {
            tolerate(job, fault)?;
        }

        job.create(self.header(job, labelled))?;
        job.total(cases.cases.len() as u64);
        let mut digests = vec![Xxh3::new(); roots.len()];
        shard::ordered::map(
            cases.cases.into_iter().map(Ok),
            job.threads() * 2,
            |case| Ok((case.radiograph.root, self.decode_files(&case))),
            |(root, done)| {
                job.advance(1);
                match done {
                    Ok(decoded) => {
                        job.count_read(1);
                        decoded.counts.into_iter().for_each(|(what, count)| job.count(what, count));
                        digests[root].update(&decoded.digest.to_le_bytes());
                        job.push_raw(&decoded.raw)
                    }
                    Err(failure) => tolerate(job, failure),
                }
            },
        )?;
        for (root, digest) in roots.iter().zip(digests) {
            job.note_input("in", root, format!("xxh3:{:032x}", digest.digest128()));
        }
        Ok(())
    }
}

/// What a thread made of one case.
struct Decoded {
    raw: RawRecord,
    /// xxh3-128 of the files' contents.
    digest: u128,
    counts: [(&'static str, u64); 3],
}

impl Decode {
    /// A radiograph as a record: grey values of 8 bits, bones bright, at the chosen size; with `outlines`, which lie
    /// in the radiograph's own pixels, also `polygons`.
    pub fn decode(&self, case: &Case, grey: Grey, outlines: Option<&[Outline]>) -> Record {
        let listed = &case.radiograph;
        let mut record = Record { key: listed.key.clone(), ..Record::default() };
        let mut note = |name: &str, text: String| record.attributes.insert(name.to_owned(), text);
        note(attribute::PATIENT, listed.patient.clone());
        note(attribute::SOURCE, listed.source.clone());
        note(attribute::IMAGE_NAME, listed.source.rsplit('/').next().unwrap_or_default().to_owned());
        if let Some(side) = case.side {
            note(attribute::SIDE, side.to_string());
        }

        let pixels = match grey.samples {
            Samples::Eight(pixels) => pixels,
            Samples::Sixteen(samples) => {
                let (pixels, [low, high]) = levels::window(&samples, self.window_percentiles);
                note(LEVELS, format!("{low} {high}"));
                pixels
            }
        };
        let mut image = Image::new(grey.size, pixels).expect("readers give width × height samples");
        let invert = match self.invert {
            Invert::Auto => polarity::is_inverted(&image),
            Invert::On => true,
            Invert::Off => false,
        };
        if invert {
            note(INVERTED, "yes".to_owned());
            image = polarity::negative(image);
        }
        if let Some(resized) = self.resized() {
            image = resized.apply(image);
        }

        Extent { size: grey.size, window: None }.write(&mut record);
        planes::set_image(&mut record, image);
        if let Some(outlines) = outlines {
            planes::set_polygons(&mut record, grey.size, outlines);
        }
        record
    }

    /// [`Decode::decode`] on the files of a case, compressed for the stream.
    fn decode_files(&self, case: &Case) -> Result<Decoded, Failure> {
        let listed = &case.radiograph;
        let key = &listed.key;
        // Sixteen bits, four channels, and what else an honest file may hold.
        let bytes = read_file(&listed.path, u64::from(self.max_pixels) * 8 + MAX_ANNOTATION, key)?;
        let grey = grey::read(&bytes, self.max_pixels)
            .map_err(|error| Failure::record(listed.path.display(), key, error))?;
        let mut digest = Xxh3::new();
        digest.update(&xxh3_128(&bytes).to_le_bytes());
        drop(bytes);

        let mut annotation = None;
        if let Some(path) = &case.annotation {
            let json = read_file(path, MAX_ANNOTATION, key)?;
            digest.update(&xxh3_128(&json).to_le_bytes());
            let read =
                annotation::read(&json).map_err(|error| Failure::record(path.display(), key, error))?;
            annotation = Some(read);
        }

        let record =
            self.decode(case, grey, annotation.as_ref().map(|annotation| annotation.outlines.as_slice()));
        let count = |of: fn(&Annotation) -> u64| annotation.as_ref().map_or(0, of);
        let counts = [
            ("duplicate labels", count(|annotation| annotation.replaced)),
            ("bones without an outline", count(Annotation::missing)),
            ("inverted images", record.attributes.contains_key(INVERTED).into()),
        ];
        let raw =
            RawRecord::encode(&record).map_err(|error| Failure::record(listed.path.display(), key, error))?;
        Ok(Decoded { raw, digest: digest.digest128(), counts })
    }

    /// Leaves out the radiographs that lack an annotation, or the annotations, and says so; whether records have
    /// `polygons`.
    fn select(&self, job: &mut Job, found: &mut Cases) -> Result<bool, Failure> {
        if self.labels == Labels::None {
            found.cases.iter_mut().for_each(|case| case.annotation = None);
            return Ok(false);
        }
        job.count("annotations without an image", found.orphans.len() as u64);
        if !found.orphans.is_empty() {
            job.note(&format!("annotations of no image: {}", few(&found.orphans)));
        }
        let annotated = found.cases.iter().any(|case| case.annotation.is_some());
        if self.labels == Labels::Auto && !annotated {
            // Without any radiograph, the header is the card's.
            return Ok(found.cases.is_empty());
        }
        let bare: Vec<Case> = found.cases.extract_if(.., |case| case.annotation.is_none()).collect();
        job.count("images without an annotation", bare.len() as u64);
        if self.labels == Labels::Require {
            for case in &bare {
                let reason = "it has no annotation (a JSON file with its name, in a folder with its folder's name); \
                              add it, or choose --labels auto or --labels none";
                tolerate(job, Failure::record(case.radiograph.path.display(), &case.radiograph.key, reason))?;
            }
        } else if !bare.is_empty() {
            let names: Vec<String> = bare.into_iter().map(|case| case.radiograph.source).collect();
            job.note(&format!(
                "images left out, as they have no annotation: {}; --labels none decodes all, without annotations",
                few(&names)
            ));
        }
        Ok(true)
    }

    fn header(&self, job: &Job, labelled: bool) -> Header {
        let mut header = job.header_after(None);
        if labelled {
            header.classes = planes::classes();
        } else {
            header.planes.retain(|plane| plane.name == planes::name::IMAGE);
        }
        if let Some(resized) = self.resized() {
            resized.write(&mut header);
        }
        header
    }

    /// How images are resized, if at all.
    fn resized(&self) -> Option<Resized> {
        self.size.map(|size| Resized { size, filter: self.filter })
    }
}

/// Reads a file of at most `limit` bytes.
fn read_file(path: &Path, limit: u64, key: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::io(path, error))?;
    if bytes.len() as u64 > limit {
        return Err(Failure::record(path.display(), key, format!("the file is longer than {limit} bytes")));
    }
    Ok(bytes)
}

/// Passes over what can't be read where `--skip-bad` allows it; else that is the failure.
fn tolerate(job: &mut Job, failure: Failure) -> Result<(), Failure> {
    let (file, record, reason) = match &failure {
        Failure::Data(bad) => (&bad.file, bad.record.as_deref().unwrap_or("(none)"), bad.reason.clone()),
        Failure::Io { what, source } => (what, "(none)", source.to_string()),
        _ => return Err(failure),
    };
    job.skip(file, record, reason).map_err(|_| failure)
}

/// The first of the names, and how many there are.
fn few(names: &[String]) -> String {
    let shown = names.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > 5 { format!("{shown}, … ({} in all)", names.len()) } else { shown }
}
