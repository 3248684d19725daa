//! RMSprop: gradients over the root of their mean square.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::rule::{At, Rule, penalised};
use crate::fault::{Check, Fault};

/// RMSprop (Hinton, "Neural networks for machine learning", lecture 6e, 2012; centred: Graves, "Generating sequences with
/// recurrent neural networks", 2013) as `torch.optim.RMSprop` computes it:
///
/// ```text
/// g ← g + decay·w
/// v ← α·v + (1 − α)·g²
/// a ← α·a + (1 − α)·g                  where centered, else a = 0
/// b ← momentum·b + g / (√(v − a²) + ε)
/// w ← w − lr·b
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RmsProp {
    /// Peak learning rate, above 0
    pub lr: f64,
    /// How much of the running means stays, from 0 to less than 1
    pub alpha: f64,
    /// Keeps the quotient finite, above 0
    pub eps: f64,
    /// How much of the direction so far stays, from 0 to less than 1
    pub momentum: f64,
    /// Divides by the deviation instead of the root of the mean square
    pub centered: bool,
    /// Weight of the L2 penalty, 0 or more
    pub weight_decay: f64,
}

impl Default for RmsProp {
    fn default() -> RmsProp {
        RmsProp { lr: 1e-2, alpha: 0.99, eps: 1e-8, momentum: 0.0, centered: false, weight_decay: 0.0 }
    }
}

impl RmsProp {
    /// What is out of range.
    pub fn check(&self) -> Vec<Fault> {
        let RmsProp { lr, alpha, eps, momentum, weight_decay, .. } = *self;
        let check = Check::default().positive("lr", lr).kept("alpha", alpha).positive("eps", eps);
        check.kept("momentum", momentum).not_negative("weight-decay", weight_decay).0
    }
}

impl Rule for RmsProp {
    fn state(&self) -> Vec<&'static str> {
        let mean = self.centered.then_some("mean");
        let momentum = (self.momentum != 0.0).then_some("momentum");
        ["square"].into_iter().chain(mean).chain(momentum).collect()
    }

    fn update(&self, at: &At, weights: &mut Tensor, gradient: &Tensor, state: &mut [Tensor]) {
        let gradient = penalised(at, weights, gradient);
        let [square, rest @ ..] = state else { return };
        let scaled = &gradient * (1.0 - self.alpha).sqrt();
        let _ = square.g_mul_scalar_(self.alpha).addcmul_(&scaled, &scaled);
        let (mut below, rest) = match rest {
            [mean, rest @ ..] if self.centered => {
                let _ = mean.lerp_(&gradient, 1.0 - self.alpha);
                ((&*square - mean.square()).sqrt_(), rest)
            }
            rest => (square.sqrt(), rest),
        };
        let along = gradient / below.g_add_scalar_(self.eps);
        let along = match rest {
            [momentum, ..] => momentum.g_mul_scalar_(self.momentum).g_add_(&along),
            [] => along,
        };
        let _ = weights.g_add_(&(along * -at.lr));
    }
}
