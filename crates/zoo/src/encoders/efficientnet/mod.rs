//! EfficientNet and EfficientNetV2.
//!
//! Tan, Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, 2019 (arXiv:1905.11946), and
//! EfficientNetV2: Smaller Models and Faster Training, 2021 (arXiv:2104.00298). The mathematics is one and stands
//! here; the key dialects, EfficientNet-PyTorch's and timm's, have a file each, with what else differs between those
//! implementations.
//!
//! | 512² input | b0        | b8        | v2-xl     |
//! |------------|-----------|-----------|-----------|
//! | stride 2   | 32 × 256² | 72 × 256² | 32 × 256² |
//! | stride 4   | 24 × 128² | 56 × 128² | 64 × 128² |
//! | stride 8   | 40 × 64²  | 88 × 64²  | 96 × 64²  |
//! | stride 16  | 112 × 32² | 248 × 32² | 256 × 32² |
//! | stride 32  | 320 × 16² | 704 × 16² | 640 × 16² |

mod pytorch;
mod timm;

use tch::Tensor;

use super::{Encoder, Variant};
use crate::layers::{
    Activation, Branch, Conv2d, ConvNorm, ConvNormAct, ConvShape, InvertedResidual, Running, SqueezeExcite,
};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

use Activation::{Sigmoid, Silu};
use Operator::MbConv;

/// Every row of both dialects.
pub(super) fn variants() -> impl Iterator<Item = &'static dyn Variant> {
    let pytorch = pytorch::VARIANTS.iter().map(|row| row as &dyn Variant);
    pytorch.chain(timm::VARIANTS.iter().map(|row| row as &dyn Variant))
}

/// What the papers' tables call a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    /// One convolution.
    Conv,
    /// A convolution that expands, then a projection.
    FusedMbConv,
    /// Expansion, depthwise convolution, squeeze and excitation, projection.
    MbConv,
}

/// A row of a paper's table: like blocks one behind the other, of which the first shrinks by `stride`.
#[derive(Debug, Clone, Copy)]
struct Stage {
    operator: Operator,
    kernel: i64,
    stride: i64,
    /// Channels within a block over channels before it.
    expansion: i64,
    outputs: i64,
    blocks: usize,
}

const fn stage(
    operator: Operator,
    kernel: i64,
    stride: i64,
    expansion: i64,
    outputs: i64,
    blocks: usize,
) -> Stage {
    Stage { operator, kernel, stride, expansion, outputs, blocks }
}

/// Channels of the first convolution.
const STEM: i64 = 32;

/// Table 1 of the first paper.
const BASELINE: [Stage; 7] = [
    stage(MbConv, 3, 1, 1, 16, 1),
    stage(MbConv, 3, 2, 6, 24, 2),
    stage(MbConv, 5, 2, 6, 40, 2),
    stage(MbConv, 3, 2, 6, 80, 3),
    stage(MbConv, 5, 1, 6, 112, 3),
    stage(MbConv, 5, 2, 6, 192, 4),
    stage(MbConv, 3, 1, 6, 320, 1),
];

/// Channels of the table's last convolution, which only classifiers use.
const HEAD: i64 = 1280;

/// How many stages of [`BASELINE`] there are before the maps of the pyramid.
const TAKEN: [usize; 5] = [0, 2, 3, 5, 7];

/// The first paper's compound scaling of its table, in tenths.
#[derive(Debug, Clone, Copy)]
struct Scaling {
    width: i64,
    depth: usize,
}

impl Scaling {
    /// The nearest multiple of 8, the next one if that lost more than a tenth.
    fn channels(self, channels: i64) -> i64 {
        let tenths = channels * self.width;
        let nearest = ((tenths + 40) / 80 * 8).max(8);
        if nearest * 100 < tenths * 9 { nearest + 8 } else { nearest }
    }

    fn stages(self) -> [Stage; 7] {
        BASELINE.map(|stage| Stage {
            outputs: self.channels(stage.outputs),
            blocks: (stage.blocks * self.depth).div_ceil(10),
            ..stage
        })
    }

    /// Channels of the pyramid's maps.
    fn pyramid(self) -> [i64; 5] {
        [STEM, 24, 40, 112, 320].map(|channels| self.channels(channels))
    }
}

/// Blocks of the first stages, as many as `counts` says.
fn blocks_before(stages: &[Stage], counts: [usize; 5]) -> [usize; 5] {
    counts.map(|count| stages[..count].iter().map(|stage| stage.blocks).sum())
}

/// A block among all blocks.
#[derive(Debug, Clone, Copy)]
struct Place {
    stage: Stage,
    /// Stages before, and blocks of this stage before.
    indices: [usize; 2],
    /// Blocks before, of all stages.
    number: usize,
    inputs: i64,
    /// By how much it shrinks if nothing is dilated.
    step: i64,
    /// The stride, in pixels of the images, at which its outputs then are.
    stride: i64,
}

impl Place {
    /// The places of all blocks behind a convolution to `inputs` channels at stride 2.
    fn all(stages: &[Stage], mut inputs: i64) -> Vec<Self> {
        let (mut places, mut stride) = (Vec::new(), 2);
        for (index, &stage) in stages.iter().enumerate() {
            for block in 0..stage.blocks {
                let step = if block == 0 { stage.stride } else { 1 };
                stride *= step;
                let (indices, number) = ([index, block], places.len());
                places.push(Self { stage, indices, number, inputs, step, stride });
                inputs = stage.outputs;
            }
        }
        places
    }

