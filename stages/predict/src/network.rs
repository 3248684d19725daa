//! A trained network.

use std::path::Path;

use bones::Bone;
use bones::scores::Thresholds;
use checkpoint::{Checkpoint, Normalisation, file};
use learn::{Boundary, Precision, Remedy, Seen, seen, tensors};
use pixels::View;
use planes::Scores;
use stage::Failure;
use tch::{Device, Kind, Tensor};
use zoo::{Frozen, Placement, Segmenter};

use crate::augmented::Variants;

/// A trained network and what its input looks like.
pub(crate) struct Network {
    model: Frozen,
    normalisation: Normalisation,
    precision: Precision,
    /// How many images go through the network together.
    batch: usize,
}

impl Network {
    /// The network of a checkpoint with its weights, every key of which must fit. `weights` names their
    /// file. Of `batch` images as many go through it together as [`learn::model::together`] says.
    pub(crate) fn load(
        folder: &Path,
        checkpoint: &Checkpoint,
        weights: &str,
        device: Device,
        precision: Precision,
        batch: usize,
    ) -> Result<Network, Failure> {
        let description = || folder.join(file::DESCRIPTION).display().to_string();
        if checkpoint.classes != Bone::NAMES {
            let found = checkpoint.classes.join(", ");
            return Err(Failure::data(
                description(),
                format!("its classes are {found}; the 29 bones in canonical order were expected"),
            ));
        }
        let spec = learn::model::specified(checkpoint);
        let model = Segmenter::new(&spec, Placement::on(device), 0)
            .and_then(|model| {
                let side = i64::from(checkpoint.input.size);
                model.check_size(side, side).map(|()| model)
            })
            .map_err(|error| Failure::data(description(), error))?;
        learn::model::load(&model, &folder.join(weights))?;
        let model = model.freeze();
        let batch = learn::model::together(device, batch);
        Ok(Network { model, normalisation: checkpoint.input.normalisation, precision, batch })
    }

    /// The scores of radiographs, in their order, merged over `variants`. Where they are only for `masks` with these
    /// thresholds and come from a GPU, no more of them travels than the masks depend on.
    pub(crate) fn scores(
        &self,
        view: &View,
        seen: &[Seen<'_>],
        variants: &Variants,
        masks: Option<&Thresholds>,
    ) -> Result<Vec<Scores>, Failure> {
        let device = self.model.placement().device;
        let channels = self.model.spec().in_channels;
        let infer = |planes: &[u8]| {
            let input = tensors::images(planes, view.plane(), channels, self.normalisation, device);
            variants.merged(&input, |input| self.logits(input)).map_err(internal)
        };
        let whole = |logits: &Tensor, size| match masks {
            Some(thresholds) if device != Device::Cpu => Boundary::of(logits, size, thresholds)
                .map(|boundary| boundary.scores())
                .map_err(|error| Remedy::PREDICTION.torch(error)),
            _ => seen::exactly(logits, size),
        };
        seen::scores(view, seen, self.batch, infer, whole)
    }

    /// Logits in single precision.
    fn logits(&self, input: &Tensor) -> Result<Tensor, zoo::Error> {
        let device = self.model.placement().device;
        self.precision.compute(device, || self.model.infer(input)).map(|logits| logits.to_kind(Kind::Float))
    }
}

fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::Internal(error.to_string())
}
