//! What rows on networks begin with: weights and a batch, drawn once and read by both sides.
//!
//! ```text
//! inputs/networks/ARCHITECTURE-ENCODER.safetensors  weights as a new model has them, keys of segmentation-models-pytorch
//! inputs/networks/batch.safetensors                 images [2, 3, 512, 512] and targets [2, 29, 512, 512] of 0 and 1
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use tch::{Device, Kind, Tensor};
use zoo::weights::{read, write};
use zoo::{ModelSpec, Placement, Segmenter};

use crate::Result;

/// A model whose convolutions are the work.
pub(crate) const UNET: &str = "unet/resnet50";
/// A model whose matrix products are the work.
pub(crate) const SEGFORMER: &str = "segformer/mit_b0";

/// Outputs, as many as there are bones.
const CLASSES: i64 = bones::bone::COUNT as i64;
/// Images in a batch.
const BATCH: i64 = 2;
/// Their width and height.
const SIDE: i64 = 512;
/// What weights and batches are drawn from.
const SEED: i64 = 1;

/// Images and what a network should make of them.
pub(crate) struct Batch {
    /// `[B, 3, H, W]`, from 0 to 1.
    pub(crate) images: Tensor,
    /// `[B, 29, H, W]`, 0 or 1; laid out channels-last, as `train` has them.
    pub(crate) targets: Tensor,
}

impl Batch {
    fn new(images: Tensor, targets: &Tensor) -> Batch {
        let channels_last = targets.to_kind(Kind::Float).permute([0, 2, 3, 1]).contiguous();
        Batch { images, targets: channels_last.permute([0, 3, 1, 2]) }
    }

    /// Random images, and targets of which every twentieth pixel is set.
    pub(crate) fn random(images: i64, side: i64) -> Batch {
        tch::manual_seed(SEED);
        let draw = |channels: i64| Tensor::rand([images, channels, side, side], (Kind::Float, Device::Cpu));
        let images = draw(3);
        Batch::new(images, &draw(CLASSES).lt(0.05))
    }

    /// The batch that both sides compute on.
    pub(crate) fn read(inputs: &Path) -> Result<Batch> {
        let path = inputs.join("networks/batch.safetensors");
        let mut tensors = read(&path)?;
        let mut take = |key: &str| {
            let found = tensors.remove(key);
            found
                .ok_or_else(|| format!("{}: `{key}` is missing; delete the folder of inputs", path.display()))
        };
        let (images, targets) = (take("images")?, take("targets")?);
        Ok(Batch::new(images, &targets))
    }

    /// Its number of images.
    pub(crate) fn len(&self) -> usize {
        self.images.size().first().map_or(0, |&images| images as usize)
    }
}

/// Writes the weights and the batch.
pub(crate) fn draw(inputs: &Path) -> Result<()> {
    fs::create_dir_all(inputs.join("networks"))?;
    for name in [UNET, SEGFORMER] {
        new(name)?.weights().save(&weights(inputs, name))?;
    }
    let Batch { images, targets } = Batch::random(BATCH, SIDE);
    // A byte a target: the file is a quarter.
    let targets = targets.to_kind(Kind::Uint8);
    Ok(write(&inputs.join("networks/batch.safetensors"), [("images", &images), ("targets", &targets)])?)
}

/// A model with new weights, always the same.
///
/// Without stochastic depth, which draws other numbers on each side and costs next to nothing.
pub(crate) fn new(name: &str) -> Result<Segmenter> {
    let spec = ModelSpec { drop_path: Some(0.0), ..ModelSpec::named(name, CLASSES)? };
    Ok(Segmenter::new(&spec, Placement::cpu(), SEED)?)
}

/// A model with the weights that both sides have.
pub(crate) fn open(inputs: &Path, name: &str) -> Result<Segmenter> {
    let model = new(name)?;
    model.weights().load(&weights(inputs, name))?;
    Ok(model)
}

fn weights(inputs: &Path, name: &str) -> PathBuf {
    inputs.join("networks").join(name.replace('/', "-") + ".safetensors")
}
