//! The guard of steps: one whose loss or gradient is no number is left out, and many in a row end the run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stage::Failure;
use tch::Tensor;
use zoo::{Role, Segmenter};

use crate::state::{self, Misfit, Stateful};
use crate::step::Step;

/// Training diverged, as `what` at `place` shows.
pub(crate) fn diverged(place: impl std::fmt::Display, what: impl std::fmt::Display) -> Failure {
    Failure::data(
        place,
        format!(
            "{what}: training diverged; try a lower --lr, a longer --warmup or --precision f32 with another --out: what this \
             run came to, its best weights too, stays beside its --out as `.partial` until --replace gives it up"
        ),
    )
}

/// Counts steps that are left out, and undoes what their forward pass did to layers: running means become no numbers too.
#[derive(Debug)]
pub(crate) struct Guard {
    /// How many in a row are left out before the run ends.
    most: u64,
    counts: Counts,
    /// What layers keep themselves.
    buffers: Vec<Tensor>,
    before: Option<Tensor>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    left_out: u64,
    in_a_row: u64,
}

impl Guard {
    pub(crate) fn new(most: u64, model: &Segmenter) -> Guard {
        let entries = model.weights().entries().iter();
        let buffers = entries.filter(|entry| entry.role == Role::Buffer && entry.tensor.is_floating_point());
        let buffers = buffers.map(|entry| entry.tensor.shallow_clone()).collect();
        Guard { most, counts: Counts::default(), buffers, before: None }
    }

    /// How many steps were left out.
    pub(crate) fn left_out(&self) -> u64 {
        self.counts.left_out
    }

    /// Takes note of what layers keep, before a step.
    pub(crate) fn before(&mut self) {
        let flat: Vec<Tensor> = self.buffers.iter().map(|buffer| buffer.flatten(0, -1)).collect();
        self.before = (!flat.is_empty()).then(|| tch::no_grad(|| Tensor::cat(&flat, 0)));
    }

    /// Counts a step; an error where too many were left out in a row.
    pub(crate) fn after(&mut self, step: &Step) -> Result<(), Failure> {
        if !step.left_out {
            self.counts.in_a_row = 0;
            return Ok(());
        }
        self.counts.left_out += 1;
        self.counts.in_a_row += 1;
        self.undo();
        if self.counts.in_a_row <= self.most {
            return Ok(());
        }
        let before = self.counts.in_a_row - 1;
        let Step { loss, gradient_norm, .. } = step;
        Err(diverged(
            format!("step {}", step.step),
            format!(
                "the loss is {loss}, the gradient's norm {gradient_norm}, and {before} step(s) before it were left out for \
                 the same reason"
            ),
        ))
    }

    fn undo(&self) {
        let Some(before) = &self.before else { return };
        let mut start = 0;
        tch::no_grad(|| {
            for buffer in &self.buffers {
                let length = buffer.numel() as i64;
                buffer.shallow_clone().copy_(&before.narrow(0, start, length).view_as(buffer));
                start += length;
            }
        });
    }
}

impl Stateful for Guard {
    fn tensors(&self) -> Vec<(String, Tensor)> {
        Vec::new()
    }

    fn notes(&self) -> Value {
        serde_json::to_value(self.counts).expect("numbers are JSON")
    }

    fn restore(&mut self, _: &BTreeMap<String, Tensor>, notes: &Value) -> Result<(), Misfit> {
        self.counts = state::read_notes(notes)?;
        Ok(())
    }
}
