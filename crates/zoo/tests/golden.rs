//! Keys, logits and gradients against the reference implementations: files made by `tests/golden/zoo/make.py`.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use tch::{Device, Kind, Tensor};
use zoo::{Error, ModelSpec, Placement, Segmenter, catalog, outline, weights};

/// `make.py`'s.
const STEP: i64 = 3;

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
        (0.0, (3.0 / shape[1..].iter().product::<i64>() as f64).sqrt())
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
    let spec = ModelSpec { drop_path: Some(0.0), dropout: Some(0.0), ..ModelSpec::named(name, 2).unwrap() };
    let model = Segmenter::new(&spec, Placement { device: Device::Cpu, kind }, 0).unwrap();
    tch::no_grad(|| {
        for entry in model.weights().entries() {
            entry.tensor.shallow_clone().copy_(&values(&entry.key, &entry.tensor.size()));
        }
    });
    model
}

/// A key list: lines by section, none for an architecture that the reference refuses. Without a file it is empty.
fn key_list(name: &str) -> BTreeMap<String, Option<Vec<String>>> {
    let mut text = String::new();
    let Ok(file) = File::open(folder().join(format!("keys/{name}.txt.gz"))) else { return BTreeMap::new() };
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let mut sections = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        if let Some(refused) = line.strip_suffix(" refused") {
            sections.insert(refused.trim_matches(['[', ']']).to_owned(), None);
        } else if line.starts_with('[') {
            current = Some(line.trim_matches(['[', ']']).to_owned());
            sections.insert(current.clone().unwrap(), Some(Vec::new()));
        } else {
            let section = sections.get_mut(current.as_ref().unwrap()).unwrap();
            section.as_mut().unwrap().push(line.to_owned());
        }
    }
    sections
}

/// A line a tensor, as `make.py` writes them.
fn key_lines(spec: &ModelSpec) -> Vec<String> {
    let line = |entry: &zoo::Entry| {
        let dtype = if entry.tensor.kind() == Kind::Int64 { "int64" } else { "float32" };
        let sizes: Vec<String> = entry.tensor.size().iter().map(i64::to_string).collect();
        let shape = if sizes.is_empty() { "scalar".to_owned() } else { sizes.join("x") };
        format!("{} {dtype} {shape}", entry.key)
    };
    outline(spec).unwrap().entries().iter().map(line).collect()
}

#[test]
fn every_model_has_the_keys_and_shapes_of_the_reference_in_its_order() {
    let dialects = ["torchvision", "transformers"].map(key_list);
    for encoder in catalog::encoders() {
        let reference = key_list(encoder);
        for architecture in catalog::architectures() {
            let name = format!("{architecture}/{encoder}");
            if dialects.iter().any(|list| list.contains_key(&name)) {
                continue;
            }
            let Some(Some(section)) = reference.get(architecture) else {
                let built = ModelSpec::named(&name, 29);
                let refused = matches!(built, Err(Error::Pairing { .. }));
                assert!(refused, "{name}: the reference refuses it, or it is in no list: run make.py keys");
                continue;
            };
            let spec = ModelSpec::named(&name, 29).unwrap();
            let mut expected = section.clone();
            if !expected[0].starts_with("encoder.") {
                expected.splice(0..0, reference["encoder"].clone().unwrap());
            }
            let ours = key_lines(&spec);
            let first_difference = ours.iter().zip(&expected).find(|(ours, theirs)| ours != theirs);
            assert_eq!(first_difference, None, "{name}");
            assert_eq!(ours.len(), expected.len(), "{name}");
        }
    }
}

#[test]
fn models_of_other_libraries_have_the_keys_and_shapes_of_their_checkpoints() {
    for (name, section) in ["torchvision", "transformers"].into_iter().flat_map(key_list) {
        let spec = ModelSpec::named(&name, 29).unwrap();
        let unused = outline(&spec).unwrap().unused().clone();
        // transformers registers in another order than its checkpoints have.
        let mut expected: BTreeSet<String> = section.unwrap().into_iter().collect();
        expected.retain(|line| line.strip_suffix(" unused").is_none_or(|key| !unused.contains(key)));
        let ours: BTreeSet<String> = key_lines(&spec).into_iter().collect();
        assert_eq!(expected.symmetric_difference(&ours).next(), None, "{name}");
    }
}

