//! Activations by name, for families whose tables name them.

use tch::Tensor;

/// An element-wise function between layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    Relu,
    Relu6,
    /// x · σ(x), also called swish.
    Silu,
    /// x · relu6(x + 3) / 6.
    HardSwish,
    /// relu6(x + 3) / 6.
    HardSigmoid,
    Sigmoid,
}

impl Activation {
    /// The function's values, in the memory of `x` where it can.
    pub(crate) fn of(self, mut x: Tensor) -> Tensor {
        match self {
            Activation::Relu => x.relu_(),
            Activation::Relu6 => x.relu6_(),
            Activation::Silu => x.silu_(),
            Activation::HardSwish => x.hardswish_(),
            Activation::HardSigmoid => x.hardsigmoid_(),
            Activation::Sigmoid => x.sigmoid_(),
        }
    }
}
