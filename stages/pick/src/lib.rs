//! Passes on the training or the validation subset of a fold, or a share of the patients: any planes → the same planes.
//!
//! ```text
//! before   ID001/a   ID001/a#wrist   ID002/b   ID002/b#wrist        fold 0 holds ID001 out
//! after    ID002/b   ID002/b#wrist                                  --fold 0 --side train
//! or       ID001/a   ID001/a#wrist                                  --fold 0 --side validation
//! or       ID001/a   ID001/a#wrist                                  --share 0.5
//! ```
//!
//! Who is held out is said by the folder that `split` wrote, or by any list of IDs. What was derived from a radiograph
//! goes with its patient ([`folds::patient_of`]), so that nothing derived from a held-out patient is trained on.
//!
//! `--share` is of the patients who are left by `--side`, and of their number in this input: round(share · patients), one
//! at least, the first in an order that `--seed` says ([`folds::share`]). A smaller share's patients are among a larger
//! one's. A record that shows another patient of the input besides is passed on only where both are kept. Who there is must
//! be known first: files are read twice, and what comes through a pipe is held in memory, compressed as it is.

mod share;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use folds::{Folds, HeldOut, patient_of};
use schemars::JsonSchema;
use serde::Serialize;
use shard::RawRecord;
use stage::{Arity, Artefact, Failure, Job, Output, Port, Relation, Stage};

use crate::share::{Census, Decided};

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
    #[arg(long, value_enum, required_unless_present_any = ["describe", "share"])]
    pub side: Option<Subset>,
    /// The folder that `split` wrote, or the folds.json in it
    #[arg(long, value_name = "PATH", required_unless_present_any = ["describe", "ids", "share"])]
    pub folds: Option<PathBuf>,
    /// Which of the folds is held out, counted from 0
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub fold: u16,
    /// A list of the patients that are held out, one ID a line, in place of --folds
    #[arg(long, value_name = "PATH", conflicts_with_all = ["folds", "fold"])]
    pub ids: Option<PathBuf>,
    /// Pass on only this share of the patients, all records of each: more than 0, and 1 at most. The same `--seed` keeps the
    /// patients of a smaller share in a larger one [default: all]
    #[arg(long, value_name = "S", value_parser = share::parse)]
    pub share: Option<f64>,
}

impl Stage for Pick {
    const NAME: &'static str = "pick";
    const ABOUT: &'static str = "Passes on a fold's training or validation subset, or a share of patients: any planes → the same planes";
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
        let fold = self.fold(job)?;
        let mut records = job.records()?;
        job.create(job.header_after(Some(records.header())))?;
        let mut waiting = Vec::new();
        let decided = self.decided_first(job, fold.as_ref())?;
        // Nothing is decompressed: the patient is in a record's head.
        let (mut first, mut validates, mut torn) = (None, false, 0);
        for next in records.by_ref() {
            let (file, raw) = next?;
            job.advance(1);
            if let Some(Fold { held_out, wanted }) = &fold {
                let subset = held_out.subset(raw.key(), raw.attributes());
                first.get_or_insert_with(|| patient_of(raw.key(), raw.attributes()).to_owned());
                validates |= subset != Ok(Some(folds::Subset::Training));
                match subset {
                    Ok(Some(found)) if found == *wanted => {}
                    Ok(Some(_)) => {
                        job.count("in the other subset", 1);
                        continue;
                    }
                    Ok(None) => {
                        torn += 1;
                        continue;
                    }
                    Err(reason) => {
                        job.skip(&file, raw.key(), reason)?;
                        continue;
                    }
                }
            }
            match (&decided, self.share) {
                (Some(decided), _) => decided.push(job, &raw)?,
                (None, Some(_)) => waiting.push(raw),
                (None, None) => job.push_raw(&raw)?,
            }
        }
        if let (None, Some(share)) = (&decided, self.share) {
            let mut census = Census::default();
            waiting.iter().for_each(|raw| census.count(raw));
            let decided = census.decide(job, share);
            waiting.iter().try_for_each(|raw| decided.push(job, raw))?;
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

/// Which subset of which fold passes.
struct Fold {
    held_out: HeldOut,
    wanted: folds::Subset,
}

impl Fold {
    fn passes(&self, raw: &RawRecord) -> bool {
        self.held_out.subset(raw.key(), raw.attributes()) == Ok(Some(self.wanted))
    }
}

impl Pick {
    /// The fold and its side; `None` where a share of all is asked for.
    fn fold(&self, job: &mut Job) -> Result<Option<Fold>, Failure> {
        let Some(side) = self.side else {
            if self.share.is_some() && self.folds.is_none() && self.ids.is_none() {
                return Ok(None);
            }
            return Err(Failure::Usage("which records to pass on is missing: give --side".to_owned()));
        };
        Ok(Some(Fold { held_out: self.held_out(job)?, wanted: side.into() }))
    }

    /// Who is kept, where the input can be read before it is passed on.
    fn decided_first(&self, job: &mut Job, fold: Option<&Fold>) -> Result<Option<Decided>, Failure> {
        let Some(share) = self.share else { return Ok(None) };
        if !job.input_paths()?.iter().all(|path| stage::is_on_disk(path)) {
            return Ok(None);
        }
        let mut census = Census::default();
        for next in job.records()? {
            let (_, raw) = next?;
            if fold.is_none_or(|fold| fold.passes(&raw)) {
                census.count(&raw);
            }
        }
        Ok(Some(census.decide(job, share)))
    }

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
