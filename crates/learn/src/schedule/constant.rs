//! The constant schedule: the peak learning rate at every step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The peak learning rate at every step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Constant {
    /// Share of all steps over which the rate rises evenly from its first step's, from 0 to 1
    pub warmup: f64,
    /// Share of all steps, at the end, over which it falls evenly to 0, from 0 to 1
    pub cool_down: f64,
}

impl Default for Constant {
    fn default() -> Constant {
        Constant { warmup: 0.05, cool_down: 0.0 }
    }
}
