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

use std::fs;
use std::path::PathBuf;

use bones::Size;
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;
use stage::{Arity, Artefact, Failure, Job, Output, Port, Relation, Stage};

use crate::data_set::{Plan, entries};
pub use crate::difficulty::Difficulty;
use crate::labelled::labelled_images;
use crate::measure::{Labelled, Measures};

/// The stage `phantom`.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub struct Phantom {
    /// How many images; two to a patient, the right hand first
    #[arg(long, default_value_t = 20)]
    pub count: u64,
    /// Which half of the data set to draw: bent wrists are rare in training images, common in test images
    #[arg(long, value_enum, default_value_t = Split::Train)]
    pub split: Split,
    /// With `--split both`: how many test images [default: a quarter of --count]
    #[arg(long)]
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
    /// Write no data set but a table: the phantoms' lengths, areas, overlaps and grey values beside the figures they
    /// are drawn after
    #[arg(long)]
    pub stats: bool,
    /// With --stats: measure this data set instead of fresh phantoms
    #[arg(long, value_name = "DIR", requires = "stats")]
    pub of: Option<PathBuf>,
}

/// A half of the data set, or both.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Split {
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
        if self.stats { self.compare(job) } else { self.draw(job) }
    }
}

impl Phantom {
    /// Writes the data set.
    fn draw(&self, job: &mut Job) -> Result<(), Failure> {
        let root = job.directory()?;
        let plan = self.plan(job.seed())?;
        let (train, test) = self.counts();
        let entries = entries(plan.seed, train, test, self.test_labels);
        job.total(entries.len() as u64);
        for some in entries.chunks(2 * job.threads()) {
            some.par_iter().try_for_each(|entry| entry.write(&plan, &root))?;
            job.count_written(some.len() as u64);
            job.advance(some.len() as u64);
        }
        // Train and test alike, in the order of their IDs.
        let mut patients: Vec<_> = entries.iter().map(|entry| entry.patient).collect();
        patients.sort_by_key(|patient| patient.number);
        patients.dedup_by_key(|patient| patient.number);
        let table = root.join("meta_data.xlsx");
        let bytes = record::workbook(&patients, plan.seed).map_err(|e| Failure::Internal(e.to_string()))?;
        fs::write(&table, bytes).map_err(|error| Failure::io(&table, error))
    }

    /// Writes the table of `--stats`.
    fn compare(&self, job: &mut Job) -> Result<(), Failure> {
        let measures = match &self.of {
            Some(root) => {
                let images = labelled_images(root)?;
                job.note_folder("of", root)?;
                let read = |(image, outlines): &(PathBuf, PathBuf)| Labelled::read(image, outlines);
                measure_all(job, &images, |pair| read(pair))?
            }
            None => {
                let plan = self.plan(job.seed())?;
                let (train, test) = self.counts();
                measure_all(job, &entries(plan.seed, train, test, true), |entry| Ok(entry.labelled(&plan)))?
            }
        };
        let text = statistics::table(&statistics::compare(&measures, self.expected_bent()), measures.len());
        job.text()?.write_all(text.as_bytes()).map_err(|error| Failure::io("output", error))
    }

    fn plan(&self, seed: u64) -> Result<Plan, Failure> {
        let size = Size::new(self.size, self.size);
        let size = size.ok_or_else(|| Failure::Usage(format!("--size {} is too large", self.size)))?;
        Ok(Plan { seed, size, difficulty: self.difficulty.share(), label_noise: self.label_noise })
    }

    /// The share of bent wrists that is to be found; `None` in a mixture or in foreign data.
    fn expected_bent(&self) -> Option<(f64, f64)> {
        match (self.split, &self.of) {
            (Split::Train, None) => Some((0.03, 0.20)),
            (Split::Test, None) => Some((0.50, 0.75)),
            _ => None,
        }
    }

    /// How many training and test images.
    fn counts(&self) -> (u64, u64) {
        match self.split {
            Split::Train => (self.count, 0),
            Split::Test => (0, self.count),
            Split::Both => (self.count, self.test_count.unwrap_or(self.count.div_ceil(4))),
        }
    }
}

/// Measures radiographs, a few at a time, so that few are in memory at once.
fn measure_all<T: Sync>(
    job: &mut Job,
    items: &[T],
    radiograph: impl Fn(&T) -> Result<Labelled, Failure> + Sync,
) -> Result<Vec<Measures>, Failure> {
    job.total(items.len() as u64);
    let mut measures = Vec::new();
    for some in items.chunks(2 * job.threads()) {
        let measured: Result<Vec<_>, _> =
            some.par_iter().map(|item| Ok(radiograph(item)?.measure())).collect();
        measures.extend(measured?);
        job.count_read(some.len() as u64);
        job.advance(some.len() as u64);
    }
    Ok(measures)
}
