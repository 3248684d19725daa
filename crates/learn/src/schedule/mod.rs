//! Learning-rate schedules: the share of the peak learning rate at each step.
//!
//! [`ScheduleConfig`] chooses a shape, one file each; warm-up and cool-down go around any of them:
//!
//! ```text
//! 1        ____
//!         /    ‾‾‾\___            the shape, over all steps but the warm-up's
//!        /            ‾‾\
//! 0   __/                \__
//!     warm-up        cool-down    each a share of all steps
//! ```
//!
//! Rates are pure functions of the [`Position`]; only [`Plateau`] remembers validations, in a [`Schedule`].

mod config;
mod constant;
mod cosine;
mod one_cycle;
mod plateau;
mod poly;
mod position;
mod step;

use std::collections::BTreeMap;

use serde_json::Value;
use tch::Tensor;

pub use config::ScheduleConfig;
pub use constant::Constant;
pub use cosine::Cosine;
pub use one_cycle::OneCycle;
pub use plateau::Plateau;
pub use poly::Poly;
pub use position::Position;
pub use step::Step;

use self::plateau::Memory;
use crate::state::{self, Misfit, Stateful};

/// A schedule and what it remembers.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    config: ScheduleConfig,
    memory: Option<Memory>,
}

impl Schedule {
    /// A schedule at its beginning.
    pub fn new(config: &ScheduleConfig) -> Schedule {
        let memory = matches!(config, ScheduleConfig::Plateau(_)).then(Memory::default);
        Schedule { config: config.clone(), memory }
    }

    /// The share of the peak learning rate at a position.
    pub fn rate(&self, position: Position) -> f64 {
        self.config.rate(position) * self.memory.as_ref().map_or(1.0, |memory| memory.share)
    }

    /// Takes note of a validation's mean Dice; nothing where rates do not depend on it.
    pub fn note(&mut self, dice: f64) {
        if let (ScheduleConfig::Plateau(plateau), Some(memory)) = (&self.config, &mut self.memory) {
            plateau.note(memory, dice);
        }
    }
}

/// Notes are those of a plateau, null for all others.
impl Stateful for Schedule {
    fn tensors(&self) -> Vec<(String, Tensor)> {
        Vec::new()
    }

    fn notes(&self) -> Value {
        let memory = self.memory.as_ref();
        memory.map_or(Value::Null, |memory| serde_json::to_value(memory).expect("numbers are JSON"))
    }

    fn restore(&mut self, _: &BTreeMap<String, Tensor>, notes: &Value) -> Result<(), Misfit> {
        let memory: Option<Memory> = state::read_notes(notes)?;
        if memory.is_some() != self.memory.is_some() {
            let what = "a plateau remembers validations, and nothing else does".to_owned();
            return Err(Misfit { key: "notes".to_owned(), what });
        }
        self.memory = memory;
        Ok(())
    }
}
