//! SGD: stochastic gradient descent with momentum.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::rule::{At, Rule, kept, penalised};
use crate::fault::{Check, Fault};

/// Stochastic gradient descent with momentum (Sutskever and others, "On the importance of initialization and momentum in
/// deep learning", ICML 2013) as `torch.optim.SGD` computes it:
///
/// ```text
/// g ← g + decay·w
/// b ← momentum·b + (1 − dampening)·g        b ← g at the first step
/// w ← w − lr·b                              w ← w − lr·(g + momentum·b) with nesterov
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sgd {
    /// Peak learning rate, above 0
    pub lr: f64,
    /// How much of the direction so far stays, from 0 to less than 1
    pub momentum: f64,
    /// Share of each gradient after the first that momentum leaves out, from 0 to 1
    pub dampening: f64,
    /// Looks ahead along the momentum; needs momentum without dampening
    pub nesterov: bool,
    /// Weight of the L2 penalty, 0 or more
    pub weight_decay: f64,
}

impl Default for Sgd {
    fn default() -> Sgd {
        Sgd { lr: 1e-3, momentum: 0.0, dampening: 0.0, nesterov: false, weight_decay: 0.0 }
    }
}

impl Sgd {
    /// What is out of range.
    pub fn check(&self) -> Vec<Fault> {
        let Sgd { lr, momentum, dampening, nesterov, weight_decay } = *self;
        let check =
            Check::default().positive("lr", lr).kept("momentum", momentum).share("dampening", dampening);
        let legal = !nesterov || (momentum > 0.0 && dampening == 0.0);
        check
            .that("nesterov", nesterov, legal, "false, or a momentum above 0 and a dampening of 0")
            .not_negative("weight-decay", weight_decay)
            .0
    }
}

impl Rule for Sgd {
    fn state(&self) -> Vec<&'static str> {
        if self.momentum == 0.0 { vec![] } else { vec!["momentum"] }
    }

    fn update(&self, at: &At, weights: &mut Tensor, gradient: &Tensor, state: &mut [Tensor]) {
        let gradient = penalised(at, weights, gradient);
        if self.momentum == 0.0 {
            let _ = weights.g_add_(&(gradient * -at.lr));
            return;
        }
        let [momentum] = kept(state);
        if at.step == 1 {
            momentum.copy_(&gradient);
        } else {
            let _ = momentum.g_mul_scalar_(self.momentum).g_add_(&(&gradient * (1.0 - self.dampening)));
        }
        let along = &*momentum * (-at.lr * if self.nesterov { self.momentum } else { 1.0 });
        let _ = weights.g_add_(&along);
        if self.nesterov {
            let _ = weights.g_add_(&(gradient * -at.lr));
        }
    }
}
