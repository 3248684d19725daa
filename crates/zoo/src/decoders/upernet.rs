//! UPerNet on any encoder.
//!
//! Xiao, Liu, Zhou, Jiang, Sun: Unified Perceptual Parsing, 2018 (arXiv:1807.10221), in the form and with the keys of
//! segmentation-models-pytorch 0.6 `UPerNet`.
//!
//! | 512² input, resnet34                  | in                   | out            |
//! |---------------------------------------|----------------------|----------------|
//! | `decoder.feature_norms.0` … `.3`      | 64 × 128² … 512 × 16² | the same      |
//! | `decoder.psp`                         | 512 × 16²            | 256 × 16²      |
//! | `decoder.fpn_lateral_blocks.0` … `.2` | 256 × 32² … 64 × 128² | 256 × 32² … 128² |
//! | `decoder.fpn_conv_blocks.0` … `.2`    | 256 × 32² … 128²     | the same       |
//! | `decoder.fusion_block`                | 1024 × 128²          | 256 × 128²     |
//! | `segmentation_head`                   | 256 × 128²           | classes × 512² |

use tch::Tensor;

use super::head::Head;
use super::{Architecture, Decoder, DecoderOptions, USUAL};
use crate::Coarse;
use crate::layers::{ConvNormRelu, ConvShape, LayerNorm, size_of};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

const CHANNELS: i64 = 256;
/// Sides of the pooled maps.
const SIDES: [i64; 4] = [1, 2, 3, 6];
/// ε of the normalisation of the encoder's maps.
const EPSILON: f64 = 1e-6;

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "upernet",
    pools: true,
    build: |scope, options| Box::new(UPerNet::new(scope, options)),
    ..USUAL
};

#[derive(Debug)]
struct UPerNet {
    /// Of the maps at strides 4, 8, 16 and 32.
    norms: Vec<LayerNorm>,
    fusion: LevelFusion,
    head: Head,
}

impl UPerNet {
    fn new(scope: &Scope, options: &DecoderOptions) -> Self {
        let decoder = scope.at("decoder");
        let norm = |index: usize| {
            LayerNorm::new(&decoder.at("feature_norms").at(index), options.channels(index + 2), EPSILON)
        };
        let norms = (0..4).map(norm).collect();
        let fusion = LevelFusion::new(options, CHANNELS, |part, shape| {
            // This implementation counts levels from the coarsest.
            let scope = match part {
                Part::Pooled(index) => decoder.at("psp.blocks").at(index).at(1),
                Part::Context => decoder.at("psp.out_conv"),
                Part::Lateral(level) => decoder.at("fpn_lateral_blocks").at(2 - level).at("conv_norm_relu"),
                Part::Smoothed(level) => decoder.at("fpn_conv_blocks").at(2 - level),
                Part::Fused => decoder.at("fusion_block"),
            };
            ConvNormRelu::new(&scope, shape, Init::KaimingUniform)
        });
        Self { norms, fusion, head: Head::new(scope, CHANNELS, options.classes, 1, Init::XavierUniform) }
    }
}

impl Decoder for UPerNet {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Coarse {
        let normed = |index: usize| {
            let channels_behind = pyramid.expect(index + 2).permute([0, 2, 3, 1]);
            self.norms[index].forward(&channels_behind).permute([0, 3, 1, 2])
        };
        self.head.forward(&self.fusion.forward(&[0, 1, 2, 3].map(normed), train), pyramid)
    }
}

/// A convolution of [`LevelFusion`]. Levels count from 0, the finest.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// Behind the pooling to a map of `SIDES[index]` pixels a side.
    Pooled(usize),
    /// Of the coarsest map and what was pooled from it.
    Context,
    /// Of an encoder's map, but for the coarsest.
    Lateral(usize),
    /// Of the sum of a lateral and all that is coarser.
    Smoothed(usize),
    /// Of all levels at the size of the finest.
    Fused,
}

/// What implementations of the paper agree on: pyramid pooling, a feature pyramid, and the fusion of its levels.
#[derive(Debug)]
pub(super) struct LevelFusion {
    pooled: Vec<ConvNormRelu>,
    context: ConvNormRelu,
    /// Coarsest first.
    laterals: Vec<ConvNormRelu>,
    smoothed: Vec<ConvNormRelu>,
    fused: ConvNormRelu,
}

impl LevelFusion {
    /// Of maps at strides 4, 8, 16 and 32; every layer has `channels` outputs and is `conv` of its part.
    pub(super) fn new(
        options: &DecoderOptions,
        channels: i64,
        conv: impl Fn(Part, ConvShape) -> ConvNormRelu,
    ) -> Self {
        let layer =
            |part: Part, inputs: i64, kernel: i64| conv(part, ConvShape::same(inputs, channels, kernel));
        let coarsest = options.coarsest();
        let sides = SIDES.len();
        let context = coarsest + sides as i64 * channels;
        Self {
            pooled: (0..sides).map(|index| layer(Part::Pooled(index), coarsest, 1)).collect(),
            context: layer(Part::Context, context, 3),
            laterals: (0..3)
                .rev()
                .map(|level| layer(Part::Lateral(level), options.channels(level + 2), 1))
                .collect(),
            smoothed: (0..3).rev().map(|level| layer(Part::Smoothed(level), channels, 3)).collect(),
            fused: layer(Part::Fused, 4 * channels, 3),
        }
    }

    /// Maps, finest first, to `[B, channels, H / 4, W / 4]`.
    pub(super) fn forward(&self, maps: &[Tensor; 4], train: bool) -> Tensor {
        let finest = size_of(&maps[0]);
        let mut state = self.context(&maps[3], train);
        let mut levels = vec![enlarge(&state, finest)];
        for ((map, lateral), smoothed) in maps[..3].iter().rev().zip(&self.laterals).zip(&self.smoothed) {
            let beside = lateral.forward(map, train);
            state = enlarge(&state, size_of(&beside)) + beside;
            levels.push(enlarge(&smoothed.forward(&state, train), finest));
        }
        levels.reverse();
        self.fused.forward(&Tensor::cat(&levels, 1), train)
    }

    // [B, inputs, H, W] -> [B, channels, H, W]
    fn context(&self, features: &Tensor, train: bool) -> Tensor {
        let pool = |(side, conv): (&i64, &ConvNormRelu)| {
            enlarge(&conv.forward(&features.adaptive_avg_pool2d([*side; 2]), train), size_of(features))
        };
        let pooled = SIDES.iter().zip(&self.pooled).map(pool);
        let maps: Vec<Tensor> = std::iter::once(features.shallow_clone()).chain(pooled).collect();
        self.context.forward(&Tensor::cat(&maps, 1), train)
    }
}

fn enlarge(features: &Tensor, size: [i64; 2]) -> Tensor {
    features.upsample_bilinear2d(size, false, None, None)
}
