//! EfficientNet-B8 and EfficientNetV2-XL of timm.
//!
//! Keys: `conv_stem`, `bn1`, `blocks.0.0` …, `conv_head`, `bn2`; of `tu-` encoders below `model.`.
//!
//! segmentation-models-pytorch builds the first itself, of timm's blocks: padded evenly, with PyTorch's ε, and without
//! any regard to TensorFlow, where its weights are from. The second is timm's own: padded as in TensorFlow, and the
//! first block of a stage that is dilated instead of strided is still dilated as the stage before.

use super::{
    Dialect, EfficientNet, HEAD, Names, Operator, Place, Plan, STEM, Scaling, Stage, TAKEN, blocks_before,
    stage,
};
use crate::encoders::{self, Encoder, EncoderOptions};
use crate::layers::{ConvShape, Running};
use crate::parameters::{Init, Scope};

use Operator::{Conv, FusedMbConv, MbConv};

/// The second paper's largest table, which is in its authors' code only.
const XL: [Stage; 7] = [
    stage(Conv, 3, 1, 1, 32, 4),
    stage(FusedMbConv, 3, 2, 4, 64, 8),
    stage(FusedMbConv, 3, 2, 4, 96, 8),
    stage(MbConv, 3, 2, 4, 192, 16),
    stage(MbConv, 3, 1, 6, 256, 24),
    stage(MbConv, 3, 2, 6, 512, 32),
    stage(MbConv, 3, 1, 6, 640, 8),
];
/// How many stages of it there are before the maps of the pyramid.
const XL_TAKEN: [usize; 5] = [1, 2, 3, 5, 7];

/// A table at a size.
#[derive(Debug)]
pub(super) enum Variant {
    /// The first paper's, in segmentation-models-pytorch's form.
    V1 { name: &'static str, scaling: Scaling },
    /// The second paper's, in timm's form.
    V2 { name: &'static str, stages: &'static [Stage; 7] },
}

pub(super) const VARIANTS: &[Variant] = &[
    Variant::V1 { name: "timm-efficientnet-b8", scaling: Scaling { width: 22, depth: 36 } },
    Variant::V2 { name: "tu-tf_efficientnetv2_xl", stages: &XL },
];

const DIALECT: Dialect = Dialect {
    stem: ["conv_stem", "bn1"],
    block: |place| format!("blocks.{}.{}", place.indices[0], place.indices[1]),
    names: |stage| match (stage.operator, stage.expansion) {
        (Conv, _) => Names { expand: None, window: ["conv", "bn1"], project: None },
        (FusedMbConv, _) => {
            Names { expand: None, window: ["conv_exp", "bn1"], project: Some(["conv_pwl", "bn2"]) }
        }
        (MbConv, 1) => Names { expand: None, window: ["conv_dw", "bn1"], project: Some(["conv_pw", "bn2"]) },
        (MbConv, _) => Names {
            expand: Some(["conv_pw", "bn1"]),
            window: ["conv_dw", "bn2"],
            project: Some(["conv_pwl", "bn3"]),
        },
    },
    squeeze: ["se.conv_reduce", "se.conv_expand"],
    head: ["conv_head", "bn2"],
    // He et al. for a channel's own outputs, as TensorFlow has it.
    init: |shape| {
        let fan_out = shape.outputs / shape.groups * shape.kernel * shape.kernel;
        Init::Normal { std: (2.0 / fan_out as f64).sqrt() }
    },
};

impl encoders::Variant for Variant {
    fn name(&self) -> &'static str {
        match self {
            Variant::V1 { name, .. } | Variant::V2 { name, .. } => name,
        }
    }

    fn channels(&self) -> [i64; 5] {
        match self {
            Variant::V1 { scaling, .. } => scaling.pyramid(),
            Variant::V2 { stages, .. } => XL_TAKEN.map(|count| stages[count - 1].outputs),
        }
    }

    fn dilates(&self) -> bool {
        true
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        let stem = |outputs: i64| ConvShape::same(options.in_channels, outputs, 3).strided(2);
        match self {
            Variant::V1 { scaling, .. } => {
                let stages = scaling.stages();
                let plan = Plan {
                    dialect: &DIALECT,
                    running: Running::default(),
                    stem: stem(scaling.channels(STEM)),
                    stages: &stages,
                    head: Some(scaling.channels(HEAD)),
                    taken: blocks_before(&stages, TAKEN),
                    drop_path: options.drop_path.unwrap_or(0.2),
                };
                let window = |place: &Place| match options.dilation(place.stride) {
                    1 => place.window().strided(place.step),
                    dilation => place.window().dilated(dilation),
                };
                Box::new(EfficientNet::new(scope, &plan, options.depth, window))
            }
            Variant::V2 { stages, .. } => {
                let plan = Plan {
                    dialect: &DIALECT,
                    running: Running { epsilon: 1e-3, ..Running::default() },
                    stem: stem(STEM).tensorflow(),
                    stages: *stages,
                    head: None,
                    taken: blocks_before(*stages, XL_TAKEN),
                    drop_path: options.drop_path.unwrap_or(0.0),
                };
                let window = |place: &Place| {
                    let step = if options.dilation(place.stride) > 1 { 1 } else { place.step };
                    let dilation = options.dilation(place.stride / place.step);
                    place.window().strided(step).dilated(dilation).tensorflow()
                };
                Box::new(EfficientNet::new(&scope.at("model"), &plan, options.depth, window))
            }
        }
    }
}
