//! Adam: steps of a size that each weight's own gradients set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::rule::{At, Rule, kept, penalised};
use crate::fault::{Check, Fault};

/// Adam (Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015) as `torch.optim.Adam` computes it, with
/// weight decay as an L2 penalty:
///
/// ```text
/// g ← g + decay·w
/// m ← β₁·m + (1 − β₁)·g            m̂ = m / (1 − β₁ᵗ)
/// v ← β₂·v + (1 − β₂)·g²           v̂ = v / (1 − β₂ᵗ)
/// w ← w − lr·m̂ / (√v̂ + ε)
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Adam {
    /// Peak learning rate, above 0
    pub lr: f64,
    /// How much stays of the running means of the gradient and of its square, each from 0 to less than 1
    pub betas: [f64; 2],
    /// Keeps the quotient finite, above 0
    pub eps: f64,
    /// Weight of the L2 penalty, 0 or more
    pub weight_decay: f64,
    /// Takes the largest mean square so far (Reddi and others, "On the convergence of Adam and beyond", ICLR 2018)
    pub amsgrad: bool,
}

impl Default for Adam {
    fn default() -> Adam {
        Adam { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.0, amsgrad: false }
    }
}

impl Adam {
    /// What is out of range.
    pub fn check(&self) -> Vec<Fault> {
        check(self.lr, self.betas, self.eps, self.weight_decay)
    }
}

/// What is out of range of Adam's parameters, which are AdamW's too.
pub(super) fn check(lr: f64, betas: [f64; 2], eps: f64, weight_decay: f64) -> Vec<Fault> {
    let check = Check::default().positive("lr", lr).kept("betas[0]", betas[0]).kept("betas[1]", betas[1]);
    check.positive("eps", eps).not_negative("weight-decay", weight_decay).0
}

impl Rule for Adam {
    fn state(&self) -> Vec<&'static str> {
        moments(self.amsgrad)
    }

    fn update(&self, at: &At, weights: &mut Tensor, gradient: &Tensor, state: &mut [Tensor]) {
        let gradient = penalised(at, weights, gradient);
        along_moments(self.betas, self.eps, self.amsgrad, at, weights, &gradient, state);
    }
}

/// The names of Adam's state.
pub(super) fn moments(amsgrad: bool) -> Vec<&'static str> {
    if amsgrad { vec!["first", "second", "largest"] } else { vec!["first", "second"] }
}

/// The three last lines of Adam, which are AdamW's too.
pub(super) fn along_moments(
    betas: [f64; 2],
    eps: f64,
    amsgrad: bool,
    at: &At,
    weights: &mut Tensor,
    gradient: &Tensor,
    state: &mut [Tensor],
) {
    let [bias_first, bias_second] = betas.map(|beta| 1.0 - beta.powf(at.step as f64));
    let [first, second] = kept(state);
    let _ = first.lerp_(gradient, 1.0 - betas[0]);
    let scaled = gradient * (1.0 - betas[1]).sqrt();
    let _ = second.g_mul_scalar_(betas[1]).addcmul_(&scaled, &scaled);
    let mut below = second.sqrt();
    if amsgrad {
        let [_, second, largest] = kept(state);
        // `fmax_out` would need a third buffer; copying costs as much as it would.
        let most = largest.maximum(second);
        largest.copy_(&most);
        below = most.sqrt();
    }
    // At a rate of 0, the fraction below would be 0 / 0 where nothing was learnt yet.
    if at.lr == 0.0 {
        return;
    }
    // w ← w + m / ((√v̂ + ε) · scale): the factors of m̂ stand under the fraction, so that they cost no pass of their own.
    let scale = -bias_first / at.lr;
    let _ = below.g_mul_scalar_(scale / bias_second.sqrt()).g_add_scalar_(scale * eps);
    let [first] = kept(state);
    let _ = weights.addcdiv_(first, &below);
}
