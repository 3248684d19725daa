//! Lion: steps of one size, along the sign of a running mean.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::rule::{At, Rule, kept};
use crate::fault::{Check, Fault};

/// Lion (Chen and others, "Symbolic discovery of optimization algorithms", NeurIPS 2023) as lion-pytorch computes it:
///
/// ```text
/// w ← w − lr·decay·w
/// w ← w − lr·sign(β₁·m + (1 − β₁)·g)
/// m ← β₂·m + (1 − β₂)·g
/// ```
///
/// Its rates are a third to a tenth of AdamW's, its decay larger by as much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Lion {
    /// Peak learning rate, above 0
    pub lr: f64,
    /// How much of the running mean is in a step, and how much of it stays after, each from 0 to less than 1
    pub betas: [f64; 2],
    /// Decoupled weight decay, 0 or more
    pub weight_decay: f64,
}

impl Default for Lion {
    fn default() -> Lion {
        Lion { lr: 1e-4, betas: [0.9, 0.99], weight_decay: 0.0 }
    }
}

impl Lion {
    /// What is out of range.
    pub fn check(&self) -> Vec<Fault> {
        let Lion { lr, betas, weight_decay } = *self;
        let check = Check::default().positive("lr", lr).kept("betas[0]", betas[0]).kept("betas[1]", betas[1]);
        check.not_negative("weight-decay", weight_decay).0
    }
}

impl Rule for Lion {
    fn state(&self) -> Vec<&'static str> {
        vec!["first"]
    }

    fn update(&self, at: &At, weights: &mut Tensor, gradient: &Tensor, state: &mut [Tensor]) {
        let [first] = kept(state);
        if at.weight_decay * at.lr != 0.0 {
            let _ = weights.g_mul_scalar_(1.0 - at.lr * at.weight_decay);
        }
        let mut along = (&*first * self.betas[0]).g_add_(&(gradient * (1.0 - self.betas[0])));
        let _ = weights.g_add_(&along.sign_().g_mul_scalar_(-at.lr));
        let _ = first.g_mul_scalar_(self.betas[1]).g_add_(&(gradient * (1.0 - self.betas[1])));
    }
}
