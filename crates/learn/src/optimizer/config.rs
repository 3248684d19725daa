//! The choice of an optimizer, as a user writes it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rule::Rule;
use super::{Adam, AdamW, Lion, RmsProp, Sgd};
use crate::fault::Fault;

/// By which rule weights move along their gradients, such as `name = "adamw"`, `lr = 1e-3`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum OptimizerConfig {
    /// Stochastic gradient descent with momentum
    Sgd(Sgd),
    /// Adam, with weight decay as an L2 penalty
    Adam(Adam),
    /// Adam with decoupled weight decay
    AdamW(AdamW),
    /// Lion: the sign of a running mean
    Lion(Lion),
    /// RMSprop
    RmsProp(RmsProp),
}

impl Default for OptimizerConfig {
    fn default() -> OptimizerConfig {
        OptimizerConfig::AdamW(AdamW::default())
    }
}

impl OptimizerConfig {
    /// Everything that is out of range.
    pub fn check(&self) -> Vec<Fault> {
        match self {
            OptimizerConfig::Sgd(sgd) => sgd.check(),
            OptimizerConfig::Adam(adam) => adam.check(),
            OptimizerConfig::AdamW(adamw) => adamw.check(),
            OptimizerConfig::Lion(lion) => lion.check(),
            OptimizerConfig::RmsProp(rmsprop) => rmsprop.check(),
        }
    }

    /// The peak learning rate.
    pub fn lr(&self) -> f64 {
        match self {
            OptimizerConfig::Sgd(Sgd { lr, .. })
            | OptimizerConfig::Adam(Adam { lr, .. })
            | OptimizerConfig::AdamW(AdamW { lr, .. })
            | OptimizerConfig::Lion(Lion { lr, .. })
            | OptimizerConfig::RmsProp(RmsProp { lr, .. }) => *lr,
        }
    }

    /// How much weights decay, in the rule's own way.
    pub fn weight_decay(&self) -> f64 {
        match self {
            OptimizerConfig::Sgd(Sgd { weight_decay, .. })
            | OptimizerConfig::Adam(Adam { weight_decay, .. })
            | OptimizerConfig::AdamW(AdamW { weight_decay, .. })
            | OptimizerConfig::Lion(Lion { weight_decay, .. })
            | OptimizerConfig::RmsProp(RmsProp { weight_decay, .. }) => *weight_decay,
        }
    }

    pub(super) fn rule(&self) -> &dyn Rule {
        match self {
            OptimizerConfig::Sgd(sgd) => sgd,
            OptimizerConfig::Adam(adam) => adam,
            OptimizerConfig::AdamW(adamw) => adamw,
            OptimizerConfig::Lion(lion) => lion,
            OptimizerConfig::RmsProp(rmsprop) => rmsprop,
        }
    }
}
