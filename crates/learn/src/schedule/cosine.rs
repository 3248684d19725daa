//! The cosine schedule: half a cosine from the peak down, once or with warm restarts.

use std::f64::consts::PI;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::{Check, Fault};

/// Half a cosine from the peak down to the least rate (Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm
/// restarts", ICLR 2017), as `torch.optim.lr_scheduler.CosineAnnealingLR` and `CosineAnnealingWarmRestarts` compute it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cosine {
    /// Share of all steps over which the rate rises evenly from its first step's, from 0 to 1
    pub warmup: f64,
    /// Share of all steps, at the end, over which it falls evenly to 0, from 0 to 1
    pub cool_down: f64,
    /// The least rate, as a share of the peak, from 0 to 1
    pub min_lr: f64,
    /// Share of the steps after the warm-up until the first restart, above 0 and at most 1; 1: no restarts
    pub first_cycle: f64,
    /// How many times as long as the one before each further cycle is, 1 or more
    pub cycle_growth: u32,
}

impl Default for Cosine {
    fn default() -> Cosine {
        Cosine { warmup: 0.05, cool_down: 0.0, min_lr: 0.0, first_cycle: 1.0, cycle_growth: 1 }
    }
}

impl Cosine {
    pub(super) fn check(&self) -> Vec<Fault> {
        let Cosine { min_lr, first_cycle, cycle_growth, .. } = *self;
        let legal = first_cycle > 0.0 && first_cycle <= 1.0;
        let check = Check::default().share("min-lr", min_lr);
        let check = check.that("first-cycle", first_cycle, legal, "a number above 0, at most 1");
        check.that("cycle-growth", cycle_growth, cycle_growth >= 1, "a whole number of 1 or more").0
    }

    /// The rate `step` of `steps` steps after the warm-up.
    pub(super) fn rate(&self, step: u64, steps: u64) -> f64 {
        let least = self.min_lr;
        if step >= steps {
            return least;
        }
        let mut cycle = ((self.first_cycle * steps as f64).round() as u64).max(1);
        let mut within = step;
        while within >= cycle {
            within -= cycle;
            cycle = cycle.saturating_mul(u64::from(self.cycle_growth.max(1)));
        }
        let done = within as f64 / cycle as f64;
        least + (1.0 - least) * 0.5 * (1.0 + (PI * done).cos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_falls_to_the_least_and_restarts_ever_later() {
        let config = Cosine { min_lr: 0.1, first_cycle: 0.1, cycle_growth: 2, ..Cosine::default() };
        let rates: Vec<f64> = (0..=100).map(|step| config.rate(step, 100)).collect();
        let restarts: Vec<usize> = (1..100).filter(|&step| rates[step] > rates[step - 1]).collect();
        assert_eq!(restarts, [10, 30, 70]);
        assert!(restarts.iter().all(|&step| rates[step] == 1.0));
        assert!(rates[..100].iter().all(|&rate| rate > 0.1));
        assert_eq!(rates[100], 0.1);
    }
}