/// The models with golden activations.
fn goldens() -> Vec<(String, BTreeMap<String, Tensor>)> {
    let mut goldens = Vec::new();
    for file in fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "safetensors") {
            let stem = path.file_stem().unwrap().to_string_lossy();
            let encoder =
                |name: &str| Some(format!("{name}/{}", stem.strip_prefix(name)?.strip_prefix('-')?));
            let name = catalog::architectures().into_iter().find_map(encoder).unwrap();
            goldens.push((name, weights::read(&path).unwrap()));
        }
    }
    let has =
        |architecture: &&str| goldens.iter().any(|(name, _)| name.starts_with(&format!("{architecture}/")));
    let lacking: Vec<&str> = catalog::architectures().into_iter().filter(|name| !has(name)).collect();
    assert!(lacking.is_empty(), "without activations: {lacking:?}");
    goldens
}

/// Height and width in `logits_<H>x<W>`.
fn size_in(key: &str) -> Option<[i64; 2]> {
    let (height, width) = key.strip_prefix("logits_")?.split_once('x')?;
    Some([height.parse().unwrap(), width.parse().unwrap()])
}

#[test]
fn logits_equal_the_reference() {
    for (name, golden) in goldens() {
        for (kind, bar) in [(Kind::Float, 1e-5), (Kind::Double, 1e-9)] {
            let model = filled(&name, kind);
            for (key, expected) in &golden {
                let Some([height, width]) = size_in(key) else { continue };
                let images = uniform_tensor("images", [2, 3, height, width]).to_kind(kind);
                let logits = model.infer(&images).unwrap();
                assert_eq!(logits.kind(), kind);
                let sample = logits.slice(2, None, None, STEP).slice(3, None, None, STEP);
                let error = relative_error(&sample, expected);
                assert!(error <= bar, "{name} {key} in {kind:?}: relative error {error:.2e}");
            }
        }
    }
}

#[test]
fn loss_and_gradients_equal_the_reference() {
    for (name, golden) in goldens() {
        let model = filled(&name, Kind::Double);
        // The reference trained on the square images.
        let square = |key: &String| size_in(key).filter(|[height, width]| height == width);
        let [height, width] = golden.keys().find_map(square).unwrap();
        let images = uniform_tensor("images", [2, 3, height, width]).to_kind(Kind::Double);
        let logits = model.forward_t(&images, true).unwrap();
        let loss = (&logits * uniform_tensor("cotangent", [2, 2, height, width])).mean(Kind::Double);
        loss.backward();
        let error = relative_error(&loss, &golden["loss"]);
        assert!(error <= 1e-9, "{name}: loss differs by {error:.2e}");

        let norms: BTreeMap<&str, f64> = model
            .weights()
            .parameters()
            .filter(|entry| entry.tensor.grad().defined())
            .map(|entry| (entry.key.as_str(), entry.tensor.grad().norm().double_value(&[])))
            .collect();
        let references = Vec::<f64>::try_from(&golden["gradient_norms"]).unwrap();
        assert_eq!(norms.len(), references.len(), "{name}: parameters with a gradient");
        // A bias before batch normalisation has no gradient but rounding.
        let floor = references.iter().fold(0.0, |a, &b| f64::max(a, b)) * 1e-6;
        for ((key, norm), reference) in norms.into_iter().zip(references) {
            let error = (norm - reference).abs() / reference.max(floor);
            assert!(error <= 1e-6, "{name}: the gradient of {key} differs by {error:.2e}");
        }
        for entry in model.weights().entries() {
            let used = !entry.key.starts_with("encoder.");
            if used && entry.key.ends_with("num_batches_tracked") {
                assert_eq!(
                    entry.tensor.int64_value(&[]),
                    8,
                    "{name} {}: one batch after the filled 7",
                    entry.key
                );
            }
        }
    }
}
