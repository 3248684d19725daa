//! The choice of a schedule, as a user writes it, with warm-up and cool-down around it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Constant, Cosine, OneCycle, Plateau, Poly, Position, Step};
use crate::fault::{Check, Fault};

/// How the learning rate goes, such as `name = "cosine"`, `warmup = 0.05`.
///
/// The rate of step s of S, counted from 0, with W steps of warm-up and C of cool-down, and a shape over S − W steps:
///
/// ```text
/// s < W:        shape(0) · (s + 1) / W
/// otherwise:    shape(s − W)
/// s ≥ S − C:    shape(S − C − W) · (S − s) / C
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", rename_all = "kebab-case")]
pub enum ScheduleConfig {
    /// The peak always
    Constant(Constant),
    /// Half a cosine, or several with restarts
    Cosine(Cosine),
    /// Lower by a factor every so many epochs
    Step(Step),
    /// Lower by a factor where validations stop gaining
    Plateau(Plateau),
    /// A power of what is left
    Poly(Poly),
    /// Up from a small rate to the peak and down to a smaller one
    OneCycle(OneCycle),
}

impl Default for ScheduleConfig {
    fn default() -> ScheduleConfig {
        ScheduleConfig::Cosine(Cosine::default())
    }
}

impl ScheduleConfig {
    /// Everything that is out of range.
    pub fn check(&self) -> Vec<Fault> {
        let [warmup, cool_down] = self.around();
        let check = Check::default().share("warmup", warmup).share("cool-down", cool_down);
        let both = warmup + cool_down;
        let mut faults =
            check.that("cool-down", cool_down, both <= 1.0, "at most what warm-up leaves of 1").0;
        faults.dedup_by(|later, earlier| later.path == earlier.path);
        faults.extend(match self {
            ScheduleConfig::Constant(_) => Vec::new(),
            ScheduleConfig::Cosine(cosine) => cosine.check(),
            ScheduleConfig::Step(step) => step.check(),
            ScheduleConfig::Plateau(plateau) => plateau.check(),
            ScheduleConfig::Poly(poly) => poly.check(),
            ScheduleConfig::OneCycle(one_cycle) => one_cycle.check(),
        });
        faults
    }

    /// The share of the peak learning rate at a position; that of a plateau before any validation. 0 from the run's last
    /// step on where it cools down, else the shape's end.
    pub fn rate(&self, position: Position) -> f64 {
        let Position { step, steps, .. } = position;
        let [warmup, cool_down] = self.around().map(|share| position.part(share));
        let end = steps.saturating_sub(cool_down);
        let shape = |step: u64| {
            let within = step.saturating_sub(warmup);
            self.shape(within, steps.saturating_sub(warmup), Position { step, ..position }.epoch())
        };
        if step < warmup.min(end) {
            shape(0) * ((step + 1) as f64 / warmup as f64)
        } else if cool_down > 0 && step >= end {
            shape(end) * (steps.saturating_sub(step) as f64 / cool_down as f64)
        } else {
            shape(step)
        }
    }

    /// The shape `step` of `steps` steps after the warm-up.
    fn shape(&self, step: u64, steps: u64, epoch: u64) -> f64 {
        match self {
            ScheduleConfig::Constant(_) | ScheduleConfig::Plateau(_) => 1.0,
            ScheduleConfig::Cosine(cosine) => cosine.rate(step, steps),
            ScheduleConfig::Step(every) => every.rate(epoch),
            ScheduleConfig::Poly(poly) => poly.rate(step, steps),
            ScheduleConfig::OneCycle(one_cycle) => one_cycle.rate(step, steps),
        }
    }

