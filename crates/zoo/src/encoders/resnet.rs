//! ResNet, and ResNeXt by its grouped bottleneck.
//!
//! He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, 2015 (arXiv:1512.03385), with the stride on
//! the bottleneck's 3×3 convolution ("v1.5"). Xie et al.: Aggregated Residual Transformations, 2016
//! (arXiv:1611.05431). Keys: torchvision's, as segmentation-models-pytorch has them below `encoder.`.
//!
//! | 512² input | basic     | bottleneck |                     |
//! |------------|-----------|------------|---------------------|
//! | stride 2   | 64 × 256² | 64 × 256²  | `conv1`, `bn1`      |
//! | stride 4   | 64 × 128² | 256 × 128² | max pool, `layer1`  |
//! | stride 8   | 128 × 64² | 512 × 64²  | `layer2`            |
//! | stride 16  | 256 × 32² | 1024 × 32² | `layer3`            |
//! | stride 32  | 512 × 16² | 2048 × 16² | `layer4`            |

use super::residual::{Block, Level, Residual, Trunk};
use super::{Encoder, EncoderOptions, Library};
use crate::layers::{ConvNorm, ConvShape};
use crate::parameters::{Init, Scope};
use crate::segment::{Shared, shared};

/// Channels of the stem, and of the first stage before expansion.
pub(super) const STEM: i64 = 64;
pub(super) const INIT: Init = Init::KaimingNormalFanOut;

/// A residual block's inner form.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// Two 3×3 convolutions.
    Basic,
    /// 1×1, grouped 3×3, 1×1; `width` is the channels of one group at the first stage.
    Bottleneck { groups: i64, width: i64 },
}

impl Form {
    /// Output channels over a stage's nominal channels.
    pub(super) fn expansion(self) -> i64 {
        match self {
            Form::Basic => 1,
            Form::Bottleneck { .. } => 4,
        }
    }
}

pub(super) const BOTTLENECK: Form = Form::Bottleneck { groups: 1, width: 64 };

/// A row of the paper's table 1.
#[derive(Debug)]
pub(super) struct Variant {
    name: &'static str,
    form: Form,
    /// Blocks of the four stages.
    depths: [i64; 4],
}

pub(super) const VARIANTS: &[Variant] = &[
    Variant { name: "resnet18", form: Form::Basic, depths: [2, 2, 2, 2] },
    Variant { name: "resnet34", form: Form::Basic, depths: [3, 4, 6, 3] },
    Variant { name: "resnet50", form: BOTTLENECK, depths: [3, 4, 6, 3] },
    Variant { name: "resnet101", form: BOTTLENECK, depths: [3, 4, 23, 3] },
    Variant { name: "resnet152", form: BOTTLENECK, depths: [3, 8, 36, 3] },
    Variant {
        name: "resnext50_32x4d",
        form: Form::Bottleneck { groups: 32, width: 4 },
        depths: [3, 4, 6, 3],
    },
    Variant {
        name: "resnext101_32x8d",
        form: Form::Bottleneck { groups: 32, width: 8 },
        depths: [3, 4, 23, 3],
    },
];

impl super::Variant for Variant {
    fn name(&self) -> &'static str {
        self.name
    }

    fn channels(&self) -> [i64; 5] {
        let stage = |index: usize| (STEM << index) * self.form.expansion();
        [STEM, stage(0), stage(1), stage(2), stage(3)]
    }

    fn libraries(&self) -> &'static [Library] {
        &[Library::Smp, Library::Torchvision]
    }

    fn dilates(&self) -> bool {
        true
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        let shape = ConvShape::same(options.in_channels, STEM, 7).strided(2);
        let stem = vec![ConvNorm::new(&scope.at("conv1"), &scope.at("bn1"), shape, INIT)];
        // All four stages, as their keys are in checkpoints of any depth.
        let plan = Plan {
            depths: &self.depths,
            expansion: self.form.expansion(),
            // segmentation-models-pytorch's `make_dilated` changes the whole stage, its first block too.
            first_dilation: match options.library {
                Library::Torchvision => EncoderOptions::dilation_before,
                _ => EncoderOptions::dilation,
            },
        };
        let levels = plan.stages(scope, options, |scope, place| shared(block(scope, self.form, place)));
        Box::new(Trunk { stem, pool: true, levels, depth: options.depth, switches: scope.switches() })
    }
}

