//! The flags of a recipe: short names for values of its sections, on the command line and in a pipeline's `args`.

use std::path::PathBuf;

use augment::render::LabelForm;
use checkpoint::Normalisation;
use clap::{Args, ValueEnum};
use feed::Tail;
use pixels::{Clahe, Filter, Fit, Windows};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use stage::number;

use crate::loss::Objective;
use crate::{Loss, Precision};

/// How to train. A value of a flag goes before `--set`, that before `--recipe`, and that before the default.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, JsonSchema)]
pub struct Flags {
    /// How to train, as a TOML file of the sections model, input, augment, loss, optimizer, groups, schedule, average and run;
    /// also the checkpoint.json of an earlier run
    #[arg(long, value_name = "FILE")]
    pub recipe: Option<PathBuf>,
    /// Set a value of the recipe, as in `--set optimizer.name=lion` or `--set schedule.min-lr=0.01`; may be given several
    /// times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Architecture and encoder, such as `unet/resnet18` or `segformer/mit_b0`; where nothing is said the start's, else
    /// `unet/resnet18`
    #[arg(long, value_name = "ARCHITECTURE/ENCODER")]
    pub model: Option<String>,
    /// Channels of the network's input: the grey image once, or three times as encoders trained on ImageNet want it;
    /// where nothing is said the start's, else 3
    #[arg(long, value_name = "1|3", value_parser = channels)]
    pub in_channels: Option<i64>,
    /// Height and width that the network sees; images of another size are resized [default: 512]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(32..=4096))]
    pub size: Option<u32>,
    /// How images are resized; where nothing is said as for the start, else linear
    #[arg(long, value_enum)]
    pub filter: Option<Filter>,
    /// What becomes of grey values; where nothing is said as for the start, else as for the pretrained weights where
    /// that is known, else unit
    #[arg(long, value_enum)]
    pub normalisation: Option<Normalisation>,
    /// How often to go over all training records [default: 50]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub epochs: Option<u64>,
    /// End after so many steps, in place of epochs; the last epoch may be cut short
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "epochs")]
    pub steps: Option<u64>,
    /// Records in a batch [default: 8]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub batch: Option<u32>,
    /// What becomes of the last batch of an epoch where the records do not fill it [default: drop]
    #[arg(long, value_enum)]
    pub tail: Option<Tail>,
    /// The optimizer's peak learning rate [default: 0.001]
    #[arg(long, value_parser = rate)]
    pub lr: Option<f64>,
    /// Share of all steps over which the learning rate rises to its peak [default: 0.05]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub warmup: Option<f64>,
    /// The optimizer's weight decay [default: 0.01]
    #[arg(long, value_parser = not_negative)]
    pub weight_decay: Option<f64>,
    /// What training makes small [default: bce-dice]
    #[arg(long, value_enum)]
    pub loss: Option<Loss>,
    /// The share of soft Dice in `bce-dice` [default: 0.5]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub dice_weight: Option<f64>,
    /// Largest norm of the whole gradient; larger ones are scaled down; 0: no limit [default: 1]
    #[arg(long, value_name = "NORM", value_parser = not_negative)]
    pub grad_clip: Option<f64>,
    /// In which precision to compute [default: auto]
    #[arg(long, value_enum)]
    pub precision: Option<Precision>,
    /// Validate every so many epochs, and after the last one [default: 1]
    #[arg(long, value_name = "EPOCHS", value_parser = clap::value_parser!(u64).range(1..))]
    pub validate_every: Option<u64>,
    /// Stop after so many validations in a row without a gain of `--min-delta`; 0: never [default: 0]
    #[arg(long, value_name = "VALIDATIONS")]
    pub patience: Option<u64>,
    /// What counts as a gain of validation Dice [default: 0.0005]
    #[arg(long, value_name = "DICE", value_parser = share)]
    pub min_delta: Option<f64>,
    /// Keep the weights of every so many epochs, in the folder `kept`; 0: of none [default: 0]
    #[arg(long, value_name = "EPOCHS")]
    pub keep_every: Option<u64>,
    /// Keep the weights of the so many best validations, in the folder `kept` [default: 1]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub keep_best: Option<u64>,
    /// What the network is shown of radiographs
    #[command(flatten)]
    #[serde(flatten)]
    pub viewing: Viewing,
    /// How samples are varied
    #[command(flatten)]
    #[serde(flatten)]
    pub varying: Varying,
}

/// What the network is shown of radiographs, beside the size.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, JsonSchema)]
#[command(next_help_heading = "What the network sees")]
pub struct Viewing {
    /// How a radiograph that is no square comes onto the network's square; where nothing is said as for the start, else pad
    #[arg(long, value_enum)]
    pub placement: Option<Fit>,
    /// Show the network windows of so many pixels of the radiograph a side instead of the whole; 1024 with --size 1024 is
    /// native resolution
    #[arg(long, value_name = "PIXELS", allow_negative_numbers = true, value_parser = side)]
    pub window: Option<u32>,
    /// Pixels of the radiograph from one window to the next where radiographs are validated and predicted; where nothing
    /// is said half a window
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..))]
    pub stride: Option<u32>,
    /// Equalise what the network sees by CLAHE with this clip limit, in 8 × 8 tiles, in training and prediction; 0: not;
    /// where nothing is said as for the start
    #[arg(long, value_name = "CLIP", allow_negative_numbers = true, value_parser = clip)]
    pub clahe: Option<f64>,
}

