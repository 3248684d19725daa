//! What holds of every optimizer: it goes on bit for bit, leaves alone what has no gradient, and takes small batches for a
//! large one.
#![allow(clippy::unwrap_used)]

mod drawn;

use std::collections::BTreeMap;

use drawn::{backward, golden, start};
use learn::optimizer::{AdamW, Layout, Sgd, Spared};
use learn::state::Misfit;
use learn::{Average, AverageConfig, Groups, Optimizer, OptimizerConfig, Parameter, Stateful};
use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};
use zoo::{ModelSpec, Placement, Segmenter};

type State = (BTreeMap<String, Tensor>, Value);

const LAYOUTS: [Layout; 2] = [Layout::Blocks(1 << 11), Layout::Whole];

fn parameter(key: &str, tensor: &Tensor) -> Parameter {
    Parameter { key: key.to_owned(), tensor: tensor.shallow_clone(), encoder: key.starts_with("encoder.") }
}

fn optimizer(config: &OptimizerConfig, tensors: &[(&String, Tensor)], layout: Layout) -> Optimizer {
    let learnt = tensors.iter().map(|(key, tensor)| parameter(key, tensor));
    Optimizer::laid_out(config, &Groups { encoder_lr: 0.1, ..Groups::default() }, learnt, layout)
}

/// The state as it would come back from a file.
fn saved(stateful: &dyn Stateful) -> State {
    let tensors = stateful.tensors().into_iter().map(|(key, tensor)| (key, tensor.contiguous().copy()));
    (tensors.collect(), serde_json::from_str(&stateful.notes().to_string()).unwrap())
}

fn values(tensors: &[(&String, Tensor)]) -> Vec<Tensor> {
    tensors.iter().map(|(_, tensor)| tensor.detach().copy()).collect()
}

#[test]
fn a_run_stopped_at_any_step_goes_on_bit_for_bit() {
    let golden = golden();
    let averaged = AverageConfig { decay: 0.9, warm_up: true };
    for (name, config) in &golden.optimizers {
        for layout in LAYOUTS {
            let tensors = golden.tensors();
            let mut whole = optimizer(config, &tensors, layout);
            let mut average = Average::new(&averaged, &whole);
            let mut stops = Vec::new();
            for step in 0..8 {
                stops.push((values(&tensors), saved(&whole), saved(&average)));
                whole.drop_gradients();
                backward(&tensors, step);
                whole.step(config.lr());
                average.update();
            }
            for (stopped, (weights, state, averages)) in (0..).zip(&stops) {
                let again = golden.tensors();
                let mut resumed = optimizer(config, &again, layout);
                tch::no_grad(|| {
                    for ((_, tensor), value) in again.iter().zip(weights) {
                        tensor.shallow_clone().copy_(value);
                    }
                });
                let mut resumed_average = Average::new(&averaged, &resumed);
                resumed.restore(&state.0, &state.1).unwrap();
                resumed_average.restore(&averages.0, &averages.1).unwrap();
                for step in stopped..8 {
                    resumed.drop_gradients();
                    backward(&again, step);
                    resumed.step(config.lr());
                    resumed_average.update();
                }
                let what = format!("{name}, {layout:?}, stopped after {stopped}");
                assert_eq!(values(&again), values(&tensors), "{what}");
                assert_eq!(saved(&resumed), saved(&whole), "{what}: state");
                assert_eq!(saved(&resumed_average), saved(&average), "{what}: average");
            }
        }
    }
}

