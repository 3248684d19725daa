//! Networks as checkpoints describe them.

use std::io;
use std::path::Path;

use checkpoint::{Checkpoint, Error, Model};
use stage::Failure;
use zoo::weights::WeightsError;
use zoo::{ModelSpec, Segmenter};

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
