//! Convolutions, alone and followed by batch normalisation.

use std::cell::OnceCell;

use tch::Tensor;

use super::raised::Raised;
use super::{Activation, BatchNorm2d, Running, exact, size_of};
use crate::parameters::{Init, Scope};

/// The shape of a convolution with square windows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConvShape {
    pub(crate) inputs: i64,
    pub(crate) outputs: i64,
    pub(crate) kernel: i64,
    pub(crate) stride: i64,
    pub(crate) padding: i64,
    pub(crate) dilation: i64,
    pub(crate) groups: i64,
    /// Whether the zeros around an image depend on its size, as TensorFlow's "SAME" does; they come on top of `padding`.
    pub(crate) tensorflow: bool,
    /// The side of the images that those zeros are meant for; absent: of those that come.
    pub(crate) side: Option<i64>,
}

impl ConvShape {
    /// A dense convolution that keeps the size of its input.
    pub(crate) fn same(inputs: i64, outputs: i64, kernel: i64) -> Self {
        Self {
            inputs,
            outputs,
            kernel,
            stride: 1,
            padding: kernel / 2,
            dilation: 1,
            groups: 1,
            tensorflow: false,
            side: None,
        }
    }

    /// A convolution of each channel by itself that keeps the size of its input.
    pub(crate) fn depthwise(channels: i64, kernel: i64) -> Self {
        Self { groups: channels, ..Self::same(channels, channels, kernel) }
    }

    /// A convolution of side by side windows, each a pixel of its outputs.
    pub(crate) fn patches(inputs: i64, outputs: i64, side: i64) -> Self {
        Self { stride: side, padding: 0, ..Self::same(inputs, outputs, side) }
    }

    /// The same, moving `stride` pixels a step.
    pub(crate) fn strided(self, stride: i64) -> Self {
        Self { stride, ..self }
    }

    /// The same, its window's pixels `dilation` apart, padded as far more.
    pub(crate) fn dilated(self, dilation: i64) -> Self {
        Self { dilation, padding: self.kernel / 2 * dilation, ..self }
    }

    /// The same, padded to ⌈size / stride⌉ outputs, with an odd zero below and to the right: TensorFlow's "SAME".
    pub(crate) fn tensorflow(self) -> Self {
        let reach = (self.kernel - 1) * self.dilation;
        let constant = self.stride == 1 && reach % 2 == 0;
        Self { padding: if constant { reach / 2 } else { 0 }, tensorflow: !constant, ..self }
    }

    /// The same, with the zeros that [`Self::tensorflow`] would give images of this side, whatever the side of an image.
    pub(crate) fn tensorflow_for(self, side: i64) -> Self {
        let [before, behind] = self.around(side);
        let constant = before == behind;
        Self { padding: if constant { before } else { 0 }, tensorflow: !constant, side: Some(side), ..self }
    }

    /// The zeros that [`Self::tensorflow`] wants along an axis of `size` pixels, before and behind it.
    fn around(self, size: i64) -> [i64; 2] {
        let reach = (self.kernel - 1) * self.dilation + 1;
        let missing = ((size - 1) / self.stride * self.stride + reach - size).max(0);
        [missing / 2, missing - missing / 2]
    }

    /// Inputs of one output: channels of a group times pixels of the window.
    pub(crate) fn fan_in(self) -> i64 {
        self.inputs / self.groups * self.kernel * self.kernel
    }
}

/// A 2-D convolution: `weight`, and `bias` where it has one.
#[derive(Debug)]
pub(crate) struct Conv2d {
    pub(super) weight: Tensor,
    pub(super) bias: Option<Tensor>,
    shape: ConvShape,
}

impl Conv2d {
    pub(crate) fn new(scope: &Scope, shape: ConvShape, init: Init) -> Self {
        let window = [shape.outputs, shape.inputs / shape.groups, shape.kernel, shape.kernel];
        Self { weight: scope.parameter("weight", &window, init), bias: None, shape }
    }

    /// The bias starts at 0, but under PyTorch's default as the weights do.
    pub(crate) fn with_bias(scope: &Scope, shape: ConvShape, init: Init) -> Self {
        match init {
            Init::PyTorch => Self::with_untouched_bias(scope, shape, init),
            _ => Self::with_bias_at(scope, shape, init, Init::Constant(0.0)),
        }
    }

    /// The bias starts as PyTorch makes it, however the weights do: for references that initialise weights alone.
    pub(crate) fn with_untouched_bias(scope: &Scope, shape: ConvShape, init: Init) -> Self {
        let start = Init::Uniform { bound: (shape.fan_in() as f64).powf(-0.5) };
        Self::with_bias_at(scope, shape, init, start)
    }

    fn with_bias_at(scope: &Scope, shape: ConvShape, init: Init, start: Init) -> Self {
        let conv = Self::new(scope, shape, init);
        Self { bias: Some(scope.parameter("bias", &[shape.outputs], start)), ..conv }
    }

