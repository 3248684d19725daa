//! AdamW, gradient clipping and losses are PyTorch's; see `tests/golden/training/make.py`.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use learn::optimizer::AdamW;
use learn::{Groups, Loss, Objective, OptimizerConfig, Parameter, Stateful};
use serde::Deserialize;
use tch::Tensor;

#[derive(Deserialize)]
struct Golden {
    optimizer: Steps,
    losses: Losses,
}

#[derive(Deserialize)]
struct Steps {
    decay: f64,
    clip: f64,
    shapes: BTreeMap<String, Vec<i64>>,
    start: BTreeMap<String, Vec<f32>>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    rate: f64,
    gradients: BTreeMap<String, Vec<f32>>,
    norm: f64,
    after: BTreeMap<String, Vec<f32>>,
}

#[derive(Deserialize)]
struct Losses {
    shape: Vec<i64>,
    logits: Vec<f32>,
    targets: Vec<f32>,
    cross_entropy: f64,
    dice_weight: f64,
    mixed: f64,
    gradient: Vec<f32>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../tests/golden/training/training.json")).unwrap()
}

/// The largest difference to `expected`, as a share of the largest of its values.
fn off(tensor: &Tensor, expected: &[f32]) -> f64 {
    let expected = Tensor::from_slice(expected);
    let difference = (tensor.reshape([-1]) - &expected).abs().max();
    (difference / expected.abs().max()).double_value(&[])
}

fn parameter(key: &str, tensor: &Tensor) -> Parameter {
    Parameter { key: key.to_owned(), tensor: tensor.shallow_clone(), encoder: false }
}

/// AdamW with this decay.
fn optimizer(learnt: impl IntoIterator<Item = Parameter>, weight_decay: f64) -> learn::Optimizer {
    let config = OptimizerConfig::AdamW(AdamW { weight_decay, ..AdamW::default() });
    learn::Optimizer::new(&config, &Groups::default(), learnt)
}

#[test]
fn adamw_and_clipping_are_pytorchs() {
    let Steps { decay, clip, shapes, start, steps } = golden().optimizer;
    let tensors: BTreeMap<&String, Tensor> = start
        .iter()
        .map(|(key, values)| (key, Tensor::from_slice(values).reshape(&shapes[key]).set_requires_grad(true)))
        .collect();
    let learnt = || tensors.iter().map(|(key, tensor)| parameter(key, tensor));
    let mut optimizer = optimizer(learnt(), decay);
    for (number, step) in steps.iter().enumerate() {
        if number == 3 {
            // Saved and restored halfway, it goes on as if nothing had happened.
            let moments: BTreeMap<String, Tensor> =
                optimizer.tensors().into_iter().map(|(key, tensor)| (key, tensor.copy())).collect();
            let mut fresh = self::optimizer(learnt(), decay);
            fresh.restore(&moments, &optimizer.notes()).unwrap();
            optimizer = fresh;
        }
        // The gradient of Σ gradient · tensor is the gradient.
        let terms: Vec<Tensor> = tensors
            .iter()
            .map(|(key, tensor)| {
                tensor.shallow_clone().zero_grad();
                (tensor.reshape([-1]) * Tensor::from_slice(&step.gradients[*key])).sum(tch::Kind::Float)
            })
            .collect();
        Tensor::stack(&terms, 0).sum(tch::Kind::Float).backward();
        let norm = optimizer.clip(Some(clip));
        assert!((norm / step.norm - 1.0).abs() < 1e-6, "step {number}: norm {norm}, not {}", step.norm);
        optimizer.step(step.rate);
        for (key, tensor) in &tensors {
            let off = off(tensor, &step.after[*key]);
            assert!(off < 1e-6, "step {number}: {key} is off by {off}");
        }
    }
}

#[test]
fn moments_of_another_model_are_refused() {
    let tensor =
        |sides: &[i64]| Tensor::zeros(sides, (tch::Kind::Float, tch::Device::Cpu)).set_requires_grad(true);
    let mut optimizer = optimizer([parameter("weight", &tensor(&[2, 3]))], 0.0);
    let notes = serde_json::json!({ "steps": 1 });
    let misfit = optimizer.restore(&BTreeMap::new(), &notes).unwrap_err();
    assert_eq!(
        (misfit.key.as_str(), misfit.what.as_str()),
        ("first/weight", "expected Float [2, 3], found no such tensor")
    );
    let moments =
        [("first/weight".to_owned(), tensor(&[2, 3])), ("second/weight".to_owned(), tensor(&[3, 2]))];
    let misfit = optimizer.restore(&moments.into(), &notes).unwrap_err();
    assert_eq!(
        (misfit.key.as_str(), misfit.what.as_str()),
        ("second/weight", "expected Float [2, 3], found Float [3, 2]")
    );
    assert_eq!(optimizer.steps(), 0);
}

#[test]
fn losses_are_pytorchs() {
    let Losses { shape, logits, targets, cross_entropy, dice_weight, mixed, gradient } = golden().losses;
    let logits = Tensor::from_slice(&logits).reshape(&shape).set_requires_grad(true);
    let targets = Tensor::from_slice(&targets).reshape(&shape);
    let bce = Objective::of_flags(Loss::Bce, dice_weight).of(&logits, &targets).total.double_value(&[]);
    assert!((bce - cross_entropy).abs() < 1e-6, "{bce}, not {cross_entropy}");
    let loss = Objective::of_flags(Loss::BceDice, dice_weight).of(&logits, &targets).total;
    loss.backward();
    let loss = loss.double_value(&[]);
    assert!((loss - mixed).abs() < 1e-6, "{loss}, not {mixed}");
    let off = off(&logits.grad(), &gradient);
    assert!(off < 1e-5, "the gradient is off by {off}");
}
