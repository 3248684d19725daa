//! Checkpointed activations and frozen models give what they stand for.

#![allow(clippy::unwrap_used)]

use tch::{Device, Kind, Tensor};
use zoo::{ModelSpec, Placement, Role, Segmenter};

fn model(name: &str, kind: Kind) -> Segmenter {
    let placement = Placement { kind, ..Placement::cpu() };
    Segmenter::new(&ModelSpec::named(name, 3).unwrap(), placement, 1).unwrap()
}

fn images(kind: Kind) -> Tensor {
    let numbers: Vec<f64> = (0..2 * 3 * 64 * 64).map(|at: i64| (at * 37 % 101) as f64 / 101.0).collect();
    Tensor::from_slice(&numbers).reshape([2, 3, 64, 64]).to_kind(kind)
}

#[test]
fn checkpointing_changes_neither_gradients_nor_running_statistics() {
    let models = ["unet/resnet18", "unetplusplus/resnet18", "manet/resnet18", "segformer/resnet50"];
    let others = [
        "unet/efficientnet-b0",
        "unet/densenet121",
        "pspnet/tu-xception71",
        "pspnet/tu-swin_tiny_patch4_window7_224",
        "pspnet/tu-convnext_tiny",
        "fpn/mit_b0",
    ];
    for name in models.into_iter().chain(others) {
        let step = |checkpointing: bool| {
            let model = model(name, Kind::Double);
            model.checkpoint_activations(checkpointing);
            tch::manual_seed(7);
            let logits = model.forward_t(&images(Kind::Double), true).unwrap();
            logits.square().mean(Kind::Double).backward();
            model
        };
        let (plain, checkpointed) = (step(false), step(true));
        for (one, other) in plain.weights().entries().iter().zip(checkpointed.weights().entries()) {
            if one.role == Role::Buffer {
                // Attention has another kernel, which rounds otherwise, where no gradient is recorded.
                let close = one.tensor.allclose(&other.tensor, 1e-9, 1e-9, false);
                assert!(close, "{name}: {}", one.key);
                continue;
            }
            let (one, key, other) = (one.tensor.grad(), &one.key, other.tensor.grad());
            // What is behind an encoder's last map is there only for its keys: of three levels, and EfficientNet's head.
            let idle = name.starts_with("pspnet/")
                || key.starts_with("encoder._conv_head.")
                || key.starts_with("encoder._bn1.");
            assert!(other.defined() == one.defined() && (one.defined() || idle), "{name}: {key}");
            if !one.defined() {
                continue;
            }
            let difference = (&one - other).norm().double_value(&[]);
            assert!(
                difference <= 1e-9 * (1.0 + one.norm().double_value(&[])),
                "{name}: {key}: {difference:e}"
            );
        }
    }
}

#[test]
fn checkpointing_keeps_to_autocast() {
    // The last block's gradient comes by one way alone; sums of several are rounded in another order. So are those of
    // U-Net, which convolves maps one by one then.
    let gradients = |checkpointing: bool| {
        let model = model("linknet/resnet18", Kind::Float);
        model.checkpoint_activations(checkpointing);
        let loss =
            zoo::autocast(Device::Cpu, || model.forward_t(&images(Kind::Float), true).unwrap().square());
        loss.mean(Kind::Float).backward();
        model.weights().get("encoder.layer4.1.conv1.weight").unwrap().tensor.grad()
    };
    let (plain, checkpointed) = (gradients(false), gradients(true));
    let error = ((&plain - &checkpointed).norm() / plain.norm()).double_value(&[]);
    assert!(error < 1e-3, "{error:e}");
}

#[test]
fn a_frozen_model_infers_the_same() {
    for name in [
        "unet/resnet18",
        "unetplusplus/resnet50",
        "segformer/mit_b0",
        "hf-segformer/mit_b0",
        "deeplabv3plus/resnet18",
        "fpn/efficientnet-b0",
        "unet/densenet121",
    ] {
        let model = model(name, Kind::Float);
        // A step in training mode moves the running statistics away from 0 and 1.
        let _ = tch::no_grad(|| model.forward_t(&images(Kind::Float), true)).unwrap();
        let saved: Vec<Tensor> = model.weights().entries().iter().map(|entry| entry.tensor.copy()).collect();
        let expected = model.infer(&images(Kind::Float)).unwrap();
        let shared: Vec<Tensor> =
            model.weights().entries().iter().map(|entry| entry.tensor.shallow_clone()).collect();
        let frozen = model.freeze();
        for _ in 0..2 {
            let logits = frozen.infer(&images(Kind::Float)).unwrap();
            let error = ((&logits - &expected).norm() / expected.norm()).double_value(&[]);
            assert!(error <= 1e-5, "{name}: {error:e}");
            assert!(logits != expected, "{name}: nothing was folded");
        }
        assert_eq!(shared, saved, "{name}");
    }
}
