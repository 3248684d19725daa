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
mod arguments;
mod files;
mod json;
pub mod listing;
pub mod pairing;
mod record;
mod selection;

use std::path::PathBuf;

use shard::Header;
use stage::{Arity, Artefact, Failure, Job, Output, Port, Relation, Stage};
use xxhash_rust::xxh3::Xxh3;

pub use crate::arguments::{Decode, Invert, Labels, Part};
use crate::listing::{IMAGES, Listing, PassedOver};
use crate::pairing::{Case, Cases};
pub use crate::record::{INVERTED, LEVELS};
use crate::selection::Selection;

impl Stage for Decode {
    const NAME: &'static str = "decode";
    const ABOUT: &'static str =
        "Reads radiographs (PNG, JPEG, BMP, TIFF) and their annotations from a folder into records";
    const RELATION: Relation = Relation::Source;

    fn inputs(&self) -> Vec<Port> {
        let accepts = [Artefact::directory("data-set"), Artefact::file("radiograph")];
        vec![Port::new("in", Arity::Many, accepts).with_names()]
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
        let mut listing = Listing::default();
        roots.iter().try_for_each(|root| listing.add(root, self.split.folder()))?;
        let Cases { cases, orphans, faults } = listing.pair();
        tell_passed_over(job, &listing.passed_over);
        for fault in listing.faults.into_iter().chain(faults) {
            tolerate(job, fault)?;
        }
        let found = cases.len();
        if found == 0 {
            self.check_nothing(&roots, &listing.passed_over)?;
        }
        let Selection { cases, bare, labelled } = Selection::of(cases, self.labels);
        self.tell_unpaired(job, &orphans, bare)?;

        job.create(self.header(job, labelled))?;
        job.total(cases.len() as u64);
        let mut written = 0;
        let mut digests = vec![Xxh3::new(); roots.len()];
        let mut twice = Vec::new();
        shard::ordered::map(
            cases.into_iter().map(Ok),
            job.threads() * 2,
            |case| Ok((case.radiograph.root, self.decode_files(&case))),
            |(root, done)| {
                job.advance(1);
                match done {
                    Ok(decoded) => {
                        job.count_read(1);
                        decoded.counts.into_iter().for_each(|(what, count)| job.count(what, count));
                        twice.extend(decoded.twice);
                        digests[root].update(&decoded.digest.to_le_bytes());
                        written += 1;
                        job.push_raw(&decoded.raw)
                    }
                    Err(failure) => tolerate(job, failure),
                }
            },
        )?;
        if !twice.is_empty() {
            job.note(&format!("labels that occur twice, of which the later outline holds: {}", few(&twice)));
        }
        if written == 0 && found > 0 && !self.allow_empty {
            let reason = format!("none of its {found} images was decoded; --allow-empty goes on without any");
            return Err(Failure::data(named(&roots), reason));
        }
        for (root, digest) in roots.iter().zip(digests) {
            job.note_input("in", root, format!("xxh3:{:032x}", digest.digest128()));
        }
        Ok(())
    }
}

impl Decode {
    /// Whether it may be that there is no image.
    fn check_nothing(&self, roots: &[PathBuf], passed_over: &PassedOver) -> Result<(), Failure> {
        if self.allow_empty && self.labels != Labels::Require {
            return Ok(());
        }
        let seen = match passed_over.names.len() {
            0 => "there are no other files either".to_owned(),
            count => format!("what is there is {count} other files: {}", passed_over.kinds()),
        };
        let remedy = match self.labels {
            Labels::Require => "--labels require asks for annotated images",
            Labels::Auto | Labels::None => {
                "convert what is an image, or go on without any with --allow-empty"
            }
        };
        let reason = format!("has no image files (.{}); {seen}; {remedy}", IMAGES.join(", ."));
        Err(Failure::data(named(roots), reason))
    }

    /// Tells of annotations without a radiograph and of radiographs without an annotation, which are faults where each
    /// must have one.
    fn tell_unpaired(&self, job: &mut Job, orphans: &[String], bare: Vec<Case>) -> Result<(), Failure> {
        if self.labels == Labels::None {
            return Ok(());
        }
        job.count("annotations without an image", orphans.len() as u64);
        if !orphans.is_empty() {
            job.note(&format!("annotations of no image: {}", few(orphans)));
        }
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
        Ok(())
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
}

/// Tells which files are neither images nor annotations.
fn tell_passed_over(job: &mut Job, passed_over: &PassedOver) {
    job.count("ignored files", passed_over.names.len() as u64);
    for (extension, count) in &passed_over.by_extension {
        match extension.as_str() {
            "" => job.count("ignored files without an extension", *count),
            extension => job.count(&format!("ignored .{extension} files"), *count),
        }
    }
    if !passed_over.names.is_empty() {
        let (kinds, names) = (passed_over.kinds(), few(&passed_over.names));
        job.note(&format!("passed over what is neither an image nor an annotation ({kinds}): {names}"));
    }
}

/// The roots' paths.
fn named(roots: &[PathBuf]) -> String {
    roots.iter().map(|root| root.display().to_string()).collect::<Vec<_>>().join(", ")
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
