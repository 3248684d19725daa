//! Encoder weights in the layouts of other libraries, key by key: what they call the layers, in their order, is ours.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use tch::{Device, Kind, Tensor};
use zoo::weights::{self, Source};
use zoo::{ModelSpec, Placement, Segmenter};

/// The keys of a convolution and its normalisation.
fn pair(conv: &str, norm: &str) -> Vec<String> {
    let mut keys = vec![format!("{conv}.weight")];
    let parts = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"];
    keys.extend(parts.map(|part| format!("{norm}.{part}")));
    keys
}

fn squeeze(names: [String; 2]) -> Vec<String> {
    names.iter().flat_map(|name| [format!("{name}.weight"), format!("{name}.bias")]).collect()
}

/// The keys of timm's MobileNetV2 and EfficientNet with stages of so many blocks.
fn timm(stages: &[usize], squeezed: bool) -> Vec<String> {
    let mut keys = pair("conv_stem", "bn1");
    for (stage, &blocks) in stages.iter().enumerate() {
        for block in 0..blocks {
            let at = |name: &str| format!("blocks.{stage}.{block}.{name}");
            let names: &[_] = match stage {
                0 => &[("conv_dw", "bn1"), ("conv_pw", "bn2")],
                _ => &[("conv_pw", "bn1"), ("conv_dw", "bn2"), ("conv_pwl", "bn3")],
            };
            for (index, (conv, norm)) in names.iter().enumerate() {
                if squeezed && index + 1 == names.len() {
                    keys.extend(squeeze(["se.conv_reduce", "se.conv_expand"].map(at)));
                }
                keys.extend(pair(&at(conv), &at(norm)));
            }
        }
    }
    keys.extend(pair("conv_head", "bn2"));
    keys
}

/// The keys of torchvision's EfficientNet with stages of so many blocks.
fn torchvision(stages: &[usize]) -> Vec<String> {
    let mut keys = pair("features.0.0", "features.0.1");
    for (stage, &blocks) in (1..).zip(stages) {
        for block in 0..blocks {
            let at = |name: &str| format!("features.{stage}.{block}.block.{name}");
            let squeezed = if stage == 1 { 1 } else { 2 };
            for index in 0..squeezed {
                keys.extend(pair(&at(&format!("{index}.0")), &at(&format!("{index}.1"))));
            }
            keys.extend(squeeze(["fc1", "fc2"].map(|name| at(&format!("{squeezed}.{name}")))));
            let last = squeezed + 1;
            keys.extend(pair(&at(&format!("{last}.0")), &at(&format!("{last}.1"))));
        }
    }
    keys.extend(pair("features.8.0", "features.8.1"));
    keys
}

fn model(encoder: &str, seed: i64) -> Segmenter {
    let spec = ModelSpec::named(&format!("unet/{encoder}"), 2).unwrap();
    Segmenter::new(&spec, Placement::cpu(), seed).unwrap()
}

/// The encoder's tensors in the order of its keys.
fn encoder(model: &Segmenter) -> Vec<Tensor> {
    let entries = model.weights().entries().iter().filter(|entry| entry.key.starts_with("encoder."));
    entries.map(|entry| entry.tensor.detach()).collect()
}

#[test]
fn inverted_residuals_are_found_where_timm_and_torchvision_have_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("encoder.safetensors");
    let b0 = [1, 2, 2, 3, 3, 4, 1];
    let b3 = [2, 3, 3, 5, 5, 6, 2];
    let rows = [
        ("mobilenet_v2", "timm", timm(&[1, 2, 3, 4, 3, 3, 1], false)),
        ("efficientnet-b0", "timm", timm(&b0, true)),
        ("efficientnet-b3", "timm", timm(&b3, true)),
        ("efficientnet-b0", "torchvision", torchvision(&b0)),
        ("efficientnet-b3", "torchvision", torchvision(&b3)),
    ];
    for (name, library, keys) in rows {
        let (from, to) = (model(name, 1), model(name, 2));
        let tensors = encoder(&from);
        assert_eq!(tensors.len(), keys.len(), "{name} as in {library}");
        let mut published: BTreeMap<String, Tensor> = keys.into_iter().zip(tensors).collect();
        let bias = Tensor::zeros([1000], (Kind::Float, Device::Cpu));
        published.insert("classifier.1.bias".to_owned(), bias);
        weights::write(&path, published.iter().map(|(key, tensor)| (key.as_str(), tensor))).unwrap();
        let told = to.load_encoder(&Source::File(path.clone())).unwrap().told.join("; ");
        assert!(told.contains(library) && told.contains("classifier.1.bias"), "{told}");
        assert_eq!(encoder(&to), encoder(&from), "{name} as in {library}");
    }
}
