//! How to train: everything that the weights depend on, but for data and seed.

use checkpoint::Normalisation;
use clap::Args;
use feed::Augmentation;
use pixels::Filter;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{Loss, Precision};

/// How to train: everything that the weights depend on, but for data and seed.
#[derive(Clone, Debug, PartialEq, Args, Serialize, JsonSchema)]
pub struct Recipe {
    /// Architecture and encoder, such as `unet/resnet18` or `segformer/mit_b0`
    #[arg(long, value_name = "ARCHITECTURE/ENCODER", default_value_t = Recipe::default().model)]
    pub model: String,
    /// Channels of the network's input: the grey image once, or three times as encoders trained on ImageNet want it
    #[arg(long, value_name = "1|3", default_value_t = Recipe::default().in_channels, value_parser = channels)]
    pub in_channels: i64,
    /// Height and width that the network sees; images of another size are resized
    #[arg(long, value_name = "PIXELS", default_value_t = Recipe::default().size, value_parser = clap::value_parser!(u32).range(32..=4096))]
    pub size: u32,
    /// How images are resized
    #[arg(long, value_enum, default_value_t = Recipe::default().filter)]
    pub filter: Filter,
    /// What becomes of grey values
    #[arg(long, value_enum, default_value_t = Recipe::default().normalisation)]
    pub normalisation: Normalisation,
    /// How often to go over all training records
    #[arg(long, default_value_t = Recipe::default().epochs, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub epochs: u64,
    /// Records in a batch
    #[arg(long, default_value_t = Recipe::default().batch, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub batch: u32,
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
            model: "unet/resnet18".to_owned(),
            in_channels: 3,
            size: 512,
            filter: Filter::Linear,
            normalisation: Normalisation::Unit,
            epochs: 50,
            batch: 8,
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
