//! Soft IoU loss (intersection over union, Jaccard).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::check::Check;
use super::comparison::{Comparison, Per, Sums};
use super::criterion::Criterion;

/// Soft IoU: 1 − the mean over classes of (Σmin(p, t) + smooth) / (Σmax(p, t) + smooth).
///
/// For targets of 0 and 1 this is soft Jaccard (Rahman and Wang, "Optimizing intersection-over-union in deep neural networks
/// for image segmentation", ISVC 2016); min and max keep it least where p = t in between (Wang and others, "Jaccard metric
/// losses", NeurIPS 2023).
///
/// smp's `JaccardLoss("multilabel")` with this `smooth` and `ignore-empty`, for targets in between too. MONAI's
/// `DiceLoss(sigmoid=True, jaccard=True)` with `smooth_nr` and `smooth_dr` of twice this `smooth`, and `batch=True` or
/// per = "image".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Iou {
    /// Its factor in the sum, 0 or more.
    pub weight: f64,
    /// Keeps the fraction defined and its gradient tame where a batch shows nothing of a class, in pixels, 0 or more.
    pub smooth: f64,
    /// Over which pixels is summed.
    pub per: Per,
    /// Whether a class of which the batch (or the image) shows nothing counts as found.
    pub ignore_empty: bool,
}

impl Default for Iou {
    fn default() -> Iou {
        Iou { weight: 1.0, smooth: 1.0, per: Per::Batch, ignore_empty: false }
    }
}

impl Criterion for Iou {
    fn name(&self) -> &'static str {
        "iou"
    }

    fn check(&self, check: &mut Check) {
        check.not_negative("smooth", self.smooth);
    }

    fn of(&self, comparison: &Comparison) -> Tensor {
        let Iou { smooth, per, ignore_empty, .. } = *self;
        let Sums { both, predicted, labelled } = comparison.sums(per);
        let (overlap, whole) = (both + smooth, predicted + labelled - both + smooth);
        1.0 - comparison.mean_ratio(&overlap, &whole, per, ignore_empty)
    }
}
