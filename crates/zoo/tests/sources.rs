//! Weights of every source: PyTorch's files, shards, other heads, other input channels, encoders in other layouts.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tch::{Device, Kind, Tensor};
use zoo::weights::{self, Source, WeightsError};
use zoo::{ModelSpec, Placement, Segmenter};

fn model(name: &str, classes: i64, in_channels: i64, seed: i64) -> Segmenter {
    let spec = ModelSpec { in_channels, ..ModelSpec::named(name, classes).unwrap() };
    Segmenter::new(&spec, Placement::cpu(), seed).unwrap()
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/zoo/torch").join(name)
}

fn write(path: &Path, tensors: &BTreeMap<String, Tensor>) -> Source {
    weights::write(path, tensors.iter().map(|(key, tensor)| (key.as_str(), tensor))).unwrap();
    Source::File(path.to_owned())
}

fn state(model: &Segmenter) -> BTreeMap<String, Tensor> {
    let entries = model.weights().entries().iter();
    entries.map(|entry| (entry.key.clone(), entry.tensor.detach())).collect()
}

fn infer(model: &Segmenter, images: &Tensor) -> Tensor {
    model.infer(images).unwrap()
}

/// The largest difference over the largest value.
fn error(ours: &Tensor, reference: &Tensor) -> f64 {
    let largest = |tensor: Tensor| tensor.abs().max().to_kind(Kind::Double).double_value(&[]);
    largest(ours - reference) / largest(reference.shallow_clone())
}

#[test]
fn state_dicts_of_pytorch_are_read_from_both_of_its_formats() {
    let whole = Tensor::arange(12, (Kind::Float, Device::Cpu)).reshape([3, 4]) / 8.0;
    for name in ["zip.pt", "legacy.pth"] {
        let (tensors, told) = Source::File(golden(name)).tensors().unwrap();
        assert!(told.is_empty(), "{told:?}");
        assert_eq!(tensors.len(), 10);
        assert_eq!(tensors["whole"], whole);
        assert_eq!(tensors["part"], whole.narrow(0, 1, 2).narrow(1, 2, 2));
        assert_eq!(tensors["turned"], whole.transpose(0, 1));
        assert_eq!(tensors["parameter"], Tensor::from_slice(&[1.5f32, -2.0]));
        assert_eq!((tensors["count"].int64_value(&[]), tensors["count"].size()), (7, vec![]));
        for (key, kind) in [("half", Kind::Half), ("brain", Kind::BFloat16)] {
            assert_eq!(tensors[key].kind(), kind);
            assert_eq!(tensors[key].to_kind(Kind::Float), Tensor::from_slice(&[0.5f32, 2.0]));
        }
        assert_eq!(tensors["double"], Tensor::from_slice(&[0.1f64]));
        assert_eq!(tensors["flags"], Tensor::from_slice(&[true, false]));
        assert_eq!(tensors["empty"].size(), [0, 3]);
    }
}

#[test]
fn a_state_dict_within_a_dictionary_is_taken_and_told() {
    let (tensors, told) = Source::File(golden("wrapped.pt")).tensors().unwrap();
    assert_eq!(tensors["module.weight"], Tensor::from_slice(&[0.5f32, 0.5]).reshape([1, 2]));
    assert_eq!(tensors["module.bias"], Tensor::from_slice(&[1.5f32]));
    assert_eq!(told, ["the tensors below `state_dict` were taken"]);
}

