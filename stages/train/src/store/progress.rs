//! How far a run is.

use checkpoint::Validation;
use learn::Patience;
use serde::{Deserialize, Serialize};

use super::identity::Identity;

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Progress {
    /// Epochs done.
    pub(crate) epoch: u64,
    /// Steps done.
    pub(crate) step: u64,
    /// The best validation so far.
    pub(crate) best: Option<Validation>,
    /// The last validation so far.
    pub(crate) last: Option<Validation>,
    /// What early stopping has seen.
    pub(crate) patience: Patience,
    /// What the stepper notes beside its tensors.
    pub(super) stepper: serde_json::Value,
    /// Length of `metrics.jsonl` in bytes; what follows was written by an epoch that did not end.
    pub(super) metrics: u64,
    /// Of which run this is.
    pub(super) identity: Identity,
}

impl Progress {
    /// That of a run that has done nothing.
    pub(super) fn none(identity: Identity, patience: Patience) -> Progress {
        Progress {
            epoch: 0,
            step: 0,
            best: None,
            last: None,
            patience,
            stepper: serde_json::Value::Null,
            metrics: 0,
            identity,
        }
    }

    /// Takes note of a validation; whether it is the best so far.
    pub(crate) fn note(&mut self, validation: &Validation) -> bool {
        self.last = Some(validation.clone());
        self.patience.note(validation.dice);
        let best = self.best.as_ref().is_none_or(|best| validation.dice > best.dice);
        if best {
            self.best = Some(validation.clone());
        }
        best
    }
}
