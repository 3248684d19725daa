//! FPN on any encoder.
//!
//! Lin et al.: Feature Pyramid Networks, 2016 (arXiv:1612.03144), with the segmentation branch of Kirillov, Girshick,
//! He, Dollár: Panoptic Feature Pyramid Networks, 2019 (arXiv:1901.02446), in the form and with the keys of
//! segmentation-models-pytorch 0.6 `FPN`.
//!
//! | 512² input, resnet34           | in                   | out            |
//! |--------------------------------|----------------------|----------------|
//! | `decoder.p5`                   | 512 × 16²            | 256 × 16²      |
//! | `decoder.p4.skip_conv`         | 256 × 32²            | 256 × 32²      |
//! | `decoder.p3.skip_conv`         | 128 × 64²            | 256 × 64²      |
//! | `decoder.p2.skip_conv`         | 64 × 128²            | 256 × 128²     |
//! | `decoder.seg_blocks.0` … `.3`  | 256 × 16² … 128²     | 128 × 128²     |
//! | `segmentation_head`            | their sum            | classes × 512² |

use tch::Tensor;

use super::head::Head;
use super::{Architecture, Decoder, DecoderOptions, USUAL};
use crate::Coarse;
use crate::layers::{Conv2d, ConvShape, GroupNorm, size_of};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

/// Channels of the pyramid.
const PYRAMID: i64 = 256;
/// Channels of the segmentation branch.
const BRANCH: i64 = 128;
/// Groups of channels that the branch normalises.
const GROUPS: i64 = 32;

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "fpn",
    dropout: 0.2,
    build: |scope, options| Box::new(Fpn::new(scope, options)),
    ..USUAL
};

#[derive(Debug)]
struct Fpn {
    /// To the pyramid's channels, coarsest first.
    laterals: Vec<Conv2d>,
    /// To stride 4, coarsest first.
    branches: Vec<Vec<Block>>,
    dropout: f64,
    head: Head,
}

impl Fpn {
    fn new(scope: &Scope, options: &DecoderOptions) -> Self {
        let decoder = scope.at("decoder");
        let lateral = |position: usize| {
            let scope = decoder.at(format!("p{position}"));
            let scope = if position == 5 { scope } else { scope.at("skip_conv") };
            let shape = ConvShape::same(options.channels(position), PYRAMID, 1);
            Conv2d::with_bias(&scope, shape, Init::KaimingUniform)
        };
        let laterals = (2..=5).rev().map(lateral).collect();
        // Each doubles the size; the finest map is large enough, but convolved all the same.
        let branch = |(index, doublings): (usize, usize)| {
            let scope = decoder.at("seg_blocks").at(index).at("block");
            let block = |number: usize| {
                let inputs = if number == 0 { PYRAMID } else { BRANCH };
                Block::new(&scope.at(number).at("block"), inputs, doublings > 0)
            };
            (0..doublings.max(1)).map(block).collect()
        };
        Self {
            laterals,
            branches: [3, 2, 1, 0].into_iter().enumerate().map(branch).collect(),
            dropout: options.dropout,
            head: Head::new(scope, BRANCH, options.classes, 1, Init::XavierUniform),
        }
    }
}

impl Decoder for Fpn {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Coarse {
        let mut above: Option<Tensor> = None;
        let mut sum: Option<Tensor> = None;
        for ((features, lateral), branch) in pyramid.coarsest_first().zip(&self.laterals).zip(&self.branches)
        {
            let mut level = lateral.forward(features);
            if let Some(above) = above {
                level = above.upsample_nearest2d(size_of(&level), None, None) + level;
            }
            let merged =
                branch.iter().fold(level.shallow_clone(), |features, block| block.forward(&features));
            sum = Some(match sum {
                Some(sum) => sum + merged,
                None => merged,
            });
            above = Some(level);
        }
        let sum = sum.expect("an encoder has four maps or more");
        self.head.forward(&sum.feature_dropout(self.dropout, train), pyramid)
    }
}

/// Convolution, group normalisation, ReLU, and twice the size: `0.weight`, `1.*`.
#[derive(Debug)]
struct Block {
    conv: Conv2d,
    norm: GroupNorm,
    doubles: bool,
}

impl Block {
    fn new(scope: &Scope, inputs: i64, doubles: bool) -> Self {
        Self {
            conv: Conv2d::new(&scope.at(0), ConvShape::same(inputs, BRANCH, 3), Init::KaimingUniform),
            norm: GroupNorm::new(&scope.at(1), BRANCH, GROUPS),
            doubles,
        }
    }

    fn forward(&self, features: &Tensor) -> Tensor {
        let features = self.norm.forward(&self.conv.forward(features)).relu_();
        if !self.doubles {
            return features;
        }
        features.upsample_bilinear2d(size_of(&features).map(|side| 2 * side), true, None, None)
    }
}
