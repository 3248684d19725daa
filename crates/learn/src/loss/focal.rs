//! Focal loss.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Reduction, Tensor};

use super::check::Check;
use super::comparison::Comparison;
use super::criterion::Criterion;

/// Focal loss of every class and pixel, averaged: (1 − q)^gamma · L, with L the binary cross-entropy and q = exp(−L), which for
/// targets of 0 and 1 is the probability of what is right (Lin and others, "Focal loss for dense object detection", ICCV 2017).
///
/// smp's `FocalLoss("multilabel")`, for targets in between too: there it grows with L, so that it is least where p = t. MONAI's
/// `FocalLoss` for targets of 0 and 1. Gamma 0 without alpha is binary cross-entropy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Focal {
    /// Its factor in the sum, 0 or more.
    pub weight: f64,
    /// How much what is nearly right is played down, 0 or more.
    pub gamma: f64,
    /// How much a bone's pixels weigh, 0 to 1; others weigh 1 − alpha. Where nothing is said both weigh 1, as in smp and
    /// MONAI; the paper has 0.25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpha: Option<f64>,
}

impl Default for Focal {
    fn default() -> Focal {
        Focal { weight: 1.0, gamma: 2.0, alpha: None }
    }
}

/// Below this the gradient of a power below 1 would grow without end; what is this sure has no loss in f32.
const LEAST: f64 = 1e-30;

impl Criterion for Focal {
    fn name(&self) -> &'static str {
        "focal"
    }

    fn check(&self, check: &mut Check) {
        check.not_negative("gamma", self.gamma);
        if let Some(alpha) = self.alpha {
            check.share("alpha", alpha);
        }
    }

    fn of(&self, comparison: &Comparison) -> Tensor {
        let Comparison { logits, targets, .. } = comparison;
        let entropy = logits.binary_cross_entropy_with_logits::<Tensor>(targets, None, None, Reduction::None);
        // 1 − exp(−L), without losing its digits where L is small.
        let wrong = -(-&entropy).expm1();
        let focal = wrong.clamp_min(LEAST).pow_tensor_scalar(self.gamma) * entropy;
        match self.alpha {
            // alpha·t + (1 − alpha)·(1 − t)
            Some(alpha) => {
                comparison.mean_of_pixels(&(focal * (targets * (2.0 * alpha - 1.0) + (1.0 - alpha))))
            }
            None => comparison.mean_of_pixels(&focal),
        }
    }
}