/// Where a block is, and how it moves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) inputs: i64,
    /// The stage's channels before expansion.
    pub(super) channels: i64,
    pub(super) outputs: i64,
    pub(super) stride: i64,
    pub(super) dilation: i64,
    /// Whether it is the first of a stage that shrinks its maps, or would but for its dilation.
    pub(super) enters: bool,
}

/// The stages of ResNet and of families that differ from it in their blocks.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// Blocks of each stage.
    pub(super) depths: &'a [i64],
    /// A block's outputs over its stage's nominal channels.
    pub(super) expansion: i64,
    /// The dilation of a stage's first block, by the options and the stage's stride.
    pub(super) first_dilation: fn(&EncoderOptions, i64) -> i64,
}

impl Plan<'_> {
    /// `layer1`, …, their blocks numbered from 0.
    pub(super) fn stages(
        &self,
        scope: &Scope,
        options: EncoderOptions,
        block: impl Fn(&Scope, Place) -> Shared<dyn Block>,
    ) -> Vec<Level> {
        let mut inputs = STEM;
        let mut levels = Vec::new();
        for (index, &depth) in self.depths.iter().enumerate() {
            let stage = scope.at(format!("layer{}", index + 1));
            let channels = STEM << index;
            let outputs = channels * self.expansion;
            let dilation = options.dilation(4 << index);
            let others = Place { inputs: outputs, channels, outputs, stride: 1, dilation, enters: false };
            let first = Place {
                inputs,
                stride: if index > 0 && dilation == 1 { 2 } else { 1 },
                dilation: (self.first_dilation)(&options, 4 << index),
                enters: index > 0,
                ..others
            };
            let place = |number: i64| if number == 0 { first } else { others };
            levels.push((0..depth).map(|number| block(&stage.at(number), place(number))).collect());
            inputs = outputs;
        }
        levels
    }
}

/// `conv1`/`bn1`, … and [`shortcut()`].
pub(super) fn block(scope: &Scope, form: Form, place: Place) -> Residual {
    let Place { inputs, channels, outputs, stride, dilation, .. } = place;
    let shapes = match form {
        Form::Basic => {
            vec![
                ConvShape::same(inputs, channels, 3).strided(stride).dilated(dilation),
                ConvShape::same(channels, channels, 3).dilated(dilation),
            ]
        }
        Form::Bottleneck { groups, width } => {
            let inner = channels * width / STEM * groups;
            vec![
                ConvShape::same(inputs, inner, 1),
                ConvShape { groups, ..ConvShape::same(inner, inner, 3) }.strided(stride).dilated(dilation),
                ConvShape::same(inner, outputs, 1),
            ]
        }
    };
    let layers = (1..)
        .zip(shapes)
        .map(|(index, shape)| {
            ConvNorm::new(&scope.at(format!("conv{index}")), &scope.at(format!("bn{index}")), shape, INIT)
        })
        .collect();
    Residual { layers, shortcut: shortcut(scope, place) }
}

/// `downsample`, where the shape changes.
pub(super) fn shortcut(scope: &Scope, place: Place) -> Option<ConvNorm> {
    let Place { inputs, outputs, stride, .. } = place;
    (stride != 1 || inputs != outputs).then(|| {
        let shortcut = scope.at("downsample");
        let shape = ConvShape::same(inputs, outputs, 1).strided(stride);
        ConvNorm::new(&shortcut.at(0), &shortcut.at(1), shape, INIT)
    })
}
