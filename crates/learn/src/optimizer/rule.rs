//! A rule: what an optimizer does to weights in a step.

use tch::Tensor;

/// The circumstances of an update.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    /// Which step of these weights it is, counted from 1.
    pub(super) step: u64,
    /// The learning rate.
    pub(super) lr: f64,
    /// How much weights decay: 0 where theirs do not.
    pub(super) weight_decay: f64,
}

/// What an optimizer does to weights.
///
/// It works element by element, so that it may be given any part of the weights. With a rate of 0 the state moves
/// and the weights stay.
pub(super) trait Rule {
    /// The names of what is kept for each weight; all start at 0.
    fn state(&self) -> Vec<&'static str>;

    /// One step of `weights`, in place; gradient and each of `state` have their form `[elements]`.
    fn update(&self, at: &At, weights: &mut Tensor, gradient: &Tensor, state: &mut [Tensor]);
}

/// The gradient of the loss and of ½ · decay · ‖weights‖²: weight decay as an L2 penalty.
pub(super) fn penalised(at: &At, weights: &Tensor, gradient: &Tensor) -> Tensor {
    match at.weight_decay {
        0.0 => gradient.shallow_clone(),
        decay => (weights * decay).g_add_(gradient),
    }
}

/// The first `N` tensors of a state.
pub(super) fn kept<const N: usize>(state: &mut [Tensor]) -> [&mut Tensor; N] {
    let kept: Vec<&mut Tensor> = state.iter_mut().take(N).collect();
    kept.try_into().expect("a rule is given the state that it names")
}
