//! How to train: everything that the weights depend on, but for data and seed.

use bones::bone::COUNT;
use checkpoint::{Checkpoint, Normalisation};
use clap::{Args, ValueEnum};
use feed::Tail;
use pixels::{Clahe, Filter, View};
use schemars::JsonSchema;
use serde::Serialize;
use tch::Device;
use zoo::ModelSpec;

use crate::{Augmentation, Loss, Precision, Viewing};

/// How to train: everything that the weights depend on, but for data and seed.
#[derive(Clone, Debug, PartialEq, Args, Serialize, JsonSchema)]
pub struct Recipe {
    /// Architecture and encoder, such as `unet/resnet18` or `segformer/mit_b0`; where nothing is said the start's, else
    /// `unet/resnet18`
    #[arg(long, value_name = "ARCHITECTURE/ENCODER")]
    pub model: Option<String>,
    /// Channels of the network's input: the grey image once, or three times as encoders trained on ImageNet want it;
    /// where nothing is said the start's, else 3
    #[arg(long, value_name = "1|3", value_parser = channels)]
    pub in_channels: Option<i64>,
    /// Height and width that the network sees; images of another size are resized
    #[arg(long, value_name = "PIXELS", default_value_t = Recipe::default().size, value_parser = clap::value_parser!(u32).range(32..=4096))]
    pub size: u32,
    /// How images are resized; where nothing is said as for the start, else linear
    #[arg(long, value_enum)]
    pub filter: Option<Filter>,
    /// What the network is shown of radiographs
    #[command(flatten)]
    #[serde(flatten)]
    pub viewing: Viewing,
    /// What becomes of grey values; where nothing is said as for the start, else as for the pretrained weights where
    /// that is known, else unit
    #[arg(long, value_enum)]
    pub normalisation: Option<Normalisation>,
    /// How often to go over all training records
    #[arg(long, default_value_t = Recipe::default().epochs, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub epochs: u64,
    /// Records in a batch
    #[arg(long, default_value_t = Recipe::default().batch, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub batch: u32,
    /// What becomes of the last batch of an epoch where the records do not fill it
    #[arg(long, value_enum, default_value_t = Recipe::default().tail)]
    pub tail: Tail,
    /// Peak learning rate of AdamW; it falls along a cosine
    #[arg(long, default_value_t = Recipe::default().lr, value_parser = rate)]
    pub lr: f64,
    /// Share of all steps over which the learning rate rises to its peak
    #[arg(long, value_name = "SHARE", default_value_t = Recipe::default().warmup, value_parser = share)]
    pub warmup: f64,
    /// Decoupled weight decay
    #[arg(long, default_value_t = Recipe::default().weight_decay, value_parser = not_negative)]
    pub weight_decay: f64,
    /// What training makes small
    #[arg(long, value_enum, default_value_t = Recipe::default().loss)]
    pub loss: Loss,
    /// The share of soft Dice in `bce-dice`
    #[arg(long, value_name = "SHARE", default_value_t = Recipe::default().dice_weight, value_parser = share)]
    pub dice_weight: f64,
    /// Largest norm of the whole gradient; larger ones are scaled down; 0: no limit
    #[arg(long, value_name = "NORM", default_value_t = Recipe::default().grad_clip, value_parser = not_negative)]
    pub grad_clip: f64,
    /// In which precision to compute
    #[arg(long, value_enum, default_value_t = Recipe::default().precision)]
    pub precision: Precision,
    /// Validate every so many epochs, and after the last one
    #[arg(long, value_name = "EPOCHS", default_value_t = Recipe::default().validate_every, value_parser = clap::value_parser!(u64).range(1..))]
    pub validate_every: u64,
    /// Stop after so many validations in a row without a gain of `--min-delta`; 0: never
    #[arg(long, value_name = "VALIDATIONS", default_value_t = Recipe::default().patience)]
    pub patience: u64,
    /// What counts as a gain of validation Dice
    #[arg(long, value_name = "DICE", default_value_t = Recipe::default().min_delta, value_parser = share)]
    pub min_delta: f64,
    /// How samples are varied
    #[command(flatten)]
    #[serde(flatten)]
    pub augmentation: Augmentation,
}

impl Default for Recipe {
    fn default() -> Recipe {
        Recipe {
            model: None,
            in_channels: None,
            size: 512,
            filter: None,
            viewing: Viewing::default(),
            normalisation: None,
            epochs: 50,
            batch: 8,
            tail: Tail::Drop,
            lr: 1e-3,
            warmup: 0.05,
            weight_decay: 0.01,
            loss: Loss::BceDice,
            dice_weight: 0.5,
            grad_clip: 1.0,
            precision: Precision::Auto,
            validate_every: 1,
            patience: 0,
            min_delta: 0.0005,
            augmentation: Augmentation::default(),
        }
    }
}

