//! Decoders with their heads: from a pyramid of features to logits. One file an architecture.

mod aspp;
mod deeplabv3;
mod deeplabv3plus;
mod fcn;
mod fpn;
mod head;
mod hf_segformer;
mod hf_upernet;
mod linknet;
mod lraspp;
mod manet;
mod pan;
mod pspnet;
mod segformer;
mod torchvision_deeplabv3;
mod unet;
mod unetplusplus;
mod up;
mod upernet;

use std::fmt::Debug;

use crate::encoders::{Library, Variant};
use crate::parameters::Scope;
use crate::pyramid::Pyramid;
use crate::{Coarse, Level};

/// A built decoder with its head.
pub(crate) trait Decoder: Debug {
    /// Features to logits, before they are brought to the size of the images.
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Coarse;
}

/// A row of the table of architectures.
pub(crate) struct Architecture {
    /// Its name, unique in the zoo.
    pub(crate) name: &'static str,
    /// Whose implementation it is, of which the encoder is built too.
    pub(crate) library: Library,
    /// The encoders that its reference has it on; none means any of the same library.
    pub(crate) encoders: &'static [&'static str],
    /// What precedes an encoder's name in the reference's own name of the pair, where that is one word.
    pub(crate) known_as: &'static str,
    /// The key below which this architecture's checkpoints keep the encoder.
    pub(crate) encoder_key: &'static str,
    /// The stride at which its encoder's maps stop shrinking: 32, 16 or 8.
    pub(crate) output_stride: i64,
    /// Levels that it takes from its encoder, 3 to 5.
    pub(crate) depth: usize,
    /// The smallest height and width that it computes, in pixels.
    pub(crate) min_size: i64,
    /// Whether it normalises maps that it has pooled to one pixel, so that training needs two images.
    pub(crate) pools: bool,
    /// The rate of dropout in training; 0 where the reference has none.
    pub(crate) dropout: f64,
    /// Builds decoder and head with keys below the checkpoint's root.
    pub(crate) build: fn(&Scope, &DecoderOptions) -> Box<dyn Decoder>,
}

/// What a decoder takes from the model's specification and from its encoder.
#[derive(Debug)]
pub(crate) struct DecoderOptions {
    /// The encoder's levels, finest first, as many as [`Architecture::depth`].
    pub(crate) levels: Vec<Level>,
    /// The encoder's name.
    pub(crate) encoder: &'static str,
    pub(crate) classes: i64,
    /// The rate of dropout; architectures without dropout ignore it.
    pub(crate) dropout: f64,
}

impl DecoderOptions {
    /// Channels of the map at `position` of the pyramid, counted from 1; 0 where there is none.
    pub(crate) fn channels(&self, position: usize) -> i64 {
        position.checked_sub(1).map_or(0, |index| self.levels[index].channels)
    }

    /// Channels of the map at the last position.
    pub(crate) fn coarsest(&self) -> i64 {
        self.channels(self.levels.len())
    }
}

/// What most architectures of segmentation-models-pytorch have in common, to be completed.
const USUAL: Architecture = Architecture {
    name: "",
    library: Library::Smp,
    encoders: &[],
    known_as: "",
    encoder_key: "encoder",
    output_stride: 32,
    depth: 5,
    min_size: 1,
    pools: false,
    dropout: 0.0,
    build: |_, _| unreachable!("every row has its own"),
};

/// What architectures of torchvision have in common.
const TORCHVISION: Architecture =
    Architecture { library: Library::Torchvision, encoder_key: "backbone", ..USUAL };

/// What architectures of transformers have in common.
const TRANSFORMERS: Architecture =
    Architecture { library: Library::Transformers, encoder_key: "backbone", ..USUAL };

/// Every architecture.
pub(crate) const ARCHITECTURES: &[Architecture] = &[
    unet::ARCHITECTURE,
    unetplusplus::ARCHITECTURE,
    manet::ARCHITECTURE,
    linknet::ARCHITECTURE,
    fpn::ARCHITECTURE,
    pspnet::ARCHITECTURE,
    deeplabv3::ARCHITECTURE,
    deeplabv3plus::ARCHITECTURE,
    pan::ARCHITECTURE,
    upernet::ARCHITECTURE,
    segformer::ARCHITECTURE,
    fcn::ARCHITECTURE,
    torchvision_deeplabv3::ARCHITECTURE,
    lraspp::ARCHITECTURE,
    hf_segformer::ARCHITECTURE,
    hf_upernet::ARCHITECTURE,
];

impl Architecture {
    /// Why the reference cannot build it on `encoder`, if it cannot.
    pub(crate) fn refuses(&self, encoder: &dyn Variant) -> Option<String> {
        if !self.encoders.is_empty() && !self.encoders.contains(&encoder.name()) {
            return Some(format!("its encoders, as in {}, are {}", self.library, self.encoders.join(", ")));
        }
        if !encoder.libraries().contains(&self.library) {
            let on = ARCHITECTURES.iter().filter(|other| other.encoders.contains(&encoder.name()));
            let on: Vec<&str> = on.map(|other| other.name).collect();
            return Some(format!("{} does not have this encoder; {} has", self.library, on.join(", ")));
        }
        if encoder.refused_by().contains(&self.name) {
            return Some("the reference implementation does not offer this pair".to_owned());
        }
        (self.output_stride < 32 && !encoder.dilates()).then(|| {
            format!("it needs maps of stride {}, and the encoder has no dilated form", self.output_stride)
        })
    }
}
