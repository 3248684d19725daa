//! Layers that more than one family is made of, with PyTorch's parameter names and defaults.

mod activation;
mod convolution;
mod fusion;
mod inverted_residual;
mod normalisation;
mod raised;
mod squeeze_excite;

pub(crate) use activation::Activation;
pub(crate) use convolution::{Conv2d, ConvNorm, ConvNormAct, ConvNormRelu, ConvShape};
pub(crate) use fusion::Fusion;
pub(crate) use inverted_residual::{Branch, InvertedResidual};
pub(crate) use normalisation::{BatchNorm2d, GroupNorm, LayerNorm, Running};
pub(crate) use squeeze_excite::SqueezeExcite;

use tch::{Device, Kind, Tensor};

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

/// Height and width of `[B, C, H, W]`.
pub(crate) fn size_of(images: &Tensor) -> [i64; 2] {
    let shape = images.size();
    [shape[2], shape[3]]
}

/// Weights as they are folded: in double precision on the CPU, since not every device has it (MPS).
fn exact(weights: &Tensor) -> Tensor {
    weights.detach().to_device(Device::Cpu).to_kind(Kind::Double)
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

/// `weight · x + bias` on the last axis, the bias where it has one.
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    pub(crate) fn new(scope: &Scope, inputs: i64, outputs: i64, init: Init) -> Self {
        let linear = Self::without_bias(scope, inputs, outputs, init);
        Self { bias: Some(scope.parameter("bias", &[outputs], Init::Constant(0.0))), ..linear }
    }

    pub(crate) fn without_bias(scope: &Scope, inputs: i64, outputs: i64, init: Init) -> Self {
        Self { weight: scope.parameter("weight", &[outputs, inputs], init), bias: None }
    }

    pub(crate) fn forward(&self, tokens: &Tensor) -> Tensor {
        tokens.linear(&self.weight, self.bias.as_ref())
    }
}
