//! Building, seeding, and the refusal of what does not fit.

#![allow(clippy::unwrap_used)]

use tch::{Device, Kind, Tensor};
use zoo::{Error, ModelSpec, Placement, Segmenter, catalog};

fn build(name: &str, seed: i64) -> Segmenter {
    Segmenter::new(&ModelSpec::named(name, 3).unwrap(), Placement::cpu(), seed).unwrap()
}

fn zeros(shape: [i64; 4]) -> Tensor {
    Tensor::zeros(shape, (Kind::Float, Device::Cpu))
}

#[test]
fn the_seed_alone_decides_the_initial_weights() {
    let weights = |seed: i64| {
        let model = build("segformer/mit_b0", seed);
        let flat: Vec<Tensor> =
            model.weights().parameters().map(|entry| entry.tensor.flatten(0, -1)).collect();
        Tensor::cat(&flat, 0)
    };
    let first = weights(5);
    // Neither earlier draws nor other threads matter.
    let _ = Tensor::rand([100], (Kind::Float, Device::Cpu));
    assert_eq!(weights(5), first);
    assert_ne!(weights(6), first);
}

#[test]
fn initial_weights_have_the_spread_of_the_references() {
    let rows = [
        // torchvision: kaiming normal, fan_out 512·9.
        ("unet/resnet18", "encoder.layer4.1.conv2.weight", (2.0f64 / 4608.0).sqrt()),
        // torchvision's DenseNet: kaiming normal, fan_in 128·9.
        (
            "unet/densenet121",
            "encoder.features.denseblock4.denselayer16.conv2.weight",
            (2.0f64 / 1152.0).sqrt(),
        ),
        // timm: kaiming normal, fan_out 1024·9, and PyTorch's own biases; in newer families fan_out is a group's, 1·9.
        ("unet/timm-resnest50d", "encoder.model.layer4.2.conv2.conv.weight", (2.0f64 / 9216.0).sqrt()),
        ("unet/timm-resnest50d", "encoder.model.layer4.2.conv2.fc2.bias", 1.0 / 16.0 / 3f64.sqrt()),
        ("unet/tu-gernet_l", "encoder.model.stages_3.1.conv2_kxk.conv.weight", (2.0f64 / 9.0).sqrt()),
        // smp's decoder: kaiming uniform, fan_in 768·9; a uniform's deviation is its bound / √3.
        ("unet/resnet18", "decoder.blocks.0.conv1.0.weight", (6.0f64 / 6912.0).sqrt() / 3f64.sqrt()),
        // smp's head: xavier uniform, fans 16·9 and 3·9.
        ("unet/resnet18", "segmentation_head.0.weight", (6.0f64 / 171.0).sqrt() / 3f64.sqrt()),
        // smp leaves DeepLab's decoder as PyTorch makes it: uniform on ±1/√fan_in, here 512·9 and 256.
        ("deeplabv3/resnet18", "decoder.aspp.convs.2.0.weight", (1.0f64 / 4608.0).sqrt() / 3f64.sqrt()),
        ("deeplabv3plus/resnet18", "decoder.aspp.1.1.weight", 1.0 / 16.0 / 3f64.sqrt()),
        ("deeplabv3/resnet18", "segmentation_head.0.weight", 1.0 / 16.0 / 3f64.sqrt()),
        ("deeplabv3/resnet18", "segmentation_head.0.bias", 1.0 / 16.0 / 3f64.sqrt()),
        // And LinkNet's transposed convolutions, here of 128 channels: fan_in 128·16.
        ("linknet/resnet18", "decoder.blocks.0.block.1.0.weight", (1.0f64 / 2048.0).sqrt() / 3f64.sqrt()),
        ("segformer/mit_b0", "encoder.block4.1.attn.kv.weight", 0.02),
        ("hf-segformer/mit_b0", "segformer.encoder.block.3.1.attention.self.key.weight", 0.02),
        ("hf-segformer/mit_b0", "segformer.encoder.patch_embeddings.3.proj.weight", 0.02),
        ("hf-segformer/mit_b0", "decode_head.linear_fuse.weight", 0.02),
        // torchvision: kaiming normal, fan_out 960; PyTorch's own for the head, uniform on ±1 / √960.
        ("lraspp/mobilenet_v3_large", "backbone.16.0.weight", (2.0f64 / 960.0).sqrt()),
        ("lraspp/mobilenet_v3_large", "classifier.cbr.0.weight", (1.0f64 / 2880.0).sqrt()),
        ("hf-upernet/convnext_tiny", "backbone.encoder.stages.3.downsampling_layer.1.weight", 0.02),
        ("hf-upernet/convnext_tiny", "decode_head.fpn_bottleneck.conv.weight", 0.02),
        // timm: kaiming normal, fan_out 48·9, in HRNet; PyTorch's own, fan_in 728, in Xception.
        ("unet/tu-hrnet_w48", "encoder.model.stage4.2.fuse_layers.0.1.0.weight", (2.0f64 / 48.0).sqrt()),
        (
            "unet/tu-xception71",
            "encoder.model.blocks_9.stack.conv2.conv_pw.weight",
            (1.0f64 / 728.0).sqrt() / 3f64.sqrt(),
        ),
        // And its depthwise convolutions: fan_out 960·9.
        ("unet/mobilenet_v2", "encoder.features.17.conv.1.0.weight", (2.0f64 / 8640.0).sqrt()),
        // smp leaves this one as PyTorch makes it, fan_in 192 and 1·25.
        ("unet/efficientnet-b0", "encoder._blocks.14._expand_conv.weight", (1.0f64 / 576.0).sqrt()),
        ("unet/efficientnet-b0", "encoder._blocks.14._depthwise_conv.weight", (1.0f64 / 75.0).sqrt()),
        // timm: normal, fan_out 4224 and, of a group, 9.
        ("unet/timm-efficientnet-b8", "encoder.blocks.6.3.conv_pw.weight", (2.0f64 / 4224.0).sqrt()),
        ("unet/timm-efficientnet-b8", "encoder.blocks.6.3.conv_dw.weight", (2.0f64 / 9.0).sqrt()),
        ("segformer/mit_b0", "encoder.patch_embed4.proj.weight", (2.0f64 / 2304.0).sqrt()),
        ("segformer/mit_b0", "encoder.block4.0.mlp.dwconv.dwconv.weight", (2.0f64 / 9.0).sqrt()),
        ("segformer/mit_b0", "decoder.mlp_stage.0.linear.weight", (6.0f64 / 512.0).sqrt() / 3f64.sqrt()),
    ];
    for (name, key, expected) in rows {
        let model = build(name, 3);
        let tensor = &model.weights().get(key).unwrap().tensor;
        let spread = tensor.square().mean(Kind::Float).sqrt().double_value(&[]);
        let tolerance = 4.0 / (tensor.numel() as f64).sqrt();
        assert!((spread / expected - 1.0).abs() < tolerance, "{key}: {spread} is not about {expected}");
    }
}

