//! The flag `--loss`: short for the objectives that are used most.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Serialize;

/// What training makes small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Binary cross-entropy of every class and pixel, averaged
    Bce,
    /// Binary cross-entropy, and a share of soft Dice (--dice-weight)
    BceDice,
}
