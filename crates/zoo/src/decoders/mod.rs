//! Decoders with their heads: from a pyramid of features to logits. One file an architecture.

mod segformer;
mod unet;

use std::fmt::Debug;

use tch::Tensor;

use crate::Level;
use crate::parameters::Scope;
use crate::pyramid::Pyramid;

/// A built decoder with its head.
pub(crate) trait Decoder: Debug {
    /// Features to logits `[B, classes, H, W]` at the size of the images.
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Tensor;
}

/// A row of the table of architectures.
pub(crate) struct Architecture {
    /// Its name, unique in the zoo.
    pub(crate) name: &'static str,
    /// The key below which this architecture's checkpoints keep the encoder.
    pub(crate) encoder_key: &'static str,
    /// Why it cannot be built on an encoder with these levels, if it cannot.
    pub(crate) refuses: fn(&[Level]) -> Option<String>,
    /// Builds decoder and head for an encoder's levels (finest first) and a number of classes, with keys below the
    /// checkpoint's root.
    pub(crate) build: fn(&Scope, &[Level], i64) -> Box<dyn Decoder>,
}

/// Every architecture.
pub(crate) const ARCHITECTURES: &[Architecture] = &[unet::ARCHITECTURE, segformer::ARCHITECTURE];
