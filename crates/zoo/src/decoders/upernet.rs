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
    psp: Pooling,
    /// At strides 16, 8 and 4.
    laterals: Vec<ConvNormRelu>,
    convs: Vec<ConvNormRelu>,
    fusion: ConvNormRelu,
    head: Head,
}

fn conv(scope: &Scope, inputs: i64, kernel: i64) -> ConvNormRelu {
    ConvNormRelu::new(scope, ConvShape::same(inputs, CHANNELS, kernel), Init::KaimingUniform)
}

impl UPerNet {
    fn new(scope: &Scope, options: &DecoderOptions) -> Self {
        let decoder = scope.at("decoder");
        let norm = |index: usize| {
            LayerNorm::new(&decoder.at("feature_norms").at(index), options.channels(index + 2), EPSILON)
        };
        let lateral = |index: usize| {
            let scope = decoder.at("fpn_lateral_blocks").at(index).at("conv_norm_relu");
            conv(&scope, options.channels(4 - index), 1)
        };
        Self {
            norms: (0..4).map(norm).collect(),
            psp: Pooling::new(&decoder.at("psp"), options.coarsest()),
            laterals: (0..3).map(lateral).collect(),
            convs: (0..3).map(|index| conv(&decoder.at("fpn_conv_blocks").at(index), CHANNELS, 3)).collect(),
            fusion: conv(&decoder.at("fusion_block"), 4 * CHANNELS, 3),
            head: Head::new(scope, CHANNELS, options.classes, 1, Init::XavierUniform),
        }
    }
}

impl Decoder for UPerNet {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Tensor {
        let normed = |index: usize| {
            let channels_behind = pyramid.expect(index + 2).permute([0, 2, 3, 1]);
            self.norms[index].forward(&channels_behind).permute([0, 3, 1, 2])
        };
        let mut state = self.psp.forward(&normed(3), train);
        let finest = pyramid.size_at(2);
        let mut maps = vec![enlarge(&state, finest)];
        for (index, (lateral, conv)) in self.laterals.iter().zip(&self.convs).enumerate() {
            let beside = lateral.forward(&normed(2 - index), train);
            state = enlarge(&state, size_of(&beside)) + beside;
            maps.push(enlarge(&conv.forward(&state, train), finest));
        }
        maps.reverse();
        self.head.forward(&self.fusion.forward(&Tensor::cat(&maps, 1), train), pyramid)
    }
}

fn enlarge(features: &Tensor, size: [i64; 2]) -> Tensor {
    features.upsample_bilinear2d(size, false, None, None)
}

/// Pyramid pooling: `blocks.*.1`, `out_conv`.
#[derive(Debug)]
struct Pooling {
    blocks: Vec<ConvNormRelu>,
    out: ConvNormRelu,
}

impl Pooling {
    fn new(scope: &Scope, inputs: i64) -> Self {
        let sides = SIDES.len();
        Self {
            blocks: (0..sides).map(|index| conv(&scope.at("blocks").at(index).at(1), inputs, 1)).collect(),
            out: conv(&scope.at("out_conv"), inputs + sides as i64 * CHANNELS, 3),
        }
    }

    // [B, inputs, H, W] -> [B, CHANNELS, H, W]
    fn forward(&self, features: &Tensor, train: bool) -> Tensor {
        let pool = |(side, block): (&i64, &ConvNormRelu)| {
            enlarge(&block.forward(&features.adaptive_avg_pool2d([*side; 2]), train), size_of(features))
        };
        let pooled = SIDES.iter().zip(&self.blocks).map(pool);
        let maps: Vec<Tensor> = std::iter::once(features.shallow_clone()).chain(pooled).collect();
        self.out.forward(&Tensor::cat(&maps, 1), train)
    }
}
