//! A model's parameters and buffers under their checkpoint keys.
//!
//! Stands in for tch's `VarStore`, which renames a duplicate key and does not tell buffers from parameters.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Display;

use tch::{Kind, Tensor};

use crate::Placement;
use crate::draws::Draws;
use crate::runtime::drop_gradient;
use crate::switches::Switches;

/// Whether training changes a tensor by its gradient or by its layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Learnt from the gradient.
    Parameter,
    /// State that a layer keeps itself, such as a running mean.
    Buffer,
}

/// One tensor of a model.
#[derive(Debug)]
pub struct Entry {
    /// The checkpoint's key, such as `encoder.layer1.0.conv1.weight`.
    pub key: String,
    /// The tensor itself, shared with the layer that uses it: change its values, never replace it.
    pub tensor: Tensor,
    /// Parameter or buffer.
    pub role: Role,
}

/// Every tensor of a model, in the order in which the layers were built.
#[derive(Debug, Default)]
pub struct Weights {
    entries: Vec<Entry>,
    unused: BTreeSet<String>,
}

impl Weights {
    /// All entries, in building order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Keys that checkpoints of this model may have besides, and that logits do not depend on: of heads that serve a
    /// second loss in training, and of tables that older releases stored. Loading passes over them.
    pub fn unused(&self) -> &BTreeSet<String> {
        &self.unused
    }

    /// The learnt tensors, in building order.
    pub fn parameters(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.role == Role::Parameter)
    }

    /// The entry with this key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Number of learnt values.
    pub fn parameter_count(&self) -> usize {
        self.parameters().map(|entry| entry.tensor.numel()).sum()
    }

    /// Frees the gradients of the last backward pass, before a forward pass needs memory.
    pub fn drop_gradients(&self) {
        self.parameters().for_each(|entry| drop_gradient(&entry.tensor));
    }
}

/// How a tensor starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Init {
    /// Every element the same.
    Constant(f64),
    /// Gaussian with mean 0.
    Normal {
        /// Standard deviation.
        std: f64,
    },
    /// Uniform on ±`bound`.
    Uniform {
        /// The largest magnitude.
        bound: f64,
    },
    /// Uniform on ±√(1 / fan_in): what PyTorch's `Linear`, `Conv2d` and `ConvTranspose2d` start with by themselves.
    PyTorch,
    /// Uniform on ±√(6 / fan_in): He et al. 2015 for ReLU, `torch.nn.init.kaiming_uniform_(mode="fan_in")`.
    KaimingUniform,
    /// Gaussian with variance 2 / fan_in: `torch.nn.init.kaiming_normal_(mode="fan_in")`.
    KaimingNormal,
    /// Gaussian with variance 2 / fan_out: `torch.nn.init.kaiming_normal_(mode="fan_out")`.
    KaimingNormalFanOut,
    /// Uniform on ±√(6 / (fan_in + fan_out)): Glorot & Bengio 2010, `torch.nn.init.xavier_uniform_`.
    XavierUniform,
}

impl Init {
    /// Row-major values on the CPU.
    fn values(self, shape: &[i64], draws: Draws) -> Tensor {
        let window: i64 = shape.iter().skip(2).product();
        let fan_out = (shape.first().unwrap_or(&1) * window) as f64;
        let fan_in = (shape.get(1).unwrap_or(&1) * window) as f64;
        let count = shape.iter().product::<i64>() as usize;
        let numbers = match self {
            Init::Constant(value) => vec![value as f32; count],
            Init::Normal { std } => draws.normal(std, count),
            Init::KaimingNormal => draws.normal((2.0 / fan_in).sqrt(), count),
            Init::KaimingNormalFanOut => draws.normal((2.0 / fan_out).sqrt(), count),
            Init::Uniform { bound } => draws.uniform(bound, count),
            Init::PyTorch => draws.uniform(fan_in.powf(-0.5), count),
            Init::KaimingUniform => draws.uniform((6.0 / fan_in).sqrt(), count),
            Init::XavierUniform => draws.uniform((6.0 / (fan_in + fan_out)).sqrt(), count),
        };
        Tensor::from_slice(&numbers).reshape(shape)
    }
}

