//! Models of torchvision and transformers: what they are called, and which checkpoints they take.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use tch::{Device, Kind, Tensor};
use zoo::{ModelSpec, Placement, Segmenter, outline};

fn refusal(name: &str) -> String {
    ModelSpec::named(name, 3).unwrap_err().to_string()
}

#[test]
fn a_name_from_elsewhere_is_answered_with_the_name_here() {
    let names = [
        ("fcn_resnet50", "fcn/resnet50"),
        ("deeplabv3_resnet101", "torchvision-deeplabv3/resnet101"),
        ("lraspp_mobilenet_v3_large", "lraspp/mobilenet_v3_large"),
        ("nvidia/mit-b3", "hf-segformer/mit_b3"),
        ("SegFormer-MiT-b0", "segformer/mit_b0"),
        ("U-Net++/resnet50", "unetplusplus"),
        ("DeepLabV3+/resnet50", "deeplabv3plus"),
        ("lraspp/MobileNetV3-L", "mobilenet_v3_large"),
        ("unet/MobileNetV3-L", "lraspp/mobilenet_v3_large"),
        ("fcn/ResNet-50", "resnet50"),
        ("hf-segformer/b2", "mit_b2"),
        ("openmmlab/upernet-swin-large", "hf-upernet/swin_large"),
        ("openmmlab/upernet-convnext-tiny", "hf-upernet/convnext_tiny"),
    ];
    for (given, ours) in names {
        let text = refusal(given);
        assert!(text.contains(&format!("nearest: {ours};")), "{given}: {text}");
    }
}

#[test]
fn a_pair_that_no_reference_has_is_refused_with_the_pairs_that_are_there() {
    let text = refusal("fcn/resnet18");
    assert!(text.contains("in torchvision, are resnet50, resnet101"), "{text}");
    let text = refusal("unet/mobilenet_v3_large");
    assert!(text.contains("segmentation-models-pytorch does not have this encoder; lraspp has"), "{text}");
    assert!(refusal("hf-segformer/resnet50").contains("mit_b0, mit_b1"));
    let text = refusal("upernet/convnext_base");
    assert!(
        text.contains("segmentation-models-pytorch does not have this encoder; hf-upernet has"),
        "{text}"
    );
    let text = refusal("hf-upernet/tu-convnext_base");
    assert!(text.contains("in transformers, are swin_tiny, swin_small"), "{text}");
}

#[test]
fn checkpoints_may_have_an_auxiliary_head_and_nothing_else_besides() {
    let weights = outline(&ModelSpec::named("fcn/resnet50", 21).unwrap()).unwrap();
    let mut tensors: BTreeMap<String, Tensor> =
        weights.entries().iter().map(|entry| (entry.key.clone(), entry.tensor.shallow_clone())).collect();
    assert!(weights.compare(&tensors).is_empty());
    let head = ["0.weight", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"];
    for key in head.into_iter().chain(["4.weight", "4.bias"]) {
        tensors.insert(format!("aux_classifier.{key}"), Tensor::from(0f32));
    }
    assert!(weights.compare(&tensors).is_empty());
    for stranger in ["aux_classifier.5.weight", "auxiliary_head.classifier.weight"] {
        tensors.insert(stranger.to_owned(), Tensor::from(0f32));
    }
    let mismatch = weights.compare(&tensors);
    assert_eq!(mismatch.unexpected, ["aux_classifier.5.weight", "auxiliary_head.classifier.weight"]);
    assert!(weights.entries().iter().all(|entry| !entry.key.starts_with("aux_classifier.")));
}

#[test]
fn checkpoints_of_every_release_of_transformers_fit() {
    let spec = ModelSpec::named("hf-upernet/swin_tiny", 150).unwrap();
    let unused = outline(&spec).unwrap().unused().clone();
    let earlier = "backbone.encoder.layers.2.blocks.5.attention.self.relative_position_index";
    for key in [earlier, "backbone.swin.layernorm.weight", "auxiliary_head.convs.0.conv.weight"] {
        assert!(unused.contains(key), "{key}");
    }
}

#[test]
fn dropout_acts_in_training_only_and_can_be_turned_off() {
    let images = Tensor::rand([2, 3, 64, 64], (Kind::Float, Device::Cpu));
    for (dropout, acts) in [(None, true), (Some(0.0), false)] {
        let named = ModelSpec::named("hf-segformer/mit_b0", 3).unwrap();
        let spec = ModelSpec { drop_path: Some(0.0), dropout, ..named };
        let model = Segmenter::new(&spec, Placement::cpu(), 0).unwrap();
        let run = |train| tch::no_grad(|| model.forward_t(&images, train).unwrap());
        assert_eq!(run(true) != run(true), acts, "{dropout:?}");
        assert_eq!(run(false), run(false));
    }
}
