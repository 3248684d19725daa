//! Lovász hinge loss.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Tensor, no_grad};

use super::check::Check;
use super::comparison::{Comparison, Per};
use super::criterion::Criterion;

/// Lovász hinge, of each class by itself, averaged: the convex surrogate of 1 − IoU (Berman, Triki, Blaschko, "The
/// Lovász-Softmax loss", CVPR 2018). Pixels are sorted by their error max(0, 1 − logit·(2t − 1)), largest first, and each
/// error is weighted by how much IoU falls where its pixel is wrong, too.
///
/// smp's `LovaszLoss("binary", per_image=…)` of each class, averaged; smp's "multilabel" sorts the pixels of all classes
/// together, as if they were one. A pixel that a bone covers by t counts as t of the bone and 1 − t of the rest, and its
/// margin is scaled by 2t − 1: one of ½ has a constant error and pulls neither way.
///
/// All pixels are sorted for each class: on a CPU it takes ten times as long as `bce`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Lovasz {
    /// Its factor in the sum, 0 or more.
    pub weight: f64,
    /// Which pixels are sorted together.
    pub per: Per,
}

impl Default for Lovasz {
    fn default() -> Lovasz {
        Lovasz { weight: 1.0, per: Per::Batch }
    }
}

impl Criterion for Lovasz {
    fn name(&self) -> &'static str {
        "lovasz"
    }

    fn check(&self, _: &mut Check) {}

    fn of(&self, comparison: &Comparison) -> Tensor {
        // [B, classes, H, W] -> [classes, B·H·W] or [B, classes, H·W]
        let rows = |tensor: &Tensor| match self.per {
            Per::Batch => tensor.transpose(0, 1).flatten(1, -1),
            Per::Image => tensor.flatten(2, -1),
        };
        let (logits, targets) = (rows(&comparison.logits), rows(&comparison.targets));
        let errors: Tensor = 1.0 - logits * (&targets * 2.0 - 1.0);
        // Stable, so that equal errors are in one order on all devices.
        let (errors, order) = errors.sort_stable(true, -1, true);
        let weights = no_grad(|| losses_of_iou(&targets.gather(-1, &order, false)));
        let each = (errors.relu() * weights).sum_dim_intlist(-1, false, comparison.kind());
        comparison.mean_of_classes(&each)
    }
}

/// How much 1 − IoU grows where the k-th pixel is wrong in addition to those before it; `targets` are in their order along
/// the last dimension, G is their sum.
///
/// 1 − IoU of the first k is k / u(k), with the union u(k) = G + Σ(1 − t) of the first k. The difference of two neighbours is
/// brought over one denominator, (G − Σt of those before + (k − 1)·t) / (u(k)·u(k − 1)): in f32, differences of numbers
/// near 1 would be mostly noise.
fn losses_of_iou(targets: &Tensor) -> Tensor {
    let (kind, count) = (targets.kind(), targets.size().last().copied().unwrap_or_default());
    let sum = targets.sum_dim_intlist(-1, true, kind);
    let counted = Tensor::arange_start(1, count + 1, (kind, targets.device()));
    let until = targets.cumsum(-1, kind);
    let union = &sum - &until + &counted;
    let first = union.narrow(-1, 0, 1).reciprocal();
    let [before, now] = [0, 1].map(|from| move |tensor: &Tensor| tensor.narrow(-1, from, count - 1));
    let missed = (&sum - before(&until)).clamp_min(0.0);
    let rest = (missed + before(&counted) * now(targets)) / (now(&union) * before(&union));
    Tensor::cat(&[first, rest], -1)
}
