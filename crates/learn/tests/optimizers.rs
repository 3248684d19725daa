//! Optimizers along schedules, clipping and averages are PyTorch's and lion-pytorch's; see `tests/golden/optim/make.py`.
#![allow(clippy::unwrap_used)]

mod drawn;

use drawn::{Golden, PER_EPOCH, Run, STEPS, close, drawn_gradient, golden, start};
use learn::optimizer::Layout;
use learn::{Average, AverageConfig, Groups, Optimizer, OptimizerConfig, Parameter, Position, Schedule};
use tch::{Kind, Tensor};

/// Small blocks, so that the larger tensors have several; and all at once, as on a GPU.
const LAYOUTS: [Layout; 2] = [Layout::Blocks(1 << 11), Layout::Whole];

/// The sum, the sum of squares and four values.
fn summary(tensor: &Tensor) -> [f64; 6] {
    let flat = tensor.detach().contiguous().reshape([-1]);
    let count = flat.numel() as i64;
    let at = |index: i64| flat.double_value(&[index]);
    let sum = |tensor: &Tensor| tensor.sum(Kind::Double).double_value(&[]);
    [sum(&flat), sum(&flat.square()), at(0), at(count / 3), at(2 * count / 3), at(count - 1)]
}

/// Does the steps of `run` at shares of the peak that `rate` gives, and compares.
fn follow(
    golden: &Golden,
    config: &OptimizerConfig,
    layout: Layout,
    run: &Run,
    mut rate: impl FnMut(u64) -> f64,
    what: &str,
) {
    let tensors: Vec<(&String, Tensor)> = golden.tensors();
    let parameters = tensors.iter().map(|(key, tensor)| Parameter {
        key: (*key).clone(),
        tensor: tensor.shallow_clone(),
        encoder: key.starts_with("encoder."),
    });
    let groups = Groups { encoder_lr: golden.encoder_lr, ..Groups::default() };
    let mut optimizer = Optimizer::laid_out(config, &groups, parameters, layout);
    for step in 0..STEPS {
        optimizer.drop_gradients();
        drawn::backward(&tensors, step);
        if let Some(expected) = run.norms.get(step as usize) {
            let norm = optimizer.clip(Some(1.0));
            assert!(close(norm, *expected), "{what}, step {step}: norm {norm}, not {expected}");
        }
        optimizer.step(config.lr() * rate(step));
        let Some(after) = run.after.get(&(step + 1)) else { continue };
        for (number, (key, tensor)) in tensors.iter().enumerate() {
            let Some(expected) = after.get(*key) else {
                assert_eq!(*tensor, start(number, &tensor.size()), "{what}: {key} never had a gradient");
                continue;
            };
            let found = summary(tensor);
            let alike = found.iter().zip(expected).all(|(&found, &expected)| close(found, expected));
            assert!(alike, "{what}, {layout:?}, step {}: {key} is {found:?}, not {expected:?}", step + 1);
        }
    }
    assert_eq!(optimizer.steps(), STEPS);
    let kernel = tensors.iter().find(|(key, _)| *key == "kernel").unwrap();
    assert!(!kernel.1.is_contiguous(), "{what}: it lost its layout");
}

#[test]
fn each_optimizer_along_each_schedule_is_pytorchs() {
    let golden = golden();
    assert!(golden.runs.len() >= golden.optimizers.len() * 6);
    for run in &golden.runs {
        let (config, schedule) = (&golden.optimizers[&run.optimizer], &golden.schedules[&run.schedule]);
        // What a layout does to a rule does not depend on the rates.
        let both = run.schedule == "one-cycle";
        for &layout in if both { &LAYOUTS[..] } else { &LAYOUTS[..1] } {
            let mut schedule = Schedule::new(&schedule.config);
            let rate = |step: u64| {
                let rate = schedule.rate(Position { step, steps: STEPS, steps_per_epoch: PER_EPOCH });
                if (step + 1).is_multiple_of(PER_EPOCH) {
                    schedule.note(drawn::dice(step / PER_EPOCH));
                }
                rate
            };
            follow(&golden, config, layout, run, rate, &format!("{} along {}", run.optimizer, run.schedule));
        }
    }
}

#[test]
fn at_rate_0_weights_stay_and_the_state_moves_as_in_pytorch() {
    let golden = golden();
    for (name, run) in &golden.rate_0 {
        let rate = |step: u64| if (10..40).contains(&step) { 0.0 } else { 1.0 };
        for layout in LAYOUTS {
            follow(&golden, &golden.optimizers[name], layout, run, rate, &format!("{name} at rate 0"));
        }
    }
}

#[test]
fn clipping_is_pytorchs() {
    let golden = golden();
    let schedule = &golden.schedules["cosine"];
    let (config, run) = (&golden.optimizers["sgd momentum"], &golden.clipped);
    assert_eq!(run.norms.len() as u64, STEPS);
    for layout in LAYOUTS {
        follow(&golden, config, layout, run, |step| schedule.rates[step as usize], "clipped");
    }
}

#[test]
fn averages_are_pytorchs() {
    let golden = golden();
    let weights = start(0, &[40]).set_requires_grad(true);
    let parameter = Parameter { key: "weights".to_owned(), tensor: weights.shallow_clone(), encoder: false };
    let optimizer = Optimizer::new(&OptimizerConfig::default(), &Groups::default(), [parameter]);
    let mut average = Average::new(&AverageConfig { decay: 0.999, warm_up: false }, &optimizer);
    for step in 0..STEPS {
        tch::no_grad(|| weights.shallow_clone().copy_(&(start(0, &[40]) + drawn_gradient(0, &[40], step))));
        average.update();
    }
    average.swap();
    for (index, &expected) in golden.average.iter().enumerate() {
        let found = weights.double_value(&[index as i64]);
        assert!(close(found, expected), "{index}: {found}, not {expected}");
    }
}