#[test]
fn what_is_no_plain_state_dict_is_refused_with_the_reason() {
    let refusal = |path: PathBuf| Source::File(path).tensors().unwrap_err().to_string();
    let strange = refusal(golden("strange.pt"));
    assert!(
        strange.contains("`argparse.Namespace`") && strange.contains("nothing is ever executed"),
        "{strange}"
    );
    assert!(refusal(golden("untensored.pt")).contains("no state dict in it: its keys are [\"weights\"]"));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pth");
    let legacy = fs::read(golden("legacy.pth")).unwrap();
    // A pickle that would run a command, had it a reader that calls what it names.
    let mut harmful = legacy[..15].to_vec();
    harmful.extend(b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.");
    fs::write(&path, harmful).unwrap();
    assert!(refusal(path.clone()).contains("`os.system`"));
    // Cut or damaged anywhere, a file is refused or read, but nothing panics.
    for length in 0..legacy.len() {
        fs::write(&path, &legacy[..length]).unwrap();
        assert!(Source::File(path.clone()).tensors().is_err(), "{length}");
    }
    for at in (0..legacy.len()).step_by(3) {
        let mut damaged = legacy.clone();
        damaged[at] ^= 0x15;
        fs::write(&path, damaged).unwrap();
        let _ = Source::File(path.clone()).tensors();
    }
}

#[test]
fn shards_are_read_by_their_index_which_must_be_right() {
    let folder = tempfile::tempdir().unwrap();
    let from = model("unet/resnet18", 3, 3, 1);
    let (mut map, mut shards) = (BTreeMap::new(), [BTreeMap::new(), BTreeMap::new()]);
    for (number, (key, tensor)) in state(&from).into_iter().enumerate() {
        map.insert(key.clone(), format!("{}.safetensors", number % 2));
        shards[number % 2].insert(key, tensor);
    }
    for (number, shard) in shards.iter().enumerate() {
        write(&folder.path().join(format!("{number}.safetensors")), shard);
    }
    let path = folder.path().join("model.safetensors.index.json");
    let index = |map: &BTreeMap<String, String>| {
        fs::write(&path, serde_json::json!({ "metadata": {}, "weight_map": map }).to_string()).unwrap();
        Source::File(path.clone())
    };
    let to = model("unet/resnet18", 3, 3, 2);
    to.load(&index(&map), false).unwrap();
    let images = Tensor::rand([1, 3, 64, 64], (Kind::Float, Device::Cpu));
    assert_eq!(infer(&to, &images), infer(&from, &images));

    let mut wrong = map.clone();
    wrong.insert("absent".to_owned(), "0.safetensors".to_owned());
    assert!(to.load(&index(&wrong), false).unwrap_err().to_string().contains("0.safetensors lacks absent"));
    wrong.insert("absent".to_owned(), "../0.safetensors".to_owned());
    assert!(to.load(&index(&wrong), false).unwrap_err().to_string().contains("is no file beside it"));
}

#[test]
fn a_head_of_other_classes_is_replaced_when_asked_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let from = model("segformer/mit_b0", 4, 3, 1);
    let source = write(&folder.path().join("four.safetensors"), &state(&from));
    let to = model("segformer/mit_b0", 6, 3, 2);
    let head = to.weights().get("segmentation_head.0.weight").unwrap().tensor.copy();
    let refusal = to.load(&source, false).unwrap_err();
    assert!(refusal.to_string().contains("with --replace-head"), "{refusal}");
    let told = to.load(&source, true).unwrap().pretrained.changes;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1].contains("segmentation_head.0.weight is of 4 classes: a fresh one of 6"), "{told:?}");
    assert_eq!(to.weights().get("segmentation_head.0.weight").unwrap().tensor, head);
    let encoder = |model: &Segmenter| model.weights().get("encoder.norm1.weight").unwrap().tensor.copy();
    assert_eq!(encoder(&to), encoder(&from));

    // A head that fits is not replaced, and another fault stays a fault.
    assert!(model("segformer/mit_b0", 4, 3, 2).load(&source, true).unwrap().pretrained.changes.is_empty());
    let mut lacking = state(&from);
    lacking.remove("encoder.norm1.weight");
    let source = write(&folder.path().join("lacking.safetensors"), &lacking);
    let WeightsError::Mismatch { mismatch, .. } = to.load(&source, true).unwrap_err() else { panic!() };
    assert_eq!(mismatch.missing, ["encoder.norm1.weight"]);
    assert!(mismatch.wrong_shape.is_empty());
}

#[test]
fn the_first_convolution_is_folded_for_grey_images() {
    let folder = tempfile::tempdir().unwrap();
    let grey = Tensor::rand([1, 1, 64, 64], (Kind::Float, Device::Cpu));
    let three = grey.expand([1, 3, 64, 64], false);
    for name in ["unet/resnet18", "segformer/mit_b0"] {
        let colour = model(name, 3, 3, 1);
        let source = write(&folder.path().join("colour.safetensors"), &state(&colour));
        let single = model(name, 3, 1, 2);
        let told = single.load(&source, false).unwrap().told;
        assert!(told[0].contains("is for 3 input channel(s): folded for 1"), "{told:?}");
        assert!(error(&infer(&single, &grey), &infer(&colour, &three)) < 1e-5);

        let source = write(&folder.path().join("grey.safetensors"), &state(&single));
        let again = model(name, 3, 3, 3);
        again.load(&source, false).unwrap();
        assert!(error(&infer(&again, &three), &infer(&single, &grey)) < 1e-5);
    }
}

