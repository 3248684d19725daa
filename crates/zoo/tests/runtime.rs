//! bfloat16 autocast stays in its region and near single precision.

#![allow(clippy::unwrap_used)]

use std::panic;

use tch::{Device, Kind, Tensor};
use zoo::{ModelSpec, Placement, Segmenter, autocast};

fn product_kind() -> Kind {
    let matrix = Tensor::ones([8, 8], (Kind::Float, Device::Cpu));
    matrix.matmul(&matrix).kind()
}

#[test]
fn autocast_is_on_inside_and_off_after_also_when_nested_or_unwinding() {
    assert_eq!(product_kind(), Kind::Float);
    autocast(Device::Cpu, || {
        assert_eq!(product_kind(), Kind::BFloat16);
        autocast(Device::Cpu, || assert_eq!(product_kind(), Kind::BFloat16));
        assert_eq!(product_kind(), Kind::BFloat16);
    });
    assert_eq!(product_kind(), Kind::Float);
    let unwound = panic::catch_unwind(|| autocast(Device::Cpu, || panic!("on purpose")));
    assert!(unwound.is_err());
    assert_eq!(product_kind(), Kind::Float);
    assert_eq!(autocast(Device::Mps, product_kind), Kind::Float);
}

#[test]
fn a_model_under_autocast_gives_single_precision_logits_near_its_own_and_gradients() {
    for name in ["unet/resnet18", "segformer/mit_b0"] {
        let model = Segmenter::new(&ModelSpec::named(name, 4).unwrap(), Placement::cpu(), 1).unwrap();
        let images = Tensor::rand([2, 3, 64, 64], (Kind::Float, Device::Cpu));
        let exact = model.infer(&images).unwrap();
        let rounded = autocast(Device::Cpu, || model.infer(&images).unwrap());
        assert_eq!(rounded.kind(), Kind::Float);
        let error = ((&rounded - &exact).norm() / exact.norm()).double_value(&[]);
        assert!(0.0 < error && error < 0.05, "{name}: {error:.2e}");

        let loss =
            autocast(Device::Cpu, || model.forward_t(&images, true).unwrap().square().mean(Kind::Float));
        loss.backward();
        for entry in model.weights().parameters() {
            let gradient = entry.tensor.grad();
            assert_eq!(gradient.kind(), Kind::Float, "{}", entry.key);
            assert_eq!(gradient.isfinite().all().int64_value(&[]), 1, "{}", entry.key);
        }
    }
}

#[test]
fn the_version_of_libtorch_is_known() {
    let version = zoo::libtorch_version();
    assert!(version.split('.').filter(|part| part.parse::<u32>().is_ok()).count() >= 3, "{version}");
}
