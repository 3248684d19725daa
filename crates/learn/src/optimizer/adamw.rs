//! AdamW: Adam with weight decay beside the gradient.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::adam;
use super::rule::{At, Rule};
use crate::fault::Fault;

/// AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019) as `torch.optim.AdamW` computes it:
///
/// ```text
/// w ← w − lr·decay·w
/// m ← β₁·m + (1 − β₁)·g            m̂ = m / (1 − β₁ᵗ)
/// v ← β₂·v + (1 − β₂)·g²           v̂ = v / (1 − β₂ᵗ)
/// w ← w − lr·m̂ / (√v̂ + ε)
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct AdamW {
    /// Peak learning rate, above 0
    pub lr: f64,
    /// How much stays of the running means of the gradient and of its square, each from 0 to less than 1
    pub betas: [f64; 2],
    /// Keeps the quotient finite, above 0
    pub eps: f64,
    /// Decoupled weight decay, 0 or more
    pub weight_decay: f64,
    /// Takes the largest mean square so far (Reddi and others, "On the convergence of Adam and beyond", ICLR 2018)
    pub amsgrad: bool,
}

impl Default for AdamW {
    fn default() -> AdamW {
        AdamW { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01, amsgrad: false }
    }
}

impl AdamW {
    /// What is out of range.
    pub fn check(&self) -> Vec<Fault> {
        adam::check(self.lr, self.betas, self.eps, self.weight_decay)
    }
}

impl Rule for AdamW {
    fn state(&self) -> Vec<&'static str> {
        adam::moments(self.amsgrad)
    }

    fn update(&self, at: &At, weights: &mut Tensor, gradient: &Tensor, state: &mut [Tensor]) {
        if at.weight_decay * at.lr != 0.0 {
            let _ = weights.g_mul_scalar_(1.0 - at.lr * at.weight_decay);
        }
        adam::along_moments(self.betas, self.eps, self.amsgrad, at, weights, gradient, state);
    }
}
