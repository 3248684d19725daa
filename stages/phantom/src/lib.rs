//! Draws radiographs of hands, with the outlines of their 29 bones, in the competition's data set layout.
//!
//! ```text
//! phantom --out hands --count 4        hands/train/DCM/ID001/image…_R.png    hands/train/outputs_json/ID001/image…_R.json
//!                                      hands/train/DCM/ID001/image…_L.png    hands/train/outputs_json/ID001/image…_L.json
//!                                      hands/train/DCM/ID002/…               hands/meta_data.xlsx
//! ```
//!
//! Each bone is a solid in millimetres, posed by a tree of joint angles. Parallel rays go through cortex, spongy bone
//! and soft tissue; the film's response to the sum along each ray is the picture, and the silhouettes of the same
//! solids are the labels. So cortical edges, joint lines and overlaps are not painted: they arise.
//!
//! Everything is drawn from `--seed`, image by image, with arithmetic that is exact on every machine: the same seed
//! gives the same bytes, whatever the number of threads or of other images.

mod anatomy;
mod annotation;
mod carpal;
mod data_set;
mod detector;
mod difficulty;
mod figures;
mod film;
mod flesh;
mod forms;
mod frame;
mod hand;
mod labelled;
mod maths;
mod measure;
mod objects;
mod patient;
mod pose;
mod project;
mod radiograph;
mod random;
mod record;
mod scene;
mod shaft;
mod shell;
mod silhouette;
mod statistics;
mod texture;

use std::path::PathBuf;

use bones::Size;
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;
use stage::{Arity, Artefact, Failure, Job, Output, Port, Relation, Stage};

use crate::data_set::{Extent, Plan};
pub use crate::difficulty::Difficulty;
use crate::labelled::labelled_images;
use crate::measure::{Labelled, Measures};
use crate::record::MOST_PATIENTS;

/// The stage `phantom`.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub struct Phantom {
    /// How many images; two to a patient, the right hand first
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=2 * MOST_PATIENTS))]
    pub count: u64,
    /// Which half of the data set to draw: bent wrists are rare in training images, common in test images
    #[arg(long, value_enum, default_value_t = Halves::Train)]
    pub split: Halves,
    /// With `--split both`: how many test images [default: a quarter of --count]
    #[arg(long, value_parser = clap::value_parser!(u64).range(0..=2 * MOST_PATIENTS))]
    pub test_count: Option<u64>,
    /// Write the outlines of test images too (the competition keeps them back)
    #[arg(long)]
    pub test_labels: bool,
    /// Width and height of the images in pixels
    #[arg(long, default_value_t = 2048, value_parser = clap::value_parser!(u32).range(16..=8192))]
    pub size: u32,
    /// Easy, normal, hard, or a number from 0 to 1: how far poses and exposures stray
    #[arg(long, default_value_t = Difficulty::NORMAL)]
    pub difficulty: Difficulty,
    /// Let the annotators' hands be unsteady, by this much (0 to 1; 1 where no number is given)
    #[arg(long, value_name = "LEVEL", num_args = 0..=1, default_value_t = 0.0, default_missing_value = "1")]
    #[arg(value_parser = difficulty::share)]
    pub label_noise: f64,
    /// Write no data set but a table: the lengths, areas, overlaps and grey values of up to 65536 phantoms beside the
    /// figures they are drawn after
    #[arg(long)]
    pub stats: bool,
    /// With --stats: measure this data set instead of fresh phantoms
    #[arg(long, value_name = "DIR", requires = "stats")]
    pub of: Option<PathBuf>,
}

/// A half of the data set, or both.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Halves {
    /// `--count` labelled training images.
    Train,
    /// `--count` test images.
    Test,
    /// `--count` training images and `--test-count` test images.
    Both,
}

impl Stage for Phantom {
    const NAME: &'static str = "phantom";
    const ABOUT: &'static str = "Draws a data set of hand radiographs with the outlines of their 29 bones";
    const RELATION: Relation = Relation::Source;

    fn inputs(&self) -> Vec<Port> {
        let data_set = || Port::new("of", Arity::Optional, [Artefact::directory("data-set")]);
        if self.stats { vec![data_set()] } else { Vec::new() }
    }

    fn output(&self) -> Output {
        if self.stats {
            Output::File { of: "statistics".to_owned() }
        } else {
            Output::Directory { of: "data-set".to_owned() }
        }
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        // Refuses what was given to be read.
        job.input_paths()?;
        if self.stats { self.compare(job) } else { self.draw(job) }
    }
}

