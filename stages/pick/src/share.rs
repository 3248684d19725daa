//! The share: which patients of the input are passed on.

use std::collections::BTreeSet;

use folds::{patient_of, patients_of};
use shard::RawRecord;
use stage::{Failure, Job};

/// More than 0, and 1 at most.
pub(crate) fn parse(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share) && *share > 0.0);
    share.ok_or_else(|| "expected a number above 0, and 1 at most".to_owned())
}

/// The patients of some records.
#[derive(Default)]
pub(crate) struct Census(BTreeSet<String>);

impl Census {
    /// Adds the patient of a record.
    pub(crate) fn count(&mut self, raw: &RawRecord) {
        let patient = patient_of(raw.key(), raw.attributes());
        if !self.0.contains(patient) {
            self.0.insert(patient.to_owned());
        }
    }

    /// Decides who is kept, and says how many in the summary.
    pub(crate) fn decide(self, job: &mut Job, share: f64) -> Decided {
        let kept = folds::share(&self.0, share, job.seed());
        job.count("patients", self.0.len() as u64);
        job.count("patients kept", kept.len() as u64);
        Decided { left_out: self.0.difference(&kept).cloned().collect(), kept }
    }
}

/// What was decided of each patient.
pub(crate) struct Decided {
    kept: BTreeSet<String>,
    left_out: BTreeSet<String>,
}

impl Decided {
    /// Passes a record on, unless it is of, or shows, a patient who was left out.
    pub(crate) fn push(&self, job: &mut Job, raw: &RawRecord) -> Result<(), Failure> {
        let (key, attributes) = (raw.key(), raw.attributes());
        let kept = self.kept.contains(patient_of(key, attributes))
            && !patients_of(key, attributes).any(|patient| self.left_out.contains(patient));
        if kept {
            return job.push_raw(raw);
        }
        job.count("of patients left out", 1);
        Ok(())
    }
}
