//! What training says of itself as it goes: `metrics.jsonl`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Line {
    /// After a few steps.
    Step {
        /// The epoch, counted from 1.
        epoch: u64,
        /// The step, counted from 1 over all epochs.
        step: u64,
        /// The loss of this step's batch.
        loss: f64,
        /// Each term of that loss by its name, before it is weighted; absent: not recorded, by an earlier version.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        terms: BTreeMap<String, f64>,
        /// The learning rate of this step.
        learning_rate: f64,
        /// The norm of the whole gradient before it was clipped.
        gradient_norm: f64,
    },
    /// After an epoch.
    Epoch {
        /// The epoch, counted from 1.
        epoch: u64,
        /// The steps done so far.
        step: u64,
        /// The mean loss over the epoch's samples, without those of steps that were left out.
        loss: f64,
        /// Steps that were left out so far, because their loss or gradient is no number; absent: none.
        #[serde(default, skip_serializing_if = "none")]
        left_out: u64,
        /// The validation, where this epoch had one.
        validation: Option<Validation>,
        /// Whether no epoch before was as good.
        best: bool,
    },
}

fn none(count: &u64) -> bool {
    *count == 0
}

/// How well weights segment the validation records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// The epoch that the weights are of, counted from 1.
    pub epoch: u64,
    /// The steps done when they were taken.
    pub step: u64,
    /// Mean of `classes`.
    pub dice: f64,
    /// For each class, in the order of the checkpoint's classes, the mean over the records of the Dice coefficient
    /// at the size of the radiograph, with threshold 0.5.
    pub classes: Vec<f64>,
    /// The mean of the loss over the records, not augmented, in batches as long as training's, by the weights that are
    /// validated; absent: the network sees windows, of which training's loss is no mean, or an earlier version wrote this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Each term of that loss by its name, before it is weighted; absent where the loss is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub terms: BTreeMap<String, f64>,
}
