//! Passes on the training or the validation subset of a fold: any planes → the same planes.
//!
//! ```text
//! before   ID001/a   ID001/a#wrist   ID002/b   ID002/b#wrist        fold 0 holds ID001 out
//! after    ID002/b   ID002/b#wrist                                  --fold 0 --side train
//! or       ID001/a   ID001/a#wrist                                  --fold 0 --side validation
//! ```
//!
//! Who is held out is said by the folder that `split` wrote, or by any list of IDs. What was derived from a radiograph
//! goes with its patient ([`folds::patient_of`]), so that nothing derived from a held-out patient is trained on.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use folds::{Folds, HeldOut, patient_of};
use schemars::JsonSchema;
use serde::Serialize;
use stage::{Arity, Artefact, Failure, Job, Output, Port, Relation, Stage};

/// Which records pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subset {
    /// Those of all patients that are not held out
    #[value(name = "train")]
    #[serde(rename = "train")]
    Training,
    /// Those of the patients that are held out
    Validation,
}

impl From<Subset> for folds::Subset {
    fn from(subset: Subset) -> folds::Subset {
        match subset {
            Subset::Training => folds::Subset::Training,
            Subset::Validation => folds::Subset::Validation,
        }
    }
}

/// The arguments of the stage.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub struct Pick {
    /// Which records to pass on
    #[arg(long, value_enum, required_unless_present = "describe")]
    pub side: Option<Subset>,
    /// The folder that `split` wrote, or the folds.json in it
    #[arg(long, value_name = "PATH", required_unless_present_any = ["describe", "ids"])]
    pub folds: Option<PathBuf>,
    /// Which of the folds is held out, counted from 0
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub fold: u16,
    /// A list of the patients that are held out, one ID a line, in place of --folds
    #[arg(long, value_name = "PATH", conflicts_with_all = ["folds", "fold"])]
    pub ids: Option<PathBuf>,
}

impl Stage for Pick {
    const NAME: &'static str = "pick";
    const ABOUT: &'static str =
        "Passes on the training or the validation subset of a fold: any planes → the same planes";
    const RELATION: Relation = Relation::Expand;

    fn inputs(&self) -> Vec<Port> {
        vec![
            Port::shards(&[]),
            Port::new("folds", Arity::Optional, [Artefact::directory("folds")]),
            Port::new("ids", Arity::Optional, [Artefact::file("ids")]),
        ]
    }

    fn output(&self) -> Output {
        Output::adds([])
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        let held_out = self.held_out(job)?;
        let Some(wanted) = self.side.map(folds::Subset::from) else {
            return Err(Failure::Usage("which records to pass on is missing: give --side".to_owned()));
        };
        let mut records = job.records()?;
        job.create(job.header_after(Some(records.header())))?;
        // Nothing is decompressed: the patient is in a record's head.
        let (mut first, mut validates, mut torn) = (None, false, 0);
        for next in records.by_ref() {
            let (file, raw) = next?;
            job.advance(1);
            let subset = held_out.subset(raw.key(), raw.attributes());
            first.get_or_insert_with(|| patient_of(raw.key(), raw.attributes()).to_owned());
            validates |= subset != Ok(Some(folds::Subset::Training));
            match subset {
                Ok(Some(found)) if found == wanted => job.push_raw(&raw)?,
                Ok(Some(_)) => job.count("in the other subset", 1),
                Ok(None) => torn += 1,
                Err(reason) => job.skip(&file, raw.key(), reason)?,
            }
        }
        if torn > 0 {
            job.count("of patients of both subsets", torn);
            job.note(&format!(
                "{torn} records were left out: they are derived from patients of both subsets"
            ));
        }
        if let (Some(list), Some(patient), false) = (&self.ids, first, validates) {
            job.note(&format!(
                "{}: nobody of this list has a record here, where the first is of patient {patient}",
                list.display()
            ));
        }
        job.done_reading(records);
        Ok(())
    }
}

impl Pick {
    fn held_out(&self, job: &mut Job) -> Result<HeldOut, Failure> {
        if let Some(path) = &self.ids {
            let bytes = job.read_file("ids", path)?;
            let text = String::from_utf8(bytes).map_err(|error| Failure::data(path.display(), error))?;
            return Ok(HeldOut::of_list(&text));
        }
        let Some(folder) = &self.folds else {
            return Err(Failure::Usage("who is held out is missing: give --folds or --ids".to_owned()));
        };
        let is_file = stage::is_standard(folder) || folder.is_file();
        let path = if is_file { folder.clone() } else { folder.join(folds::FILE) };
        let bytes = job.read_file("folds", &path)?;
        Folds::from_json(&bytes)
            .and_then(|folds| folds.hold_out(usize::from(self.fold)))
            .map_err(|error| Failure::data(path.display(), error))
    }
}
