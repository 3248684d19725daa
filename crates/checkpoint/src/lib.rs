//! A checkpoint: the folder that `train` writes and `predict` reads, without the tensors in it.
//!
//! ```text
//! checkpoint/
//!   checkpoint.json     what was trained, on what, how well: [`Checkpoint`]
//!   model.safetensors   the weights with the best validation Dice; the last where nothing was validated on
//!   last.safetensors    the weights after the last epoch
//!   metrics.jsonl       one [`Line`] for every few steps and for every epoch
//!   kept/               weights of other epochs, where the recipe keeps some: [`Kept`]
//!   state/              what it takes to go on from it; may be deleted
//! ```
//!
//! Nothing in it depends on paths, on the time of day, or on how long training took.

mod history;
mod metrics;
mod pretrained;

use std::path::Path;
use std::{fmt, fs, io};

use clap::ValueEnum;
use pixels::{Clahe, Filter, Fit, View, Windows};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use history::{Extent, Kept, Leg};
pub use metrics::{Line, Validation};
pub use pretrained::{Part, Pretrained};

/// Names of the files of a checkpoint.
pub mod file {
    /// [`Checkpoint`](crate::Checkpoint) as JSON.
    pub const DESCRIPTION: &str = "checkpoint.json";
    /// The weights with the best validation Dice.
    pub const BEST: &str = "model.safetensors";
    /// The weights after the last epoch.
    pub const LAST: &str = "last.safetensors";
    /// [`Line`](crate::Line)s of JSON.
    pub const METRICS: &str = "metrics.jsonl";
    /// The folder of weights of other epochs.
    pub const KEPT: &str = "kept";
    /// The folder of what it takes to go on.
    pub const STATE: &str = "state";
}

/// The version of the format that this program writes. It reads version 1 too, which did not know of placements: there
/// radiographs are stretched.
pub const FORMAT: u32 = 2;

/// What a checkpoint is: `checkpoint.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Version of the format; 2, or 1.
    pub format: u32,
    /// The network.
    pub model: Model,
    /// The classes of the network's outputs, in their order; each is an independent sigmoid.
    pub classes: Vec<String>,
    /// What images look like to the network.
    pub input: Input,
    /// How it was trained: the arguments that the result depends on.
    pub recipe: serde_json::Value,
    /// Seed of everything that was drawn at random.
    pub seed: u64,
    /// Digest of the checkpoint whose best weights training began with; absent: they were drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// The pretrained weights that training began with, also where it began with a checkpoint that had begun with them;
    /// absent: none, or written before they were recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretrained: Option<Pretrained>,
    /// What it was trained on.
    pub training: Data,
    /// What it was validated on; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Data>,
    /// How long it was trained; absent: not recorded, by an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained: Option<Extent>,
    /// Validation of the weights in `model.safetensors`; absent: nothing was validated on, and they are the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<Validation>,
    /// Validation of the weights in `last.safetensors`; absent: nothing was validated on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Validation>,
    /// Weights of other epochs that were kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Kept>,
    /// Earlier stretches of the run, which had other values of the recipe, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legs: Vec<Leg>,
    /// Whether training ended before its last epoch because nothing was gained any more.
    pub stopped_early: bool,
    /// Versions of what computed it.
    pub versions: Versions,
}

/// The network of a checkpoint: all that it takes to build it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The decoder's name, such as `unet`.
    pub architecture: String,
    /// The encoder's name, such as `resnet18`.
    pub encoder: String,
    /// Channels of its input.
    pub in_channels: i64,
    /// Rate of stochastic depth; absent: the family's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop_path: Option<f64>,
    /// Rate of the decoder's dropout in training; absent: the architecture's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropout: Option<f64>,
}

/// What images look like to a network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Height and width in pixels.
    pub size: u32,
    /// The filter that radiographs are resized with.
    pub filter: Filter,
    /// How a radiograph that is no square comes onto the network's square; absent in format 1: stretched.
    pub placement: Fit,
    /// The windows that the network sees, where it does not see the whole radiograph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<Windows>,
    /// The equalisation that what the network sees goes through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clahe: Option<Clahe>,
    /// What becomes of grey values.
    pub normalisation: Normalisation,
}

