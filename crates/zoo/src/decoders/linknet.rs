//! LinkNet on any encoder.
//!
//! Chaurasia, Culurciello: LinkNet, 2017 (arXiv:1707.03718), in the form and with the keys of
//! segmentation-models-pytorch 0.6 `Linknet`: the encoder's map is added after each step up.
//!
//! | 512² input, resnet34 | in        | inside    | out            |
//! |----------------------|-----------|-----------|----------------|
//! | `decoder.blocks.0`   | 512 × 16² | 128 × 32² | 256 × 32²      |
//! | `decoder.blocks.1`   | 256 × 32² | 64 × 64²  | 128 × 64²      |
//! | `decoder.blocks.2`   | 128 × 64² | 32 × 128² | 64 × 128²      |
//! | `decoder.blocks.3`   | 64 × 128² | 16 × 256² | 64 × 256²      |
//! | `decoder.blocks.4`   | 64 × 256² | 16 × 512² | 32 × 512²      |
//! | `segmentation_head`  | 32 × 512² | –         | classes × 512² |

use tch::Tensor;

use super::head::Head;
use super::{Architecture, Decoder, DecoderOptions, USUAL};
use crate::Coarse;
use crate::layers::{BatchNorm2d, ConvNormRelu, ConvShape, Running};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

/// Output channels of the last block.
const LAST: i64 = 32;

pub(super) const ARCHITECTURE: Architecture =
    Architecture { name: "linknet", build: |scope, options| Box::new(LinkNet::new(scope, options)), ..USUAL };

#[derive(Debug)]
struct LinkNet {
    blocks: Vec<Block>,
    head: Head,
}

impl LinkNet {
    fn new(scope: &Scope, options: &DecoderOptions) -> Self {
        let decoder = scope.at("decoder").at("blocks");
        let mut inputs = options.coarsest();
        let mut blocks = Vec::new();
        for index in 0..5 {
            let outputs = match options.channels(4 - index) {
                _ if index == 4 => LAST,
                // Nothing to be added to, so that the width stays.
                0 => inputs,
                channels => channels,
            };
            blocks.push(Block::new(&decoder.at(index), inputs, outputs));
            inputs = outputs;
        }
        Self { blocks, head: Head::new(scope, LAST, options.classes, 1, Init::XavierUniform) }
    }
}

impl Decoder for LinkNet {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Coarse {
        let mut features = pyramid.coarsest().shallow_clone();
        for (position, block) in (0..5).rev().zip(&self.blocks) {
            let up = block.forward(&features, train);
            // Not in place: the gradient of the block's ReLU needs its output.
            features = match pyramid.at(position) {
                Some(beside) => up + beside,
                None => up,
            };
        }
        self.head.forward(&features, pyramid)
    }
}

/// A quarter of the channels, twice the size, then the outputs: `block.0`, `block.1`, `block.2`.
#[derive(Debug)]
struct Block {
    narrow: ConvNormRelu,
    grow: TransposedConv2d,
    norm: BatchNorm2d,
    widen: ConvNormRelu,
}

impl Block {
    fn new(scope: &Scope, inputs: i64, outputs: i64) -> Self {
        let scope = scope.at("block");
        let inner = inputs / 4;
        let conv = |index: i64, inputs: i64, outputs: i64| {
            ConvNormRelu::new(&scope.at(index), ConvShape::same(inputs, outputs, 1), Init::KaimingUniform)
        };
        Self {
            narrow: conv(0, inputs, inner),
            grow: TransposedConv2d::new(&scope.at(1).at(0), inner),
            norm: BatchNorm2d::new(&scope.at(1).at(1), inner, Running::default()),
            widen: conv(2, inner, outputs),
        }
    }

    // [B, inputs, h, w] -> [B, outputs, 2h, 2w]
    fn forward(&self, features: &Tensor, train: bool) -> Tensor {
        let grown = self.grow.forward(&self.narrow.forward(features, train));
        self.widen.forward(&self.norm.forward(&grown, train).relu_(), train)
    }
}

/// A transposed convolution with 4×4 windows that doubles height and width: `weight`, `bias`.
#[derive(Debug)]
struct TransposedConv2d {
    weight: Tensor,
    bias: Tensor,
}

impl TransposedConv2d {
    fn new(scope: &Scope, channels: i64) -> Self {
        // The reference initialises convolutions, but leaves transposed ones as PyTorch makes them.
        let bound = ((channels * 16) as f64).powf(-0.5);
        Self {
            weight: scope.parameter("weight", &[channels, channels, 4, 4], Init::PyTorch),
            bias: scope.parameter("bias", &[channels], Init::Uniform { bound }),
        }
    }

    fn forward(&self, features: &Tensor) -> Tensor {
        features.conv_transpose2d(&self.weight, Some(&self.bias), [2, 2], [1, 1], [0, 0], 1, [1, 1])
    }
}
