//! UPerNet as transformers has it.
//!
//! Xiao, Liu, Zhou, Jiang, Sun: Unified Perceptual Parsing, 2018 (arXiv:1807.10221), in the form of transformers'
//! `UperNetForSemanticSegmentation` and with the keys of the published `openmmlab/upernet-*` checkpoints. Its encoders
//! normalise their maps themselves.
//!
//! | 512² input, swin_tiny                   | in                    | out              |
//! |-----------------------------------------|-----------------------|------------------|
//! | `decode_head.psp_modules.0` … `.3`      | 768 × 1², 2², 3², 6²  | 4 × 512 × 16²    |
//! | `decode_head.bottleneck`                | 2816 × 16²            | 512 × 16²        |
//! | `decode_head.lateral_convs.0` … `.2`    | 96 × 128² … 384 × 32² | 512 × 128² … 32² |
//! | `decode_head.fpn_convs.0` … `.2`        | 512 × 128² … 32²      | the same         |
//! | `decode_head.fpn_bottleneck`            | 2048 × 128²           | 512 × 128²       |
//! | `decode_head.classifier`                | 512 × 128²            | classes × 128²   |
//! | upsampled                               |                       | classes × 512²   |

use super::upernet::{LevelFusion, Part};
use super::{Architecture, Decoder, DecoderOptions, TRANSFORMERS};
use crate::Coarse;
use crate::layers::{Conv2d, ConvNorm, ConvNormRelu, ConvShape};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

const CHANNELS: i64 = 512;
/// Channels of the auxiliary head.
const AUXILIARY_CHANNELS: i64 = 256;
/// The position whose map the auxiliary head looks at.
const AUXILIARY: usize = 4;
const INIT: Init = Init::Normal { std: 0.02 };

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "hf-upernet",
    known_as: "openmmlab/upernet-",
    encoders: &[
        "swin_tiny",
        "swin_small",
        "swin_base",
        "swin_large",
        "convnext_tiny",
        "convnext_small",
        "convnext_base",
    ],
    pools: true,
    build: |scope, options| {
        auxiliary(&scope.unused("auxiliary_head"), options);
        Box::new(UPerNet::new(&scope.at("decode_head"), options))
    },
    ..TRANSFORMERS
};

/// Names the keys of the head that published checkpoints have for a second loss in training; logits don't need it.
fn auxiliary(scope: &Scope, options: &DecoderOptions) {
    conv(&scope.at("convs").at(0), ConvShape::same(options.channels(AUXILIARY), AUXILIARY_CHANNELS, 3));
    classifier(scope, AUXILIARY_CHANNELS, options);
}

fn conv(scope: &Scope, shape: ConvShape) -> ConvNormRelu {
    ConvNormRelu::of(ConvNorm::new(&scope.at("conv"), &scope.at("batch_norm"), shape, INIT))
}

fn classifier(scope: &Scope, inputs: i64, options: &DecoderOptions) -> Conv2d {
    Conv2d::with_bias(&scope.at("classifier"), ConvShape::same(inputs, options.classes, 1), INIT)
}

#[derive(Debug)]
struct UPerNet {
    classifier: Conv2d,
    fusion: LevelFusion,
}

impl UPerNet {
    fn new(scope: &Scope, options: &DecoderOptions) -> Self {
        let part = |part: Part, shape: ConvShape| {
            let scope = match part {
                Part::Pooled(index) => scope.at("psp_modules").at(index).at(1),
                Part::Context => scope.at("bottleneck"),
                Part::Lateral(level) => scope.at("lateral_convs").at(level),
                Part::Smoothed(level) => scope.at("fpn_convs").at(level),
                Part::Fused => scope.at("fpn_bottleneck"),
            };
            conv(&scope, shape)
        };
        Self {
            classifier: classifier(scope, CHANNELS, options),
            fusion: LevelFusion::new(options, CHANNELS, part),
        }
    }
}

impl Decoder for UPerNet {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Coarse {
        let maps = [2, 3, 4, 5].map(|position| pyramid.expect(position).shallow_clone());
        let logits = self.classifier.forward(&self.fusion.forward(&maps, train));
        Coarse { logits, size: pyramid.size_at(0), align_corners: false }
    }
}
