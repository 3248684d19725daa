//! The tensors of `tests/golden/optim/make.py`, drawn by its formulas.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::collections::BTreeMap;

use learn::{OptimizerConfig, ScheduleConfig};
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

/// Steps of a run.
pub(crate) const STEPS: u64 = 50;
/// Steps of an epoch.
pub(crate) const PER_EPOCH: u64 = 5;

/// What PyTorch computes.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Golden {
    /// By key, in the order of their numbers.
    shapes: serde_json::Map<String, serde_json::Value>,
    pub(crate) encoder_lr: f64,
    pub(crate) optimizers: BTreeMap<String, OptimizerConfig>,
    pub(crate) schedules: BTreeMap<String, Rates>,
    pub(crate) runs: Vec<Run>,
    #[serde(rename = "rate 0")]
    pub rate_0: BTreeMap<String, Run>,
    pub(crate) clipped: Run,
    pub(crate) average: Vec<f64>,
}

/// A schedule's rates at each step.
#[derive(Deserialize)]
pub(crate) struct Rates {
    pub(crate) config: ScheduleConfig,
    pub(crate) rates: Vec<f64>,
}

/// What came of some steps.
#[derive(Deserialize)]
pub(crate) struct Run {
    #[serde(default)]
    pub(crate) optimizer: String,
    #[serde(default)]
    pub(crate) schedule: String,
    /// By the number of steps done and the tensor's key.
    pub(crate) after: BTreeMap<u64, BTreeMap<String, [f64; 6]>>,
    pub(crate) norms: Vec<f64>,
}

pub(crate) fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../../tests/golden/optim/optim.json")).unwrap()
}

impl Golden {
    /// The tensors at the start.
    pub(crate) fn tensors<'a>(&'a self) -> Vec<(&'a String, Tensor)> {
        let tensor = |(number, (key, shape)): (usize, (&'a String, &serde_json::Value))| {
            let shape: Vec<i64> = serde_json::from_value(shape.clone()).unwrap();
            (key, laid(key, &start(number, &shape)).set_requires_grad(true))
        };
        self.shapes.iter().enumerate().map(tensor).collect()
    }
}

/// The gradients of all steps, drawn once for all runs of a thread.
fn drawn_gradients(shapes: &[Vec<i64>], step: u64) -> Vec<Tensor> {
    type Drawn = BTreeMap<u64, Vec<Tensor>>;
    thread_local!(static DRAWN: RefCell<Drawn> = RefCell::default());
    let draw =
        || shapes.iter().enumerate().map(|(number, shape)| drawn_gradient(number, shape, step)).collect();
    DRAWN.with_borrow_mut(|drawn| {
        drawn.entry(step).or_insert_with(draw).iter().map(Tensor::shallow_clone).collect()
    })
}

/// Gives each tensor its gradient of a step.
pub(crate) fn backward(tensors: &[(&String, Tensor)], step: u64) {
    let shapes: Vec<Vec<i64>> = tensors.iter().map(|(_, tensor)| tensor.size()).collect();
    let gradients = drawn_gradients(&shapes, step);
    let with = tensors.iter().enumerate();
    let with = with.filter(|(_, (key, _))| !(*key == "never" || (*key == "late" && step < 3)));
    let term = |(number, (_, tensor)): (usize, &(&String, Tensor))| {
        // The gradient of Σ gradient · tensor is the gradient.
        (tensor * &gradients[number]).sum(Kind::Double)
    };
    let terms: Vec<Tensor> = with.map(term).collect();
    Tensor::stack(&terms, 0).sum(Kind::Double).backward();
}

/// Whether two numbers are the same to ten digits.
pub(crate) fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-10 * expected.abs().max(1e-2)
}

/// Tensor `number` at the start.
pub(crate) fn start(number: usize, shape: &[i64]) -> Tensor {
    (indices(shape) * 0.7 + number as f64).cos()
}

/// Its gradient of a step.
pub(crate) fn drawn_gradient(number: usize, shape: &[i64], step: u64) -> Tensor {
    let size = 0.2 + 0.8 * (0.11 * step as f64).cos().powi(2);
    (indices(shape) * 0.37 + (1.3 * step as f64 + 2.0 * number as f64)).sin() * size
}

/// The Dice of the validation after an epoch.
pub(crate) fn dice(epoch: u64) -> f64 {
    0.5 + 0.03 * epoch.min(1) as f64 + 0.001 * (epoch as f64).sin()
}

fn indices(shape: &[i64]) -> Tensor {
    Tensor::arange(shape.iter().product::<i64>(), (Kind::Double, Device::Cpu)).reshape(shape)
}

fn laid(key: &str, tensor: &Tensor) -> Tensor {
    if key != "kernel" {
        return tensor.shallow_clone();
    }
    tensor.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
}
