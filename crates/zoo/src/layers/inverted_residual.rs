//! Inverted residual blocks: narrow maps between blocks, wide ones within.
//!
//! Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2, 2018 (arXiv:1801.04381), and what followed: squeeze and
//! excitation (MobileNetV3, EfficientNet), expansion and window in one convolution (EfficientNetV2).

use tch::Tensor;

use super::{ConvNorm, ConvNormAct, SqueezeExcite, drop_path};
use crate::parameters::Scope;
use crate::segment::{Shared, locked, segment, shared};
use crate::switches::Switches;

/// A block: a branch, and a shortcut around it where the shape stays.
#[derive(Debug)]
pub(crate) struct InvertedResidual {
    branch: Shared<Branch>,
    switches: Switches,
}

/// What a block computes.
#[derive(Debug)]
pub(crate) struct Branch {
    /// To more channels, where the block does so by itself.
    pub(crate) expand: Option<ConvNormAct>,
    /// The convolution that sees more than a pixel.
    pub(crate) window: ConvNormAct,
    pub(crate) squeeze: Option<SqueezeExcite>,
    /// To fewer channels, linearly.
    pub(crate) project: Option<ConvNorm>,
    /// Whether the inputs are added.
    pub(crate) shortcut: bool,
    /// The rate of stochastic depth.
    pub(crate) drop_path: f64,
}

impl InvertedResidual {
    pub(crate) fn new(scope: &Scope, branch: Branch) -> Self {
        Self { branch: shared(branch), switches: scope.switches() }
    }

    pub(crate) fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        let branch = Shared::clone(&self.branch);
        segment(&self.switches, train, &[images], move |images| locked(&branch).forward(&images[0], train))
    }
}

impl Branch {
    // [B, inputs, H, W] -> [B, outputs, H / stride, W / stride]
    fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        let mut features = match &self.expand {
            Some(layer) => self.window.forward(&layer.forward(images, train), train),
            None => self.window.forward(images, train),
        };
        if let Some(squeeze) = &self.squeeze {
            features = squeeze.forward(&features);
        }
        if let Some(project) = &self.project {
            features = project.forward(&features, train);
        }
        if !self.shortcut {
            return features;
        }
        drop_path(features, self.drop_path, train).g_add_(images)
    }
}
