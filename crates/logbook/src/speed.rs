//! Speed: how fast a run goes, and where its time goes; `speed.jsonl`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One line of `speed.jsonl`: the time between two logged steps.
///
/// What is left of 1 when [`waiting`](Speed::waiting) and [`computing`](Speed::computing) are taken away went into
/// validation, checkpoints and the log.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Speed {
    /// The step, counted from 1 over all epochs.
    pub step: u64,
    /// The epoch, counted from 1.
    pub epoch: u64,
    /// Seconds since the program began to train; a run that goes on counts from 0 again.
    pub seconds: f64,
    /// Images trained on per second since the line before.
    pub images_per_second: f64,
    /// Share of the time since the line before in which the device had no batch to work on, 0 … 1.
    pub waiting: f64,
    /// Share of the time since the line before that steps took, 0 … 1.
    pub computing: f64,
}
