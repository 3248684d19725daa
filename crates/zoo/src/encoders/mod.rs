//! Encoders: from images to a pyramid of features. One file a family, one table row a variant.

mod mit;
mod resnet;

use std::fmt::Debug;

use tch::Tensor;

use crate::Level;
use crate::parameters::Scope;
use crate::pyramid::Pyramid;

/// A built encoder.
pub(crate) trait Encoder: Debug {
    /// The maps it makes, finest first.
    fn levels(&self) -> Vec<Level>;

    /// Channels-last images `[B, C, H, W]` to features; H and W are multiples of the coarsest level's stride.
    fn forward(&self, images: &Tensor, train: bool) -> Pyramid;
}

/// What an encoder takes from the model's specification.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EncoderOptions {
    pub(crate) in_channels: i64,
    pub(crate) drop_path: Option<f64>,
}

/// A row of a family's table.
pub(crate) trait Variant {
    /// The encoder's name, unique in the zoo.
    fn name(&self) -> &'static str;

    /// The levels of the encoder that [`Self::build`] makes.
    fn levels(&self) -> Vec<Level>;

    /// Builds the encoder with its keys below `scope`.
    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder>;
}

/// Every row of every family.
pub(crate) fn variants() -> impl Iterator<Item = &'static dyn Variant> {
    let resnet = resnet::VARIANTS.iter().map(|row| row as &dyn Variant);
    let mit = mit::VARIANTS.iter().map(|row| row as &dyn Variant);
    resnet.chain(mit)
}