    /// The convolution that sees more than a pixel, neither strided nor dilated.
    fn window(&self) -> ConvShape {
        let Stage { operator, kernel, expansion, outputs, .. } = self.stage;
        let expanded = self.inputs * expansion;
        match operator {
            Operator::Conv => ConvShape::same(self.inputs, outputs, kernel),
            Operator::FusedMbConv => ConvShape::same(self.inputs, expanded, kernel),
            Operator::MbConv => ConvShape::depthwise(expanded, kernel),
        }
    }
}

/// The keys of a convolution and its normalisation.
type Pair = [&'static str; 2];

/// The keys in a block; what it lacks has none.
#[derive(Debug)]
struct Names {
    expand: Option<Pair>,
    window: Pair,
    project: Option<Pair>,
}

/// What a published checkpoint calls the parts, and how its implementation starts them.
struct Dialect {
    stem: Pair,
    block: fn(&Place) -> String,
    names: fn(&Stage) -> Names,
    /// The convolutions of squeeze and excitation.
    squeeze: Pair,
    /// Behind the last stage.
    head: Pair,
    init: fn(ConvShape) -> Init,
}

/// What a dialect's variants make of a table.
struct Plan<'a> {
    dialect: &'a Dialect,
    running: Running,
    stem: ConvShape,
    stages: &'a [Stage],
    /// Channels behind the last stage, where the implementation keeps that though no map comes from there.
    head: Option<i64>,
    /// How many blocks there are before the maps of the pyramid.
    taken: [usize; 5],
    /// The rate of stochastic depth that a block behind the last would have.
    drop_path: f64,
}

/// All layers, as their keys are in checkpoints of any depth.
#[derive(Debug)]
struct EfficientNet {
    stem: ConvNormAct,
    blocks: Vec<InvertedResidual>,
    taken: [usize; 5],
    depth: usize,
}

impl EfficientNet {
    /// `window` is [`Place::window`] as the implementation strides, dilates and pads it.
    fn new(scope: &Scope, plan: &Plan, depth: usize, window: impl Fn(&Place) -> ConvShape) -> Self {
        let dialect = plan.dialect;
        let stem = ConvNormAct::new(plan.conv_norm(scope, dialect.stem, plan.stem), Silu);
        let places = Place::all(plan.stages, plan.stem.outputs);
        let block = |place: &Place| {
            let drop_path = plan.drop_path * place.number as f64 / places.len() as f64;
            plan.block(&scope.at((dialect.block)(place)), place, window(place), drop_path)
        };
        let blocks = places.iter().map(block).collect();
        if let (Some(outputs), Some(last)) = (plan.head, plan.stages.last()) {
            // Only for its keys.
            let _ = plan.conv_norm(scope, dialect.head, ConvShape::same(last.outputs, outputs, 1));
        }
        Self { stem, blocks, taken: plan.taken, depth }
    }
}

impl Encoder for EfficientNet {
    fn forward(&self, images: &Tensor, train: bool) -> Pyramid {
        let mut pyramid = Pyramid::of(images);
        let (mut features, mut done) = (self.stem.forward(images, train), 0);
        for &taken in &self.taken[..self.depth] {
            for block in &self.blocks[done..taken] {
                features = block.forward(&features, train);
            }
            pyramid.push(features.shallow_clone());
            done = taken;
        }
        pyramid
    }
}

impl Plan<'_> {
    fn conv_norm(&self, scope: &Scope, [conv, norm]: Pair, shape: ConvShape) -> ConvNorm {
        ConvNorm::running(&scope.at(conv), &scope.at(norm), shape, (self.dialect.init)(shape), self.running)
    }

    fn block(&self, scope: &Scope, place: &Place, window: ConvShape, drop_path: f64) -> InvertedResidual {
        let Place { stage, inputs, step, .. } = *place;
        let names = (self.dialect.names)(&stage);
        let layer = |pair: Pair, shape: ConvShape| ConvNormAct::new(self.conv_norm(scope, pair, shape), Silu);
        let expanded = window.outputs;
        let branch = Branch {
            expand: names.expand.map(|pair| layer(pair, ConvShape::same(inputs, expanded, 1))),
            window: layer(names.window, window),
            squeeze: (stage.operator == MbConv).then(|| self.squeeze(scope, expanded, inputs / 4)),
            project: names
                .project
                .map(|pair| self.conv_norm(scope, pair, ConvShape::same(expanded, stage.outputs, 1))),
            shortcut: step == 1 && inputs == stage.outputs,
            drop_path,
        };
        InvertedResidual::new(scope, branch)
    }

    fn squeeze(&self, scope: &Scope, channels: i64, squeezed: i64) -> SqueezeExcite {
        let conv = |key: &str, inputs: i64, outputs: i64| {
            let shape = ConvShape::same(inputs, outputs, 1);
            Conv2d::with_bias(&scope.at(key), shape, (self.dialect.init)(shape))
        };
        let [squeeze, excite] = self.dialect.squeeze;
        let squeeze = (conv(squeeze, channels, squeezed), Silu);
        SqueezeExcite::new(squeeze, (conv(excite, squeezed, channels), Sigmoid))
    }
}