impl Input {
    /// What the network sees of radiographs.
    pub fn view(&self) -> View {
        let Input { size, filter, placement: fit, windows, clahe, .. } = *self;
        View { size, filter, fit, windows, clahe }
    }

    /// Refuses what no network can see.
    fn check(&self) -> Result<(), String> {
        if !View::SIZES.contains(&self.size) {
            let (least, most) = (View::SIZES.start(), View::SIZES.end());
            return Err(format!("input.size is {}; {least} to {most} was expected", self.size));
        }
        match self.clahe {
            Some(Clahe { clip_limit, .. }) if !Clahe::CLIP_LIMITS.contains(&clip_limit) => {
                let (least, most) = (Clahe::CLIP_LIMITS.start(), Clahe::CLIP_LIMITS.end());
                Err(format!("input.clahe: a clip limit of {clip_limit}; {least} to {most} was expected"))
            }
            _ => Ok(()),
        }
    }
}

/// What a grey value v of 0 … 255 becomes in each of three equal channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Normalisation {
    /// v / 255
    Unit,
    /// (v / 255 − mean) / deviation of ImageNet's red, green and blue
    Imagenet,
    /// v / 127.5 − 1, as for Inception and some of EfficientNet's weights
    Inception,
    /// (v / 255 − mean) / deviation of CLIP's red, green and blue
    Clip,
}

impl Normalisation {
    /// The mean that is subtracted from v / 255 in each channel.
    pub fn mean(self) -> [f64; 3] {
        match self {
            Normalisation::Unit => [0.0; 3],
            Normalisation::Imagenet => [0.485, 0.456, 0.406],
            Normalisation::Inception => [0.5; 3],
            Normalisation::Clip => [0.48145466, 0.4578275, 0.40821073],
        }
    }

    /// What is divided by then.
    pub fn deviation(self) -> [f64; 3] {
        match self {
            Normalisation::Unit => [1.0; 3],
            Normalisation::Imagenet => [0.229, 0.224, 0.225],
            Normalisation::Inception => [0.5; 3],
            Normalisation::Clip => [0.26862954, 0.26130258, 0.27577711],
        }
    }
}

impl fmt::Display for Normalisation {
    /// The name, as it is given to `--normalisation`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Normalisation::Unit => "unit",
            Normalisation::Imagenet => "imagenet",
            Normalisation::Inception => "inception",
            Normalisation::Clip => "clip",
        })
    }
}

/// A set of records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Digests of the shards, in the order in which they were read.
    pub digests: Vec<String>,
    /// How many records there are.
    pub records: usize,
    /// How many patients they are of.
    pub patients: usize,
}

/// Versions of what computed a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// Of this program.
    pub train: String,
    /// Of libtorch.
    pub libtorch: String,
}

/// A checkpoint's description that can't be read.
#[derive(Debug, Error)]
pub enum Error {
    /// The system refused.
    #[error("{path}: {source}{hint}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
        /// What to do.
        hint: &'static str,
    },
    /// The file is no description of a checkpoint.
    #[error("{path}: {what}")]
    Form {
        /// The file.
        path: String,
        /// What is wrong, and what was expected.
        what: String,
    },
}

