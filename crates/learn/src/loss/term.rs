//! Terms: what an objective is a sum of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bce::Bce;
use super::boundary::Boundary;
use super::criterion::Criterion;
use super::dice::Dice;
use super::focal::Focal;
use super::iou::Iou;
use super::lovasz::Lovasz;
use super::tversky::{FocalTversky, Tversky};

/// One term of an objective: `name` says which loss it is, `weight` how much it counts, the other keys are its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each is documented where it is defined")]
pub enum Term {
    Bce(Bce),
    Dice(Dice),
    Iou(Iou),
    Focal(Focal),
    Tversky(Tversky),
    FocalTversky(FocalTversky),
    Lovasz(Lovasz),
    Boundary(Boundary),
}

impl Term {
    /// The term's factor in the sum.
    pub fn weight(&self) -> f64 {
        match self {
            Term::Bce(it) => it.weight,
            Term::Dice(it) => it.weight,
            Term::Iou(it) => it.weight,
            Term::Focal(it) => it.weight,
            Term::Tversky(it) => it.weight,
            Term::FocalTversky(it) => it.weight,
            Term::Lovasz(it) => it.weight,
            Term::Boundary(it) => it.weight,
        }
    }

    pub(super) fn criterion(&self) -> &dyn Criterion {
        match self {
            Term::Bce(it) => it,
            Term::Dice(it) => it,
            Term::Iou(it) => it,
            Term::Focal(it) => it,
            Term::Tversky(it) => it,
            Term::FocalTversky(it) => it,
            Term::Lovasz(it) => it,
            Term::Boundary(it) => it,
        }
    }
}
