//! What an optimizer keeps between runs: its buffers by key, and counts of steps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tch::Tensor;

use super::Optimizer;
use crate::state::{self, Misfit, Stateful};

/// Counts of steps.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Notes {
    /// Steps of the optimizer.
    steps: u64,
    /// Those of tensors that had no gradient in some of them.
    #[serde(default)]
    late: BTreeMap<String, u64>,
}

/// Tensors are called `STATE/KEY`, as `first/encoder.conv1.weight`; notes are `{steps, late}`, where `late` may be left out.
impl Stateful for Optimizer {
    fn tensors(&self) -> Vec<(String, Tensor)> {
        let mut tensors = Vec::new();
        for arena in &self.arenas {
            for place in arena.places() {
                let named =
                    |(name, buffer): &(&str, Tensor)| (format!("{name}/{}", place.key), place.view(buffer));
                tensors.extend(arena.state().iter().map(named));
            }
        }
        tensors
    }

    fn notes(&self) -> Value {
        let late: BTreeMap<String, u64> =
            self.arenas.iter().flat_map(|arena| arena.late(self.steps)).collect();
        json!({ "steps": self.steps, "late": late })
    }

    fn restore(&mut self, tensors: &BTreeMap<String, Tensor>, notes: &Value) -> Result<(), Misfit> {
        let Notes { steps, late } = state::read_notes(notes)?;
        let own = self.tensors();
        let found = state::matching(&own, tensors)?;
        let known = |key: &String| {
            self.arenas.iter().any(|arena| arena.places().iter().any(|place| place.key == *key))
        };
        if let Some(key) = late.keys().find(|key| !known(key)) {
            return Err(Misfit {
                key: "notes".to_owned(),
                what: format!("`late` names {key}, which is not learnt"),
            });
        }
        state::put(&own, &found);
        self.steps = steps;
        self.collected = None;
        for (key, own) in self.arenas.iter_mut().flat_map(super::arena::Arena::steps) {
            *own = late.get(key).copied().unwrap_or(steps);
        }
        Ok(())
    }
}
