//! Normalisations.

use tch::Tensor;

use super::exact;
use crate::parameters::{Init, Scope};
use crate::switches::Switches;

/// How batch normalisation keeps its running statistics, and what it adds to a variance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Running {
    pub(crate) epsilon: f64,
    /// The weight of the newest batch.
    pub(crate) momentum: f64,
}

/// PyTorch's.
impl Default for Running {
    fn default() -> Self {
        Self { epsilon: 1e-5, momentum: 0.1 }
    }
}

/// Batch normalisation over `[B, H, W]`: `weight`, `bias`, `running_mean`, `running_var`, `num_batches_tracked`.
///
/// The count is kept up only because checkpoints carry it.
#[derive(Debug)]
pub(crate) struct BatchNorm2d {
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    num_batches_tracked: Tensor,
    running: Running,
    pub(super) switches: Switches,
}

impl BatchNorm2d {
    pub(crate) fn new(scope: &Scope, channels: i64, running: Running) -> Self {
        Self::scaled(scope, channels, running, 1.0)
    }

    /// The same, its weights starting at `weight`.
    pub(crate) fn scaled(scope: &Scope, channels: i64, running: Running, weight: f64) -> Self {
        Self {
            weight: scope.parameter("weight", &[channels], Init::Constant(weight)),
            bias: scope.parameter("bias", &[channels], Init::Constant(0.0)),
            running_mean: scope.buffer("running_mean", &[channels], 0.0),
            running_var: scope.buffer("running_var", &[channels], 1.0),
            num_batches_tracked: scope.counter("num_batches_tracked"),
            running,
            switches: scope.switches(),
        }
    }

    pub(crate) fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        // A batch counts once, however often it is computed.
        let counts = train && !self.switches.recomputing();
        if counts {
            let _ = self.num_batches_tracked.shallow_clone().g_add_scalar_(1);
        }
        let kept = (counts || !train).then_some((&self.running_mean, &self.running_var));
        images.batch_norm(
            Some(&self.weight),
            Some(&self.bias),
            kept.map(|(mean, _)| mean),
            kept.map(|(_, variance)| variance),
            train,
            self.running.momentum,
            self.running.epsilon,
            true,
        )
    }

    /// What evaluation mode multiplies each channel by, and adds then, `[C]` each, [`exact`].
    pub(super) fn affine(&self) -> (Tensor, Tensor) {
        let scale = exact(&self.weight) / (exact(&self.running_var) + self.running.epsilon).sqrt();
        let shift = exact(&self.bias) - exact(&self.running_mean) * &scale;
        (scale, shift)
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

/// Normalisation of each image over groups of channels: `weight`, `bias`; ε 1e-5.
#[derive(Debug)]
pub(crate) struct GroupNorm {
    weight: Tensor,
    bias: Tensor,
    groups: i64,
}

impl GroupNorm {
    pub(crate) fn new(scope: &Scope, channels: i64, groups: i64) -> Self {
        Self {
            weight: scope.parameter("weight", &[channels], Init::Constant(1.0)),
            bias: scope.parameter("bias", &[channels], Init::Constant(0.0)),
            groups,
        }
    }

    pub(crate) fn forward(&self, images: &Tensor) -> Tensor {
        images.group_norm(self.groups, Some(&self.weight), Some(&self.bias), 1e-5, true)
    }
}
