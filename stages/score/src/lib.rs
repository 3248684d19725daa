//! Compares predictions with the truth: `{masks}` × 2 → the Dice table.
//!
//! ```text
//! before   predicted.shard (or a submission) and truth.shard (or a submission) of the same images
//! after    class         Dice    95 % interval     HD95 px    NSD 2 px   one empty
//!          finger-1    0.9712  [0.9688, 0.9735]       2.24      0.9812           0
//!          …
//!          mean Dice 0.9655 [0.9630, 0.9679]
//! ```
//!
//! Dice is `(2·|A∩B| + 1e-4) / (|A| + |B| + 1e-4)` for each image and class, averaged over images for each class,
//! then over classes. Intervals are 95 % bootstrap intervals over patients, since the two hands of a patient are
//! not independent. HD95 is the 95th percentile of the symmetric surface distance in pixels, averaged over the
//! images where it is defined: not where one of the two masks is empty, which the last column counts. NSD is the
//! share of both surfaces that lies within the tolerance of the other.
//!
//! A submission without any row for a class has no opinion on it, and neither have masks that `decode-rle` read from it.
//! What prediction or truth has no opinion on is not compared: it is `–` in the table, and the mean is over the other
//! classes. An empty run-length text is an opinion, and so is a row that is left out of a class with rows for other
//! images: no pixel.
//!
//! The output is a folder: `table.txt`, `scores.json`, `scores.csv` (a row for each class) and `images.csv` (a row for
//! each image and class). Without `--out`, the table goes to standard output.

mod measure;
mod table;
mod write;

use std::path::PathBuf;

use aligned::{Aligned, ImageSize, Missing};
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use stage::{Arity, Artefact, Failure, Job, Output, Port, Relation, Stage, number};

pub use measure::{Measured, Measures};
pub use table::{Class, Interval, ScoreTable};

/// The arguments of the stage.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub struct Score {
    /// What is true: a shard of masks, or a submission
    #[arg(long, value_name = "PATH", required_unless_present = "describe")]
    pub truth: Option<PathBuf>,
    /// How far surfaces may lie apart to agree, in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = 2.0, value_parser = number::within(0.0..=1e6))]
    pub tolerance: f64,
    /// How often patients are drawn for an interval
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub resamples: u32,
    #[command(flatten)]
    #[serde(flatten)]
    #[allow(missing_docs, reason = "its fields are documented where they are")]
    pub size: ImageSize,
}

impl Stage for Score {
    const NAME: &'static str = "score";
    const ABOUT: &'static str = "Compares predictions with the truth: {masks} × 2 → the Dice table";
    const RELATION: Relation = Relation::Reduce;

    fn inputs(&self) -> Vec<Port> {
        let accepts = || [Artefact::shard(&[planes::name::MASKS]), Artefact::file("submission")];
        vec![Port::new("in", Arity::One, accepts()), Port::new("truth", Arity::One, accepts())]
    }

    fn output(&self) -> Output {
        Output::Directory { of: "score-table".to_owned() }
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        let paths = job.input_paths()?;
        let ([predicted], Some(truth)) = (paths.as_slice(), &self.truth) else {
            return Err(Failure::Usage(format!("one prediction is scored at a time, not {}", paths.len())));
        };
        let inputs = [("in", predicted.clone()), ("truth", truth.clone())];
        let rows = Aligned::open(job, &inputs, self.size.get()?, Missing::Refuse)?;
        let mut measured = Vec::new();
        rows.each(
            job,
            |row| measure::measure(row, self.tolerance),
            |_, image| {
                measured.push(image);
                Ok(())
            },
        )?;

        let scores = ScoreTable::of(&measured, self.tolerance, self.resamples, job.seed());
        let table = write::table(&scores);
        if job.writes_to_stdout() {
            return job.text()?.write_all(table.as_bytes()).map_err(Failure::system);
        }
        let folder = job.directory()?;
        let json = write::json(&scores).map_err(|error| Failure::Internal(error.to_string()))?;
        let files = [
            ("table.txt", table),
            ("scores.json", json),
            ("scores.csv", write::classes(&scores)),
            ("images.csv", write::images(&measured)),
        ];
        for (name, text) in files {
            fs_err::write(folder.join(name), text).map_err(Failure::system)?;
        }
        job.count_written(measured.len() as u64);
        job.note(&write::last_line(&scores));
        Ok(())
    }
}
