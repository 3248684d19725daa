//! Loading is strict and tells everything at once; saving is atomic and reproducible.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tch::{Device, Kind, Tensor};
use zoo::weights::{self, Difference, WeightsError};
use zoo::{ModelSpec, Placement, Role, Segmenter};

fn model(seed: i64) -> Segmenter {
    Segmenter::new(&ModelSpec::named("unet/resnet18", 4).unwrap(), Placement::cpu(), seed).unwrap()
}

fn write(path: &Path, tensors: &BTreeMap<String, Tensor>) {
    weights::write(path, tensors.iter().map(|(key, tensor)| (key.as_str(), tensor))).unwrap();
}

#[test]
fn a_saved_model_loads_into_the_same_logits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let (first, second) = (model(1), model(2));
    let images = Tensor::rand([1, 3, 64, 64], (Kind::Float, Device::Cpu));
    // One step in training mode moves the buffers, which must travel as well.
    let _ = first.forward_t(&images, true).unwrap();
    let wanted = first.infer(&images).unwrap();
    assert_ne!(second.infer(&images).unwrap(), wanted);
    first.weights().save(&path).unwrap();
    second.weights().load(&path).unwrap();
    assert_eq!(second.infer(&images).unwrap(), wanted);
    assert!(second.weights().parameters().all(|entry| entry.tensor.requires_grad()));

    let again = folder.path().join("again.safetensors");
    second.weights().save(&again).unwrap();
    assert_eq!(fs::read(&path).unwrap(), fs::read(&again).unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no partial file stays");
}

#[test]
fn every_difference_is_reported_together_and_nothing_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.safetensors");
    let model = model(1);
    model.weights().save(&path).unwrap();
    let before = model.weights().get("encoder.bn1.bias").unwrap().tensor.copy();

    let mut tensors = weights::read(&path).unwrap();
    let _ = tensors.insert("encoder.bn1.bias".to_owned(), before.ones_like());
    let _ = tensors.remove("encoder.layer2.0.conv1.weight").unwrap();
    let _ = tensors.insert("encoder.fc.bias".to_owned(), Tensor::from_slice(&[1f32]));
    let _ = tensors.insert("segmentation_head.0.bias".to_owned(), Tensor::from_slice(&[0f32; 5]));
    let half = tensors["encoder.conv1.weight"].to_kind(Kind::Half);
    let _ = tensors.insert("encoder.conv1.weight".to_owned(), half);
    write(&path, &tensors);

    let error = model.weights().load(&path).unwrap_err();
    let text = error.to_string();
    let WeightsError::Mismatch { mismatch, .. } = error else { panic!("{text}") };
    assert_eq!(mismatch.missing, ["encoder.layer2.0.conv1.weight"]);
    assert_eq!(mismatch.unexpected, ["encoder.fc.bias"]);
    let bias = Difference { key: "segmentation_head.0.bias".to_owned(), expected: vec![4], found: vec![5] };
    assert_eq!(mismatch.wrong_shape, [bias]);
    let conv =
        Difference { key: "encoder.conv1.weight".to_owned(), expected: Kind::Float, found: Kind::Half };
    assert_eq!(mismatch.wrong_dtype, [conv]);
    for part in
        ["other.safetensors", "1 missing", "1 unexpected", "segmentation_head.0.bias is [5], expected [4]"]
    {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(model.weights().get("encoder.bn1.bias").unwrap().tensor, before);
}

#[test]
fn only_the_count_of_batches_may_be_absent_and_it_must_fit_where_present() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stripped.safetensors");
    let model = model(1);
    model.weights().save(&path).unwrap();
    let mut tensors = weights::read(&path).unwrap();
    tensors.retain(|key, _| !key.ends_with("num_batches_tracked"));
    write(&path, &tensors);
    model.weights().load(&path).unwrap();

    let count = "encoder.bn1.num_batches_tracked".to_owned();
    let _ = tensors.insert(count.clone(), Tensor::from_slice(&[3i64]));
    write(&path, &tensors);
    let WeightsError::Mismatch { mismatch, .. } = model.weights().load(&path).unwrap_err() else { panic!() };
    assert_eq!(mismatch.wrong_shape, [Difference { key: count, expected: vec![], found: vec![1] }]);
}

#[test]
fn a_file_that_is_not_whole_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.safetensors");
    let model = model(1);
    model.weights().save(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    for length in [0, 7, 8, 100, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        let error = model.weights().load(&path).unwrap_err();
        assert!(matches!(error, WeightsError::Format { .. }), "{length}: {error}");
        assert!(error.to_string().contains("cut.safetensors"), "{error}");
    }
    let absent = model.weights().load(&folder.path().join("absent")).unwrap_err();
    assert!(matches!(absent, WeightsError::Io { .. }));
}

#[test]
fn every_dtype_survives_a_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dtypes.safetensors");
    let source = Tensor::from_slice(&[0f32, 1.0, 1.0, 0.0, 1.0, 1.0]).reshape([2, 3]);
    let kinds = [
        Kind::Float,
        Kind::Double,
        Kind::Half,
        Kind::BFloat16,
        Kind::Int64,
        Kind::Int,
        Kind::Int16,
        Kind::Int8,
        Kind::Uint8,
        Kind::Bool,
    ];
    // Transposed: bytes must be row-major whatever the strides.
    let tensors: BTreeMap<String, Tensor> =
        kinds.iter().map(|kind| (format!("{kind:?}"), source.to_kind(*kind).transpose(0, 1))).collect();
    write(&path, &tensors);
    let read = weights::read(&path).unwrap();
    assert_eq!(read.len(), kinds.len());
    for (key, tensor) in &tensors {
        assert_eq!((read[key].kind(), read[key].size()), (tensor.kind(), vec![3, 2]), "{key}");
        assert!(read[key].equal(tensor), "{key}");
    }
}

#[test]
fn buffers_are_what_batch_normalisation_keeps() {
    let model = model(1);
    let buffers = model.weights().entries().iter().filter(|entry| entry.role == Role::Buffer);
    let suffixes = [".running_mean", ".running_var", ".num_batches_tracked"];
    let count = buffers
        .inspect(|entry| {
            assert!(suffixes.iter().any(|suffix| entry.key.ends_with(suffix)), "{}", entry.key);
            assert!(!entry.tensor.requires_grad());
        })
        .count();
    // 20 norms in ResNet-18, 10 in the decoder.
    assert_eq!(count, 3 * 30);
}