#[test]
fn a_step_without_a_gradient_is_none_for_that_tensor() {
    let golden = golden();
    for (name, config) in &golden.optimizers {
        for layout in LAYOUTS {
            // `a` and `c` lie beside `b`, which has no gradient at every third step; `alone` has only b's others.
            let [a, b, c, alone] = [0, 1, 2, 1].map(|number| start(number, &[9, 5]).set_requires_grad(true));
            let learnt = [parameter("a", &a), parameter("b", &b), parameter("c", &c)];
            let mut beside = Optimizer::laid_out(config, &Groups::default(), learnt, layout);
            let mut of_one =
                Optimizer::laid_out(config, &Groups::default(), [parameter("b", &alone)], layout);
            for step in 0..9 {
                beside.drop_gradients();
                of_one.drop_gradients();
                let term =
                    |tensor: &Tensor| (tensor * drawn::drawn_gradient(3, &[9, 5], step)).sum(Kind::Double);
                (term(&a) + term(&c)).backward();
                if step % 3 != 2 {
                    term(&b).backward();
                    term(&alone).backward();
                    of_one.step(config.lr());
                }
                beside.step(config.lr());
            }
            let off = (&b - &alone).abs().max().double_value(&[]);
            assert!(off < 1e-14, "{name}, {layout:?}: off by {off:e}");
            assert_eq!(saved(&beside).1, json!({"steps": 9, "late": {"b": 6}}), "{name}");
        }
    }
}

#[test]
fn small_batches_add_up_to_the_large_one() {
    let images = drawn::start(0, &[12, 6]);
    let targets = drawn::start(1, &[12, 2]);
    let weights = || drawn::start(2, &[6, 2]).set_requires_grad(true);
    let loss = |weights: &Tensor, from: i64, count: i64| {
        let off = images.narrow(0, from, count).matmul(weights) - targets.narrow(0, from, count);
        off.square().mean(Kind::Double)
    };
    for layout in LAYOUTS {
        let [large, small] = [weights(), weights()];
        let step = |weights: &Tensor, batches: i64| {
            let config = OptimizerConfig::default();
            let learnt = [parameter("weights", weights)];
            let mut optimizer = Optimizer::laid_out(&config, &Groups::default(), learnt, layout);
            for _ in 0..5 {
                optimizer.drop_gradients();
                let size = 12 / batches;
                for batch in 0..batches {
                    (loss(weights, batch * size, size) / batches as f64).backward();
                }
                optimizer.clip(Some(0.1));
                optimizer.step(1e-2);
            }
        };
        step(&large, 1);
        step(&small, 4);
        let off = (&large - &small).abs().max().double_value(&[]);
        assert!(off < 1e-14, "{layout:?}: off by {off:e}");
        assert!((large - weights()).abs().max().double_value(&[]) > 1e-2);
    }
}

#[test]
fn a_step_left_out_leaves_nothing() {
    for layout in LAYOUTS {
        let [plain, other] = [0, 0].map(|number| start(number, &[30]).set_requires_grad(true));
        let run = |tensor: &Tensor, left_out: bool| {
            let learnt = [parameter("weights", tensor)];
            let mut optimizer =
                Optimizer::laid_out(&OptimizerConfig::default(), &Groups::default(), learnt, layout);
            for step in 0..4 {
                if left_out {
                    (tensor * f64::NAN).sum(Kind::Double).backward();
                    assert!(optimizer.clip(Some(1.0)).is_nan());
                    optimizer.drop_gradients();
                }
                (tensor * drawn::drawn_gradient(0, &[30], step)).sum(Kind::Double).backward();
                // Without clipping, so that what was collected before would show.
                optimizer.step(1e-2);
                optimizer.drop_gradients();
            }
        };
        run(&plain, false);
        run(&other, true);
        assert_eq!(plain, other, "{layout:?}");
    }
}

#[test]
fn a_network_goes_on_as_it_was_in_its_optimizers_buffers() {
    for name in ["unet/resnet18", "segformer/mit_b0"] {
        let model = Segmenter::new(&ModelSpec::named(name, 29).unwrap(), Placement::cpu(), 1).unwrap();
        let images = drawn::start(0, &[2, 3, 64, 64]).to_kind(Kind::Float);
        let logits = || tch::no_grad(|| model.forward_t(&images, false).unwrap());
        let (before, strides): (Tensor, Vec<_>) =
            (logits(), model.weights().parameters().map(|entry| entry.tensor.stride()).collect());
        let mut optimizer =
            Optimizer::new(&OptimizerConfig::default(), &Groups::default(), Parameter::all(&model));
        assert_eq!(logits(), before, "{name}");
        let after: Vec<_> = model.weights().parameters().map(|entry| entry.tensor.stride()).collect();
        assert_eq!(after, strides, "{name}");
        let mut average = Average::new(&AverageConfig::default(), &optimizer);
        model.forward_t(&images, true).unwrap().square().mean(Kind::Float).backward();
        assert!(optimizer.clip(Some(1.0)) > 0.0);
        optimizer.step(1e-2);
        let stepped = logits();
        assert!(
            (&stepped - &before).abs().max().double_value(&[]) > 1e-3,
            "{name}: layers do not see the step"
        );
        average.update();
        average.swap();
        assert_ne!(logits(), stepped, "{name}: layers do not see the average");
        average.swap();
        assert_eq!(logits(), stepped, "{name}");
    }
}

