//! Networks as checkpoints describe them.

use std::io;
use std::path::Path;

use checkpoint::{Checkpoint, Error, Model};
use stage::Failure;
use tch::Device;
use zoo::weights::WeightsError;
use zoo::{ModelSpec, Placement, Segmenter};

use crate::Recipe;

/// A network with fresh weights, which depend on `seed` alone: it is set before anything is drawn.
pub fn fresh(recipe: &Recipe, device: Device, seed: u64) -> Result<Segmenter, zoo::Error> {
    let model = Segmenter::new(&recipe.model.spec()?, Placement::on(device), seed as i64)?;
    let side = i64::from(recipe.input.size);
    model.check_batch(i64::from(recipe.run.batch), side, side)?;
    expect_little(&model);
    Ok(model)
}

/// How likely a pixel is of a bone before anything is known: each of the 29 covers about one in a hundred.
const PRIOR: f64 = 0.01;

/// Starts the biases of the outputs at the logit of [`PRIOR`], as Lin et al. ("Focal loss", ICCV 2017, § 3.3) do for
/// rare classes: else the first steps go into teaching every output that most pixels are background.
fn expect_little(model: &Segmenter) {
    let outputs = [model.spec().classes];
    let head = model.weights().parameters().filter(|entry| entry.tensor.size() == outputs).last();
    if let Some(bias) = head {
        let _ = tch::no_grad(|| bias.tensor.shallow_clone().fill_((PRIOR / (1.0 - PRIOR)).ln()));
    }
}

/// How many images go through a network together where `batch` are at hand: as many on a GPU, one by one on a CPU, whose
/// cores share an image as well.
///
/// Libraries choose kernels by the size of a batch, and kernels differ in their last bits. What is written of a record
/// must not depend on how many there are: so predictions and validations fill a last batch, and all have one size.
pub fn together(device: Device, batch: usize) -> usize {
    if device == Device::Cpu { 1 } else { batch }
}

/// What the checkpoint in `folder` says of itself.
pub fn read(folder: &Path) -> Result<Checkpoint, Failure> {
    Checkpoint::read(folder).map_err(|error| match error {
        Error::Io { path, source, hint } => Failure::Io { what: format!("{path}{hint}"), source },
        Error::Form { path, what } => Failure::data(path, what),
    })
}

/// Puts the weights of a file into `model`; its keys must be the model's.
pub fn load(model: &Segmenter, weights: &Path) -> Result<(), Failure> {
    model.weights().load(weights).map_err(unusable)
}

/// Weights that could not be loaded as a failure of a stage.
pub fn unusable(error: WeightsError) -> Failure {
    match error {
        WeightsError::Io(source) => Failure::Io { what: "weights".to_owned(), source },
        WeightsError::Foreign { path, reason } => Failure::data(path.display(), reason),
        WeightsError::Hub { from, reason } => Failure::Io { what: from, source: io::Error::other(reason) },
        WeightsError::Format { path, format, reason } => {
            Failure::data(path.display(), format_args!("not a whole {format}: {reason}"))
        }
        WeightsError::Mismatch { from, mismatch } => {
            Failure::data(from, format_args!("it does not fit the model: {mismatch}"))
        }
    }
}

/// What a checkpoint says of the network `spec`, beside its classes.
pub fn described(spec: &ModelSpec) -> Model {
    let ModelSpec { architecture, encoder, in_channels, drop_path, dropout, .. } = spec.clone();
    Model { architecture, encoder, in_channels, drop_path, dropout }
}

/// The network that a checkpoint describes.
pub fn specified(checkpoint: &Checkpoint) -> ModelSpec {
    let Model { architecture, encoder, in_channels, drop_path, dropout } = checkpoint.model.clone();
    ModelSpec {
        architecture,
        encoder,
        classes: checkpoint.classes.len() as i64,
        in_channels,
        drop_path,
        dropout,
    }
}
