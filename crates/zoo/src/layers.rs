//! Layers that more than one family is made of, with PyTorch's parameter names and defaults.

use tch::Tensor;

use crate::parameters::{Init, Scope};

/// The rearrangement of `[B, C, H, W]` in memory on which convolutions, normalisation and pooling run fastest.
pub(crate) fn channels_last(images: &Tensor) -> Tensor {
    images.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
}

/// `[B, C, H, W] -> [B, H·W, C]`; without a copy where the images are channels-last.
pub(crate) fn to_tokens(images: &Tensor) -> Tensor {
    images.flatten(2, 3).transpose(1, 2)
}

/// `[B, H·W, C] -> [B, C, H, W]`, channels-last where the tokens are contiguous.
pub(crate) fn to_images(tokens: &Tensor, [height, width]: [i64; 2]) -> Tensor {
    let shape = tokens.size();
    tokens.transpose(1, 2).reshape([shape[0], shape[2], height, width])
}

/// Stochastic depth (Huang et al. 2016): drops a residual branch for whole samples with probability `rate`,
/// and scales the others so that the expectation stays.
pub(crate) fn drop_path(branch: Tensor, rate: f64, train: bool) -> Tensor {
    if !train || rate == 0.0 {
        return branch;
    }
    let mut shape = vec![1; branch.dim()];
    shape[0] = branch.size()[0];
    let kept = Tensor::empty(shape, (branch.kind(), branch.device())).bernoulli_float_(1.0 - rate);
    branch * (kept / (1.0 - rate))
}

/// The shape and stride of a convolution; `k`×`k` windows padded to keep the size at stride 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConvShape {
    pub(crate) inputs: i64,
    pub(crate) outputs: i64,
    pub(crate) kernel: i64,
    pub(crate) stride: i64,
    pub(crate) padding: i64,
    pub(crate) groups: i64,
}

impl ConvShape {
    /// A dense convolution that keeps the size of its input.
    pub(crate) fn same(inputs: i64, outputs: i64, kernel: i64) -> Self {
        Self { inputs, outputs, kernel, stride: 1, padding: kernel / 2, groups: 1 }
    }

    /// The same, moving `stride` pixels a step.
    pub(crate) fn strided(self, stride: i64) -> Self {
        Self { stride, ..self }
    }
}

/// A 2-D convolution: `weight`, and `bias` where it has one.
#[derive(Debug)]
pub(crate) struct Conv2d {
    weight: Tensor,
    bias: Option<Tensor>,
    shape: ConvShape,
}

impl Conv2d {
    pub(crate) fn new(scope: &Scope, shape: ConvShape, init: Init) -> Self {
        let window = [shape.outputs, shape.inputs / shape.groups, shape.kernel, shape.kernel];
        Self { weight: scope.parameter("weight", &window, init), bias: None, shape }
    }

    pub(crate) fn with_bias(scope: &Scope, shape: ConvShape, init: Init) -> Self {
        let conv = Self::new(scope, shape, init);
        Self { bias: Some(scope.parameter("bias", &[shape.outputs], Init::Constant(0.0))), ..conv }
    }

    pub(crate) fn forward(&self, images: &Tensor) -> Tensor {
        let ConvShape { stride, padding, groups, .. } = self.shape;
        images.conv2d(&self.weight, self.bias.as_ref(), [stride; 2], [padding; 2], [1; 2], groups)
    }
}

/// Batch normalisation over `[B, H, W]`: `weight`, `bias`, `running_mean`, `running_var`, `num_batches_tracked`.
///
/// Momentum 0.1 and ε 1e-5, PyTorch's defaults. The count is kept up only because checkpoints carry it.
#[derive(Debug)]
pub(crate) struct BatchNorm2d {
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    num_batches_tracked: Tensor,
}

impl BatchNorm2d {
    pub(crate) fn new(scope: &Scope, channels: i64) -> Self {
        Self {
            weight: scope.parameter("weight", &[channels], Init::Constant(1.0)),
            bias: scope.parameter("bias", &[channels], Init::Constant(0.0)),
            running_mean: scope.buffer("running_mean", &[channels], 0.0),
            running_var: scope.buffer("running_var", &[channels], 1.0),
            num_batches_tracked: scope.counter("num_batches_tracked"),
        }
    }

    pub(crate) fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        if train {
            let _ = self.num_batches_tracked.shallow_clone().g_add_scalar_(1);
        }
        images.batch_norm(
            Some(&self.weight),
            Some(&self.bias),
            Some(&self.running_mean),
            Some(&self.running_var),
            train,
            0.1,
            1e-5,
            true,
        )
    }
}

/// `weight · x + bias` on the last axis.
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    pub(crate) fn new(scope: &Scope, inputs: i64, outputs: i64, init: Init) -> Self {
        Self {
            weight: scope.parameter("weight", &[outputs, inputs], init),
            bias: scope.parameter("bias", &[outputs], Init::Constant(0.0)),
        }
    }

    pub(crate) fn forward(&self, tokens: &Tensor) -> Tensor {
        tokens.linear(&self.weight, Some(&self.bias))
    }
}

/// Normalisation of the last axis: `weight`, `bias`.
#[derive(Debug)]
pub(crate) struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    epsilon: f64,
}

impl LayerNorm {
    pub(crate) fn new(scope: &Scope, channels: i64, epsilon: f64) -> Self {
        Self {
            weight: scope.parameter("weight", &[channels], Init::Constant(1.0)),
            bias: scope.parameter("bias", &[channels], Init::Constant(0.0)),
            epsilon,
        }
    }

    pub(crate) fn forward(&self, tokens: &Tensor) -> Tensor {
        tokens.layer_norm(self.weight.size(), Some(&self.weight), Some(&self.bias), self.epsilon, true)
    }
}

/// Convolution, batch normalisation, ReLU: `0.weight` and `1.*`, as segmentation-models-pytorch's `Conv2dReLU`.
#[derive(Debug)]
pub(crate) struct ConvNormRelu {
    conv: Conv2d,
    norm: BatchNorm2d,
}

impl ConvNormRelu {
    pub(crate) fn new(scope: &Scope, shape: ConvShape, init: Init) -> Self {
        Self {
            conv: Conv2d::new(&scope.at(0), shape, init),
            norm: BatchNorm2d::new(&scope.at(1), shape.outputs),
        }
    }

    pub(crate) fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        self.norm.forward(&self.conv.forward(images), train).relu_()
    }
}
