//! Losses: the objective, what training makes small.
//!
//! An [`Objective`] is a weighted sum of terms, one of this folder's files each. As a recipe writes it:
//!
//! ```toml
//! [loss]
//! label-smoothing = 0.02
//! class-weights = { Pisiform = 3.0 }   # others weigh 1
//!
//! [[loss.terms]]
//! name = "bce"
//! weight = 0.5
//!
//! [[loss.terms]]
//! name = "tversky"
//! weight = 0.5
//! beta = 0.8
//! ```
//!
//! All take logits `[B, classes, H, W]` and targets of the same shape, 0 to 1: what each pixel has of each bone, in quarters
//! where labels are counted so. Values and gradients are those of PyTorch, segmentation-models-pytorch (smp) 0.6 and
//! MONAI 1.6 under the parameters that each term's doc names; `tests/golden/loss/make.py` computes them.
//!
//! [`Objective::backward`] is what a step of training does. `bce` and `dice` it computes together with their gradient,
//! from labels as they are packed ([`fused`](fn@fused)).
//!
//! What becomes of targets between 0 and 1:
//!
//! | term | least where |
//! |---|---|
//! | `bce`, `focal` | p = t at every pixel |
//! | `dice`, `iou`, `tversky`, `focal-tversky` | p = t at every pixel, by min(p, t) for the product ([`Dice`]) |
//! | `lovasz` | a pixel's margin is scaled by 2t − 1, so that one of ½ pulls neither way |
//! | `boundary` | a pixel counts as the bone's from ½ |

mod backward;
mod bce;
mod boundary;
mod check;
mod comparison;
mod criterion;
mod dice;
mod distance;
mod flags;
mod focal;
mod fused;
#[cfg(test)]
mod golden;
mod iou;
#[cfg(test)]
mod laws;
mod lovasz;
mod term;
mod tversky;

use std::collections::BTreeMap;

use bones::Bone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

pub use bce::Bce;
pub use boundary::Boundary;
pub use comparison::Per;
pub use dice::Dice;
pub use flags::Loss;
pub use focal::Focal;
pub use fused::{Fused, fused};
pub use iou::Iou;
pub use lovasz::Lovasz;
pub use term::Term;
pub use tversky::{FocalTversky, Tversky};

use self::check::Check;
use self::comparison::Comparison;
use crate::fault::Fault;

/// What training makes small: a weighted sum of terms. By default half binary cross-entropy, half soft Dice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Objective {
    /// What is added up.
    pub terms: Vec<Term>,
    /// How much bones weigh in the mean over classes, 0 or more; those not named weigh 1. Only their ratios count, as in
    /// smp's `class_weights`: the weighted sum is divided by the sum of weights.
    pub class_weights: BTreeMap<String, f64>,
    /// ε, 0 to below 1: targets t become t·(1 − ε) + ε/2 (Szegedy and others, "Rethinking the Inception architecture",
    /// CVPR 2016, for two classes). What `boundary` and `ignore-empty` look at stays as it is.
    pub label_smoothing: f64,
}

impl Default for Objective {
    fn default() -> Objective {
        Objective::of_flags(Loss::BceDice, 0.5)
    }
}

/// The value of an objective.
#[derive(Debug)]
pub struct Value {
    /// The weighted sum of the terms, a single number to go backward from.
    pub total: Tensor,
    /// Each term by its name of [`Objective::names`], before it is weighted: single numbers on the logits' device, detached.
    pub terms: Vec<(String, Tensor)>,
}

impl Objective {
    /// The objective that the flags `--loss` and `--dice-weight` (0 to 1, the share of soft Dice) mean.
    pub fn of_flags(loss: Loss, dice_weight: f64) -> Objective {
        let terms = match loss {
            Loss::Bce => vec![Term::Bce(Bce { weight: 1.0 })],
            Loss::BceDice => vec![
                Term::Bce(Bce { weight: 1.0 - dice_weight }),
                Term::Dice(Dice { weight: dice_weight, ..Dice::default() }),
            ],
        };
        Objective { terms, class_weights: BTreeMap::new(), label_smoothing: 0.0 }
    }

