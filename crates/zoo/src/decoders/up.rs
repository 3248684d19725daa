//! The step up of U-Net and its relatives.

use tch::Tensor;

use crate::layers::{ConvNormRelu, ConvShape};
use crate::parameters::{Init, Scope};

/// Nearest upsampling, maps beside, two 3×3 convolutions: `conv1`, `conv2`.
#[derive(Debug)]
pub(super) struct Up {
    conv1: ConvNormRelu,
    conv2: ConvNormRelu,
}

impl Up {
    /// `inputs` counts the channels of the maps beside, too.
    pub(super) fn new(scope: &Scope, inputs: i64, outputs: i64) -> Self {
        let conv = |name: &str, inputs: i64| {
            ConvNormRelu::new(&scope.at(name), ConvShape::same(inputs, outputs, 3), Init::KaimingUniform)
        };
        Self { conv1: conv("conv1", inputs), conv2: conv("conv2", outputs) }
    }

    // [B, C, h, w], beside it maps of `size` -> [B, outputs, H, W]
    pub(super) fn forward(
        &self,
        features: &Tensor,
        size: [i64; 2],
        beside: &[&Tensor],
        train: bool,
    ) -> Tensor {
        let features = features.upsample_nearest2d(size, None, None);
        self.convolve(&concatenate(&features, beside), train)
    }

    /// The two convolutions alone.
    pub(super) fn convolve(&self, features: &Tensor, train: bool) -> Tensor {
        self.conv2.forward(&self.conv1.forward(features, train), train)
    }
}

/// All channels, the first map's first.
fn concatenate(first: &Tensor, others: &[&Tensor]) -> Tensor {
    if others.is_empty() {
        return first.shallow_clone();
    }
    let maps: Vec<&Tensor> = std::iter::once(first).chain(others.iter().copied()).collect();
    Tensor::cat(&maps, 1)
}
