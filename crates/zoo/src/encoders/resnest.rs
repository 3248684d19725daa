//! ResNeSt.
//!
//! Zhang et al.: ResNeSt: Split-Attention Networks, 2020 (arXiv:2004.08955), section 3: ResNet-D's stem and shortcuts,
//! and a bottleneck whose 3×3 convolution makes two maps that an attention over channels mixes. Keys: timm's, as
//! segmentation-models-pytorch keeps them below `encoder.model.`; the authors' are the same but for that prefix.
//!
//! | 512² input | 50d        |                              |
//! |------------|------------|------------------------------|
//! | stride 2   | 64 × 256²  | `conv1.0` … `conv1.6`, `bn1` |
//! | stride 4   | 256 × 128² | max pool, `layer1`           |
//! | stride 8   | 512 × 64²  | `layer2`                     |
//! | stride 16  | 1024 × 32² | `layer3`                     |
//! | stride 32  | 2048 × 16² | `layer4`                     |

use tch::Tensor;

use super::residual::{Block, Trunk};
use super::resnet::{INIT, Place, Plan, STEM};
use super::{Encoder, EncoderOptions};
use crate::layers::{BatchNorm2d, Conv2d, ConvNorm, ConvShape, Running};
use crate::parameters::Scope;
use crate::segment::shared;

const EXPANSION: i64 = 4;
/// Maps that the attention mixes: the paper's radix.
const RADIX: i64 = 2;
/// Channels of the stem's first two convolutions.
const DEEP: i64 = 32;

/// A row of the paper's table 3.
#[derive(Debug)]
pub(super) struct Variant {
    name: &'static str,
    /// Blocks of the four stages.
    depths: [i64; 4],
}

pub(super) const VARIANTS: &[Variant] = &[Variant { name: "timm-resnest50d", depths: [3, 4, 6, 3] }];

impl super::Variant for Variant {
    fn name(&self) -> &'static str {
        self.name
    }

    fn channels(&self) -> [i64; 5] {
        let stage = |index: usize| (STEM << index) * EXPANSION;
        [STEM, stage(0), stage(1), stage(2), stage(3)]
    }

    fn dilates(&self) -> bool {
        true
    }

    fn pools(&self) -> bool {
        true
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        let scope = scope.at("model");
        let conv = scope.at("conv1");
        let first = ConvShape::same(options.in_channels, DEEP, 3).strided(2);
        let stem = vec![
            ConvNorm::new(&conv.at(0), &conv.at(1), first, INIT),
            ConvNorm::new(&conv.at(3), &conv.at(4), ConvShape::same(DEEP, DEEP, 3), INIT),
            ConvNorm::new(&conv.at(6), &scope.at("bn1"), ConvShape::same(DEEP, STEM, 3), INIT),
        ];
        let plan = Plan {
            // Only those that are used: timm's checkpoints of a lower depth end there.
            depths: &self.depths[..options.depth - 1],
            expansion: EXPANSION,
            first_dilation: EncoderOptions::dilation_before,
        };
        let levels = plan.stages(&scope, options, |scope, place| shared(Bottleneck::new(scope, place)));
        Box::new(Trunk { stem, pool: true, levels, depth: options.depth, switches: scope.switches() })
    }
}

/// 1×1, split attention, average pool where maps shrink, 1×1; and the shortcut.
#[derive(Debug)]
struct Bottleneck {
    narrow: ConvNorm,
    attention: SplitAttention,
    stride: i64,
    widen: ConvNorm,
    shortcut: Option<Shortcut>,
}

impl Bottleneck {
    fn new(scope: &Scope, place: Place) -> Self {
        let Place { inputs, channels, outputs, stride, dilation, .. } = place;
        let narrow = ConvShape::same(inputs, channels, 1);
        Self {
            narrow: ConvNorm::new(&scope.at("conv1"), &scope.at("bn1"), narrow, INIT),
            attention: SplitAttention::new(&scope.at("conv2"), channels, dilation),
            stride,
            widen: ConvNorm::silent(
                &scope.at("conv3"),
                &scope.at("bn3"),
                ConvShape::same(channels, outputs, 1),
                INIT,
            ),
            shortcut: (inputs != outputs).then(|| Shortcut::new(&scope.at("downsample"), place)),
        }
    }
}