#[test]
fn groups_spare_norms_biases_and_position_tables() {
    let groups = Groups::default();
    for (key, dimensions, decays) in [
        ("encoder.conv1.weight", 4, true),
        ("decoder.linear.weight", 2, true),
        ("encoder.bn1.weight", 1, false),
        ("segmentation_head.0.bias", 1, false),
        ("encoder.layers.0.blocks.1.attn.relative_position_bias_table", 2, false),
    ] {
        assert_eq!(groups.decays(key, dimensions), decays, "{key}");
        assert!(Groups { no_decay: Vec::new(), ..Groups::default() }.decays(key, dimensions), "{key}");
    }
    let biases = Groups { no_decay: vec![Spared::Biases], ..Groups::default() };
    assert!(biases.decays("encoder.bn1.weight", 1) && !biases.decays("encoder.bn1.bias", 1));
}

#[test]
fn configurations_are_read_and_every_fault_is_named() {
    let read = serde_json::from_value::<OptimizerConfig>;
    let adamw = OptimizerConfig::AdamW(AdamW { lr: 5e-4, ..AdamW::default() });
    assert_eq!(read(json!({"name": "adamw", "lr": 5e-4})).unwrap(), adamw);
    assert_eq!(OptimizerConfig::default().check(), []);
    for name in ["sgd", "adam", "adamw", "lion", "rmsprop"] {
        let config = read(json!({ "name": name })).unwrap();
        assert_eq!(config.check(), [], "{name}");
        assert_eq!(read(serde_json::to_value(&config).unwrap()).unwrap(), config);
    }
    let refusal = read(json!({"name": "adamw", "decay": 1})).unwrap_err().to_string();
    assert!(refusal.contains("`decay`") && refusal.contains("`weight-decay`"), "{refusal}");
    let wrong =
        read(json!({"name": "adam", "lr": 0, "betas": [0.9, 1.0], "eps": -1, "weight-decay": -1})).unwrap();
    let paths: Vec<String> = wrong.check().into_iter().map(|fault| fault.path).collect();
    assert_eq!(paths, ["lr", "betas[1]", "eps", "weight-decay"]);
    let nesterov = OptimizerConfig::Sgd(Sgd { nesterov: true, ..Sgd::default() });
    assert_eq!(
        nesterov.check()[0].to_string(),
        "nesterov: true is out of range: give false, or a momentum above 0 and a dampening of 0"
    );
    let groups = Groups { encoder_lr: f64::NAN, grad_clip: -1.0, ..Groups::default() };
    assert_eq!(groups.check().len(), 2);
    assert_eq!(AverageConfig { decay: 1.0, warm_up: false }.check()[0].path, "decay");
}

#[test]
fn notes_of_another_model_are_refused_and_change_nothing() {
    let tensor = Tensor::ones([3], (Kind::Float, Device::Cpu)).set_requires_grad(true);
    let mut optimizer =
        Optimizer::new(&OptimizerConfig::default(), &Groups::default(), [parameter("a", &tensor)]);
    let (tensors, _) = saved(&optimizer);
    for notes in [
        json!({}),
        json!({"steps": -1}),
        json!({"steps": 3, "late": {"b": 1}}),
        json!({"steps": 3, "more": 1}),
    ] {
        assert!(
            matches!(optimizer.restore(&tensors, &notes), Err(Misfit { key, .. }) if key == "notes"),
            "{notes}"
        );
    }
    assert_eq!(optimizer.steps(), 0);
    // As an earlier version wrote them.
    optimizer.restore(&tensors, &json!({"steps": 3})).unwrap();
    assert_eq!(optimizer.steps(), 3);
}
