//! Soft Dice loss.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::check::Check;
use super::comparison::{Comparison, Per, Sums};
use super::criterion::Criterion;

/// Soft Dice: 1 − the mean over classes of (2·Σmin(p, t) + smooth) / (Σp + Σt + smooth).
///
/// Where targets are 0 or 1, min(p, t) is pt and this is soft Dice (Milletari, Navab, Ahmadi, "V-Net", 3DV 2016, with plain
/// sums below the fraction). Of targets in between, the product would make all or nothing; this is least where p = t (Wang
/// and others, "Dice semimetric losses", MICCAI 2023: min(p, t) is (p + t − |p − t|) / 2).
///
/// smp's `DiceLoss("multilabel")` with half this `smooth` and `ignore-empty`, for targets in between too. MONAI's
/// `DiceLoss(sigmoid=True)` with `smooth_nr` and `smooth_dr` of this `smooth`, and `batch=True` or per = "image"; for targets
/// in between with `soft_label=True`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Dice {
    /// Its factor in the sum, 0 or more.
    pub weight: f64,
    /// Keeps the fraction defined and its gradient tame where a batch shows nothing of a class, in pixels, 0 or more.
    pub smooth: f64,
    /// Over which pixels is summed.
    pub per: Per,
    /// Whether a class of which the batch (or the image) shows nothing counts as found.
    pub ignore_empty: bool,
}

impl Default for Dice {
    fn default() -> Dice {
        Dice { weight: 1.0, smooth: 1.0, per: Per::Batch, ignore_empty: false }
    }
}

impl Criterion for Dice {
    fn name(&self) -> &'static str {
        "dice"
    }

    fn check(&self, check: &mut Check) {
        check.not_negative("smooth", self.smooth);
    }

    fn of(&self, comparison: &Comparison) -> Tensor {
        let Dice { smooth, per, ignore_empty, .. } = *self;
        let Sums { both, predicted, labelled } = comparison.sums(per);
        let (overlap, whole) = (both * 2.0 + smooth, predicted + labelled + smooth);
        1.0 - comparison.mean_ratio(&overlap, &whole, per, ignore_empty)
    }
}
