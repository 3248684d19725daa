//! Weights on disk and in the hub: where they come from, and how strictly they must fit.
//!
//! [`Source`] reads safetensors files, single or in shards, and PyTorch's own files, from the disk or from the Hugging
//! Face hub. [`Segmenter::load`](crate::Segmenter::load) takes a whole model from one,
//! [`Segmenter::load_encoder`](crate::Segmenter::load_encoder) an encoder.

mod arrange;
mod fit;
mod hub;
mod layouts;
mod machine;
mod mismatch;
mod pickle;
mod safetensors_file;
mod source;
mod torch_file;
mod wrappers;

use std::io;
use std::path::{Path, PathBuf};

use crate::parameters::Weights;

pub use fit::Loaded;
pub use mismatch::{Difference, Mismatch};
pub use safetensors_file::{read, write};
pub use source::Source;

/// Weights that could not be read, written, or fitted to a model.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file system refused; the error names the file.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// No file of weights at all.
    #[error("{}: {reason}", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead, and what to do.
        reason: String,
    },
    /// Not a whole file of its format.
    #[error("{}: not a whole {format}: {reason}", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What it was taken for.
        format: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The hub gave no file.
    #[error("{from}: {reason}")]
    Hub {
        /// What was asked for, as it was named.
        from: String,
        /// What went wrong.
        reason: String,
    },
    /// A whole file, but of another model.
    #[error("{from} does not fit the model: {mismatch}")]
    Mismatch {
        /// The file, as it was named.
        from: String,
        /// Everything that does not fit.
        mismatch: Box<Mismatch>,
    },
}

impl Weights {
    /// Takes the values of the safetensors file at `path`, if every key, shape and dtype is the model's.
    ///
    /// Nothing changes unless all of it fits; otherwise [`WeightsError::Mismatch`] has every difference. Only
    /// `*.num_batches_tracked` may be absent from the file, and keeps its value then; only [`Self::unused`] keys may be
    /// there besides.
    pub fn load(&self, path: &Path) -> Result<(), WeightsError> {
        let tensors = read(path)?;
        let mismatch = self.compare(&tensors);
        if !mismatch.is_empty() {
            let from = path.display().to_string();
            return Err(WeightsError::Mismatch { from, mismatch: Box::new(mismatch) });
        }
        self.copy(&tensors);
        Ok(())
    }

    /// Writes every tensor to a safetensors file at `path`, which appears only when it is whole.
    pub fn save(&self, path: &Path) -> Result<(), WeightsError> {
        write(path, self.entries().iter().map(|entry| (entry.key.as_str(), &entry.tensor)))
    }
}