impl Phantom {
    /// Writes the data set.
    fn draw(&self, job: &mut Job) -> Result<(), Failure> {
        let plan = self.plan(job.seed())?;
        let extent = self.extent()?;
        let root = job.directory()?;
        job.total(extent.images());
        for some in batches(extent.entries(plan.seed, self.test_labels), 2 * job.threads()) {
            some.par_iter().try_for_each(|entry| entry.write(&plan, &root))?;
            job.count_written(some.len() as u64);
            job.advance(some.len() as u64);
        }
        record::write(&root.join("meta_data.xlsx"), extent.patients(plan.seed), plan.seed)
    }

    /// Writes the table of `--stats`.
    fn compare(&self, job: &mut Job) -> Result<(), Failure> {
        let measures = match &self.of {
            Some(root) => {
                let images = labelled_images(root)?;
                job.note_folder("of", root)?;
                let read = |(image, outlines): &(PathBuf, PathBuf)| Labelled::read(image, outlines);
                measure_all(job, images.len() as u64, images.into_iter(), read)?
            }
            None => {
                let plan = self.plan(job.seed())?;
                let extent = self.extent()?;
                if extent.images() > MOST_MEASURED {
                    let images = extent.images();
                    let what =
                        format!("--stats keeps measures of {MOST_MEASURED} images at most, not {images}");
                    return Err(Failure::Usage(what));
                }
                let entries = extent.entries(plan.seed, true);
                measure_all(job, extent.images(), entries, |entry| Ok(entry.labelled(&plan)))?
            }
        };
        let text = statistics::table(&statistics::compare(&measures, self.expected_bent()), measures.len());
        job.text()?.write_all(text.as_bytes()).map_err(Failure::system)
    }

    fn plan(&self, seed: u64) -> Result<Plan, Failure> {
        let size = Size::new(self.size, self.size);
        let size = size.ok_or_else(|| Failure::Usage(format!("--size {} is too large", self.size)))?;
        Ok(Plan { seed, size, difficulty: self.difficulty.share(), label_noise: self.label_noise })
    }

    /// The share of bent wrists that is to be found; `None` in a mixture or in foreign data.
    fn expected_bent(&self) -> Option<(f64, f64)> {
        match (self.split, &self.of) {
            (Halves::Train, None) => Some((0.03, 0.20)),
            (Halves::Test, None) => Some((0.50, 0.75)),
            _ => None,
        }
    }

    /// How many training and test images.
    fn extent(&self) -> Result<Extent, Failure> {
        if self.test_count.is_some() && self.split != Halves::Both {
            return Err(Failure::Usage("--test-count is for `--split both` alone".to_owned()));
        }
        let (train, test) = match self.split {
            Halves::Train => (self.count, 0),
            Halves::Test => (0, self.count),
            Halves::Both => (self.count, self.test_count.unwrap_or(self.count.div_ceil(4))),
        };
        Extent::new(train, test).ok_or_else(|| {
            Failure::Usage(format!(
                "{train} training and {test} test images are of more than the {MOST_PATIENTS} patients that                  meta_data.xlsx has rows for"
            ))
        })
    }
}

/// As many images as `--stats` measures: their measures take 8 kB each.
const MOST_MEASURED: u64 = 1 << 16;

/// Measures radiographs, a few at a time, so that few are in memory at once.
fn measure_all<T: Sync>(
    job: &mut Job,
    count: u64,
    items: impl Iterator<Item = T>,
    radiograph: impl Fn(&T) -> Result<Labelled, Failure> + Sync,
) -> Result<Vec<Measures>, Failure> {
    job.total(count);
    let mut measures = Vec::new();
    for some in batches(items, 2 * job.threads()) {
        let measured: Result<Vec<_>, _> =
            some.par_iter().map(|item| Ok(radiograph(item)?.measure())).collect();
        measures.extend(measured?);
        job.count_read(some.len() as u64);
        job.advance(some.len() as u64);
    }
    Ok(measures)
}

/// The items, `size` at a time.
fn batches<T>(mut items: impl Iterator<Item = T>, size: usize) -> impl Iterator<Item = Vec<T>> {
    std::iter::from_fn(move || {
        let some: Vec<T> = items.by_ref().take(size).collect();
        (!some.is_empty()).then_some(some)
    })
}
