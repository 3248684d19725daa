//! The poly schedule: a power of the share of steps that are left.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::{Check, Fault};

/// (1 − step / steps) to a power, as `torch.optim.lr_scheduler.PolynomialLR` computes it; that of DeepLab (Chen and others,
/// "Rethinking atrous convolution for semantic image segmentation", 2017).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Poly {
    /// Share of all steps over which the rate rises evenly from its first step's, from 0 to 1
    pub warmup: f64,
    /// Share of all steps, at the end, over which it falls evenly to 0, from 0 to 1
    pub cool_down: f64,
    /// The power, 0 or more: 1 falls evenly, less falls late
    pub power: f64,
}

impl Default for Poly {
    fn default() -> Poly {
        Poly { warmup: 0.05, cool_down: 0.0, power: 0.9 }
    }
}

impl Poly {
    pub(super) fn check(&self) -> Vec<Fault> {
        Check::default().not_negative("power", self.power).0
    }

    /// The rate `step` of `steps` steps after the warm-up.
    pub(super) fn rate(&self, step: u64, steps: u64) -> f64 {
        let left = steps.saturating_sub(step) as f64 / steps.max(1) as f64;
        left.powf(self.power)
    }
}