/// An encoder's weights as transformers' ResNet and SegFormer keep them.
fn in_transformers_layout(encoder: &BTreeMap<String, Tensor>) -> BTreeMap<String, Tensor> {
    let mut renamed = BTreeMap::new();
    for (key, tensor) in encoder {
        let parts: Vec<&str> = key.split('.').collect();
        let less = |part: &str| part[part.len() - 1..].parse::<usize>().unwrap() - 1;
        let last = parts[parts.len() - 1];
        let new = match parts.as_slice() {
            ["conv1", _] => format!("resnet.embedder.embedder.convolution.{last}"),
            ["bn1", _] => format!("resnet.embedder.embedder.normalization.{last}"),
            [layer, block, "downsample", kind, _] => {
                let kind = if *kind == "0" { "convolution" } else { "normalization" };
                format!("resnet.encoder.stages.{}.layers.{block}.shortcut.{kind}.{last}", less(layer))
            }
            [layer, block, part, _] if layer.starts_with("layer") => {
                let kind = if part.starts_with("conv") { "convolution" } else { "normalization" };
                let (stage, index) = (less(layer), less(part));
                format!("resnet.encoder.stages.{stage}.layers.{block}.layer.{index}.{kind}.{last}")
            }
            _ => panic!("{key}"),
        };
        renamed.insert(new, tensor.shallow_clone());
    }
    renamed
}

#[test]
fn what_no_classifier_has_starts_afresh_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let [from, to] = [1, 2].map(|seed| model("hf-upernet/convnext_tiny", 3, 3, seed));
    let mut classifier: BTreeMap<String, Tensor> = state(&from)
        .into_iter()
        .filter_map(|(key, tensor)| Some((key.strip_prefix("backbone.")?.to_owned(), tensor)))
        .filter(|(key, _)| !key.starts_with("hidden_states_norms."))
        .map(|(key, tensor)| (format!("convnext.{key}"), tensor))
        .collect();
    let told = to.load_encoder(&write(&folder.path().join("whole.safetensors"), &classifier)).unwrap().told;
    assert!(told.join("; ").contains("afresh: hidden_states_norms.stage1.bias"), "{told:?}");
    let key = "backbone.encoder.stages.3.layers.2.pwconv2.weight";
    let [ours, theirs] = [&to, &from].map(|model| model.weights().get(key).unwrap().tensor.detach());
    assert_eq!(ours, theirs);

    classifier.retain(|key, _| key.starts_with("convnext.embeddings."));
    let refusal = to.load_encoder(&write(&folder.path().join("part.safetensors"), &classifier)).unwrap_err();
    let WeightsError::Mismatch { mismatch, .. } = refusal else { panic!("{refusal}") };
    assert!(mismatch.missing.iter().all(|key| key.starts_with("backbone.encoder.")), "{mismatch}");
}

#[test]
fn encoders_are_found_in_other_layouts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("encoder.safetensors");
    let from = model("unet/resnet18", 3, 3, 1);
    let of = |model: &Segmenter| -> BTreeMap<String, Tensor> {
        let state = state(model).into_iter();
        state.filter_map(|(key, tensor)| Some((key.strip_prefix("encoder.")?.to_owned(), tensor))).collect()
    };
    let mut plain = of(&from);
    plain.insert("fc.weight".to_owned(), Tensor::zeros([10, 512], (Kind::Float, Device::Cpu)));
    plain.insert("fc.bias".to_owned(), Tensor::zeros([10], (Kind::Float, Device::Cpu)));
    let mut foreign = in_transformers_layout(&of(&from));
    foreign.insert("classifier.1.bias".to_owned(), Tensor::zeros([10], (Kind::Float, Device::Cpu)));
    for (tensors, layout, left) in
        [(&plain, "torchvision", "fc.bias, fc.weight"), (&foreign, "transformers", "classifier.1.bias")]
    {
        let source = write(&path, tensors);
        let to = model("unet/resnet18", 5, 3, 2);
        let head = to.weights().get("segmentation_head.0.weight").unwrap().tensor.copy();
        let told = to.load_encoder(&source).unwrap().told.join("; ");
        assert!(told.contains(layout) && told.contains(left), "{told}");
        for (key, tensor) in of(&to) {
            assert_eq!(tensor, of(&from)[&key], "{key}");
        }
        assert_eq!(to.weights().get("segmentation_head.0.weight").unwrap().tensor, head);
    }

    plain.remove("layer2.0.conv1.weight");
    plain.insert("neck.weight".to_owned(), Tensor::zeros([1], (Kind::Float, Device::Cpu)));
    let WeightsError::Mismatch { mismatch, .. } = from.load_encoder(&write(&path, &plain)).unwrap_err()
    else {
        panic!()
    };
    assert_eq!(mismatch.missing, ["encoder.layer2.0.conv1.weight"]);
    assert_eq!(mismatch.unexpected, ["encoder.neck.weight"]);
}
