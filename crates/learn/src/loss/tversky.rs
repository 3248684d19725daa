//! Tversky loss, and its focal form.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::check::Check;
use super::comparison::{Comparison, Per, Sums};
use super::criterion::Criterion;

/// Tversky: 1 − the mean over classes of (TP + smooth) / (TP + alpha·FP + beta·FN + smooth), where TP is Σmin(p, t), FP is
/// Σp − TP and FN is Σt − TP (Salehi, Erdogmus, Gholipour, "Tversky loss function for image segmentation", MLMI 2017).
///
/// With alpha = beta = 0.5 it is Dice with twice this `smooth`, with 1 and 1 it is IoU. Why min(p, t): see `dice`.
///
/// smp's `TverskyLoss("multilabel")` with this `smooth` and `ignore-empty`, for targets in between too. MONAI's
/// `TverskyLoss(sigmoid=True)` with `smooth_nr` and `smooth_dr` of this `smooth`, and `batch=True` or per = "image".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tversky {
    /// Its factor in the sum, 0 or more.
    pub weight: f64,
    /// How much false positives count, 0 to 1.
    pub alpha: f64,
    /// How much false negatives count, 0 to 1.
    pub beta: f64,
    /// Keeps the fraction defined and its gradient tame where a batch shows nothing of a class, in pixels, 0 or more.
    pub smooth: f64,
    /// Over which pixels is summed.
    pub per: Per,
    /// Whether a class of which the batch (or the image) shows nothing counts as found.
    pub ignore_empty: bool,
}

impl Default for Tversky {
    fn default() -> Tversky {
        Tversky { weight: 1.0, alpha: 0.3, beta: 0.7, smooth: 1.0, per: Per::Batch, ignore_empty: false }
    }
}

impl Criterion for Tversky {
    fn name(&self) -> &'static str {
        "tversky"
    }

    fn check(&self, check: &mut Check) {
        factors(check, self.alpha, self.beta);
        check.not_negative("smooth", self.smooth);
    }

    fn of(&self, comparison: &Comparison) -> Tensor {
        let Tversky { alpha, beta, smooth, per, ignore_empty, .. } = *self;
        let Sums { both, predicted, labelled } = comparison.sums(per);
        let whole = both + (predicted - both) * alpha + (labelled - both) * beta + smooth;
        1.0 - comparison.mean_ratio(&(both + smooth), &whole, per, ignore_empty)
    }
}

/// Focal Tversky: the Tversky loss to the power of gamma.
///
/// Abraham and Khan ("A novel focal Tversky loss function", ISBI 2019) write 1/γ for the exponent and found γ = 4/3 best, hence
/// 0.75. As in smp, which this equals, it is the mean over classes that is raised; they raise each class, which is the same for
/// one. smp's `TverskyLoss("multilabel", gamma=…)` with this `smooth` and `ignore-empty`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct FocalTversky {
    /// Its factor in the sum, 0 or more.
    pub weight: f64,
    /// How much false positives count, 0 to 1.
    pub alpha: f64,
    /// How much false negatives count, 0 to 1.
    pub beta: f64,
    /// The exponent, above 0: below 1, what is nearly right is still learnt; above 1, what is nearly right is left alone.
    pub gamma: f64,
    /// Keeps the fraction defined and its gradient tame where a batch shows nothing of a class, in pixels, 0 or more.
    pub smooth: f64,
    /// Over which pixels is summed.
    pub per: Per,
    /// Whether a class of which the batch (or the image) shows nothing counts as found.
    pub ignore_empty: bool,
}

impl Default for FocalTversky {
    fn default() -> FocalTversky {
        let Tversky { weight, alpha, beta, smooth, per, ignore_empty } = Tversky::default();
        FocalTversky { weight, alpha, beta, gamma: 0.75, smooth, per, ignore_empty }
    }
}

/// Below this the gradient of a power below 1 would grow without end.
const LEAST: f64 = 1e-7;

impl Criterion for FocalTversky {
    fn name(&self) -> &'static str {
        "focal-tversky"
    }

    fn check(&self, check: &mut Check) {
        factors(check, self.alpha, self.beta);
        check.positive("gamma", self.gamma);
        check.not_negative("smooth", self.smooth);
    }

    fn of(&self, comparison: &Comparison) -> Tensor {
        let FocalTversky { weight, alpha, beta, gamma, smooth, per, ignore_empty } = *self;
        let tversky = Tversky { weight, alpha, beta, smooth, per, ignore_empty };
        tversky.of(comparison).clamp_min(LEAST).pow_tensor_scalar(gamma)
    }
}

fn factors(check: &mut Check, alpha: f64, beta: f64) {
    check.share("alpha", alpha);
    check.share("beta", beta);
    if alpha == 0.0 && beta == 0.0 {
        check.fault("beta", "0, and so is alpha", "one of them above 0");
    }
}
