//! Deals patients into folds: a data set, a shard or a table of patients → a folder of folds.
//!
//! ```text
//! before   train/DCM/ID001 … ID550, meta_data.xlsx
//! after    folds.json    {"rule": …, "seed": 0, "folds": [["ID004", …], …]}
//!          fold-0.txt    the IDs of the fold that is held out first, one a line
//!          …
//! ```
//!
//! Patients are dealt, not images, in equal shares of sex and age group where the metadata tells them. The rule is
//! the project's own (see [`folds::deal`]) and depends on the IDs, the metadata and the seed alone. The table may call
//! the patient of the folder `ID001` also `1`, `1.0` or `id001`. `pick` then passes on the records that a fold leaves
//! to train on, or holds out.

mod join;
mod metadata;
mod patients;
mod strata;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use folds::{Folds, Rule};
use schemars::JsonSchema;
use serde::Serialize;
use stage::{Arity, Artefact, Failure, Job, Output, Port, Relation, Stage};

pub use strata::Stratify;

/// The arguments of the stage.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub struct Split {
    /// How many folds
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..=1000))]
    pub folds: u16,
    /// The table of patients, where it is not the meta_data.xlsx of the data set
    #[arg(long, value_name = "PATH")]
    pub metadata: Option<PathBuf>,
    /// What every fold has an equal share of, as far as the metadata tell it
    #[arg(long, value_enum, default_value_t = Stratify::SexAge)]
    pub stratify: Stratify,
    /// Do not use the metadata
    #[arg(long, conflicts_with_all = ["metadata", "stratify"])]
    pub unstratified: bool,
}

impl Stage for Split {
    const NAME: &'static str = "split";
    const ABOUT: &'static str =
        "Deals patients into folds: a data set, a shard or a table of patients → folds";
    const RELATION: Relation = Relation::Reduce;

    fn inputs(&self) -> Vec<Port> {
        let metadata = || Artefact::file("metadata");
        vec![
            Port::new("in", Arity::One, [Artefact::directory("data-set"), Artefact::shard(&[]), metadata()]),
            Port::new("metadata", Arity::Optional, [metadata()]),
        ]
    }

    fn output(&self) -> Output {
        Output::Directory { of: "folds".to_owned() }
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        let paths = job.input_paths()?;
        let [input] = paths.as_slice() else {
            return Err(Failure::Usage(format!("one data set is split at a time, not {}", paths.len())));
        };
        let stratify = Some(self.stratify).filter(|_| !self.unstratified);
        let patients = patients::read(job, input, self.metadata.as_deref(), stratify)?;
        let count = usize::from(self.folds);
        if patients.len() < count {
            let remedy = if patients.len() < 2 { "folds are made of two at least" } else { "choose fewer" };
            let reason = format!("{} patients can't fill {count} folds; {remedy}", patients.len());
            return Err(Failure::data(input.display(), reason));
        }
        job.count("patients", patients.len() as u64);
        let rule = stratify.map_or(Rule::SexAge, Stratify::rule);
        let folds = folds::deal(patients, rule, count, job.seed());
        write(job, &folds)
    }
}

/// Writes `folds.json` and a list for each fold.
fn write(job: &mut Job, folds: &Folds) -> Result<(), Failure> {
    let folder = job.directory()?;
    let file = |path: &Path, text: String| fs::write(path, text).map_err(|error| Failure::io(path, error));
    let json = serde_json::to_string_pretty(folds).map_err(|error| Failure::Internal(error.to_string()))?;
    file(&folder.join(folds::FILE), json + "\n")?;
    for (number, ids) in folds.folds.iter().enumerate() {
        let list = ids.iter().map(|id| format!("{id}\n")).collect();
        file(&folder.join(format!("fold-{number}.txt")), list)?;
        job.count_written(1);
    }
    Ok(())
}
