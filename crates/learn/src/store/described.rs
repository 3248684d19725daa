//! The description of a finished run: `checkpoint.json`.

use checkpoint::{Checkpoint, Input};

use super::identity::Identity;
use super::progress::{Goal, Progress};
use crate::Trainer;

/// What the checkpoint of a run says of itself.
pub(super) fn described(trainer: &Trainer, identity: &Identity, progress: &Progress) -> Checkpoint {
    let Identity { recipe, seed, start, pretrained, training, validation, versions } = identity.clone();
    let of = trainer.recipe();
    Checkpoint {
        format: checkpoint::FORMAT,
        model: crate::model::described(trainer.model().spec()),
        classes: planes::classes(),
        input: Input {
            size: of.input.size,
            filter: of.input.filter(),
            placement: trainer.view().fit,
            windows: trainer.view().windows,
            clahe: trainer.view().clahe,
            normalisation: of.input.normalisation(),
        },
        recipe,
        seed,
        start,
        pretrained,
        training,
        validation,
        trained: Some(progress.extent()),
        best: progress.best.clone(),
        last: progress.last.clone(),
        kept: progress.kept.clone(),
        legs: progress.legs.clone(),
        stopped_early: progress.patience.is_over() && !progress.reaches(Goal::of(&of.run)),
        versions,
    }
}
