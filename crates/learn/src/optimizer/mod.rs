//! Optimizers: rules that move weights along their gradients, with parameter groups and gradient clipping.
//!
//! [`OptimizerConfig`] says by which rule, one file each; [`Groups`] says which tensors learn more slowly or do not decay.
//! The rules are those of `torch.optim` and of lion-pytorch, to the last few bits.

mod adam;
mod adamw;
mod arena;
mod clip;
mod config;
mod groups;
mod lion;
mod place;
mod rmsprop;
mod rule;
mod saved;
mod sgd;

use tch::Tensor;

pub use adam::Adam;
pub use adamw::AdamW;
pub use arena::Layout;
pub use config::OptimizerConfig;
pub use groups::{Groups, Spared};
pub use lion::Lion;
pub use rmsprop::RmsProp;
pub use sgd::Sgd;

use self::arena::{Arena, Piece};
pub(crate) use self::place::Place;
use self::rule::At;

/// A tensor to learn.
#[derive(Debug)]
pub struct Parameter {
    /// Its key in checkpoints, one of its own.
    pub key: String,
    /// A leaf that wants a gradient.
    pub tensor: Tensor,
    /// Whether it belongs to the encoder.
    pub encoder: bool,
}

impl Parameter {
    /// The learnt tensors of a model.
    pub fn all(model: &zoo::Segmenter) -> impl Iterator<Item = Parameter> {
        model.weights().parameters().map(|entry| Parameter {
            key: entry.key.clone(),
            tensor: entry.tensor.shallow_clone(),
            encoder: model.is_of_encoder(&entry.key),
        })
    }
}

/// An optimizer of a model's tensors, which it changes in place.
///
/// Weights and state of a group lie in one buffer each ([`Layout`]); the model's tensors become views of it.
///
/// A tensor that the loss did not depend on has no gradient. It stays as it is, with its state and its own count of
/// steps, as in PyTorch.
#[derive(Debug)]
pub struct Optimizer {
    config: OptimizerConfig,
    layout: Layout,
    steps: u64,
    arenas: Vec<Arena>,
    /// The gradients that `clip` saw, of each arena, until a step takes them.
    collected: Option<Vec<Vec<Piece>>>,
}

impl Optimizer {
    /// An optimizer of `parameters`, laid out as suits their device.
    ///
    /// Whatever shares these tensors (`shallow_clone`) goes on sharing them; what was detached from them before does not.
    pub fn new(
        config: &OptimizerConfig,
        groups: &Groups,
        parameters: impl IntoIterator<Item = Parameter>,
    ) -> Optimizer {
        let parameters: Vec<Parameter> = parameters.into_iter().collect();
        let layout = Layout::suiting(parameters.first().map(|first| first.tensor.device()));
        Optimizer::laid_out(config, groups, parameters, layout)
    }

    /// The same, laid out so: for tests and measurements.
    pub fn laid_out(
        config: &OptimizerConfig,
        groups: &Groups,
        parameters: impl IntoIterator<Item = Parameter>,
        layout: Layout,
    ) -> Optimizer {
        let states = config.rule().state();
        let arenas = groups.deal(parameters).into_iter();
        let arenas = arenas.map(|(group, members)| Arena::new(group, members, &states)).collect();
        Optimizer { config: config.clone(), layout, steps: 0, arenas, collected: None }
    }

    /// How many steps were done.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Frees all gradients, before a forward pass needs memory, or to leave a step out.
    pub fn drop_gradients(&mut self) {
        self.collected = None;
        self.arenas.iter().for_each(Arena::drop_gradients);
    }

    /// Scales all gradients down together so that their common norm is at most `limit`, as
    /// `torch.nn.utils.clip_grad_norm_` does; the norm before. Nothing is scaled where there is no limit.
    ///
    /// The next step takes these gradients: after another backward pass, clip again first.
    pub fn clip(&mut self, limit: Option<f64>) -> f64 {
        let mut pieces = self.collect();
        let norm = clip::clip(pieces.iter_mut().flatten().map(|piece| &mut piece.gradient), limit);
        self.collected = Some(pieces);
        norm
    }

    /// One step along the gradients, with this learning rate; groups have their share of it.
    pub fn step(&mut self, learning_rate: f64) {
        let pieces = self.collected.take().unwrap_or_else(|| self.collect());
        self.steps += 1;
        let rule = self.config.rule();
        tch::no_grad(|| {
            for (arena, pieces) in self.arenas.iter_mut().zip(&pieces) {
                let lr = learning_rate * arena.group.rate;
                let weight_decay = if arena.group.decays { self.config.weight_decay() } else { 0.0 };
                for piece in pieces {
                    let step = arena.count(piece);
                    let at = At { step, lr, weight_decay };
                    arena.blocks(piece, self.layout, |weights, gradient, state| {
                        rule.update(&at, weights, gradient, state);
                    });
                }
            }
        });
    }

    fn collect(&mut self) -> Vec<Vec<Piece>> {
        let layout = self.layout;
        tch::no_grad(|| self.arenas.iter_mut().map(|arena| arena.collect(layout)).collect())
    }

    /// Where each learnt tensor lies, and the buffers of weights they lie in, a group each.
    pub(crate) fn buffers(&self) -> impl Iterator<Item = (&[Place], &Tensor)> {
        self.arenas.iter().map(|arena| (arena.places(), arena.weights()))
    }
}
