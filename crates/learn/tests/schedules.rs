//! Schedules are PyTorch's; see `tests/golden/optim/make.py`.
#![allow(clippy::unwrap_used)]

mod drawn;

use std::collections::BTreeMap;

use drawn::{PER_EPOCH, STEPS, golden};
use learn::{Position, Schedule, ScheduleConfig, Stateful};

fn position(step: u64) -> Position {
    Position { step, steps: STEPS, steps_per_epoch: PER_EPOCH }
}

#[test]
fn rates_are_pytorchs() {
    for (name, drawn::Rates { config, rates }) in &golden().schedules {
        let mut schedule = Schedule::new(config);
        assert_eq!(config.check(), []);
        for (step, &expected) in (0..).zip(rates) {
            let rate = schedule.rate(position(step));
            assert!((rate - expected).abs() < 1e-13, "{name}, step {step}: {rate}, not {expected}");
            if (step + 1).is_multiple_of(PER_EPOCH) {
                schedule.note(drawn::dice(step / PER_EPOCH));
            }
        }
    }
}

#[test]
fn a_plateau_goes_on_after_any_epoch() {
    let golden = golden();
    let config = &golden.schedules["plateau"].config;
    let steps = STEPS / PER_EPOCH;
    for stopped in 0..steps {
        let mut schedule = Schedule::new(config);
        let mut rates = Vec::new();
        for epoch in 0..steps {
            if epoch == stopped {
                let notes: serde_json::Value = serde_json::from_str(&schedule.notes().to_string()).unwrap();
                schedule = Schedule::new(config);
                schedule.restore(&BTreeMap::new(), &notes).unwrap();
            }
            rates.push(schedule.rate(position(epoch * PER_EPOCH)));
            schedule.note(drawn::dice(epoch));
        }
        let expected: Vec<f64> =
            golden.schedules["plateau"].rates.iter().copied().step_by(PER_EPOCH as usize).collect();
        assert_eq!(rates, expected, "stopped before epoch {stopped}");
        assert!(rates.iter().any(|&rate| rate < 0.5), "{rates:?}");
    }
}

#[test]
fn notes_of_another_schedule_are_refused() {
    let plateau = Schedule::new(&golden().schedules["plateau"].config);
    let mut cosine = Schedule::new(&ScheduleConfig::default());
    assert!(cosine.restore(&BTreeMap::new(), &plateau.notes()).is_err());
    assert_eq!(cosine.restore(&BTreeMap::new(), &cosine.notes()), Ok(()));
}
