//! Keys, logits and gradients against segmentation-models-pytorch 0.6: files made by `tests/golden/zoo/make.py`.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tch::{Device, Kind, Tensor};
use zoo::{ModelSpec, Placement, Segmenter, catalog, outline, weights};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/zoo")
}

/// `make.py`'s `uniform`: splitmix64 counting up from the FNV-1a hash of `key`, in [-1, 1).
fn uniform(key: &str, count: usize) -> Vec<f64> {
    let start = key
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    let draw = |index: u64| {
        let mut x = start.wrapping_add(0x9E37_79B9_7F4A_7C15u64.wrapping_mul(index));
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ (x >> 31)) >> 40) as f64 / f64::from(1 << 23) - 1.0
    };
    (1..=count as u64).map(draw).collect()
}

/// `make.py`'s `values`.
fn values(key: &str, shape: &[i64]) -> Tensor {
    if key.ends_with("num_batches_tracked") {
        return Tensor::from(7i64);
    }
    let count = shape.iter().product::<i64>() as usize;
    let (offset, scale) = if shape.len() > 1 {
        (0.0, (6.0 / shape[1..].iter().product::<i64>() as f64).sqrt())
    } else if key.ends_with("running_var") {
        (1.0, 0.5)
    } else if key.ends_with("weight") {
        (1.0, 0.25)
    } else {
        (0.0, 0.125)
    };
    let numbers: Vec<f32> = uniform(key, count).iter().map(|x| (offset + scale * x) as f32).collect();
    Tensor::from_slice(&numbers).reshape(shape)
}

fn uniform_tensor(key: &str, shape: [i64; 4]) -> Tensor {
    let count = shape.iter().product::<i64>() as usize;
    let numbers: Vec<f32> = uniform(key, count).iter().map(|&x| x as f32).collect();
    Tensor::from_slice(&numbers).reshape(shape)
}

fn relative_error(ours: &Tensor, reference: &Tensor) -> f64 {
    let norm = |tensor: &Tensor| tensor.to_kind(Kind::Double).norm().double_value(&[]);
    norm(&(ours - reference)) / norm(reference)
}

fn filled(name: &str, kind: Kind) -> Segmenter {
    let spec = ModelSpec { drop_path: Some(0.0), ..ModelSpec::named(name, 2).unwrap() };
    let model = Segmenter::new(&spec, Placement { device: Device::Cpu, kind }, 0).unwrap();
    tch::no_grad(|| {
        for entry in model.weights().entries() {
            entry.tensor.shallow_clone().copy_(&values(&entry.key, &entry.tensor.size()));
        }
    });
    model
}

#[test]
fn every_model_has_the_keys_and_shapes_of_the_reference_in_its_order() {
    for encoder in catalog::encoders() {
        for architecture in catalog::architectures() {
            let spec = ModelSpec::named(&format!("{architecture}/{encoder}"), 29).unwrap();
            let ours: String = outline(&spec)
                .unwrap()
                .entries()
                .iter()
                .map(|entry| {
                    let dtype = if entry.tensor.kind() == Kind::Int64 { "int64" } else { "float32" };
                    let sizes: Vec<String> = entry.tensor.size().iter().map(i64::to_string).collect();
                    let shape = if sizes.is_empty() { "scalar".to_owned() } else { sizes.join("x") };
                    format!("{} {dtype} {shape}\n", entry.key)
                })
                .collect();
            let read = |part: &str| {
                fs::read_to_string(folder().join("keys").join(part).join(format!("{encoder}.txt"))).unwrap()
            };
            let reference = read("encoders") + &read(architecture);
            let first_difference = ours.lines().zip(reference.lines()).find(|(ours, theirs)| ours != theirs);
            assert_eq!(first_difference, None, "{}", spec.name());
            assert_eq!(ours.lines().count(), reference.lines().count(), "{}", spec.name());
        }
    }
}

const GOLDEN: [&str; 4] = ["unet/resnet18", "unet/mit_b0", "segformer/resnet18", "segformer/mit_b0"];

fn golden(name: &str) -> BTreeMap<String, Tensor> {
    weights::read(&folder().join(name.replace('/', "-")).with_extension("safetensors")).unwrap()
}

#[test]
fn logits_equal_the_reference() {
    for name in GOLDEN {
        let golden = golden(name);
        for kind in [Kind::Float, Kind::Double] {
            let model = filled(name, kind);
            for (height, width) in [(64, 64), (32, 96)] {
                let images = uniform_tensor("images", [2, 3, height, width]).to_kind(kind);
                let logits = model.infer(&images).unwrap();
                assert_eq!(logits.kind(), kind);
                let error = relative_error(&logits, &golden[&format!("logits_{height}x{width}")]);
                assert!(error <= 1e-5, "{name} at {height}x{width} in {kind:?}: relative error {error:.2e}");
            }
        }
    }
}

#[test]
fn loss_and_gradients_equal_the_reference() {
    for name in GOLDEN {
        let golden = golden(name);
        let model = filled(name, Kind::Double);
        let images = uniform_tensor("images", [2, 3, 64, 64]).to_kind(Kind::Double);
        let logits = model.forward_t(&images, true).unwrap();
        let loss = (&logits * uniform_tensor("cotangent", [2, 2, 64, 64])).mean(Kind::Double);
        loss.backward();
        let error = relative_error(&loss, &golden["loss"]);
        assert!(error <= 1e-9, "{name}: loss differs by {error:.2e}");

        let norms: BTreeMap<&str, f64> = model
            .weights()
            .parameters()
            .map(|entry| (entry.key.as_str(), entry.tensor.grad().norm().double_value(&[])))
            .collect();
        let references = Vec::<f64>::try_from(&golden["gradient_norms"]).unwrap();
        assert_eq!(norms.len(), references.len());
        // A bias before batch normalisation has no gradient but rounding.
        let floor = references.iter().fold(0.0, |a, &b| f64::max(a, b)) * 1e-6;
        for ((key, norm), reference) in norms.into_iter().zip(references) {
            let error = (norm - reference).abs() / reference.max(floor);
            assert!(error <= 1e-6, "{name}: the gradient of {key} differs by {error:.2e}");
        }
        let tracked = model.weights().get("decoder.fuse_stage.1.num_batches_tracked");
        assert!(
            tracked.is_none_or(|entry| entry.tensor.int64_value(&[]) == 8),
            "one batch after the filled 7"
        );
    }
}
