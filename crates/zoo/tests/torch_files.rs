//! Files of PyTorch as training programs leave them: any name, other tensors beside the state dict, wrappers before the
//! keys, other precisions. They are made here byte for byte as `torch.save` does.

#![allow(clippy::unwrap_used)]

mod archive;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use archive::{Value, save};
use checkpoint::{Normalisation, Part};
use tch::{Kind, Tensor};
use zoo::weights::{self, Source, WeightsError};
use zoo::{ModelSpec, Placement, Segmenter};

/// A small one.
const MODEL: &str = "segformer/mit_b0";
/// A key of its encoder.
const KEY: &str = "encoder.patch_embed1.proj.weight";

fn model(seed: i64) -> Segmenter {
    Segmenter::new(&ModelSpec::named(MODEL, 2).unwrap(), Placement::cpu(), seed).unwrap()
}

fn state(model: &Segmenter) -> BTreeMap<String, Tensor> {
    let entries = model.weights().entries().iter();
    entries.map(|entry| (entry.key.clone(), entry.tensor.detach())).collect()
}

/// A state dict whose keys begin with `before` and whose floating-point tensors are of the kinds in turn.
fn dictionary(tensors: &BTreeMap<String, Tensor>, before: &str, kinds: &[Kind]) -> Value {
    let mut kinds = kinds.iter().cycle();
    let entries = tensors.iter().map(|(key, tensor)| {
        let float = tensor.kind() == Kind::Float;
        let kind = if float { *kinds.next().unwrap() } else { tensor.kind() };
        (format!("{before}{key}"), Value::of(&tensor.to_kind(kind)))
    });
    Value::Dict(entries.collect())
}

fn file(folder: &Path, stem: &str, value: &Value) -> Source {
    let path = folder.join(format!("{stem}.pt"));
    fs::write(&path, save(stem, value)).unwrap();
    Source::File(path)
}

fn single(key: &str, values: &[f32]) -> Value {
    Value::Dict(vec![(key.to_owned(), Value::of(&Tensor::from_slice(values)))])
}

#[test]
fn a_file_is_read_whatever_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let refused: Vec<String> = (1..=64)
        .flat_map(|length| {
            // Storages of other lengths put the archive's records elsewhere.
            [1usize, 3, 16].map(|elements| {
                let values = vec![1.5f32; elements];
                let stem = "UnetPlusPlus_resnet50_".repeat(3)[..length].to_owned();
                let source = file(folder.path(), &stem, &single("encoder.conv1.weight", &values));
                match source.tensors() {
                    Ok((tensors, told)) => {
                        assert_eq!(tensors["encoder.conv1.weight"], Tensor::from_slice(&values));
                        assert!(told.is_empty(), "{told:?}");
                        String::new()
                    }
                    Err(error) => format!("{length}: {error}"),
                }
            })
        })
        .filter(|refusal| !refusal.is_empty())
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn tensors_beside_the_state_dict_are_passed_over_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let scalar = || Value::of(&Tensor::from(0.25f32));
    for name in ["state_dict", "model_state_dict", "model"] {
        let saved = Value::Dict(vec![
            ("epoch".to_owned(), Value::Int(5)),
            ("loss".to_owned(), scalar()),
            (name.to_owned(), single("weight", &[1.0, 2.0])),
            ("best".to_owned(), scalar()),
        ]);
        let (tensors, told) = file(folder.path(), "beside", &saved).tensors().unwrap();
        assert_eq!(tensors.len(), 1);
        assert_eq!(tensors["weight"], Tensor::from_slice(&[1.0f32, 2.0]));
        assert_eq!(
            told,
            [
                format!("the tensors below `{name}` were taken"),
                format!("tensors beside `{name}` were passed over: loss, best")
            ]
        );
    }
}

#[test]
fn wrappers_before_every_key_are_taken_off_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let from = model(1);
    let wanted = state(&from);
    let beginnings =
        ["module.", "model.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "model.module.model."];
    for before in beginnings {
        let saved = file(folder.path(), "wrapped", &dictionary(&wanted, before, &[Kind::Float]));
        let path = folder.path().join("wrapped.safetensors");
        let renamed: Vec<(String, &Tensor)> =
            wanted.iter().map(|(key, tensor)| (format!("{before}{key}"), tensor)).collect();
        weights::write(&path, renamed.iter().map(|(key, tensor)| (key.as_str(), *tensor))).unwrap();
        for source in [saved, Source::File(path)] {
            let to = model(2);
            let loaded = to.load(&source, false).unwrap();
            assert_eq!(loaded.told[0], format!("every key begins with `{before}`, which was taken off"));
            assert_eq!(loaded.pretrained.changes, loaded.told[..1]);
            assert_eq!(state(&to), wanted);
        }
        let encoder: BTreeMap<String, Tensor> = wanted
            .iter()
            .filter_map(|(key, tensor)| Some((key.strip_prefix("encoder.")?.to_owned(), tensor.detach())))
            .collect();
        let to = model(2);
        let loaded = to
            .load_encoder(&file(folder.path(), "encoder", &dictionary(&encoder, before, &[Kind::Float])))
            .unwrap();
        assert!(loaded.told[0].contains(before), "{:?}", loaded.told);
        assert_eq!(state(&to)[KEY], wanted[KEY]);
    }
}