/// The model where neither `--model` nor a start names one.
const MODEL: &str = "unet/resnet18";

impl Recipe {
    /// The network to train.
    pub fn spec(&self) -> Result<ModelSpec, zoo::Error> {
        let spec = ModelSpec::named(self.model.as_deref().unwrap_or(MODEL), COUNT as i64)?;
        Ok(ModelSpec { in_channels: self.in_channels.unwrap_or(3), ..spec })
    }

    /// How images are resized.
    pub fn filter(&self) -> Filter {
        self.filter.unwrap_or(Filter::Linear)
    }

    /// What the network sees of radiographs. The error says which flags do not fit.
    pub fn view(&self) -> Result<View, String> {
        Ok(View {
            size: self.size,
            filter: self.filter(),
            fit: self.viewing.placement.unwrap_or_default(),
            windows: self.viewing.windows()?,
            clahe: self.viewing.clahe(),
        })
    }

    /// What becomes of grey values.
    pub fn normalisation(&self) -> Normalisation {
        self.normalisation.unwrap_or(Normalisation::Unit)
    }

    /// The same with what the checkpoint `start` fixes, because its weights are for nothing else. The error says what
    /// contradicts it.
    pub fn begun_from(self, start: &Checkpoint) -> Result<Recipe, String> {
        let checkpoint::Model { architecture, encoder, in_channels, .. } = &start.model;
        let model = inherited("--model", self.model, format!("{architecture}/{encoder}"), String::clone)?;
        let in_channels = inherited("--in-channels", self.in_channels, *in_channels, i64::to_string)?;
        let filter = inherited("--filter", self.filter, start.input.filter, name)?;
        let normalisation =
            inherited("--normalisation", self.normalisation, start.input.normalisation, name)?;
        // What a radiograph looks like may change where its weights go on; where nothing is said it stays.
        // Windows keep proportions, however the start saw the whole.
        let inherited_placement = self.viewing.window.is_none().then_some(start.input.placement);
        let placement = self.viewing.placement.or(inherited_placement);
        let clahe = self.viewing.clahe.or(start.input.clahe.map(|clahe: Clahe| clahe.clip_limit));
        let viewing = Viewing { placement, clahe, ..self.viewing };
        Ok(Recipe { model, in_channels, filter, viewing, normalisation, ..self })
    }

    /// What a checkpoint records of it: how samples are varied as a list of transforms, whatever flags or files said so.
    pub fn recorded(&self, augmentation: &augment::Recipe) -> serde_json::Result<serde_json::Value> {
        let mut value = serde_json::to_value(self)?;
        if let Some(fields) = value.as_object_mut() {
            for flag in ["augment", "flip", "rotate", "scale", "shift", "brightness", "contrast"] {
                fields.shift_remove(flag);
            }
            fields.insert("augmentation".to_owned(), serde_json::to_value(augmentation)?);
        }
        Ok(value)
    }

    /// The same with nothing left open, as checkpoints record it. `known` is how the pretrained weights want images
    /// normalised, where that is known, and `device` where it is computed.
    pub fn settled(self, known: Option<Normalisation>, device: Device) -> Result<Recipe, zoo::Error> {
        let spec = self.spec()?;
        Ok(Recipe {
            model: Some(spec.name()),
            in_channels: Some(spec.in_channels),
            filter: Some(self.filter()),
            viewing: Viewing {
                placement: Some(self.viewing.placement.unwrap_or_default()),
                // What does not fit stays for `view` to refuse.
                stride: match self.viewing.windows() {
                    Ok(windows) => windows.map(|windows| windows.stride),
                    Err(_) => self.viewing.stride,
                },
                ..self.viewing.clone()
            },
            normalisation: self.normalisation.or(known).or(Some(self.normalisation())),
            precision: self.precision.on(device),
            ..self
        })
    }
}

/// What is given, where it is what the start has; the start's where nothing is.
fn inherited<T: PartialEq>(
    flag: &str,
    given: Option<T>,
    start: T,
    name: impl Fn(&T) -> String,
) -> Result<Option<T>, String> {
    match given {
        Some(given) if given != start => Err(format!(
            "{flag} {} contradicts --start, which was trained with {flag} {}: leave {flag} out to go on as it was",
            name(&given),
            name(&start),
        )),
        _ => Ok(Some(start)),
    }
}

/// What the command line calls a value.
fn name<T: ValueEnum>(value: &T) -> String {
    value.to_possible_value().expect("every value can be given").get_name().to_owned()
}

fn number(text: &str, legal: impl Fn(f64) -> bool, what: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && legal(number) => Ok(number),
        _ => Err(format!("`{text}` is no {what}")),
    }
}

