//! The section `[run]`: how long training goes on, and in which portions.

use feed::Tail;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Precision;
use crate::fault::{Check, Fault};

/// How long training goes on, and in which portions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Run {
    /// How often to go over all training records, 1 or more
    pub epochs: u64,
    /// End after so many steps, 1 or more, in place of epochs; the last epoch may be cut short
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Records in a batch, 1 to 4096
    pub batch: u32,
    /// In how many portions a batch goes through the network, whose gradients are added up, 1 or more: for batches that do
    /// not fit into memory. Each portion has batch statistics, and terms such as Dice, of its own
    pub accumulate: u32,
    /// What becomes of the last batch of an epoch where the records do not fill it
    pub tail: Tail,
    /// In which precision to compute
    pub precision: Precision,
    /// Validate every so many epochs, and after the last one
    pub validate_every: u64,
    /// Stop after so many validations in a row without a gain of `min-delta`; 0: never
    pub patience: u64,
    /// What counts as a gain of validation Dice, 0 to 1
    pub min_delta: f64,
    /// Keep the weights of every so many epochs beside the best and the last; 0: of none
    pub keep_every: u64,
    /// Keep the weights of the so many best validations; 1: of the best alone
    pub keep_best: u64,
    /// How many steps in a row may have a loss or gradient that is no number: they are left out; one more ends the run
    pub skip_steps: u64,
}

impl Default for Run {
    fn default() -> Run {
        Run {
            epochs: 50,
            steps: None,
            batch: 8,
            accumulate: 1,
            tail: Tail::Drop,
            precision: Precision::Auto,
            validate_every: 1,
            patience: 0,
            min_delta: 0.0005,
            keep_every: 0,
            keep_best: 1,
            skip_steps: 10,
        }
    }
}

impl Run {
    /// Everything that is out of range.
    pub(super) fn check(&self) -> Vec<Fault> {
        let epochs = (1..=100_000).contains(&self.epochs);
        let check = Check::default()
            .that("epochs", self.epochs, epochs, "a whole number from 1 to 100000")
            .that("batch", self.batch, (1..=4096).contains(&self.batch), "a whole number from 1 to 4096");
        let (every, portions) = (self.validate_every, self.accumulate);
        check
            .that("accumulate", portions, portions >= 1, "a whole number from 1")
            .that("validate-every", every, every >= 1, "a whole number from 1")
            .that("steps", self.steps.unwrap_or(1), self.steps != Some(0), "a whole number from 1")
            .that("keep-best", self.keep_best, self.keep_best >= 1, "a whole number from 1")
            .share("min-delta", self.min_delta)
            .0
    }
}
