//! What a step did.

use std::time::Duration;

/// What a step did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// Counted from 1 over all epochs.
    pub step: u64,
    /// Samples in its batch.
    pub samples: usize,
    /// The loss of its batch.
    pub loss: f64,
    /// Each term of the loss by its name, before it is weighted.
    pub terms: Vec<(String, f64)>,
    /// Its learning rate.
    pub learning_rate: f64,
    /// The norm of the whole gradient before it was clipped.
    pub gradient_norm: f64,
    /// Whether it was left out, because its loss or gradient is no number.
    pub left_out: bool,
    /// How long it waited for its batch.
    pub waited: Duration,
    /// How long it took from then on.
    pub took: Duration,
}
