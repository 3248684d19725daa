//! The weights that training begins with.

use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use stage::{Failure, Job};
use zoo::Segmenter;
use zoo::weights::Source;

/// The weights that training begins with; those that nothing is said about are drawn.
#[derive(Clone, Debug, Default, Args, Serialize, JsonSchema)]
pub struct Beginning {
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

impl Beginning {
    /// Puts the weights into the network; their digest, where any were named.
    pub(crate) fn apply(&self, model: &Segmenter, job: &mut Job) -> Result<Option<String>, Failure> {
        let (port, source, told) = match self {
            Beginning { start: Some(folder), .. } => return begin_with(folder, model, job).map(Some),
            Beginning { weights: Some(source), .. } => {
                ("weights", source, model.load(source, self.replace_head))
            }
            Beginning { encoder_weights: Some(source), .. } => {
                ("encoder-weights", source, model.load_encoder(source))
            }
            _ => return Ok(None),
        };
        for words in told.map_err(learn::model::unusable)? {
            job.note(&format!("{source}: {words}"));
        }
        let path = source.path().map_err(learn::model::unusable)?;
        job.note_file(port, &path).map(Some)
    }
}

/// Puts the best weights of the checkpoint in `folder` into the network; the folder's digest.
fn begin_with(folder: &Path, model: &Segmenter, job: &mut Job) -> Result<String, Failure> {
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
    job.note_folder("start", folder)
}
