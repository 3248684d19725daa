//! Networks as checkpoints describe them.

use checkpoint::{Checkpoint, Model};
use zoo::ModelSpec;

/// What a checkpoint says of the network `spec`, beside its classes.
pub fn described(spec: &ModelSpec) -> Model {
    let ModelSpec { architecture, encoder, in_channels, drop_path, .. } = spec.clone();
    Model { architecture, encoder, in_channels, drop_path }
}

/// The network that a checkpoint describes.
pub fn specified(checkpoint: &Checkpoint) -> ModelSpec {
    let Model { architecture, encoder, in_channels, drop_path } = checkpoint.model.clone();
    ModelSpec { architecture, encoder, classes: checkpoint.classes.len() as i64, in_channels, drop_path }
}