impl Checkpoint {
    /// Reads `checkpoint.json` of `folder`.
    pub fn read(folder: &Path) -> Result<Checkpoint, Error> {
        let path = folder.join(file::DESCRIPTION);
        let name = path.display().to_string();
        let text = fs::read_to_string(&path).map_err(|source| {
            let missing = source.kind() == io::ErrorKind::NotFound;
            let hint = if missing { " (a folder that `train` wrote was expected)" } else { "" };
            Error::Io { path: name.clone(), source, hint }
        })?;
        let form = |what: String| Error::Form { path: name.clone(), what };
        let mut value: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| form(format!("no JSON: {error}")))?;
        let format = value.get("format").and_then(serde_json::Value::as_u64);
        let known = format.is_some_and(|format| (1..=u64::from(FORMAT)).contains(&format));
        if !known {
            let found =
                format.map_or_else(|| "without a format".to_owned(), |format| format!("of format {format}"));
            return Err(form(format!("a checkpoint {found}; this program reads formats 1 to {FORMAT}")));
        }
        if format == Some(1)
            && let Some(input) = value.get_mut("input").and_then(serde_json::Value::as_object_mut)
        {
            input.insert("placement".to_owned(), Fit::Stretch.name().into());
        }
        let read: Checkpoint = serde_json::from_value(value)
            .map_err(|error| form(format!("no description of a checkpoint: {error}")))?;
        read.input.check().map_err(form)?;
        Ok(read)
    }

    /// The text of `checkpoint.json`.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn checkpoint() -> Checkpoint {
        let validation = Validation {
            epoch: 3,
            step: 30,
            dice: 0.9375,
            classes: vec![0.875, 1.0],
            loss: None,
            terms: Default::default(),
        };
        let data = Data { digests: vec!["xxh3:00".to_owned()], records: 4, patients: 2 };
        Checkpoint {
            format: FORMAT,
            model: Model {
                architecture: "unet".to_owned(),
                encoder: "resnet18".to_owned(),
                in_channels: 3,
                drop_path: None,
                dropout: None,
            },
            classes: vec!["finger-1".to_owned(), "finger-2".to_owned()],
            input: Input {
                size: 256,
                filter: Filter::Linear,
                placement: Fit::Pad,
                windows: Some(Windows { side: 1024, stride: 512 }),
                clahe: None,
                normalisation: Normalisation::Unit,
            },
            recipe: serde_json::json!({ "epochs": 3 }),
            seed: 7,
            start: None,
            pretrained: None,
            training: data.clone(),
            validation: Some(data),
            trained: None,
            best: Some(validation.clone()),
            last: Some(validation),
            kept: Vec::new(),
            legs: Vec::new(),
            stopped_early: false,
            versions: Versions { train: "0.1.0".to_owned(), libtorch: "2.13.0".to_owned() },
        }
    }

    #[test]
    fn a_description_round_trips() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = checkpoint();
        fs::write(folder.path().join(file::DESCRIPTION), checkpoint.to_json().unwrap()).unwrap();
        assert_eq!(Checkpoint::read(folder.path()).unwrap(), checkpoint);
    }

    #[test]
    fn format_1_is_read_and_means_stretch() {
        let folder = tempfile::tempdir().unwrap();
        let text = checkpoint().to_json().unwrap();
        let old = text.replace("\"format\": 2", "\"format\": 1").replace("\"placement\": \"pad\",", "");
        fs::write(folder.path().join(file::DESCRIPTION), old).unwrap();
        assert_eq!(Checkpoint::read(folder.path()).unwrap().input.placement, Fit::Stretch);
    }

    #[test]
    fn what_is_no_description_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = || Checkpoint::read(folder.path()).unwrap_err().to_string();
        assert!(refusal().ends_with("(a folder that `train` wrote was expected)"), "{}", refusal());
        let good = checkpoint().to_json().unwrap();
        for (text, reason) in [
            ("{", "no JSON"),
            ("{}", "a checkpoint without a format; this program reads formats 1 to 2"),
            (&*good.replace("\"format\": 2", "\"format\": 3"), "a checkpoint of format 3"),
            (&*good.replace("\"placement\": \"pad\",", ""), "missing field `placement`"),
            (&*good.replace("\"seed\"", "\"sead\""), "unknown field `sead`"),
            (&*good.replace("\"unit\"", "\"none\""), "unknown variant `none`"),
            (&*good.replace("\"size\": 256", "\"size\": 0"), "input.size is 0; 1 to 16384 was expected"),
            (&*good.replace("\"stride\": 512", "\"stride\": 0"), "a stride of 0 between windows"),
            (&*good.replace("\"side\": 1024", "\"side\": 0"), "windows of 0 pixels"),
        ] {
            fs::write(folder.path().join(file::DESCRIPTION), text).unwrap();
            assert!(refusal().contains(reason), "{}", refusal());
        }
    }
}
