//! Where everything is in the folder that a run grows in.
//!
//! ```text
//! <out>.partial/
//!   metrics.jsonl                 grows
//!   kept/epoch-00005.safetensors  weights that the recipe keeps
//!   state/
//!     best-00007.safetensors      weights with the best Dice so far, of epoch 7
//!     epoch-00009/                appears whole, by a rename; the one before goes then
//!       weights.safetensors
//!       average.safetensors       the average of weights, where they are averaged
//!       moments.safetensors       of the optimizer, and of the average
//!       progress.json             the rest, and how long metrics.jsonl was
//! ```
//!
//! A finished run keeps its last state, but for what `model.safetensors` and `last.safetensors` are: to go on from.

use std::io;
use std::path::{Path, PathBuf};

use checkpoint::file;
use fs_err as fs;
use stage::Failure;

pub(super) const WEIGHTS: &str = "weights.safetensors";
pub(super) const AVERAGE: &str = "average.safetensors";
pub(super) const MOMENTS: &str = "moments.safetensors";
pub(super) const PROGRESS: &str = "progress.json";

/// The folder that a run grows in.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) folder: PathBuf,
}

impl Layout {
    /// The folder of states.
    pub(super) fn state(&self) -> PathBuf {
        self.folder.join(file::STATE)
    }

    /// The best weights, of this epoch.
    pub(super) fn best(&self, epoch: u64) -> PathBuf {
        self.state().join(format!("best-{epoch:05}.safetensors"))
    }

    /// The state after this epoch.
    pub(super) fn epoch(&self, epoch: u64) -> PathBuf {
        self.state().join(format!("epoch-{epoch:05}"))
    }

    /// The newest whole state.
    pub(super) fn newest(&self) -> Result<Option<PathBuf>, Failure> {
        let states = entries(&self.state())?.into_iter();
        Ok(states.filter(|path| path.extension().is_none() && path.is_dir()).max())
    }

    /// The folder of weights that are kept.
    pub(super) fn kept(&self) -> PathBuf {
        self.folder.join(file::KEPT)
    }

    /// The lines of metrics.
    pub(super) fn metrics(&self) -> PathBuf {
        self.folder.join(file::METRICS)
    }
}

/// What is in a folder; nothing where it does not exist.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect()),
    };
    listed.map_err(io_failure)
}

/// Removes a file or a folder that may not be there.
pub(super) fn remove(path: &Path) -> Result<(), Failure> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_failure(error)),
        _ => Ok(()),
    }
}

/// An error that names its path already.
pub(super) fn io_failure(source: io::Error) -> Failure {
    Failure::Io { what: "the run's state".to_owned(), source }
}