    /// The shares of warm-up and cool-down.
    fn around(&self) -> [f64; 2] {
        match self {
            ScheduleConfig::Constant(Constant { warmup, cool_down })
            | ScheduleConfig::Cosine(Cosine { warmup, cool_down, .. })
            | ScheduleConfig::Step(Step { warmup, cool_down, .. })
            | ScheduleConfig::Plateau(Plateau { warmup, cool_down, .. })
            | ScheduleConfig::Poly(Poly { warmup, cool_down, .. })
            | ScheduleConfig::OneCycle(OneCycle { warmup, cool_down, .. }) => [*warmup, *cool_down],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(config: &ScheduleConfig, step: u64, steps: u64) -> f64 {
        config.rate(Position { step, steps, steps_per_epoch: 5 })
    }

    #[test]
    fn a_constant_warms_up_and_cools_down_evenly() {
        let config = ScheduleConfig::Constant(Constant { warmup: 0.2, cool_down: 0.25 });
        let rates: Vec<f64> = (0..=20).map(|step| at(&config, step, 20)).collect();
        assert_eq!(rates[..5], [0.25, 0.5, 0.75, 1.0, 1.0]);
        assert!(rates[4..16].iter().all(|&rate| rate == 1.0), "{rates:?}");
        assert_eq!(rates[15..], [1.0, 0.8, 0.6, 0.4, 0.2, 0.0]);
    }

    #[test]
    fn cool_down_goes_on_from_where_the_shape_is() {
        let plain = ScheduleConfig::Cosine(Cosine { warmup: 0.1, ..Cosine::default() });
        let config = ScheduleConfig::Cosine(Cosine { warmup: 0.1, cool_down: 0.5, ..Cosine::default() });
        for step in 0..=50 {
            assert_eq!(at(&config, step, 100), at(&plain, step, 100), "step {step}");
        }
        let start = at(&plain, 50, 100);
        for step in 50..=100 {
            let expected = start * (100 - step) as f64 / 50.0;
            assert!((at(&config, step, 100) - expected).abs() < 1e-15, "step {step}");
        }
    }

    #[test]
    fn epochs_count_through_warm_up_and_stop_at_the_cool_down() {
        let config = ScheduleConfig::Step(Step { every: 2, gamma: 0.5, warmup: 0.1, cool_down: 0.25 });
        assert_eq!([9, 10, 19, 20, 29].map(|step| at(&config, step, 40)), [1.0, 0.5, 0.5, 0.25, 0.25]);
        assert_eq!([30, 35].map(|step| at(&config, step, 40)), [0.125, 0.0625]);
    }

    #[test]
    fn every_fault_is_named() {
        let one =
            OneCycle { warmup: -1.0, cool_down: 2.0, pct_start: 3.0, div_factor: 0.0, ..OneCycle::default() };
        let paths: Vec<String> =
            ScheduleConfig::OneCycle(one).check().into_iter().map(|fault| fault.path).collect();
        assert_eq!(paths, ["warmup", "cool-down", "pct-start", "div-factor"]);
        let poly = Poly { warmup: 0.6, cool_down: 0.5, power: f64::NAN };
        let faults = ScheduleConfig::Poly(poly).check();
        assert_eq!(
            faults[0].to_string(),
            "cool-down: 0.5 is out of range: give at most what warm-up leaves of 1"
        );
        assert_eq!(faults[1].to_string(), "power: NaN is out of range: give a number of 0 or more");
        let defaults = [
            ScheduleConfig::Constant(Constant::default()),
            ScheduleConfig::default(),
            ScheduleConfig::Step(Step::default()),
            ScheduleConfig::Plateau(Plateau::default()),
            ScheduleConfig::Poly(Poly::default()),
            ScheduleConfig::OneCycle(OneCycle::default()),
        ];
        for config in defaults {
            assert_eq!(config.check(), []);
            let text = serde_json::to_string(&config).expect("it is JSON");
            assert_eq!(serde_json::from_str::<ScheduleConfig>(&text).expect("it is read"), config);
        }
    }

    #[test]
    fn what_is_unknown_is_refused() {
        let read = serde_json::from_str::<ScheduleConfig>;
        assert_eq!(read(r#"{"name": "cosine"}"#).ok(), Some(ScheduleConfig::default()));
        let refusal = read(r#"{"name": "cosine", "warm-up": 0.1}"#).expect_err("no such field").to_string();
        assert!(refusal.contains("warm-up") && refusal.contains("`warmup`"), "{refusal}");
        assert!(read(r#"{"name": "linear"}"#).is_err());
    }
}
