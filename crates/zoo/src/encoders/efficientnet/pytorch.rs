//! EfficientNet-B0 … B7 of EfficientNet-PyTorch, which segmentation-models-pytorch's `efficientnet-*` are.
//!
//! Keys: `_conv_stem`, `_bn0`, `_blocks.0` …, `_conv_head`, `_bn1`.
//!
//! The weights were TensorFlow's, and convolutions that shrink are padded as there: not for the images that come, but
//! for those of the paper. Where they are dilated instead, they are padded evenly.

use super::{Dialect, EfficientNet, HEAD, Names, Place, Plan, STEM, Scaling, TAKEN, blocks_before};
use crate::encoders::{self, Encoder, EncoderOptions};
use crate::layers::{ConvShape, Running};
use crate::parameters::{Init, Scope};

const RUNNING: Running = Running { epsilon: 1e-3, momentum: 0.01 };
/// The usual rate of stochastic depth.
const DROP_PATH: f64 = 0.2;

/// A row of the table of coefficients.
#[derive(Debug)]
pub(super) struct Variant {
    name: &'static str,
    scaling: Scaling,
    /// The side of the paper's images.
    side: i64,
    /// How many blocks too early the reference takes the map of stride 16; dilation begins there as well.
    early: usize,
}

const fn row(name: &'static str, width: i64, depth: usize, side: i64) -> Variant {
    Variant { name, scaling: Scaling { width, depth }, side, early: 0 }
}

pub(super) const VARIANTS: &[Variant] = &[
    Variant { early: 2, ..row("efficientnet-b0", 10, 10, 224) },
    row("efficientnet-b1", 10, 11, 240),
    row("efficientnet-b2", 11, 12, 260),
    row("efficientnet-b3", 12, 14, 300),
    row("efficientnet-b4", 14, 18, 380),
    row("efficientnet-b5", 16, 22, 456),
    row("efficientnet-b6", 18, 26, 528),
    row("efficientnet-b7", 20, 31, 600),
];

const DIALECT: Dialect = Dialect {
    stem: ["_conv_stem", "_bn0"],
    block: |place| format!("_blocks.{}", place.number),
    names: |stage| Names {
        expand: (stage.expansion > 1).then_some(["_expand_conv", "_bn0"]),
        window: ["_depthwise_conv", "_bn1"],
        project: Some(["_project_conv", "_bn2"]),
    },
    squeeze: ["_se_reduce", "_se_expand"],
    head: ["_conv_head", "_bn1"],
    init: |_| Init::PyTorch,
};

impl encoders::Variant for Variant {
    fn name(&self) -> &'static str {
        self.name
    }

    fn channels(&self) -> [i64; 5] {
        self.scaling.pyramid()
    }

    fn dilates(&self) -> bool {
        true
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        let stages = self.scaling.stages();
        let mut taken = blocks_before(&stages, TAKEN);
        taken[3] -= self.early;
        let stem = ConvShape::same(options.in_channels, self.scaling.channels(STEM), 3).strided(2);
        let plan = Plan {
            dialect: &DIALECT,
            running: RUNNING,
            stem: stem.tensorflow_for(self.side),
            stages: &stages,
            head: Some(self.scaling.channels(HEAD)),
            taken,
            drop_path: options.drop_path.unwrap_or(DROP_PATH),
        };
        let window = |place: &Place| {
            let level = taken.iter().filter(|&&taken| taken <= place.number).count();
            match options.dilation(2 << level) {
                1 => place.window().strided(place.step).tensorflow_for(self.side_before(place)),
                dilation => place.window().dilated(dilation),
            }
        };
        Box::new(EfficientNet::new(scope, &plan, options.depth, window))
    }
}

impl Variant {
    /// The side of the maps that a block gets from the paper's images.
    fn side_before(&self, place: &Place) -> i64 {
        let stride = place.stride / place.step;
        (self.side + stride - 1) / stride
    }
}
