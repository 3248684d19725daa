//! Squeeze and excitation: each channel weighed by what the means of all channels say.
//!
//! Hu, Shen, Albanie, Sun, Wu: Squeeze-and-Excitation Networks, 2017 (arXiv:1709.01507).

use tch::Tensor;

use super::{Activation, Conv2d};

/// Each channel times a gate in [0, 1].
#[derive(Debug)]
pub(crate) struct SqueezeExcite {
    squeeze: Conv2d,
    excite: Conv2d,
    activation: Activation,
    gate: Activation,
}

impl SqueezeExcite {
    /// From 1×1 convolutions to fewer channels and back, with what follows each.
    pub(crate) fn new(squeeze: (Conv2d, Activation), excite: (Conv2d, Activation)) -> Self {
        let ((squeeze, activation), (excite, gate)) = (squeeze, excite);
        Self { squeeze, excite, activation, gate }
    }

    // [B, C, H, W] -> [B, C, H, W]
    pub(crate) fn forward(&self, images: &Tensor) -> Tensor {
        let means = images.adaptive_avg_pool2d([1, 1]);
        let squeezed = self.activation.of(self.squeeze.forward(&means));
        images * self.gate.of(self.excite.forward(&squeezed))
    }
}
