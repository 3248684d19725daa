//! The training step: forward, loss, backward, clip, update, average of weights. There is one, whoever trains.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use checkpoint::Normalisation;
use feed::Batch;
use serde_json::{Value, json};
use stage::Failure;
use tch::Tensor;
use zoo::Segmenter;

use crate::guard::Guard;
use crate::loss::Objective;
use crate::state::Misfit;
use crate::step::Step;
use crate::{
    Average, Optimizer, Parameter, Position, Precision, Recipe, Remedy, Schedule, Stateful, tensors,
};

/// A network and what moves its weights.
#[derive(Debug)]
pub struct Stepper {
    model: Segmenter,
    normalisation: Normalisation,
    precision: Precision,
    objective: Objective,
    optimizer: Optimizer,
    /// The peak learning rate.
    lr: f64,
    /// Largest norm of the gradient.
    limit: Option<f64>,
    schedule: Schedule,
    average: Option<Average>,
    accumulate: usize,
    guard: Guard,
    /// Batches seen, those left out among them.
    steps: u64,
}

/// Loss and terms of a batch, as far as it is summed up.
#[derive(Debug, Default)]
struct Sum {
    loss: f64,
    terms: Vec<(String, f64)>,
}

impl Stepper {
    /// Steps of `model` from where it is, as `recipe` says.
    pub fn new(model: Segmenter, recipe: &Recipe) -> Stepper {
        let optimizer = Optimizer::new(&recipe.optimizer, &recipe.groups, Parameter::all(&model));
        Stepper {
            normalisation: recipe.input.normalisation(),
            precision: recipe.run.precision,
            objective: recipe.loss.clone(),
            lr: recipe.optimizer.lr(),
            limit: recipe.groups.limit(),
            schedule: Schedule::new(&recipe.schedule),
            average: recipe.average.as_ref().map(|config| Average::new(config, &optimizer)),
            accumulate: recipe.run.accumulate as usize,
            guard: Guard::new(recipe.run.skip_steps, &model),
            steps: 0,
            optimizer,
            model,
        }
    }

    /// The network.
    pub fn model(&self) -> &Segmenter {
        &self.model
    }

    /// Grey images `[B, H, W]` as the network's input.
    pub fn images(&self, grey: &[u8], size: bones::Size) -> Tensor {
        let (channels, device) = (self.model.spec().in_channels, self.model.placement().device);
        tensors::images(grey, size, channels, self.normalisation, device)
    }

    /// What `work` makes of the network with averaged weights, where weights are averaged.
    pub fn averaged<T>(&mut self, work: impl FnOnce(&Segmenter) -> T) -> T {
        let Some(average) = &mut self.average else { return work(&self.model) };
        average.swap();
        let made = work(&self.model);
        average.swap();
        made
    }

    /// Whether weights are averaged.
    pub fn averages(&self) -> bool {
        self.average.is_some()
    }

    /// Takes note of a validation's mean Dice, for schedules that look at it.
    pub fn note(&mut self, dice: f64) {
        self.schedule.note(dice);
    }

    /// How many steps were done, those that were left out among them.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// How many steps had a loss or gradient that is no number, and were left out.
    pub fn left_out(&self) -> u64 {
        self.guard.left_out()
    }

    /// One step with a batch, of `steps` in all.
    pub fn step(&mut self, batch: Batch, steps: u64, steps_per_epoch: u64) -> Result<Step, Failure> {
        let start = Instant::now();
        let position = Position { step: self.steps, steps, steps_per_epoch };
        let learning_rate = self.lr * self.schedule.rate(position);
        let samples = batch.samples.len();
        self.guard.before();
        self.optimizer.drop_gradients();
        let mut sum = Sum::default();
        for part in parts(batch, self.accumulate) {
            self.forth_and_back(&part, part.samples.len() as f64 / samples as f64, &mut sum)?;
        }
        let gradient_norm = self.optimizer.clip(self.limit);
        let left_out = !(sum.loss.is_finite() && gradient_norm.is_finite());
        if left_out {
            self.optimizer.drop_gradients();
        } else {
            self.optimizer.step(learning_rate);
            if let Some(average) = &mut self.average {
                average.update();
            }
        }
        self.steps += 1;
        let Sum { loss, terms } = sum;
        let (waited, took) = (Duration::ZERO, start.elapsed());
        let step = Step {
            step: self.steps,
            samples,
            loss,
            terms,
            learning_rate,
            gradient_norm,
            left_out,
            waited,
            took,
        };
        self.guard.after(&step)?;
        Ok(step)
    }

    /// Adds the gradient and the loss of a part of a batch, which weighs `share` of it.
    fn forth_and_back(&self, part: &Batch, share: f64, sum: &mut Sum) -> Result<(), Failure> {
        let device = self.model.placement().device;
        let grey: Vec<u8> = part.samples.iter().flat_map(|sample| &sample.image).copied().collect();
        let images = self.images(&grey, part.size);
        let logits = self.precision.compute(device, || self.model.forward_coarse(&images, true));
        let logits = logits.map_err(|error| Failure::Internal(error.to_string()))?;
        let value = self.objective.backward(&logits, part, share);
        sum.loss += share * value.total.double_value(&[]);
        for (at, (name, term)) in value.terms.into_iter().enumerate() {
            let term = share * term.double_value(&[]);
            match sum.terms.get_mut(at) {
                Some((_, before)) => *before += term,
                None => sum.terms.push((name, term)),
            }
        }
        Ok(())
    }
}

/// A batch in so many parts, as equal as can be; fewer where it has not so many samples.
fn parts(batch: Batch, count: usize) -> impl Iterator<Item = Batch> {
    let Batch { size, labels, mut samples } = batch;
    let count = count.clamp(1, samples.len().max(1));
    (0..count).rev().map(move |left| {
        let rest = samples.split_off(samples.len().div_ceil(left + 1));
        Batch { size, labels, samples: std::mem::replace(&mut samples, rest) }
    })
}

/// Tensors are those of the optimizer and of the average; notes are `{optimizer, schedule, average, guard, steps}`.
impl Stateful for Stepper {
    fn tensors(&self) -> Vec<(String, Tensor)> {
        let mut tensors = self.optimizer.tensors();
        tensors.extend(self.average.iter().flat_map(Stateful::tensors));
        tensors
    }

    fn notes(&self) -> Value {
        json!({
            "optimizer": self.optimizer.notes(),
            "schedule": self.schedule.notes(),
            "average": self.average.as_ref().map_or(Value::Null, Stateful::notes),
            "guard": self.guard.notes(),
            "steps": self.steps,
        })
    }

    fn restore(&mut self, tensors: &BTreeMap<String, Tensor>, notes: &Value) -> Result<(), Misfit> {
        let misfit = |what: &str| Misfit { key: "notes".to_owned(), what: what.to_owned() };
        let steps = notes["steps"].as_u64().ok_or_else(|| misfit("the number of steps is missing"))?;
        self.guard.restore(tensors, &notes["guard"])?;
        self.schedule.restore(tensors, &notes["schedule"])?;
        if let Some(average) = &mut self.average {
            average.restore(tensors, &notes["average"])?;
        }
        self.optimizer.restore(tensors, &notes["optimizer"])?;
        self.steps = steps;
        Ok(())
    }
}

impl Stepper {
    /// The same, where an error of libtorch's says what to do.
    pub(crate) fn step_caught(&mut self, batch: Batch, steps: u64, per_epoch: u64) -> Result<Step, Failure> {
        Remedy::TRAINING.caught(|| self.step(batch, steps, per_epoch))
    }
}