#[test]
fn what_only_some_keys_begin_with_stays_and_all_differences_are_told_together() {
    let folder = tempfile::tempdir().unwrap();
    let mut tensors = state(&model(1));
    let moved = tensors.remove(KEY).unwrap();
    let _ = tensors.insert(format!("module.{KEY}"), moved);
    let _ = tensors.insert("segmentation_head.0.bias".to_owned(), Tensor::from_slice(&[0f32; 5]));
    let source = file(folder.path(), "some", &dictionary(&tensors, "", &[Kind::Half]));
    let WeightsError::Mismatch { mismatch, .. } = model(2).load(&source, false).unwrap_err() else {
        panic!()
    };
    assert_eq!(mismatch.missing, [KEY]);
    assert_eq!(mismatch.unexpected, [format!("module.{KEY}")]);
    assert_eq!(mismatch.wrong_shape.len(), 1);
    assert!(mismatch.wrong_dtype.is_empty(), "{mismatch}");
}

#[test]
fn other_precisions_are_cast_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let from = model(1);
    let wanted = state(&from);
    let floats = wanted.values().filter(|tensor| tensor.kind() == Kind::Float).count();
    for (kind, name) in
        [(Kind::Half, "half precision"), (Kind::BFloat16, "bfloat16"), (Kind::Double, "double precision")]
    {
        let source = file(folder.path(), "cast", &dictionary(&wanted, "", &[kind]));
        let to = model(2);
        let told = to.load(&source, false).unwrap().told;
        assert_eq!(told[0], format!("{floats} tensor(s) of {name} were cast to single precision"));
        for (key, tensor) in state(&to) {
            assert_eq!(tensor, wanted[&key].to_kind(kind).to_kind(tensor.kind()), "{key}");
        }
    }
    let mixed = [Kind::Float, Kind::Half, Kind::Double, Kind::BFloat16];
    let source = file(folder.path(), "mixed", &dictionary(&wanted, "", &mixed));
    assert_eq!(model(2).load(&source, false).unwrap().pretrained.changes.len(), 3);
    // Doubles fit a model in double precision as they are.
    let spec = ModelSpec::named(MODEL, 2).unwrap();
    let double = Segmenter::new(&spec, Placement { kind: Kind::Double, ..Placement::cpu() }, 2).unwrap();
    let source = file(folder.path(), "double", &dictionary(&wanted, "", &[Kind::Double]));
    assert!(double.load(&source, false).unwrap().pretrained.changes.is_empty());
}

#[test]
fn what_a_checkpoint_says_of_them_is_known_or_said_to_be_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = state(&model(1));
    let encoder: BTreeMap<String, Tensor> = tensors
        .iter()
        .filter_map(|(key, tensor)| Some((key.strip_prefix("encoder.")?.to_owned(), tensor.detach())))
        .collect();
    let source = file(folder.path(), "encoder", &dictionary(&encoder, "", &[Kind::Half]));
    let loaded = model(2).load_encoder(&source).unwrap();
    assert_eq!(loaded.told.last().unwrap(), "whose they are, and under which licence, is unknown");
    let pretrained = loaded.pretrained;
    assert_eq!((pretrained.part, pretrained.sha256.len()), (Part::Encoder, 64));
    assert_eq!((&pretrained.source, &pretrained.published, &pretrained.licence), (&None, &None, &None));
    // All that is published of this encoder in this layout has ImageNet's.
    assert_eq!(pretrained.normalisation, Some(Normalisation::Imagenet));
    assert_eq!(pretrained.layout.as_deref(), Some("segmentation-models-pytorch, timm or torchvision"));
    assert!(pretrained.changes[0].contains("half precision"), "{:?}", pretrained.changes);

    // Of a whole model that somebody trained nothing is known.
    let whole = file(folder.path(), "whole", &dictionary(&tensors, "", &[Kind::Float]));
    let pretrained = model(2).load(&whole, false).unwrap().pretrained;
    assert_eq!((pretrained.part, pretrained.normalisation, pretrained.layout), (Part::Model, None, None));
}

#[test]
fn storages_are_shared_but_not_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Value::of(&Tensor::zeros([1000], (Kind::Float, tch::Device::Cpu)));
    let Value::Tensor(element, bytes, size) = storage else { panic!() };
    let views = |count: usize| {
        let mut entries = vec![("whole".to_owned(), Value::Tensor(element, bytes.clone(), size.clone()))];
        entries.extend((1..count).map(|number| (format!("view{number}"), Value::Again(0))));
        Value::Dict(entries)
    };
    let (tensors, _) = file(folder.path(), "tied", &views(3)).tensors().unwrap();
    assert_eq!(tensors["view2"].size(), [1000]);
    let refusal = file(folder.path(), "endless", &views(2000)).tensors().unwrap_err().to_string();
    assert!(refusal.contains("share more memory"), "{refusal}");
}