#[test]
fn residual_blocks_of_timm_start_as_their_shortcuts() {
    let rows = [
        ("unet/timm-resnest50d", "encoder.model.layer2.0.bn3.weight"),
        ("unet/timm-res2net50_26w_4s", "encoder.model.layer2.0.bn3.weight"),
        ("unet/tu-gernet_l", "encoder.model.stages_1.0.conv2_kxk.bn.weight"),
        ("unet/tu-gernet_l", "encoder.model.stages_2.0.conv3_1x1.bn.weight"),
    ];
    for (name, key) in rows {
        let model = build(name, 0);
        let weight = &model.weights().get(key).unwrap().tensor;
        assert_eq!(weight.count_nonzero(None).int64_value(&[]), 0, "{name} {key}");
    }
}

#[test]
fn an_illegal_size_is_answered_with_the_next_legal_one() {
    for name in ["unet/resnet18", "segformer/mit_b0"] {
        let model = build(name, 0);
        assert_eq!(model.stride(), 32);
        let text = model.infer(&zeros([1, 3, 500, 512])).unwrap_err().to_string();
        assert!(text.contains("multiples of 32") && text.contains("512x512"), "{text}");
        let text = model.check_size(64, 65).unwrap_err().to_string();
        assert!(text.contains("64x96"), "{text}");
        assert!(matches!(model.check_size(0, 32), Err(Error::Size { next_height: 32, .. })));
        for size in [32, 96] {
            assert_eq!(model.infer(&zeros([1, 3, size, 64])).unwrap().size(), [1, 3, size, 64]);
        }
    }
}

