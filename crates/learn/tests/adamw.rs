//! AdamW against its formula, on tensors larger than a block and in other layouts than row-major.
#![allow(clippy::unwrap_used)]

use learn::optimizer::AdamW;
use learn::{Groups, Optimizer, OptimizerConfig, Parameter};
use tch::{Device, Kind, Tensor};

const DECAY: f64 = 0.1;
const RATES: [f64; 3] = [1e-3, 5e-2, 1e-2];

/// Numbers without a pattern, of either sign.
fn numbers(shape: &[i64], seed: i64) -> Tensor {
    let count: i64 = shape.iter().product();
    let at = Tensor::arange(count, (Kind::Double, Device::Cpu)) + seed * 1009;
    ((at * 0.7).sin() * 3.0).reshape(shape)
}

/// The same numbers, laid out channels-last.
fn channels_last(tensor: &Tensor) -> Tensor {
    let moved = tensor.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]);
    assert!(!moved.is_contiguous());
    moved
}

/// Algorithm 2 of "Decoupled weight decay regularization" in double precision, as it is written there.
fn plain(start: &Tensor, gradients: &[Tensor]) -> Tensor {
    let mut weights = start.copy();
    let (mut first, mut second) = (start.zeros_like(), start.zeros_like());
    for (step, (gradient, rate)) in (1..).zip(gradients.iter().zip(RATES)) {
        first = first * 0.9 + gradient * 0.1;
        second = second * 0.999 + gradient.square() * 0.001;
        let unbiased = |moment: &Tensor, beta: f64| moment / (1.0 - beta.powi(step));
        let step = unbiased(&first, 0.9) / (unbiased(&second, 0.999).sqrt() + 1e-8);
        weights = &weights - (step + &weights * DECAY) * rate;
    }
    weights
}

#[test]
fn it_is_the_formula_over_blocks_and_in_any_layout() {
    for (shape, last, what) in [
        (vec![70, 1000], false, "a matrix of three blocks, the last of them shorter"),
        (vec![3, 40_000], false, "rows longer than a block"),
        (vec![80, 64, 3, 3], true, "a channels-last convolution of two blocks"),
        (vec![2, 5, 3, 3], true, "a channels-last convolution within a block"),
    ] {
        let start = numbers(&shape, 0);
        let laid = |tensor: &Tensor| if last { channels_last(tensor) } else { tensor.shallow_clone() };
        let weights = laid(&start).to_kind(Kind::Float).set_requires_grad(true);
        assert_eq!(weights.is_contiguous(), !last, "{what}");
        let config = OptimizerConfig::AdamW(AdamW { weight_decay: DECAY, ..AdamW::default() });
        let parameter =
            Parameter { key: "weights".to_owned(), tensor: weights.shallow_clone(), encoder: false };
        let mut optimizer = Optimizer::new(&config, &Groups::default(), [parameter]);
        assert_eq!(weights.is_contiguous(), !last, "{what}: another layout");
        let gradients: Vec<Tensor> = (1..=3).map(|step| numbers(&shape, step)).collect();
        for (gradient, rate) in gradients.iter().zip(RATES) {
            weights.shallow_clone().zero_grad();
            (&weights * gradient.to_kind(Kind::Float)).sum(Kind::Float).backward();
            optimizer.step(rate);
        }
        let expected = plain(&start, &gradients);
        let error = (weights.to_kind(Kind::Double) - &expected).abs().max().double_value(&[]);
        assert!(error < 2e-6, "{what}: off by {error:e}");
        let moved = (&start - expected).abs().mean(Kind::Double).double_value(&[]);
        assert!(moved > 1e-2, "{what}: the weights hardly moved, so that nothing was compared");
    }
}
