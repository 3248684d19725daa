//! MAnet on any encoder.
//!
//! Fan, Wang, Sun, Zhang: MA-Net, 2020 (IEEE Access 8), in the form and with the keys of segmentation-models-pytorch
//! 0.6 `MAnet`: U-Net with attention between positions at the bottom and between channels at each step up.
//!
//! | 512² input, resnet34 | in        | beside it | out            |
//! |----------------------|-----------|-----------|----------------|
//! | `decoder.center`     | 512 × 16² | –         | 512 × 16²      |
//! | `decoder.blocks.0`   | 512 × 16² | 256 × 32² | 256 × 32²      |
//! | `decoder.blocks.1`   | 256 × 32² | 128 × 64² | 128 × 64²      |
//! | `decoder.blocks.2`   | 128 × 64² | 64 × 128² | 64 × 128²      |
//! | `decoder.blocks.3`   | 64 × 128² | 64 × 256² | 32 × 256²      |
//! | `decoder.blocks.4`   | 32 × 256² | –         | 16 × 512²      |
//! | `segmentation_head`  | 16 × 512² | –         | classes × 512² |

use tch::Tensor;

use super::head::Head;
use super::up::Up;
use super::{Architecture, Decoder, DecoderOptions, USUAL};
use crate::Coarse;
use crate::layers::{Conv2d, ConvNormRelu, ConvShape, size_of};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

/// Output channels of the five blocks, which work at strides 16, 8, 4, 2 and 1.
const CHANNELS: [i64; 5] = [256, 128, 64, 32, 16];
/// Channels in which positions are compared.
const COMPARED: i64 = 64;
/// By how much the attention between channels narrows them in its middle.
const REDUCTION: i64 = 16;

pub(super) const ARCHITECTURE: Architecture =
    Architecture { name: "manet", build: |scope, options| Box::new(MaNet::new(scope, options)), ..USUAL };

#[derive(Debug)]
struct MaNet {
    center: PositionAttention,
    blocks: Vec<Block>,
    head: Head,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a model has five")]
enum Block {
    /// Where the encoder has a map.
    MultiscaleFusion(MultiscaleFusion),
    /// Where it has none.
    Plain(Up),
}

impl MaNet {
    fn new(scope: &Scope, options: &DecoderOptions) -> Self {
        let decoder = scope.at("decoder");
        let mut inputs = options.coarsest();
        let center = PositionAttention::new(&decoder.at("center"), inputs);
        let mut blocks = Vec::new();
        for (index, outputs) in CHANNELS.into_iter().enumerate() {
            let scope = decoder.at("blocks").at(index);
            blocks.push(match options.channels(4 - index) {
                0 => Block::Plain(Up::new(&scope, inputs, outputs)),
                beside => Block::MultiscaleFusion(MultiscaleFusion::new(&scope, inputs, beside, outputs)),
            });
            inputs = outputs;
        }
        Self { center, blocks, head: Head::new(scope, inputs, options.classes, 3, Init::XavierUniform) }
    }
}

impl Decoder for MaNet {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Coarse {
        let mut features = self.center.forward(pyramid.coarsest());
        for (position, block) in (0..5).rev().zip(&self.blocks) {
            features = match block {
                Block::MultiscaleFusion(block) => block.forward(&features, pyramid.expect(position), train),
                Block::Plain(block) => block.forward(&features, pyramid.size_at(position), &[], train),
            };
        }
        self.head.forward(&features, pyramid)
    }
}

/// Attention between all positions: `top_conv`, `center_conv`, `bottom_conv`, `out_conv`.
#[derive(Debug)]
struct PositionAttention {
    top: Conv2d,
    center: Conv2d,
    bottom: Conv2d,
    out: Conv2d,
}

impl PositionAttention {
    fn new(scope: &Scope, channels: i64) -> Self {
        let conv = |name: &str, outputs: i64, kernel: i64| {
            let shape = ConvShape::same(channels, outputs, kernel);
            Conv2d::with_bias(&scope.at(name), shape, Init::KaimingUniform)
        };
        Self {
            top: conv("top_conv", COMPARED, 1),
            center: conv("center_conv", COMPARED, 1),
            bottom: conv("bottom_conv", channels, 3),
            out: conv("out_conv", channels, 3),
        }
    }

    // [B, C, H, W] -> [B, C, H, W]
    fn forward(&self, features: &Tensor) -> Tensor {
        let shape = features.size();
        let (batch, positions) = (shape[0], shape[2] * shape[3]);
        let top = self.top.forward(features).flatten(2, 3);
        let center = self.center.forward(features).flatten(2, 3).transpose(1, 2);
        let bottom = self.bottom.forward(features).flatten(2, 3).transpose(1, 2);
        // One softmax over all pairs of positions, not one a position.
        let pairs = center.matmul(&top).reshape([batch, -1]).softmax(-1, None);
        let mixed = pairs.reshape([batch, positions, positions]).matmul(&bottom);
        // The reference reads [B, H·W, C] as [B, C, H, W] without exchanging the axes.
        self.out.forward(&(features + mixed.reshape(shape)))
    }
}

/// A step up in which the map beside and the upsampled one weigh the channels: `hl_conv`, `SE_ll`, `SE_hl`, `conv1`,
/// `conv2`.
#[derive(Debug)]
struct MultiscaleFusion {
    high: [ConvNormRelu; 2],
    weigh_beside: ChannelAttention,
    weigh_high: ChannelAttention,
    convs: Up,
}

impl MultiscaleFusion {
    fn new(scope: &Scope, inputs: i64, beside: i64, outputs: i64) -> Self {
        let high = scope.at("hl_conv");
        let conv =
            |index: i64, shape: ConvShape| ConvNormRelu::new(&high.at(index), shape, Init::KaimingUniform);
        Self {
            high: [conv(0, ConvShape::same(inputs, inputs, 3)), conv(1, ConvShape::same(inputs, beside, 1))],
            weigh_beside: ChannelAttention::new(&scope.at("SE_ll"), beside),
            weigh_high: ChannelAttention::new(&scope.at("SE_hl"), beside),
            convs: Up::new(scope, 2 * beside, outputs),
        }
    }

    // [B, inputs, h, w], [B, beside, 2h, 2w] -> [B, outputs, 2h, 2w]
    fn forward(&self, features: &Tensor, beside: &Tensor, train: bool) -> Tensor {
        let [first, second] = &self.high;
        let high = second.forward(&first.forward(features, train), train);
        let high = high.upsample_nearest2d(size_of(beside), None, None);
        let weights = self.weigh_high.forward(&high) + self.weigh_beside.forward(beside);
        self.convs.convolve(&Tensor::cat(&[&(high * weights), beside], 1), train)
    }
}

/// Squeeze and excitation: `1`, `3`.
#[derive(Debug)]
struct ChannelAttention {
    narrow: Conv2d,
    widen: Conv2d,
}

impl ChannelAttention {
    fn new(scope: &Scope, channels: i64) -> Self {
        let narrowed = (channels / REDUCTION).max(1);
        let conv = |index: i64, inputs: i64, outputs: i64| {
            Conv2d::with_bias(&scope.at(index), ConvShape::same(inputs, outputs, 1), Init::KaimingUniform)
        };
        Self { narrow: conv(1, channels, narrowed), widen: conv(3, narrowed, channels) }
    }

    // [B, C, H, W] -> [B, C, 1, 1] in (0, 1)
    fn forward(&self, features: &Tensor) -> Tensor {
        let pooled = features.adaptive_avg_pool2d([1, 1]);
        self.widen.forward(&self.narrow.forward(&pooled).relu_()).sigmoid_()
    }
}