    /// The convolution that gives what `norm` in evaluation mode makes of this one's outputs.
    pub(super) fn folded(&self, norm: &BatchNorm2d) -> Self {
        let (scale, shift) = norm.affine();
        let weight = exact(&self.weight) * scale.view([-1, 1, 1, 1]);
        let bias = match &self.bias {
            Some(bias) => shift + exact(bias) * scale,
            None => shift,
        };
        let placed = |tensor: Tensor| tensor.to_kind(self.weight.kind()).to_device(self.weight.device());
        Self { weight: placed(weight), bias: Some(placed(bias)), shape: self.shape }
    }

    pub(crate) fn forward(&self, images: &Tensor) -> Tensor {
        let ConvShape { stride, padding, dilation, groups, tensorflow, side, .. } = self.shape;
        let convolve = |images: &Tensor| {
            images.conv2d(&self.weight, self.bias.as_ref(), [stride; 2], [padding; 2], [dilation; 2], groups)
        };
        if !tensorflow {
            return convolve(images);
        }
        let around = |size: i64| self.shape.around(side.unwrap_or(size));
        let [[above, below], [left, right]] = size_of(images).map(around);
        convolve(&images.constant_pad_nd([left, right, above, below]))
    }
}

/// A convolution and the batch normalisation of its outputs.
///
/// In a frozen model they are one convolution, which is made when it is first needed.
#[derive(Debug)]
pub(crate) struct ConvNorm {
    conv: Conv2d,
    norm: BatchNorm2d,
    folded: OnceCell<Conv2d>,
    raised: OnceCell<Box<Raised>>,
}

impl ConvNorm {
    /// A convolution without bias below `conv`, PyTorch's usual normalisation below `norm`.
    pub(crate) fn new(conv: &Scope, norm: &Scope, shape: ConvShape, init: Init) -> Self {
        Self::running(conv, norm, shape, init, Running::default())
    }

    /// The same with running statistics of the family's own.
    pub(crate) fn running(
        conv: &Scope,
        norm: &Scope,
        shape: ConvShape,
        init: Init,
        running: Running,
    ) -> Self {
        Self::of(Conv2d::new(conv, shape, init), BatchNorm2d::new(norm, shape.outputs, running))
    }

    /// The same with outputs of 0 at first, so that a residual block starts as its shortcut: timm's `zero_init_last`.
    pub(crate) fn silent(conv: &Scope, norm: &Scope, shape: ConvShape, init: Init) -> Self {
        let running = Running::default();
        Self::of(Conv2d::new(conv, shape, init), BatchNorm2d::scaled(norm, shape.outputs, running, 0.0))
    }

    /// The pair of any two, in whichever order they were registered.
    pub(crate) fn of(conv: Conv2d, norm: BatchNorm2d) -> Self {
        Self { conv, norm, folded: OnceCell::new(), raised: OnceCell::new() }
    }

    pub(crate) fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        if !train && self.norm.switches.frozen() {
            return self.folded.get_or_init(|| self.conv.folded(&self.norm)).forward(images);
        }
        self.norm.forward(&self.conv.forward(images), train)
    }

    /// The same of `coarse` maps, `[B, C, h, w]`, doubled to their nearest neighbours, and `fine` maps,
    /// `[B, C, 2 h, 2 w]`, behind them. Only for dense 3×3 convolutions that keep the size.
    pub(crate) fn raised(&self, coarse: &Tensor, fine: Option<&Tensor>, train: bool) -> Tensor {
        let raised = |conv: &Conv2d| Raised::new(&conv.weight, conv.bias.as_ref(), coarse.size()[1]);
        if !train && self.norm.switches.frozen() {
            let once = || Box::new(raised(&self.conv.folded(&self.norm)).settled());
            return self.raised.get_or_init(once).forward(coarse, fine);
        }
        self.norm.forward(&raised(&self.conv).forward(coarse, fine), train)
    }
}

/// Convolution, batch normalisation, ReLU: `0.weight` and `1.*`, as segmentation-models-pytorch's `Conv2dReLU`.
#[derive(Debug)]
pub(crate) struct ConvNormRelu(ConvNorm);

impl ConvNormRelu {
    pub(crate) fn new(scope: &Scope, shape: ConvShape, init: Init) -> Self {
        Self::of(ConvNorm::new(&scope.at(0), &scope.at(1), shape, init))
    }

    /// The same, whatever its keys.
    pub(crate) fn of(layer: ConvNorm) -> Self {
        Self(layer)
    }

    pub(crate) fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        self.0.forward(images, train).relu_()
    }

    /// The same of `coarse` maps doubled and `fine` maps behind them.
    pub(crate) fn raised(&self, coarse: &Tensor, fine: Option<&Tensor>, train: bool) -> Tensor {
        self.0.raised(coarse, fine, train).relu_()
    }
}

/// A convolution, its batch normalisation, and a function of what that gives.
#[derive(Debug)]
pub(crate) struct ConvNormAct {
    conv: ConvNorm,
    activation: Activation,
}

impl ConvNormAct {
    pub(crate) fn new(conv: ConvNorm, activation: Activation) -> Self {
        Self { conv, activation }
    }

    pub(crate) fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        self.activation.of(self.conv.forward(images, train))
    }
}