#[test]
fn each_architecture_takes_the_sizes_that_its_reference_takes() {
    let rows = [
        ("deeplabv3/resnet18", 8, 8),
        ("deeplabv3plus/resnet18", 16, 16),
        ("pspnet/resnet18", 8, 8),
        // Eight pixels at stride 16 are halved three times.
        ("pan/resnet18", 16, 128),
        // MiT thins its keys by 8 × 8 windows at stride 4.
        ("deeplabv3/mit_b0", 8, 32),
        ("fpn/resnet18", 32, 32),
        ("deeplabv3/tu-xception71", 8, 8),
        // HRNet computes all of its branches, whatever the depth.
        ("pspnet/tu-hrnet_w48", 32, 32),
    ];
    for (name, multiple, smallest) in rows {
        let model = build(name, 0);
        assert_eq!((model.stride(), model.min_size()), (multiple, smallest), "{name}");
        let odd = smallest + multiple;
        for [height, width] in [[smallest, smallest], [odd, smallest]] {
            let logits = model.infer(&zeros([1, 3, height, width])).unwrap();
            assert_eq!(logits.size(), [1, 3, height, width], "{name}");
        }
        let refused = model.check_size(smallest - 1, odd + 1);
        let next = odd + multiple;
        assert!(
            matches!(refused, Err(Error::Size { next_height, next_width, .. })
                if (next_height, next_width) == (smallest, next)),
            "{name}: {refused:?}"
        );
    }
}

#[test]
fn pairs_that_the_reference_does_not_offer_are_refused_with_the_reason() {
    for name in ["unetplusplus/mit_b0", "linknet/mit_b5"] {
        let text = ModelSpec::named(name, 3).unwrap_err().to_string();
        assert!(text.contains("cannot be built on mit_b"), "{text}");
    }
}

#[test]
fn every_architecture_trains() {
    for architecture in catalog::architectures() {
        let small = ["resnet18", "mit_b0", "mobilenet_v3_large", "resnet50", "convnext_tiny"];
        let mut names = small.iter().map(|encoder| format!("{architecture}/{encoder}"));
        let model = build(&names.find(|name| ModelSpec::named(name, 3).is_ok()).unwrap(), 1);
        let side = model.min_size().max(64);
        let images = Tensor::rand([2, 3, side, side], (Kind::Float, Device::Cpu));
        let logits = model.forward_t(&images, true).unwrap();
        assert_eq!(logits.size(), [2, 3, side, side]);
        logits.square().mean(Kind::Float).backward();
        for entry in model.weights().parameters() {
            let key = &entry.key;
            let gradient = entry.tensor.grad();
            // PSPNet takes three levels; the rest of the encoder is only kept for its keys.
            let unused = architecture == "pspnet"
                && ["encoder.layer3.", "encoder.layer4."].iter().any(|rest| key.starts_with(rest));
            assert_eq!(gradient.defined(), !unused, "{architecture} {key}");
            let finite = unused || gradient.isfinite().all().int64_value(&[]) == 1;
            assert!(finite, "{architecture} {key}");
        }
    }
}

#[test]
fn dropout_acts_in_training_only_and_can_be_switched_off() {
    for architecture in ["deeplabv3", "deeplabv3plus", "fpn", "pspnet"] {
        let spec = ModelSpec::named(&format!("{architecture}/resnet18"), 3).unwrap();
        let images = Tensor::rand([2, 3, 64, 64], (Kind::Double, Device::Cpu));
        let twice = |spec: &ModelSpec, train: bool| {
            let model =
                Segmenter::new(spec, Placement { device: Device::Cpu, kind: Kind::Double }, 0).unwrap();
            [(); 2].map(|()| model.forward_t(&images, train).unwrap())
        };
        let without = ModelSpec { dropout: Some(0.0), ..spec.clone() };
        // Sums may round differently from one call to the next, and batch statistics of few values magnify it.
        let close = |[first, second]: &[Tensor; 2]| first.allclose(second, 1e-6, 1e-6, false);
        let ([with, _], without) = (twice(&spec, true), twice(&without, true));
        assert!(close(&without), "{architecture}");
        // Not two passes with dropout: the generator is the process's, and other tests may seed it between them.
        let [without, _] = without;
        assert!(!close(&[with, without]), "{architecture}");
        assert!(close(&twice(&spec, false)), "{architecture}");
    }
}

