//! The one-cycle schedule: up from a small rate to the peak, then down to a smaller one.

use std::f64::consts::PI;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::{Check, Fault};

/// Half a cosine up to the peak and half a cosine down (Smith and Topin, "Super-convergence", 2017), as
/// `torch.optim.lr_scheduler.OneCycleLR` computes it with two phases. Momentum is not cycled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct OneCycle {
    /// Share of all steps over which the rate rises evenly from its first step's, from 0 to 1
    pub warmup: f64,
    /// Share of all steps, at the end, over which it falls evenly to 0, from 0 to 1
    pub cool_down: f64,
    /// Share of the steps over which the rate rises, from 0 to 1
    pub pct_start: f64,
    /// How many times the first rate the peak is, 1 or more
    pub div_factor: f64,
    /// How many times the last rate the first rate is, above 0
    pub final_div_factor: f64,
}

impl Default for OneCycle {
    fn default() -> OneCycle {
        // It warms up by itself.
        OneCycle { warmup: 0.0, cool_down: 0.0, pct_start: 0.3, div_factor: 25.0, final_div_factor: 1e4 }
    }
}

impl OneCycle {
    pub(super) fn check(&self) -> Vec<Fault> {
        let OneCycle { pct_start, div_factor, final_div_factor, .. } = *self;
        let legal = div_factor.is_finite() && div_factor >= 1.0;
        let check = Check::default().share("pct-start", pct_start);
        let check = check.that("div-factor", div_factor, legal, "a number of 1 or more");
        check.positive("final-div-factor", final_div_factor).0
    }

    /// The rate `step` of `steps` steps after the warm-up.
    pub(super) fn rate(&self, step: u64, steps: u64) -> f64 {
        let first = 1.0 / self.div_factor;
        let last = first / self.final_div_factor;
        // The peak is at `top`, the last rate at the last step.
        let (step, top, end) = (step as f64, self.pct_start * steps as f64 - 1.0, steps as f64 - 1.0);
        let (from, to, done) = match step <= top {
            true => (first, 1.0, if top > 0.0 { step / top } else { 1.0 }),
            false => (1.0, last, if end > top { ((step - top) / (end - top)).min(1.0) } else { 1.0 }),
        };
        to + (from - to) * 0.5 * (1.0 + (PI * done).cos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_steps_and_extreme_shares_stay_between_the_last_rate_and_the_peak() {
        for pct_start in [0.0, 0.3, 1.0] {
            let config = OneCycle { pct_start, ..OneCycle::default() };
            for steps in 1..5 {
                for step in 0..=steps {
                    let rate = config.rate(step, steps);
                    assert!(
                        (1.0 / 25e4 - 1e-12..=1.0).contains(&rate),
                        "{rate} at {step} of {steps}, {pct_start}"
                    );
                }
            }
        }
    }
}
