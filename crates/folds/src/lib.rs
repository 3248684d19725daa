//! Folds of a cross-validation: which patients are held out together, and whether a record is trained on.
//!
//! A fold is a set of patients whose records validate what is trained on all others. Patients, not images, are
//! dealt: the two hands of a patient are alike. What is derived from an image (crops, pseudo labels, phantoms posed
//! from it) is of the image's patient. Who that is, is decided in [`patient_of`] and nowhere else.

mod deal;
mod held_out;
mod identity;
mod patient;
mod share;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use deal::{Patient, Rule, deal};
pub use held_out::{HeldOut, Subset};
pub use identity::{Identity, folder_of};
pub use patient::{patient_of, patients_of};
pub use share::share;

/// The file in a folder of folds, beside a list `fold-N.txt` for each fold.
pub const FILE: &str = "folds.json";

/// Disjoint sets of patients: the content of `folds.json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Folds {
    /// How the patients were dealt: the name and version of the rule. `stratified-xxh3-1` has equal shares of sex and
    /// age group where they are known, `stratified-sex-age-height-xxh3-1` of sex, age group and height group.
    pub rule: String,
    /// The seed of the rule.
    pub seed: u64,
    /// The IDs of the patients of each fold, sorted.
    pub folds: Vec<Vec<String>>,
}

/// Why a text holds no folds, or a fold can't be held out.
#[derive(Debug, Error)]
pub enum FoldsError {
    /// No JSON of folds.
    #[error("is no JSON of folds: {0}")]
    Json(#[from] serde_json::Error),
    /// A patient in two folds.
    #[error("patient {0} is in more than one fold")]
    Twice(String),
    /// A fold that is not there.
    #[error("there is no fold {fold}; there are {count}, counted from 0")]
    NoFold {
        /// The fold asked for.
        fold: usize,
        /// How many there are.
        count: usize,
    },
}

impl Folds {
    /// Reads `folds.json`.
    pub fn from_json(bytes: &[u8]) -> Result<Folds, FoldsError> {
        let folds: Folds = serde_json::from_slice(bytes)?;
        let mut seen = BTreeSet::new();
        match folds.folds.iter().flatten().find(|&id| !seen.insert(id)) {
            Some(id) => Err(FoldsError::Twice(id.clone())),
            None => Ok(folds),
        }
    }

    /// The patients of `fold` (from 0), held out from all others.
    pub fn hold_out(&self, fold: usize) -> Result<HeldOut, FoldsError> {
        let ids = self.folds.get(fold).ok_or(FoldsError::NoFold { fold, count: self.folds.len() })?;
        Ok(HeldOut::of_folds(ids, self.folds.iter().flatten()))
    }
}