fn channels(text: &str) -> Result<i64, String> {
    match text {
        "1" => Ok(1),
        "3" => Ok(3),
        _ => Err(format!("`{text}` is neither 1 nor 3")),
    }
}

fn share(text: &str) -> Result<f64, String> {
    number(text, |number| (0.0..=1.0).contains(&number), "number from 0 to 1")
}

fn not_negative(text: &str) -> Result<f64, String> {
    number(text, |number| number >= 0.0, "number of 0 or more")
}

fn rate(text: &str) -> Result<f64, String> {
    number(text, |number| number > 0.0, "number above 0")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use checkpoint::{Data, Input, Validation, Versions};
    use pixels::Fit;

    use super::*;

    fn start() -> Checkpoint {
        let data = Data { digests: Vec::new(), records: 1, patients: 1 };
        let validation = Validation { epoch: 1, step: 1, dice: 0.5, classes: Vec::new() };
        Checkpoint {
            format: checkpoint::FORMAT,
            model: checkpoint::Model {
                architecture: "segformer".to_owned(),
                encoder: "mit_b0".to_owned(),
                in_channels: 1,
                drop_path: None,
                dropout: None,
            },
            classes: planes::classes(),
            input: Input {
                size: 64,
                filter: Filter::Area,
                normalisation: Normalisation::Imagenet,
                placement: Fit::Stretch,
                windows: None,
                clahe: Some(Clahe { clip_limit: 2.0, tiles: [8, 8] }),
            },
            recipe: serde_json::json!({}),
            seed: 0,
            start: None,
            pretrained: None,
            training: data.clone(),
            validation: data,
            best: validation.clone(),
            last: validation,
            stopped_early: false,
            versions: Versions { train: String::new(), libtorch: String::new() },
        }
    }

    #[test]
    fn a_start_decides_what_its_weights_are_for() {
        let recipe = Recipe::default().begun_from(&start()).unwrap();
        assert_eq!(recipe.spec().unwrap().name(), "segformer/mit_b0");
        assert_eq!(recipe.spec().unwrap().in_channels, 1);
        assert_eq!((recipe.filter(), recipe.normalisation()), (Filter::Area, Normalisation::Imagenet));
        let view = recipe.view().unwrap();
        assert_eq!((view.fit, view.clahe), (Fit::Stretch, start().input.clahe));
        // What a radiograph looks like may change.
        let viewing = Viewing { placement: Some(Fit::Pad), clahe: Some(0.0), ..Viewing::default() };
        let view = Recipe { viewing, ..Recipe::default() }.begun_from(&start()).unwrap().view().unwrap();
        assert_eq!((view.fit, view.clahe), (Fit::Pad, None));
        // Windows keep proportions, though the start stretched.
        let viewing = Viewing { window: Some(1024), ..Viewing::default() };
        let view = Recipe { viewing, ..Recipe::default() }.begun_from(&start()).unwrap().view().unwrap();
        assert_eq!((view.fit, view.windows.map(|windows| windows.stride)), (Fit::Pad, Some(512)));
        // Neither weights nor a default change it.
        let recipe = Recipe { precision: Precision::F32, ..recipe };
        assert_eq!(recipe.clone().settled(Some(Normalisation::Unit), Device::Cpu).unwrap(), recipe);
        assert_eq!(recipe.clone().begun_from(&start()), Ok(recipe));
    }

    #[test]
    fn what_contradicts_a_start_is_refused() {
        let plain = Recipe::default;
        for (recipe, expected) in [
            (
                Recipe { normalisation: Some(Normalisation::Unit), ..plain() },
                "--normalisation unit contradicts --start, which was trained with --normalisation imagenet: leave \
                 --normalisation out",
            ),
            (Recipe { filter: Some(Filter::Linear), ..plain() }, "--filter linear contradicts"),
            (Recipe { in_channels: Some(3), ..plain() }, "trained with --in-channels 1"),
            (Recipe { model: Some(MODEL.to_owned()), ..plain() }, "trained with --model segformer/mit_b0"),
        ] {
            let refusal = recipe.begun_from(&start()).unwrap_err();
            assert!(refusal.contains(expected), "{refusal}");
        }
    }

    #[test]
    fn what_is_given_goes_before_what_weights_want_and_that_before_unit() {
        let settled = |given, known| {
            let recipe = Recipe { normalisation: given, ..Recipe::default() };
            recipe.settled(known, Device::Cpu).unwrap().normalisation
        };
        let [unit, imagenet] = [Normalisation::Unit, Normalisation::Imagenet].map(Some);
        assert_eq!(settled(unit, imagenet), unit);
        assert_eq!(settled(None, imagenet), imagenet);
        assert_eq!(settled(None, None), unit);
    }
}