/// Collects a model's tensors while its layers are built.
#[derive(Debug)]
pub(crate) struct Registry {
    weights: RefCell<Weights>,
    placement: Placement,
    seed: Option<i64>,
    switches: Switches,
}

impl Registry {
    /// For a model that computes.
    pub(crate) fn new(placement: Placement, seed: i64) -> Self {
        Self { weights: RefCell::default(), placement, seed: Some(seed), switches: Switches::default() }
    }

    /// For a model that is only looked at: its tensors have shapes, but a single element each.
    pub(crate) fn outline() -> Self {
        Self {
            weights: RefCell::default(),
            placement: Placement::cpu(),
            seed: None,
            switches: Switches::default(),
        }
    }

    /// The place of keys without a prefix.
    pub(crate) fn root(&self) -> Scope<'_> {
        Scope { registry: self, prefix: String::new(), unused: false }
    }

    /// What all layers of the model look at.
    pub(crate) fn switches(&self) -> Switches {
        self.switches.clone()
    }

    pub(crate) fn finish(self) -> Weights {
        self.weights.into_inner()
    }
}

/// A place in the tree of keys: what it registers is called `prefix.name`.
#[derive(Debug, Clone)]
pub(crate) struct Scope<'a> {
    registry: &'a Registry,
    prefix: String,
    unused: bool,
}

impl Scope<'_> {
    /// The place one segment below this one.
    pub(crate) fn at(&self, segment: impl Display) -> Self {
        Self { prefix: self.key(segment), ..*self }
    }

    /// The same, for layers that nothing computes with: what is built below it only names [`Weights::unused`] keys.
    pub(crate) fn unused(&self, segment: impl Display) -> Self {
        Self { unused: true, ..self.at(segment) }
    }

    /// Names a single one of [`Weights::unused`] keys.
    pub(crate) fn unused_key(&self, name: &str) {
        self.registry.weights.borrow_mut().unused.insert(self.key(name));
    }

    /// What all layers of the model look at.
    pub(crate) fn switches(&self) -> Switches {
        self.registry.switches()
    }

    /// A learnt tensor. Four-dimensional ones are laid out channels-last, as convolutions run fastest on them.
    pub(crate) fn parameter(&self, name: &str, shape: &[i64], init: Init) -> Tensor {
        let Placement { device, kind } = self.registry.placement;
        let Some(seed) = self.registry.seed.filter(|_| !self.unused) else {
            return self.register(
                name,
                Tensor::zeros([1], (kind, device)).expand(shape, false),
                Role::Parameter,
            );
        };
        let values = init.values(shape, Draws::new(seed, &self.key(name)));
        let tensor = match *shape {
            [out, inner, height, width] => {
                let strides = [inner * height * width, 1, width * inner, inner];
                let mut tensor = Tensor::empty_strided([out, inner, height, width], strides, (kind, device));
                tensor.copy_(&values);
                tensor
            }
            _ => values.to_kind(kind).to_device(device),
        };
        self.register(name, tensor.set_requires_grad(true), Role::Parameter)
    }

    /// State of a layer in the model's precision.
    pub(crate) fn buffer(&self, name: &str, shape: &[i64], value: f64) -> Tensor {
        let Placement { device, kind } = self.registry.placement;
        self.register(name, Tensor::full(shape, value, (kind, device)), Role::Buffer)
    }

    /// A layer's count, a 64-bit integer without dimensions.
    pub(crate) fn counter(&self, name: &str) -> Tensor {
        let device = self.registry.placement.device;
        self.register(name, Tensor::zeros([0i64; 0], (Kind::Int64, device)), Role::Buffer)
    }

    fn key(&self, segment: impl Display) -> String {
        if self.prefix.is_empty() { segment.to_string() } else { format!("{}.{segment}", self.prefix) }
    }

    fn register(&self, name: &str, tensor: Tensor, role: Role) -> Tensor {
        let key = self.key(name);
        let mut weights = self.registry.weights.borrow_mut();
        if self.unused {
            weights.unused.insert(key);
            return tensor;
        }
        assert!(weights.get(&key).is_none(), "two layers claim the key {key}");
        let shared = tensor.shallow_clone();
        weights.entries.push(Entry { key, tensor, role });
        shared
    }
}
