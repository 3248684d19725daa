//! The arguments of the stage.

use clap::{Args, ValueEnum};
use pixels::{Filter, Fit, Resized};
use radiograph::levels::Percentiles;
use schemars::JsonSchema;
use serde::Serialize;

/// Reads radiographs, and their annotations, from files.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub struct Decode {
    /// Which part of a data set in the competition layout to read
    #[arg(long, value_enum, default_value_t = Part::All)]
    pub split: Part,
    /// What to do about annotations
    #[arg(long, value_enum, default_value_t = Labels::Auto)]
    pub labels: Labels,
    /// Resize images to fill a square of N × N pixels, their longer side N. The outlines, and the size at which masks
    /// are predicted and scored, stay those of the radiograph [default: keep the size]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=16384))]
    pub size: Option<u32>,
    /// How to resize; both are exactly OpenCV 4.10's
    #[arg(long, value_enum, default_value_t = Filter::Linear)]
    pub filter: Filter,
    /// How `--size` resizes images that are not square; must be that of the network that will see them. `pad` writes
    /// no black: the network's side lays the image onto its square
    #[arg(long, value_enum, default_value_t = Fit::Pad)]
    pub placement: Fit,
    /// Whether to turn dark bones on bright ground into bright ones on dark ground
    #[arg(long, value_enum, default_value_t = Invert::Auto)]
    pub invert: Invert,
    /// The percentiles of 16-bit samples that become black and white; 8-bit samples stay as they are
    #[arg(long, value_name = "LOW,HIGH", default_value = "0.5,99.5")]
    pub window_percentiles: Percentiles,
    /// Refuse images of more pixels, before memory is taken for them
    #[arg(long, value_name = "N", default_value_t = 16384 * 16384, value_parser = clap::value_parser!(u32).range(1..=1 << 30))]
    pub max_pixels: u32,
    /// Write a shard without records where there is nothing to decode, rather than fail
    #[arg(long)]
    pub allow_empty: bool,
}

impl Decode {
    /// How images are resized, if at all.
    pub(crate) fn resized(&self) -> Option<Resized> {
        self.size.map(|size| Resized { size, filter: self.filter, fit: self.placement })
    }
}

/// A part of a data set in the competition layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Everything below IN
    All,
    /// The folder `train` of IN
    Train,
    /// The folder `test` of IN
    Test,
}

impl Part {
    /// The folder of IN to read; `None` for all of it.
    pub(crate) fn folder(self) -> Option<&'static str> {
        match self {
            Part::All => None,
            Part::Train => Some("train"),
            Part::Test => Some("test"),
        }
    }
}

/// What to do about annotations.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Labels {
    /// Where any radiograph has an annotation, as `require`, but radiographs without one are left out and told
    /// about; else as `none`
    Auto,
    /// Every radiograph must have an annotation; records have `polygons`
    Require,
    /// Annotations are not looked at; records have no `polygons`
    None,
}

/// Whether to turn dark bones on bright ground into bright ones on dark ground.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Invert {
    /// Where the middle of the image is dark and uneven, and the bright part even
    Auto,
    /// All images
    On,
    /// No image
    Off,
}
