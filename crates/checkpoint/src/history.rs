//! The history of a run: how long it was, which weights it kept, and what changed on the way.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How long a run was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Extent {
    /// Epochs, a last one that was cut short among them.
    pub epochs: u64,
    /// Steps.
    pub steps: u64,
}

/// Weights that were kept beside the best and the last: `kept/epoch-00005.safetensors`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The epoch that they are of, counted from 1.
    pub epoch: u64,
    /// The mean Dice of their validation; absent: they were not validated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dice: Option<f64>,
}

impl Kept {
    /// The name of their file in the folder `kept`.
    pub fn file_name(&self) -> String {
        format!("epoch-{:05}.safetensors", self.epoch)
    }
}

/// An earlier stretch of a run that went on with other values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Leg {
    /// How long the run was at its end.
    pub end: Extent,
    /// The values that it had otherwise than the stretch after it, as `optimizer.lr`; null: none.
    pub had: BTreeMap<String, Value>,
}