impl Block for Bottleneck {
    // [B, inputs, H, W] -> [B, outputs, H / stride, W / stride]
    fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        let features = self.narrow.forward(images, train).relu_();
        let mut features = self.attention.forward(&features, train);
        if self.stride > 1 {
            features = features.avg_pool2d([3, 3], [self.stride; 2], [1, 1], false, true, None);
        }
        let shortcut = match &self.shortcut {
            Some(shortcut) => shortcut.forward(images, train),
            None => images.shallow_clone(),
        };
        self.widen.forward(&features, train).g_add_(&shortcut).relu_()
    }
}

/// Two maps, of which each channel is mixed in shares that the means of all channels decide: `conv`/`bn0`,
/// `fc1`/`bn1`, `fc2`.
#[derive(Debug)]
struct SplitAttention {
    conv: ConvNorm,
    fc1: ConvNorm,
    fc2: Conv2d,
}

impl SplitAttention {
    fn new(scope: &Scope, channels: i64, dilation: i64) -> Self {
        let all = channels * RADIX;
        let hidden = (all / 4).max(32);
        let conv = ConvShape { groups: RADIX, ..ConvShape::same(channels, all, 3) }.dilated(dilation);
        // timm leaves biases as PyTorch makes them.
        let full = |name: &str, inputs: i64, outputs: i64| {
            Conv2d::with_untouched_bias(&scope.at(name), ConvShape::same(inputs, outputs, 1), INIT)
        };
        let conv = ConvNorm::new(&scope.at("conv"), &scope.at("bn0"), conv, INIT);
        let fc1 = full("fc1", channels, hidden);
        let fc1 = ConvNorm::of(fc1, BatchNorm2d::new(&scope.at("bn1"), hidden, Running::default()));
        Self { conv, fc1, fc2: full("fc2", hidden, all) }
    }

    // [B, C, H, W] -> [B, C, H, W]
    fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        let maps = self.conv.forward(images, train).relu_();
        let [batch, channels] = [images.size()[0], images.size()[1]];
        let halves = maps.adaptive_avg_pool2d([1, 1]).chunk(RADIX, 1);
        let means = &halves[0] + &halves[1];
        let scores = self.fc2.forward(&self.fc1.forward(&means, train).relu_());
        // [B, 2 · C, 1, 1] -> two shares [B, C, 1, 1]
        let shares = scores.reshape([batch, RADIX, channels, 1, 1]).softmax(1, scores.kind()).unbind(1);
        let maps = maps.chunk(RADIX, 1);
        &maps[0] * &shares[0] + &maps[1] * &shares[1]
    }
}

/// Average pool where maps shrink, then 1×1: `downsample.1`, `downsample.2`.
#[derive(Debug)]
struct Shortcut {
    pool: Pool,
    conv: ConvNorm,
}

#[derive(Debug, Clone, Copy)]
enum Pool {
    None,
    /// Of 2 × 2 pixels, side by side.
    Halving,
    /// Of 2 × 2 pixels around each, zeros beyond the edges: timm's in a dilated stage.
    Sliding,
}

impl Shortcut {
    fn new(scope: &Scope, place: Place) -> Self {
        let pool = match place {
            Place { stride: 2, .. } => Pool::Halving,
            Place { enters: true, .. } => Pool::Sliding,
            _ => Pool::None,
        };
        let shape = ConvShape::same(place.inputs, place.outputs, 1);
        Self { pool, conv: ConvNorm::new(&scope.at(1), &scope.at(2), shape, INIT) }
    }

    fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        let pooled = match self.pool {
            Pool::None => images.shallow_clone(),
            Pool::Halving => images.avg_pool2d([2, 2], [2, 2], [0, 0], true, false, None),
            Pool::Sliding => {
                images.constant_pad_nd([0, 1, 0, 1]).avg_pool2d([2, 2], [1, 1], [0, 0], false, true, None)
            }
        };
        self.conv.forward(&pooled, train)
    }
}
