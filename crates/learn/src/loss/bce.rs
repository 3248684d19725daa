//! Binary cross-entropy (BCE).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Reduction, Tensor};

use super::check::Check;
use super::comparison::Comparison;
use super::criterion::Criterion;

/// Binary cross-entropy of every class and pixel, averaged: −t·ln p − (1 − t)·ln(1 − p).
///
/// `torch.nn.functional.binary_cross_entropy_with_logits`, for targets in between too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Bce {
    /// Its factor in the sum, 0 or more.
    pub weight: f64,
}

impl Default for Bce {
    fn default() -> Bce {
        Bce { weight: 1.0 }
    }
}

impl Criterion for Bce {
    fn name(&self) -> &'static str {
        "bce"
    }

    fn check(&self, _: &mut Check) {}

    fn of(&self, comparison: &Comparison) -> Tensor {
        let Comparison { logits, targets, .. } = comparison;
        logits.binary_cross_entropy_with_logits(targets, comparison.weights(), None, Reduction::Mean)
    }
}
