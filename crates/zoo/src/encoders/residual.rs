//! What ResNet and its descendants have in common: a stem, then levels of residual blocks.

use std::fmt::Debug;

use tch::Tensor;

use super::Encoder;
use crate::layers::{ConvNorm, ConvShape};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;
use crate::segment::{Shared, locked, segment};
use crate::switches::Switches;

/// A part of a level, which training with checkpointing computes twice: it may change nothing but running statistics.
pub(super) trait Block: Debug + Send {
    fn forward(&self, images: &Tensor, train: bool) -> Tensor;
}

/// The blocks between one map of the pyramid and the next.
pub(super) type Level = Vec<Shared<dyn Block>>;

/// The encoder whose families differ in their blocks, and in what precedes them.
#[derive(Debug)]
pub(super) struct Trunk {
    /// Each with a ReLU; the last one's map is the pyramid's finest.
    pub(super) stem: Vec<ConvNorm>,
    /// Whether max pooling halves that map before the first block.
    pub(super) pool: bool,
    /// At least those that are used.
    pub(super) levels: Vec<Level>,
    pub(super) depth: usize,
    pub(super) switches: Switches,
}

impl Encoder for Trunk {
    fn forward(&self, images: &Tensor, train: bool) -> Pyramid {
        let mut pyramid = Pyramid::of(images);
        let mut features = images.shallow_clone();
        for layer in &self.stem {
            features = layer.forward(&features, train).relu_();
        }
        pyramid.push(features.shallow_clone());
        if self.pool {
            features = features.max_pool2d([3, 3], [2, 2], [1, 1], [1, 1], false);
        }
        for level in &self.levels[..self.depth - 1] {
            features = through(level, &self.switches, features, train);
            pyramid.push(features.shallow_clone());
        }
        pyramid
    }
}

/// What blocks make of images, one after the other.
pub(super) fn through(blocks: &Level, switches: &Switches, images: Tensor, train: bool) -> Tensor {
    blocks.iter().fold(images, |features, block| {
        let block = Shared::clone(block);
        segment(switches, train, &[&features], move |images| locked(&block).forward(&images[0], train))
    })
}

/// Convolutions with ReLUs between them and a shortcut around them, a convolution too where the shape changes; their
/// sum with a ReLU.
#[derive(Debug)]
pub(super) struct Residual {
    pub(super) layers: Vec<ConvNorm>,
    pub(super) shortcut: Option<ConvNorm>,
}

impl Block for Residual {
    // [B, inputs, H, W] -> [B, outputs, H / stride, W / stride]
    fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        let mut features = images.shallow_clone();
        for (index, layer) in self.layers.iter().enumerate() {
            features = layer.forward(&features, train);
            if index + 1 < self.layers.len() {
                features = features.relu_();
            }
        }
        let shortcut = match &self.shortcut {
            Some(layer) => layer.forward(images, train),
            None => images.shallow_clone(),
        };
        features.g_add_(&shortcut).relu_()
    }
}

/// Convolution and batch normalisation, `conv` and `bn`, as timm has them in newer families.
pub(super) fn conv_bn(scope: &Scope, shape: ConvShape) -> ConvNorm {
    ConvNorm::new(&scope.at("conv"), &scope.at("bn"), shape, grouped_fan_out(shape))
}

/// The same at the end of a residual block: see [`ConvNorm::silent`].
pub(super) fn last_conv_bn(scope: &Scope, shape: ConvShape) -> ConvNorm {
    ConvNorm::silent(&scope.at("conv"), &scope.at("bn"), shape, grouped_fan_out(shape))
}

/// Gaussian with variance 2 / fan_out, of which timm's newer families count one group's share.
fn grouped_fan_out(shape: ConvShape) -> Init {
    let fan_out = shape.outputs / shape.groups * shape.kernel * shape.kernel;
    Init::Normal { std: (2.0 / fan_out as f64).sqrt() }
}
