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

use tch::Tensor;

use super::{Architecture, Decoder};
use crate::Level;
use crate::layers::{Conv2d, ConvNormRelu, ConvShape, Linear, to_images, to_tokens};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

const CHANNELS: i64 = 256;
/// The stride at which all maps meet.
const STRIDE: i64 = 4;

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "segformer",
    encoder_key: "encoder",
    refuses: |levels| match levels.last() {
        Some(Level { stride: 4.., .. }) => None,
        _ => Some("it needs an encoder with a coarsest stride of at least 4".to_owned()),
    },
    build: |scope, levels, classes| Box::new(SegFormer::new(scope, levels, classes)),
};

#[derive(Debug)]
struct SegFormer {
    /// One a level, coarsest first.
    mlp_stage: Vec<Linear>,
    fuse_stage: ConvNormRelu,
    head: Conv2d,
}

impl SegFormer {
    fn new(scope: &Scope, levels: &[Level], classes: i64) -> Self {
        let decoder = scope.at("decoder");
        let mlp_stage: Vec<_> = levels
            .iter()
            .rev()
            .enumerate()
            .map(|(index, level)| {
                let linear = decoder.at("mlp_stage").at(index).at("linear");
                Linear::new(&linear, level.channels, CHANNELS, Init::XavierUniform)
            })
            .collect();
        let fused = ConvShape::same(mlp_stage.len() as i64 * CHANNELS, CHANNELS, 1);
        let head = scope.at("segmentation_head").at(0);
        Self {
            mlp_stage,
            fuse_stage: ConvNormRelu::new(&decoder.at("fuse_stage"), fused, Init::KaimingUniform),
            head: Conv2d::with_bias(&head, ConvShape::same(CHANNELS, classes, 1), Init::XavierUniform),
        }
    }
}

impl Decoder for SegFormer {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Tensor {
        let size = pyramid.size_at(STRIDE);
        let maps: Vec<Tensor> = pyramid
            .coarsest_first()
            .zip(&self.mlp_stage)
            .map(|(features, linear)| {
                let shape = features.size();
                let mapped = to_images(&linear.forward(&to_tokens(features)), [shape[2], shape[3]]);
                mapped.upsample_bilinear2d(size, false, None, None)
            })
            .collect();
        let logits = self.head.forward(&self.fuse_stage.forward(&Tensor::cat(&maps, 1), train));
        // The reference's head is the one place that aligns corners.
        logits.upsample_bilinear2d(pyramid.size_at(1), true, None, None)
    }
}
