//! An average of weights (EMA): the exponential moving average of the weights of all steps.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tch::Tensor;

use crate::Optimizer;
use crate::fault::{Check, Fault};
use crate::optimizer::Place;
use crate::state::{self, Misfit, Stateful};

/// How weights are averaged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct AverageConfig {
    /// How much of the average stays at each step, from 0 to less than 1
    pub decay: f64,
    /// Lets less of the average stay in the first steps: at most (1 + n) / (10 + n) at the nth, so that the weights of the
    /// beginning are soon forgotten
    pub warm_up: bool,
}

impl Default for AverageConfig {
    fn default() -> AverageConfig {
        AverageConfig { decay: 0.999, warm_up: true }
    }
}

impl AverageConfig {
    /// Everything that is out of range.
    pub fn check(&self) -> Vec<Fault> {
        Check::default().kept("decay", self.decay).0
    }

    /// How much of the average stays at the nth update, counted from 1.
    fn decay(&self, update: u64) -> f64 {
        let n = update as f64;
        if self.warm_up { self.decay.min((1.0 + n) / (10.0 + n)) } else { self.decay }
    }
}

/// The exponential moving average of the weights that an [`Optimizer`] moves.
///
/// average ← decay · average + (1 − decay) · weights, as `torch.optim.swa_utils.get_ema_multi_avg_fn` computes it; it
/// starts from the weights before the first step. The warm-up of the decay is TensorFlow's
/// (`ExponentialMovingAverage(num_updates)`). What layers keep themselves, such as running means, is not averaged.
#[derive(Debug)]
pub struct Average {
    config: AverageConfig,
    updates: u64,
    groups: Vec<Group>,
}

/// The flat buffers of a parameter group.
#[derive(Debug)]
struct Group {
    places: Vec<Place>,
    /// The optimizer's own, which it changes.
    weights: Tensor,
    average: Tensor,
}

impl Average {
    /// An average that starts from the weights as they are.
    ///
    /// It goes with this optimizer: another one of the same model has buffers of its own.
    pub fn new(config: &AverageConfig, optimizer: &Optimizer) -> Average {
        let groups = optimizer.buffers().map(|(places, weights)| Group {
            places: places.to_vec(),
            weights: weights.shallow_clone(),
            average: weights.copy(),
        });
        Average { config: config.clone(), updates: 0, groups: groups.collect() }
    }

    /// How many times weights were added.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// Adds the weights as they are, after a step. One operation a group.
    pub fn update(&mut self) {
        self.updates += 1;
        let share = 1.0 - self.config.decay(self.updates);
        tch::no_grad(|| {
            for Group { weights, average, .. } in &mut self.groups {
                let _ = average.lerp_(weights, share);
            }
        });
    }

    /// Gives the model the average, and keeps its weights in the average's place; the next call puts both back.
    pub fn swap(&mut self) {
        tch::no_grad(|| {
            for Group { weights, average, .. } in &mut self.groups {
                let before = weights.copy();
                weights.copy_(average);
                average.copy_(&before);
            }
        });
    }
}

/// Tensors are called `average/KEY`; notes are `{updates}`.
impl Stateful for Average {
    fn tensors(&self) -> Vec<(String, Tensor)> {
        let each = self.groups.iter().flat_map(|group| group.places.iter().map(move |place| (place, group)));
        each.map(|(place, group)| (format!("average/{}", place.key), place.view(&group.average))).collect()
    }

    fn notes(&self) -> Value {
        json!({ "updates": self.updates })
    }

    fn restore(&mut self, tensors: &BTreeMap<String, Tensor>, notes: &Value) -> Result<(), Misfit> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Notes {
            updates: u64,
        }
        let Notes { updates } = state::read_notes(notes)?;
        let own = self.tensors();
        let found = state::matching(&own, tensors)?;
        state::put(&own, &found);
        self.updates = updates;
        Ok(())
    }
}
