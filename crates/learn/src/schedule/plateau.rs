//! The plateau schedule: lower by a factor where validations stop gaining.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::{Check, Fault};

/// Lower by a factor where validation Dice stops gaining, as `torch.optim.lr_scheduler.ReduceLROnPlateau` computes it with
/// `mode="max"`, `threshold_mode="abs"` and `eps=0`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Plateau {
    /// Share of all steps over which the rate rises evenly from its first step's, from 0 to 1
    pub warmup: f64,
    /// Share of all steps, at the end, over which it falls evenly to 0, from 0 to 1
    pub cool_down: f64,
    /// What the rate is multiplied by, above 0 and below 1
    pub factor: f64,
    /// Validations without a gain that are let pass
    pub patience: u64,
    /// What counts as a gain over the best Dice, 0 or more
    pub min_delta: f64,
    /// Validations after a change that are not counted
    pub cooldown: u64,
    /// The least rate, as a share of the peak, from 0 to 1
    pub min_lr: f64,
}

impl Default for Plateau {
    fn default() -> Plateau {
        Plateau {
            warmup: 0.05,
            cool_down: 0.0,
            factor: 0.1,
            patience: 10,
            min_delta: 1e-4,
            cooldown: 0,
            min_lr: 0.0,
        }
    }
}

/// What a plateau remembers of validations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Memory {
    /// The share of the peak that it came to.
    pub(super) share: f64,
    /// The best Dice so far.
    best: Option<f64>,
    /// Validations since it that count.
    idle: u64,
    /// Validations to come that do not.
    cooling: u64,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory { share: 1.0, best: None, idle: 0, cooling: 0 }
    }
}

impl Plateau {
    pub(super) fn check(&self) -> Vec<Fault> {
        let Plateau { factor, min_delta, min_lr, .. } = *self;
        let legal = factor > 0.0 && factor < 1.0;
        let check = Check::default().that("factor", factor, legal, "a number above 0, below 1");
        check.not_negative("min-delta", min_delta).share("min-lr", min_lr).0
    }

    /// Takes note of a validation.
    pub(super) fn note(&self, memory: &mut Memory, dice: f64) {
        if memory.best.map_or(!dice.is_nan(), |best| dice > best + self.min_delta) {
            memory.best = Some(dice);
            memory.idle = 0;
        } else {
            memory.idle += 1;
        }
        if memory.cooling > 0 {
            memory.cooling -= 1;
            memory.idle = 0;
        }
        if memory.idle > self.patience {
            memory.share = (memory.share * self.factor).max(self.min_lr.min(memory.share));
            memory.cooling = self.cooldown;
            memory.idle = 0;
        }
    }
}
