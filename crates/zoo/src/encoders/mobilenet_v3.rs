//! MobileNetV3-Large.
//!
//! Howard et al.: Searching for MobileNetV3, 2019 (arXiv:1905.02244), table 1. Keys: torchvision's
//! `mobilenet_v3_large().features`, where a layer's number is its place in the table.
//!
//! | 512² input | output   |                                                       |
//! |------------|----------|-------------------------------------------------------|
//! | stride 2   | 16 × 256² | `0`                                                  |
//! | stride 4   | 24 × 128² | `1`, `2`                                             |
//! | stride 8   | 40 × 64²  | `3`, `4`                                             |
//! | stride 16  | 80 × 32²  | `5`, `6`, `7`                                        |
//! | stride 32  | 960 × 16² | `8` … `16`; stride 16 and dilated from `13` on if asked |
//!
//! A map is taken where torchvision takes it: behind the first block of its size, not the last.

use tch::Tensor;

use super::{Encoder, EncoderOptions, Library};
use crate::layers::{
    Activation, Branch, Conv2d, ConvNorm, ConvNormAct, ConvShape, InvertedResidual, Running, SqueezeExcite,
};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

use Activation::{HardSigmoid, HardSwish, Relu};

const INIT: Init = Init::KaimingNormalFanOut;
const RUNNING: Running = Running { epsilon: 1e-3, momentum: 0.01 };
/// Channels of the first convolution.
const STEM: i64 = 16;
/// Channels of the last convolution.
const LAST: i64 = 960;
/// The layers behind which the pyramid's maps are taken.
const TAKEN: [usize; 5] = [0, 2, 4, 7, 16];

/// A row of the paper's table: an inverted residual block.
#[derive(Debug, Clone, Copy)]
struct Row {
    kernel: i64,
    expanded: i64,
    outputs: i64,
    squeezed: bool,
    activation: Activation,
    /// The stride, in pixels of the images, at which its outputs are.
    stride: i64,
}

const fn row(
    kernel: i64,
    expanded: i64,
    outputs: i64,
    squeezed: bool,
    activation: Activation,
    stride: i64,
) -> Row {
    Row { kernel, expanded, outputs, squeezed, activation, stride }
}

const LARGE: [Row; 15] = [
    row(3, 16, 16, false, Relu, 2),
    row(3, 64, 24, false, Relu, 4),
    row(3, 72, 24, false, Relu, 4),
    row(5, 72, 40, true, Relu, 8),
    row(5, 120, 40, true, Relu, 8),
    row(5, 120, 40, true, Relu, 8),
    row(3, 240, 80, false, HardSwish, 16),
    row(3, 200, 80, false, HardSwish, 16),
    row(3, 184, 80, false, HardSwish, 16),
    row(3, 184, 80, false, HardSwish, 16),
    row(3, 480, 112, true, HardSwish, 16),
    row(3, 672, 112, true, HardSwish, 16),
    row(5, 672, 160, true, HardSwish, 32),
    row(5, 960, 160, true, HardSwish, 32),
    row(5, 960, 160, true, HardSwish, 32),
];

/// The family's one row.
#[derive(Debug)]
pub(super) struct Variant;

pub(super) const VARIANTS: &[Variant] = &[Variant];

impl super::Variant for Variant {
    fn name(&self) -> &'static str {
        "mobilenet_v3_large"
    }

    fn channels(&self) -> [i64; 5] {
        [STEM, 24, 40, 80, LAST]
    }

    fn libraries(&self) -> &'static [Library] {
        &[Library::Torchvision]
    }

    fn dilates(&self) -> bool {
        true
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        Box::new(MobileNetV3::new(scope, options))
    }
}

#[derive(Debug)]
struct MobileNetV3 {
    first: ConvNormAct,
    blocks: Vec<InvertedResidual>,
    last: ConvNormAct,
}

