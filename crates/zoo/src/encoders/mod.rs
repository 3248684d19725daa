//! Encoders: from images to a pyramid of features. One file a family, one table row a variant.

mod convnext;
mod densenet;
mod efficientnet;
mod genet;
mod hf_convnext;
mod hf_swin;
mod hrnet;
mod mit;
mod mobilenet_v2;
mod mobilenet_v3;
mod regnet;
mod res2net;
mod residual;
mod resnest;
mod resnet;
mod swin;
mod window;
mod xception;

use std::fmt::{self, Debug, Display};

use tch::Tensor;

use crate::Level;
use crate::parameters::Scope;
use crate::pyramid::Pyramid;

/// A built encoder.
pub(crate) trait Encoder: Debug {
    /// Channels-last images `[B, C, H, W]` to features, as many levels as were asked for.
    fn forward(&self, images: &Tensor, train: bool) -> Pyramid;
}

/// Whose implementation a model equals: in its keys, and where implementations of one paper differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Library {
    /// segmentation-models-pytorch and, below it, timm.
    Smp,
    Torchvision,
    Transformers,
}

impl Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Library::Smp => "segmentation-models-pytorch",
            Library::Torchvision => "torchvision",
            Library::Transformers => "transformers",
        })
    }
}

/// What an encoder takes from the model's specification and from its architecture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EncoderOptions {
    pub(crate) library: Library,
    pub(crate) in_channels: i64,
    pub(crate) drop_path: Option<f64>,
    /// The stride at which maps stop shrinking: 32, 16 or 8. Convolutions behind it are dilated instead.
    pub(crate) output_stride: i64,
    /// Levels that are used, 3 to 5: strides 2, 4, … up to 2^depth.
    pub(crate) depth: usize,
}

impl EncoderOptions {
    /// The levels of an encoder with these channels, finest first.
    pub(crate) fn levels(&self, channels: [i64; 5]) -> Vec<Level> {
        let stride = |position: usize| (2 << position).min(self.output_stride);
        (0..self.depth)
            .map(|position| Level { stride: stride(position), channels: channels[position] })
            .collect()
    }

    /// How far apart the windows' pixels are in a stage that would shrink to `stride`: 1 where it does shrink.
    ///
    /// This is segmentation-models-pytorch's `make_dilated`: the whole stage, its first block too.
    pub(crate) fn dilation(&self, stride: i64) -> i64 {
        (stride / self.output_stride).max(1)
    }

    /// [`Self::dilation`] of the stage before, which in timm's families a stage's first block still has.
    pub(crate) fn dilation_before(&self, stride: i64) -> i64 {
        self.dilation(stride / 2)
    }
}

/// A row of a family's table.
pub(crate) trait Variant {
    /// The encoder's name, unique in the zoo.
    fn name(&self) -> &'static str;

    /// Channels of the maps at strides 2, 4, 8, 16 and 32; 0 where there is none.
    fn channels(&self) -> [i64; 5];

    /// The implementations in whose form it can be built.
    fn libraries(&self) -> &'static [Library] {
        &[Library::Smp]
    }

    /// Whether the reference can build it with an output stride below 32.
    fn dilates(&self) -> bool;

    /// Architectures which the reference refuses on it although its maps would do.
    fn refused_by(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether it normalises maps that it has pooled to one pixel, so that training needs two images.
    fn pools(&self) -> bool {
        false
    }

    /// The smallest height and width that it computes, in pixels.
    fn min_size(&self) -> i64 {
        1
    }

    /// What height and width must be multiples of, however few of the levels are used.
    fn multiple(&self) -> i64 {
        1
    }

    /// Builds the encoder with its keys below `scope`.
    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder>;
}

/// Every row of every family.
pub(crate) fn variants() -> impl Iterator<Item = &'static dyn Variant> {
    [
        rows(resnet::VARIANTS),
        rows(resnest::VARIANTS),
        rows(res2net::VARIANTS),
        rows(regnet::VARIANTS),
        rows(genet::VARIANTS),
        rows(densenet::VARIANTS),
        rows(mit::VARIANTS),
        rows(mobilenet_v2::VARIANTS),
        rows(mobilenet_v3::VARIANTS),
        efficientnet::variants().collect(),
        rows(convnext::VARIANTS),
        rows(swin::VARIANTS),
        rows(hrnet::VARIANTS),
        rows(xception::VARIANTS),
        rows(hf_swin::VARIANTS),
        rows(hf_convnext::VARIANTS),
    ]
    .into_iter()
    .flatten()
}

/// A family's table, as rows of the zoo's.
fn rows<V: Variant>(table: &'static [V]) -> Vec<&'static dyn Variant> {
    table.iter().map(|row| row as &dyn Variant).collect()
}
