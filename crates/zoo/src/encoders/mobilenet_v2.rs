//! MobileNetV2.
//!
//! Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018
//! (arXiv:1801.04381), table 2. Keys: torchvision's, as segmentation-models-pytorch has them below `encoder.`; a
//! layer's number is its place in the table.
//!
//! | 512² input | output     | `features.`…      |
//! |------------|------------|-------------------|
//! | stride 2   | 16 × 256²  | `0`, `1`          |
//! | stride 4   | 24 × 128²  | `2`, `3`          |
//! | stride 8   | 32 × 64²   | `4`, `5`, `6`     |
//! | stride 16  | 96 × 32²   | `7` … `13`        |
//! | stride 32  | 1280 × 16² | `14` … `18`       |

use tch::Tensor;

use super::{Encoder, EncoderOptions};
use crate::layers::{Activation, Branch, ConvNorm, ConvNormAct, ConvShape, InvertedResidual};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

const INIT: Init = Init::KaimingNormalFanOut;
/// Channels of the first convolution.
const STEM: i64 = 32;
/// Channels of the last convolution.
const LAST: i64 = 1280;
/// The layers behind which the pyramid's maps are taken.
const TAKEN: [usize; 5] = [1, 3, 6, 13, 18];

/// A row of the paper's table: like blocks one behind the other.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// Channels within a block over channels before it.
    expansion: i64,
    outputs: i64,
    blocks: usize,
    /// The stride, in pixels of the images, at which its outputs are.
    stride: i64,
}

const fn row(expansion: i64, outputs: i64, blocks: usize, stride: i64) -> Row {
    Row { expansion, outputs, blocks, stride }
}

const TABLE: [Row; 7] = [
    row(1, 16, 1, 2),
    row(6, 24, 2, 4),
    row(6, 32, 3, 8),
    row(6, 64, 4, 16),
    row(6, 96, 3, 16),
    row(6, 160, 3, 32),
    row(6, 320, 1, 32),
];

/// The family's one row.
#[derive(Debug)]
pub(super) struct Variant;

pub(super) const VARIANTS: &[Variant] = &[Variant];

impl super::Variant for Variant {
    fn name(&self) -> &'static str {
        "mobilenet_v2"
    }

    fn channels(&self) -> [i64; 5] {
        [16, 24, 32, 96, LAST]
    }

    fn dilates(&self) -> bool {
        true
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        Box::new(MobileNetV2::new(&scope.at("features"), options))
    }
}

/// All layers, as their keys are in checkpoints of any depth.
#[derive(Debug)]
struct MobileNetV2 {
    first: ConvNormAct,
    blocks: Vec<InvertedResidual>,
    last: ConvNormAct,
    depth: usize,
}

impl MobileNetV2 {
    fn new(scope: &Scope, options: EncoderOptions) -> Self {
        let stem = ConvShape::same(options.in_channels, STEM, 3).strided(2);
        let first = layer(&scope.at(0), stem);
        let (mut inputs, mut stride) = (STEM, 2);
        let mut blocks = Vec::new();
        for row in TABLE {
            for _ in 0..row.blocks {
                let scope = scope.at(blocks.len() + 1);
                let shortcut = inputs == row.outputs && stride == row.stride;
                let expanded = inputs * row.expansion;
                let dilation = options.dilation(row.stride);
                let step = if dilation > 1 { 1 } else { row.stride / stride };
                let window = ConvShape::depthwise(expanded, 3).strided(step).dilated(dilation);
                blocks.push(block(&scope, inputs, window, row.outputs, shortcut));
                (inputs, stride) = (row.outputs, row.stride);
            }
        }
        let last = layer(&scope.at(blocks.len() + 1), ConvShape::same(inputs, LAST, 1));
        Self { first, blocks, last, depth: options.depth }
    }
}

impl Encoder for MobileNetV2 {
    fn forward(&self, images: &Tensor, train: bool) -> Pyramid {
        let mut pyramid = Pyramid::of(images);
        let mut features = self.first.forward(images, train);
        let needed = TAKEN[self.depth - 1];
        for (number, block) in (1..=needed).zip(&self.blocks) {
            features = block.forward(&features, train);
            if TAKEN.contains(&number) {
                pyramid.push(features.shallow_clone());
            }
        }
        if needed > self.blocks.len() {
            pyramid.push(self.last.forward(&features, train));
        }
        pyramid
    }
}

/// Expand, depthwise, project: `conv.0`, … numbered as far as they exist, the last not as a pair.
fn block(scope: &Scope, inputs: i64, window: ConvShape, outputs: i64, shortcut: bool) -> InvertedResidual {
    let (conv, expanded) = (scope.at("conv"), window.outputs);
    let place = usize::from(expanded != inputs);
    let expand = (expanded != inputs).then(|| layer(&conv.at(0), ConvShape::same(inputs, expanded, 1)));
    let branch = Branch {
        expand,
        window: layer(&conv.at(place), window),
        squeeze: None,
        project: Some(ConvNorm::new(
            &conv.at(place + 1),
            &conv.at(place + 2),
            ConvShape::same(expanded, outputs, 1),
            INIT,
        )),
        shortcut,
        drop_path: 0.0,
    };
    InvertedResidual::new(scope, branch)
}

/// Convolution, batch normalisation, ReLU6: `0`, `1`.
fn layer(scope: &Scope, shape: ConvShape) -> ConvNormAct {
    ConvNormAct::new(ConvNorm::new(&scope.at(0), &scope.at(1), shape, INIT), Activation::Relu6)
}
