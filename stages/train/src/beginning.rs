//! The weights that training begins with.

use std::path::{Path, PathBuf};

use checkpoint::{Checkpoint, Normalisation, Pretrained};
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use stage::{Failure, Job};
use zoo::Segmenter;
use zoo::weights::{Loaded, Source};

/// The weights that training begins with; those that nothing is said about are drawn.
#[derive(Clone, Debug, Default, Args, Serialize, JsonSchema)]
pub struct Beginning {
    /// Go on from where the run in this folder ended, with its recipe and seed where nothing else is said; more epochs,
    /// other rates, and whatever else its weights and its state allow, begin a new leg, which is recorded
    #[arg(long, value_name = "DIR", conflicts_with_all = ["start", "weights", "encoder_weights"])]
    pub resume: Option<PathBuf>,
    /// Begin with the best weights of this checkpoint, of the same model, instead of drawn ones; its size may differ
    #[arg(long, value_name = "DIR")]
    pub start: Option<PathBuf>,
    /// Begin with the weights of a whole model: safetensors (a file, or the index of shards), a PyTorch state dict, or
    /// hf://owner/name[@revision]/file
    #[arg(long, value_name = "SOURCE", conflicts_with = "start")]
    pub weights: Option<Source>,
    /// Put a fresh head in the place of one with another number of classes
    #[arg(long, requires = "weights")]
    pub replace_head: bool,
    /// Begin with these weights of the encoder alone, as published for ImageNet by timm, torchvision,
    /// segmentation-models-pytorch or transformers; the same sources
    #[arg(long, value_name = "SOURCE", conflicts_with_all = ["start", "weights"])]
    pub encoder_weights: Option<Source>,
}

/// What training begins with.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    /// Digest of the checkpoint or of the file of weights that training begins with, or began with.
    pub(crate) start: Option<String>,
    /// Digest of the run that is gone on from.
    pub(crate) resumed: Option<String>,
    /// How images were normalised for these weights, where that is known.
    pub(crate) normalisation: Option<Normalisation>,
    /// The pretrained weights, where some were named.
    pub(crate) pretrained: Option<Pretrained>,
}

impl Beginning {
    /// Puts the weights into the network.
    pub(crate) fn apply(&self, model: &Segmenter, job: &mut Job) -> Result<Begun, Failure> {
        let (port, source, loaded) = match self {
            Beginning { resume: Some(folder), .. } => {
                let Checkpoint { start, pretrained, .. } = learn::model::read(folder)?;
                let resumed = Some(job.note_folder("resume", folder)?);
                return Ok(Begun { start, resumed, normalisation: None, pretrained });
            }
            Beginning { start: Some(folder), .. } => return begin_with(folder, model, job),
            Beginning { weights: Some(source), .. } => {
                ("weights", source, model.load(source, self.replace_head))
            }
            Beginning { encoder_weights: Some(source), .. } => {
                ("encoder-weights", source, model.load_encoder(source))
            }
            _ => return Ok(Begun::default()),
        };
        let Loaded { told, pretrained } = loaded.map_err(learn::model::unusable)?;
        let normalisation = pretrained.normalisation;
        let images = match normalisation {
            Some(normalisation) => format!("they expect images normalised as {normalisation}"),
            None => "how images were normalised for them is unknown: --normalisation decides".to_owned(),
        };
        for words in told.iter().chain([&images]) {
            job.note(&format!("{source}: {words}"));
        }
        let path = source.path().map_err(learn::model::unusable)?;
        let start = Some(job.note_file(port, &path)?);
        Ok(Begun { start, resumed: None, normalisation, pretrained: Some(pretrained) })
    }

    /// The seed of the run: what is `given`, or else that of the run that is gone on from.
    pub(crate) fn seed(&self, given: u64) -> Result<u64, Failure> {
        match &self.resume {
            Some(folder) if given == 0 => Ok(learn::model::read(folder)?.seed),
            _ => Ok(given),
        }
    }
}

/// Puts the best weights of the checkpoint in `folder` into the network.
fn begin_with(folder: &Path, model: &Segmenter, job: &mut Job) -> Result<Begun, Failure> {
    let found = learn::model::read(folder)?;
    let expected = model.spec();
    if learn::model::specified(&found) != *expected {
        let checkpoint::Model { architecture, encoder, .. } = found.model;
        return Err(Failure::data(
            folder.join(checkpoint::file::DESCRIPTION).display(),
            format!(
                "a checkpoint of {}/{} for {} classes; {} for {} was expected: give the same --model",
                architecture,
                encoder,
                found.classes.len(),
                expected.name(),
                expected.classes,
            ),
        ));
    }
    learn::model::load(model, &folder.join(checkpoint::file::BEST))?;
    let start = Some(job.note_folder("start", folder)?);
    let normalisation = Some(found.input.normalisation);
    Ok(Begun { start, resumed: None, normalisation, pretrained: found.pretrained })
}
