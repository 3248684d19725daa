//! The step schedule: lower by a factor every so many epochs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::{Check, Fault};

/// Lower by a factor every so many epochs, as `torch.optim.lr_scheduler.StepLR` computes it. Epochs count from the run's
/// first step, the warm-up's among them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Step {
    /// Share of all steps over which the rate rises evenly from its first step's, from 0 to 1
    pub warmup: f64,
    /// Share of all steps, at the end, over which it falls evenly to 0, from 0 to 1
    pub cool_down: f64,
    /// Epochs from one change to the next, 1 or more
    pub every: u64,
    /// What the rate is multiplied by, above 0 and at most 1
    pub gamma: f64,
}

impl Default for Step {
    fn default() -> Step {
        Step { warmup: 0.05, cool_down: 0.0, every: 10, gamma: 0.1 }
    }
}

impl Step {
    pub(super) fn check(&self) -> Vec<Fault> {
        let Step { every, gamma, .. } = *self;
        let check = Check::default().that("every", every, every >= 1, "a whole number of 1 or more");
        check.that("gamma", gamma, gamma > 0.0 && gamma <= 1.0, "a number above 0, at most 1").0
    }

    /// The rate after so many epochs.
    pub(super) fn rate(&self, epoch: u64) -> f64 {
        self.gamma.powf((epoch / self.every.max(1)) as f64)
    }
}