impl MobileNetV3 {
    fn new(scope: &Scope, options: EncoderOptions) -> Self {
        let stem = ConvShape::same(options.in_channels, STEM, 3).strided(2);
        let first = layer(&scope.at(0), stem, HardSwish);
        let (mut inputs, mut stride) = (STEM, 2);
        let mut blocks = Vec::new();
        for (number, row) in (1..).zip(LARGE) {
            let dilation = options.dilation(row.stride);
            let step = if dilation > 1 { 1 } else { row.stride / stride };
            let same = inputs == row.outputs && stride == row.stride;
            blocks.push(block(&scope.at(number).at("block"), inputs, row, Steps { step, dilation, same }));
            (inputs, stride) = (row.outputs, row.stride);
        }
        let last = ConvShape::same(inputs, LAST, 1);
        Self { first, blocks, last: layer(&scope.at(LARGE.len() + 1), last, HardSwish) }
    }
}

impl Encoder for MobileNetV3 {
    fn forward(&self, images: &Tensor, train: bool) -> Pyramid {
        let mut pyramid = Pyramid::of(images);
        let mut features = self.first.forward(images, train);
        let mut take = |number: usize, features: &Tensor| {
            if TAKEN.contains(&number) {
                pyramid.push(features.shallow_clone());
            }
        };
        take(0, &features);
        for (number, block) in (1..).zip(&self.blocks) {
            features = block.forward(&features, train);
            take(number, &features);
        }
        take(LARGE.len() + 1, &self.last.forward(&features, train));
        pyramid
    }
}

/// How a block's depthwise convolution moves, and whether its outputs have the inputs' shape in the paper's table.
#[derive(Debug, Clone, Copy)]
struct Steps {
    step: i64,
    dilation: i64,
    same: bool,
}

/// Expand, depthwise, squeeze and excite, project; numbered as far as they exist.
fn block(scope: &Scope, inputs: i64, row: Row, steps: Steps) -> InvertedResidual {
    let Row { kernel, expanded, outputs, squeezed, activation, .. } = row;
    let mut numbers = 0..;
    let mut next = || scope.at(numbers.next().expect("numbers do not end"));
    let window = ConvShape::depthwise(expanded, kernel).strided(steps.step).dilated(steps.dilation);
    let branch = Branch {
        expand: (expanded != inputs)
            .then(|| layer(&next(), ConvShape::same(inputs, expanded, 1), activation)),
        window: layer(&next(), window, activation),
        squeeze: squeezed.then(|| squeeze_excite(&next(), expanded)),
        project: Some(conv_norm(&next(), ConvShape::same(expanded, outputs, 1))),
        shortcut: steps.same,
        drop_path: 0.0,
    };
    InvertedResidual::new(scope, branch)
}

/// Convolution and batch normalisation: `0`, `1`.
fn conv_norm(scope: &Scope, shape: ConvShape) -> ConvNorm {
    ConvNorm::running(&scope.at(0), &scope.at(1), shape, INIT, RUNNING)
}

fn layer(scope: &Scope, shape: ConvShape, activation: Activation) -> ConvNormAct {
    ConvNormAct::new(conv_norm(scope, shape), activation)
}

/// Its convolutions: `fc1`, `fc2`.
fn squeeze_excite(scope: &Scope, channels: i64) -> SqueezeExcite {
    let squeezed = multiple_of_8(channels / 4);
    let conv = |name: &str, inputs: i64, outputs: i64| {
        Conv2d::with_bias(&scope.at(name), ConvShape::same(inputs, outputs, 1), INIT)
    };
    let squeeze = conv("fc1", channels, squeezed);
    SqueezeExcite::new((squeeze, Relu), (conv("fc2", squeezed, channels), HardSigmoid))
}

/// The nearest multiple of 8, the next one if that lost more than a tenth.
fn multiple_of_8(channels: i64) -> i64 {
    let nearest = ((channels + 4) / 8 * 8).max(8);
    if nearest * 10 < channels * 9 { nearest + 8 } else { nearest }
}