/// How samples are varied.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, JsonSchema)]
#[command(next_help_heading = "Augmentation")]
pub struct Varying {
    /// Vary samples as this recipe says, instead of the flags below: a TOML file, or one that comes with the program, `none`,
    /// `field` or `radiograph`
    #[arg(long, value_name = "FILE|NAME")]
    pub augment: Option<String>,
    /// Probability to mirror left to right; no bone changes its class, as there are no left and right ones [default: 0.5]
    #[arg(long, value_name = "P", value_parser = share)]
    pub flip: Option<f64>,
    /// Turn by up to so many degrees either way [default: 15]
    #[arg(long, value_name = "DEGREES", value_parser = number::within(0.0..=180.0))]
    pub rotate: Option<f64>,
    /// Scale by up to this share up or down: 0.1 is 0.9 … 1.1 [default: 0.1]
    #[arg(long, value_name = "SHARE", value_parser = number::within(0.0..=0.9))]
    pub scale: Option<f64>,
    /// Move by up to this share of the image's sides [default: 0.05]
    #[arg(long, value_name = "SHARE", value_parser = number::within(0.0..=0.9))]
    pub shift: Option<f64>,
    /// Make lighter or darker by up to this share of white [default: 0.1]
    #[arg(long, value_name = "SHARE", value_parser = number::within(0.0..=0.9))]
    pub brightness: Option<f64>,
    /// Raise or lower the contrast about mid-grey by up to this share [default: 0.15]
    #[arg(long, value_name = "SHARE", value_parser = number::within(0.0..=0.9))]
    pub contrast: Option<f64>,
    /// What the labels of a pixel say of the bones under it [default: coverage]
    #[arg(long, value_enum)]
    pub label_form: Option<LabelForm>,
    /// Windows: which share of them is centred on a carpal or a fingertip, the others lie anywhere [default: 0.5]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub on_small_bones: Option<f64>,
}

/// Where the values of flags go: a flag's field and the path in the recipe. `loss` and `dice_weight` are terms together.
pub(super) const PATHS: [(&str, &str); 32] = [
    ("model", "model.name"),
    ("in_channels", "model.in-channels"),
    ("size", "input.size"),
    ("filter", "input.filter"),
    ("placement", "input.placement"),
    ("window", "input.window"),
    ("stride", "input.stride"),
    ("clahe", "input.clahe"),
    ("normalisation", "input.normalisation"),
    ("augment", "augment.recipe"),
    ("flip", "augment.flip"),
    ("rotate", "augment.rotate"),
    ("scale", "augment.scale"),
    ("shift", "augment.shift"),
    ("brightness", "augment.brightness"),
    ("contrast", "augment.contrast"),
    ("label_form", "augment.label-form"),
    ("on_small_bones", "augment.on-small-bones"),
    ("lr", "optimizer.lr"),
    ("weight_decay", "optimizer.weight-decay"),
    ("grad_clip", "groups.grad-clip"),
    ("warmup", "schedule.warmup"),
    ("epochs", "run.epochs"),
    ("steps", "run.steps"),
    ("batch", "run.batch"),
    ("tail", "run.tail"),
    ("precision", "run.precision"),
    ("validate_every", "run.validate-every"),
    ("patience", "run.patience"),
    ("min_delta", "run.min-delta"),
    ("keep_every", "run.keep-every"),
    ("keep_best", "run.keep-best"),
];

impl Flags {
    /// The values that flags were given: flag, path and value.
    pub(super) fn values(&self) -> Vec<(String, String, Value)> {
        let given = serde_json::to_value(self).expect("flags are plain data");
        let named = |field: &str| format!("--{}", field.replace('_', "-"));
        let given = |field: &str| Some(&given[field]).filter(|value| !value.is_null()).cloned();
        let plain = PATHS
            .iter()
            .filter_map(|(field, path)| given(field).map(|value| (named(field), (*path).to_owned(), value)));
        let mut values: Vec<_> = plain.collect();
        if self.loss.is_some() || self.dice_weight.is_some() {
            let objective =
                Objective::of_flags(self.loss.unwrap_or(Loss::BceDice), self.dice_weight.unwrap_or(0.5));
            let terms = serde_json::to_value(objective.terms).expect("terms are plain data");
            let flag = if self.loss.is_some() { "--loss" } else { "--dice-weight" };
            values.push((flag.to_owned(), "loss.terms".to_owned(), terms));
        }
        values
    }
}

fn channels(text: &str) -> Result<i64, String> {
    match text {
        "1" => Ok(1),
        "3" => Ok(3),
        _ => Err(format!("`{text}` is neither 1 nor 3")),
    }
}

fn parsed(text: &str, legal: impl Fn(f64) -> bool, what: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && legal(number) => Ok(number),
        _ => Err(format!("`{text}` is no {what}")),
    }
}

fn share(text: &str) -> Result<f64, String> {
    parsed(text, |number| (0.0..=1.0).contains(&number), "share from 0 to 1")
}

fn not_negative(text: &str) -> Result<f64, String> {
    parsed(text, |number| number >= 0.0, "number of 0 or more")
}

fn rate(text: &str) -> Result<f64, String> {
    parsed(text, |number| number > 0.0, "number above 0")
}

fn side(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(side) if Windows::SIDES.contains(&side) => Ok(side),
        _ => {
            Err(format!("`{text}` is no number from {} to {}", Windows::SIDES.start(), Windows::SIDES.end()))
        }
    }
}

fn clip(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(limit) if Clahe::CLIP_LIMITS.contains(&limit) => Ok(limit),
        _ => Err(format!("`{text}` is no clip limit from 0 to 256; 2 is customary")),
    }
}

/// What the command line calls a value.
pub(super) fn name<T: ValueEnum>(value: &T) -> String {
    value.to_possible_value().expect("every value can be given").get_name().to_owned()
}