    /// What is wrong with it, all of it; nothing where it can be used.
    pub fn check(&self) -> Vec<Fault> {
        let mut check = Check::default();
        for (index, term) in self.terms.iter().enumerate() {
            check.enter(format!("terms[{index}]"), term.criterion().name());
            check.not_negative("weight", term.weight());
            term.criterion().check(&mut check);
        }
        let sum: f64 = self.terms.iter().map(Term::weight).sum();
        if self.terms.is_empty() {
            check.say("terms", "terms is empty; at least one term was expected, as { name = \"bce\" }");
        } else if sum == 0.0 {
            check.say("terms", "the weights of all terms are 0; one above 0 was expected");
        }
        for (name, &weight) in &self.class_weights {
            let path = format!("class-weights.{name}");
            if Bone::from_name(name).is_none() {
                let nearest = Bone::nearest(name);
                check.say(&path, &format!("there is no bone {name}; did you mean {nearest}?"));
            }
            if !(weight >= 0.0 && weight.is_finite()) {
                check.say(&path, &format!("the weight of {name} is {weight}; a number from 0 was expected"));
            }
        }
        if self.class_weights().is_some_and(|weights| weights.iter().sum::<f64>() == 0.0) {
            check.say("class-weights", "the weights of all bones are 0; one above 0 was expected");
        }
        if !(0.0..1.0).contains(&self.label_smoothing) {
            let found = self.label_smoothing;
            let what = format!("label-smoothing is {found}; a number from 0 to below 1 was expected");
            check.say("label-smoothing", &what);
        }
        check.faults
    }

    /// What its terms are called where they are told, in their order: a name that comes again is numbered, as `dice-2`.
    pub fn names(&self) -> Vec<String> {
        let name = |index: usize| self.terms[index].criterion().name();
        let numbered = |index: usize| match (0..index).filter(|&before| name(before) == name(index)).count() {
            0 => name(index).to_owned(),
            before => format!("{}-{}", name(index), before + 1),
        };
        (0..self.terms.len()).map(numbered).collect()
    }

    /// The loss of logits `[B, 29, H, W]`, of any precision, against targets of the same shape, 0 to 1, on the same device.
    ///
    /// Logits of f64 are computed with in f64, all others in f32. Where there are no class weights, there may be any number
    /// of classes. Nothing waits for the device but `boundary`, which needs the targets on the CPU.
    ///
    /// # Panics
    /// Where shapes contradict each other, or there is no term, which [`Objective::check`] finds fault with.
    pub fn of(&self, logits: &Tensor, targets: &Tensor) -> Value {
        self.weighing(self.class_weights().as_deref(), logits, targets)
    }

    /// The weight of each bone in canonical order; nothing where none is named.
    fn class_weights(&self) -> Option<Vec<f64>> {
        let weight = |bone: Bone| self.class_weights.get(bone.name()).copied().unwrap_or(1.0);
        (!self.class_weights.is_empty()).then(|| Bone::ALL.into_iter().map(weight).collect())
    }

    /// The loss where classes weigh `weights`.
    fn weighing(&self, weights: Option<&[f64]>, logits: &Tensor, targets: &Tensor) -> Value {
        let comparison = Comparison::new(logits, targets, weights, self.label_smoothing);
        let values: Vec<Tensor> = self.terms.iter().map(|term| term.criterion().of(&comparison)).collect();
        let weighted = self.terms.iter().zip(&values).map(|(term, value)| value * term.weight());
        let total = weighted.reduce(|sum, value| sum + value).expect("`check` wants a term at least");
        let terms = self.names().into_iter().zip(values.iter().map(Tensor::detach)).collect();
        Value { total, terms }
    }
}
