//! A trained network.

use std::path::Path;

use bones::Bone;
use bones::bone::COUNT;
use checkpoint::{Checkpoint, Normalisation, file};
use learn::{Precision, tensors};
use planes::{Image, Scores};
use stage::Failure;
use tch::{Device, Kind, Tensor};
use zoo::{Placement, Segmenter};

use crate::{Variants, Weights, internal};

/// A trained network and what its input looks like.
pub(crate) struct Network {
    model: Segmenter,
    normalisation: Normalisation,
    precision: Precision,
}

impl Network {
    /// The network of a checkpoint with its weights, every key of which must fit.
    pub(crate) fn load(
        folder: &Path,
        checkpoint: &Checkpoint,
        weights: Weights,
        device: Device,
        precision: Precision,
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
        let path = folder.join(match weights {
            Weights::Best => file::BEST,
            Weights::Last => file::LAST,
        });
        learn::model::load(&model, &path)?;
        Ok(Network { model, normalisation: checkpoint.input.normalisation, precision })
    }

    /// The scores of images of one size, in their order, merged over `variants`.
    pub(crate) fn scores(&self, images: &[&Image], variants: &Variants) -> Result<Vec<Scores>, Failure> {
        let size = images[0].size();
        let grey: Vec<u8> = images.iter().flat_map(|image| image.pixels()).copied().collect();
        let device = self.model.placement().device;
        let input = tensors::images(&grey, size, self.normalisation, device);
        let logits = variants.merged(&input, |input| self.logits(input)).map_err(internal)?;
        let values = tensors::scores(&logits).map_err(internal)?;
        let scores = values.chunks_exact(COUNT * size.pixels() as usize);
        let scores = scores.map(|logits| Scores::new(size, logits.to_vec()));
        scores.collect::<Option<_>>().ok_or_else(|| internal("the network gave logits of another size"))
    }

    /// Logits in single precision.
    fn logits(&self, input: &Tensor) -> Result<Tensor, zoo::Error> {
        let device = self.model.placement().device;
        self.precision.compute(device, || self.model.infer(input)).map(|logits| logits.to_kind(Kind::Float))
    }
}
