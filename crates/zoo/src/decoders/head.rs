//! The head that all architectures of segmentation-models-pytorch share.

use tch::Tensor;

use crate::Coarse;
use crate::layers::{Conv2d, ConvShape};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

/// A convolution to the classes, `segmentation_head.0`, and bilinear upsampling to the images' size.
#[derive(Debug)]
pub(super) struct Head {
    conv: Conv2d,
}

impl Head {
    /// A `kernel`×`kernel` convolution of `inputs` channels; `scope` is the checkpoint's root.
    pub(super) fn new(scope: &Scope, inputs: i64, classes: i64, kernel: i64, init: Init) -> Self {
        let scope = scope.at("segmentation_head").at(0);
        Self { conv: Conv2d::with_bias(&scope, ConvShape::same(inputs, classes, kernel), init) }
    }

    // [B, inputs, h, w] -> [B, classes, h, w], to be [B, classes, H, W]
    pub(super) fn forward(&self, features: &Tensor, pyramid: &Pyramid) -> Coarse {
        Coarse { logits: self.conv.forward(features), size: pyramid.size_at(0), align_corners: true }
    }
}