#[test]
fn images_that_do_not_fit_are_refused() {
    let model = build("unet/resnet18", 0);
    for shape in [[1, 1, 64, 64], [0, 3, 64, 64], [1, 3, 0, 64]] {
        assert!(matches!(model.infer(&zeros(shape)), Err(Error::Shape { .. })), "{shape:?}");
    }
    assert!(matches!(model.infer(&zeros([1, 3, 64, 64]).squeeze()), Err(Error::Shape { .. })));
    let bytes = zeros([1, 3, 64, 64]).to_kind(Kind::Uint8);
    let text = model.infer(&bytes).unwrap_err().to_string();
    assert!(text.contains("Uint8") && text.contains("Float"), "{text}");
}

#[test]
fn a_training_batch_without_variance_is_refused_and_a_single_larger_image_is_not() {
    let model = build("unet/resnet18", 0);
    assert!(matches!(model.forward_t(&zeros([1, 3, 32, 32]), true), Err(Error::BatchTooSmall { .. })));
    let logits = model.forward_t(&zeros([1, 3, 32, 64]), true).unwrap();
    assert!(logits.isfinite().all().int64_value(&[]) == 1);
    // Where the architecture or the encoder pools to a pixel, the size of the image does not help.
    for name in ["upernet/resnet18", "unet/timm-resnest50d"] {
        let model = build(name, 0);
        assert!(matches!(model.forward_t(&zeros([1, 3, 64, 64]), true), Err(Error::BatchTooSmall { .. })));
        assert!(model.forward_t(&zeros([2, 3, 64, 64]), true).is_ok());
    }
}

#[test]
fn names_and_fields_are_checked_with_the_nearest_legal_value() {
    let text = ModelSpec::named("unet/resnet43", 3).unwrap_err().to_string();
    assert!(text.contains("nearest: resnet34") && text.contains("mit_b0"), "{text}");
    let text = ModelSpec::named("u-net/resnet34", 3).unwrap_err().to_string();
    assert!(text.contains("nearest: unet"), "{text}");
    assert!(matches!(ModelSpec::named("unet", 3), Err(Error::ModelName { .. })));
    assert!(matches!(ModelSpec::named("unet/resnet34", 0), Err(Error::Field { field: "classes", .. })));
    let spec = ModelSpec { drop_path: Some(1.0), ..ModelSpec::named("segformer/mit_b0", 3).unwrap() };
    let refused = Segmenter::new(&spec, Placement::cpu(), 0);
    assert!(matches!(refused, Err(Error::Field { field: "drop_path", .. })));
    let spec = ModelSpec { dropout: Some(-0.1), ..ModelSpec::named("fpn/resnet18", 3).unwrap() };
    let refused = Segmenter::new(&spec, Placement::cpu(), 0);
    assert!(matches!(refused, Err(Error::Field { field: "dropout", .. })));
    let half = Placement { device: Device::Cpu, kind: Kind::Half };
    let refused = Segmenter::new(&ModelSpec::named("unet/resnet18", 3).unwrap(), half, 0);
    assert!(matches!(refused, Err(Error::Field { field: "kind", .. })));
}

#[test]
fn a_specification_survives_json_and_rejects_unknown_fields() {
    let spec = ModelSpec::named("segformer/mit_b2", 29).unwrap();
    let json = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<ModelSpec>(&json).unwrap(), spec);
    let with_extra = json.replace('{', r#"{"depth": 4, "#);
    assert!(serde_json::from_str::<ModelSpec>(&with_extra).is_err());
}

#[test]
fn grey_images_train_and_stochastic_depth_acts_in_training_only() {
    let spec = ModelSpec {
        in_channels: 1,
        drop_path: Some(0.9),
        ..ModelSpec::named("segformer/mit_b0", 3).unwrap()
    };
    let model = Segmenter::new(&spec, Placement::cpu(), 0).unwrap();
    let images = Tensor::rand([4, 1, 32, 32], (Kind::Float, Device::Cpu));
    assert_eq!(model.infer(&images).unwrap(), model.infer(&images).unwrap());
    let first = model.forward_t(&images, true).unwrap();
    assert_ne!(model.forward_t(&images, true).unwrap(), first);
    first.mean(Kind::Float).backward();
    assert!(model.weights().parameters().all(|entry| entry.tensor.grad().defined()));
    model.weights().drop_gradients();
    assert!(model.weights().parameters().all(|entry| !entry.tensor.grad().defined()));
}
