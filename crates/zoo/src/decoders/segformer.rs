//! SegFormer's all-MLP decoder on any encoder.
//!
//! Xie et al.: SegFormer, 2021 (arXiv:2105.15203), in the form and with the keys of segmentation-models-pytorch
//! 0.6 `Segformer`: 256 channels, and the logits upsampled from stride 4.
//!
//! | 512² input, mit_b0    | in                   | out            |
//! |-----------------------|----------------------|----------------|
//! | `decoder.mlp_stage.0` | 256 × 16²            | 256 × 128²     |
//! | `decoder.mlp_stage.1` | 160 × 32²            | 256 × 128²     |
//! | `decoder.mlp_stage.2` | 64 × 64²             | 256 × 128²     |
//! | `decoder.mlp_stage.3` | 32 × 128²            | 256 × 128²     |
//! | `decoder.fuse_stage`  | 1024 × 128²          | 256 × 128²     |
//! | `segmentation_head`   | 256 × 128²           | classes × 512² |

use super::head::Head;
use super::{Architecture, Decoder, DecoderOptions, USUAL};
use crate::Coarse;
use crate::layers::{BatchNorm2d, Conv2d, ConvShape, Fusion, Linear, Running};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

const CHANNELS: i64 = 256;
/// The position, of stride 4, at whose size all maps meet.
const MEETING: usize = 2;

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "segformer",
    build: |scope, options| Box::new(SegFormer::new(scope, options)),
    ..USUAL
};

#[derive(Debug)]
struct SegFormer {
    /// Of the levels, coarsest first.
    fuse_stage: Fusion,
    head: Head,
}

impl SegFormer {
    fn new(scope: &Scope, options: &DecoderOptions) -> Self {
        let decoder = scope.at("decoder");
        let levels = options.levels.iter().rev().filter(|level| level.channels > 0);
        let mlp_stage: Vec<_> = levels
            .enumerate()
            .map(|(index, level)| {
                let linear = decoder.at("mlp_stage").at(index).at("linear");
                Linear::new(&linear, level.channels, CHANNELS, Init::XavierUniform)
            })
            .collect();
        let fused = ConvShape::same(mlp_stage.len() as i64 * CHANNELS, CHANNELS, 1);
        let fuse_stage = decoder.at("fuse_stage");
        let conv = Conv2d::new(&fuse_stage.at(0), fused, Init::KaimingUniform);
        let norm = BatchNorm2d::new(&fuse_stage.at(1), CHANNELS, Running::default());
        Self {
            fuse_stage: Fusion::new(mlp_stage, conv, norm),
            head: Head::new(scope, CHANNELS, options.classes, 1, Init::XavierUniform),
        }
    }
}

impl Decoder for SegFormer {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Coarse {
        let fused = self.fuse_stage.forward(pyramid.coarsest_first(), pyramid.size_at(MEETING), train);
        self.head.forward(&fused, pyramid)
    }
}
