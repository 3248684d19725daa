//! PSPNet on any encoder.
//!
//! Zhao, Shi, Qi, Wang, Jia: Pyramid Scene Parsing Network, 2016 (arXiv:1612.01105), in the form and with the keys of
//! segmentation-models-pytorch 0.6 `PSPNet`: on the encoder's third level, stride 8.
//!
//! | 512² input, resnet34       | in             | out            |
//! |----------------------------|----------------|----------------|
//! | `decoder.psp.blocks.0`     | 128 × 1²       | 32 × 64²       |
//! | `decoder.psp.blocks.1`     | 128 × 2²       | 32 × 64²       |
//! | `decoder.psp.blocks.2`     | 128 × 3²       | 32 × 64²       |
//! | `decoder.psp.blocks.3`     | 128 × 6²       | 32 × 64²       |
//! | `decoder.conv`             | 256 × 64²      | 512 × 64²      |
//! | `segmentation_head`        | 512 × 64²      | classes × 512² |

use tch::Tensor;

use super::head::Head;
use super::{Architecture, Decoder, DecoderOptions, USUAL};
use crate::Coarse;
use crate::layers::{Conv2d, ConvNormRelu, ConvShape, size_of};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

const CHANNELS: i64 = 512;
/// Sides of the pooled maps.
const SIDES: [i64; 4] = [1, 2, 3, 6];

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "pspnet",
    depth: 3,
    dropout: 0.2,
    build: |scope, options| Box::new(PspNet::new(scope, options)),
    ..USUAL
};

#[derive(Debug)]
struct PspNet {
    blocks: Vec<Block>,
    conv: ConvNormRelu,
    dropout: f64,
    head: Head,
}

/// What follows the pooling.
#[derive(Debug)]
enum Block {
    /// To a single pixel, which has no variance to normalise by.
    Whole(Conv2d),
    Parts(ConvNormRelu),
}

impl PspNet {
    fn new(scope: &Scope, options: &DecoderOptions) -> Self {
        let decoder = scope.at("decoder");
        let inputs = options.coarsest();
        let block = |(index, &side): (usize, &i64)| {
            let scope = decoder.at("psp").at("blocks").at(index).at("pool").at(1);
            let shape = ConvShape::same(inputs, inputs / SIDES.len() as i64, 1);
            match side {
                1 => Block::Whole(Conv2d::with_bias(&scope.at(0), shape, Init::KaimingUniform)),
                _ => Block::Parts(ConvNormRelu::new(&scope, shape, Init::KaimingUniform)),
            }
        };
        let blocks = SIDES.iter().enumerate().map(block).collect();
        let merged = ConvShape::same(2 * inputs, CHANNELS, 1);
        Self {
            blocks,
            conv: ConvNormRelu::new(&decoder.at("conv"), merged, Init::KaimingUniform),
            dropout: options.dropout,
            head: Head::new(scope, CHANNELS, options.classes, 3, Init::XavierUniform),
        }
    }
}

impl Decoder for PspNet {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Coarse {
        let features = pyramid.coarsest();
        let size = size_of(features);
        let pool = |(side, block): (&i64, &Block)| {
            let pooled = features.adaptive_avg_pool2d([*side; 2]);
            let mapped = match block {
                Block::Whole(conv) => conv.forward(&pooled).relu_(),
                Block::Parts(conv) => conv.forward(&pooled, train),
            };
            mapped.upsample_bilinear2d(size, true, None, None)
        };
        let mut maps: Vec<Tensor> = SIDES.iter().zip(&self.blocks).map(pool).collect();
        maps.push(features.shallow_clone());
        let merged = self.conv.forward(&Tensor::cat(&maps, 1), train);
        self.head.forward(&merged.feature_dropout(self.dropout, train), pyramid)
    }
}
