//! What is kept while training goes on, and what is left of it in the end.
//!
//! ```text
//! <out>.partial/
//!   metrics.jsonl                 grows
//!   state/
//!     best-00007.safetensors      weights with the best Dice so far, of epoch 7
//!     epoch-00009/                appears whole, by a rename; the one before goes then
//!       weights.safetensors
//!       moments.safetensors       of the optimizer
//!       progress.json             the rest, and how long metrics.jsonl was
//! ```
//!
//! All that is drawn at random depends on the seed and the number of the epoch, so there is no generator to save.
//! `checkpoint.json` is written last: where it stands, the rest is complete and `state` is of no more use.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use checkpoint::{Checkpoint, Data, Line, Validation, Versions, file};
use learn::{Patience, Trainer};
use serde::{Deserialize, Serialize};
use stage::Failure;
use zoo::weights::WeightsError;

const STATE: &str = "state";
const WEIGHTS: &str = "weights.safetensors";
const MOMENTS: &str = "moments.safetensors";
const PROGRESS: &str = "progress.json";

/// Everything that the outcome depends on: a run goes on from the state of a run with the same identity only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    pub(crate) recipe: serde_json::Value,
    pub(crate) seed: u64,
    /// Digest of the checkpoint whose weights are gone on from.
    pub(crate) start: Option<String>,
    pub(crate) training: Data,
    pub(crate) validation: Data,
    pub(crate) versions: Versions,
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Progress {
    /// Epochs done.
    pub(crate) epoch: u64,
    /// Steps done.
    pub(crate) step: u64,
    /// The best validation so far.
    pub(crate) best: Option<Validation>,
    /// The last validation so far.
    pub(crate) last: Option<Validation>,
    /// What early stopping has seen.
    pub(crate) patience: Patience,
    /// Length of `metrics.jsonl` in bytes; what follows was written by an epoch that did not end.
    metrics: u64,
    /// Of which run this is.
    identity: Identity,
}

impl Progress {
    /// Takes note of a validation; whether it is the best so far.
    pub(crate) fn note(&mut self, validation: &Validation) -> bool {
        self.last = Some(validation.clone());
        self.patience.note(validation.dice);
        let best = self.best.as_ref().is_none_or(|best| validation.dice > best.dice);
        if best {
            self.best = Some(validation.clone());
        }
        best
    }
}

/// The growing folder.
pub(crate) struct Store {
    folder: PathBuf,
    journal: File,
    identity: Identity,
}

impl Store {
    /// Opens the folder, and says how far the run with this identity came before. What is there of another run is
    /// removed, and `note` told so.
    pub(crate) fn open(
        folder: PathBuf,
        identity: Identity,
        patience: Patience,
        mut note: impl FnMut(&str),
    ) -> Result<(Store, Progress), Failure> {
        let fresh = Progress {
            epoch: 0,
            step: 0,
            best: None,
            last: None,
            patience,
            metrics: 0,
            identity: identity.clone(),
        };
        let saved = newest(&folder)?;
        let progress = match saved {
            Some(saved) if saved.identity == identity => saved,
            saved => {
                if saved.is_some() {
                    let folder = folder.display();
                    note(&format!("{folder} is of a run with other arguments or data: starting anew"));
                }
                empty(&folder)?;
                fresh
            }
        };
        fs::create_dir_all(folder.join(STATE)).map_err(|error| Failure::io(&folder, error))?;
        let path = folder.join(file::METRICS);
        let journal = OpenOptions::new().create(true).append(true).open(&path);
        let journal = journal.and_then(|file| file.set_len(progress.metrics).map(|()| file));
        let journal = journal.map_err(|error| Failure::io(&path, error))?;
        Ok((Store { folder, journal, identity }, progress))
    }

    /// Of which run this is.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Puts the network and the optimizer where they were.
    pub(crate) fn restore(&self, trainer: &mut Trainer, progress: &Progress) -> Result<(), Failure> {
        let state = self.epoch(progress.epoch);
        trainer.model().weights().load(&state.join(WEIGHTS)).map_err(unusable)?;
        let moments = zoo::weights::read(&state.join(MOMENTS)).map_err(unusable)?;
        trainer.optimizer_mut().restore(progress.step, &moments).map_err(|key| {
            Failure::data(state.join(MOMENTS).display(), format!("{key} is missing or of another shape"))
        })
    }

    /// Adds a line to `metrics.jsonl`.
    pub(crate) fn log(&mut self, line: &Line) -> Result<(), Failure> {
        let mut text = serde_json::to_string(line).map_err(crate::internal)?;
        text.push('\n');
        self.journal
            .write_all(text.as_bytes())
            .map_err(|error| Failure::io(self.folder.join(file::METRICS), error))
    }

    /// Writes the network's weights as the best so far: a copy, which later steps don't change.
    pub(crate) fn keep_best(&self, trainer: &Trainer, epoch: u64) -> Result<(), Failure> {
        trainer.model().weights().save(&self.best(epoch)).map_err(unwritable)
    }

    /// Saves all that a later run needs.
    pub(crate) fn save(&mut self, trainer: &Trainer, progress: &mut Progress) -> Result<(), Failure> {
        let path = self.epoch(progress.epoch);
        let growing = path.with_extension("partial");
        let io = |error| Failure::io(&growing, error);
        match fs::remove_dir_all(&growing) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
            _ => fs::create_dir_all(&growing).map_err(io)?,
        }
        self.journal.sync_data().map_err(io)?;
        progress.metrics = self.journal.metadata().map_err(io)?.len();
        trainer.model().weights().save(&growing.join(WEIGHTS)).map_err(unwritable)?;
        let moments: Vec<_> = trainer.optimizer().moments().collect();
        let moments = moments.iter().map(|(key, tensor)| (key.as_str(), *tensor));
        zoo::weights::write(&growing.join(MOMENTS), moments).map_err(unwritable)?;
        let text = serde_json::to_string_pretty(progress).map_err(crate::internal)?;
        write_whole(&growing.join(PROGRESS), text.as_bytes()).map_err(io)?;
        fs::rename(&growing, &path).map_err(io)?;

        let best = progress.best.as_ref().map(|best| self.best(best.epoch));
        for entry in entries(&self.folder.join(STATE))? {
            if entry != path && Some(&entry) != best.as_ref() {
                remove(&entry)?;
            }
        }
        Ok(())
    }

    /// Makes the folder what it is in the end.
    pub(crate) fn finish(&self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        let copies = [
            (self.best(checkpoint.best.epoch), file::BEST),
            (self.epoch(checkpoint.last.epoch).join(WEIGHTS), file::LAST),
        ];
        for (from, name) in copies {
            let to = self.folder.join(name);
            fs::copy(&from, &to).map_err(|error| Failure::io(&from, error))?;
        }
        let path = self.folder.join(file::DESCRIPTION);
        let text = checkpoint.to_json().map_err(crate::internal)?;
        write_whole(&path, text.as_bytes()).map_err(|error| Failure::io(&path, error))?;
        remove(&self.folder.join(STATE))
    }

    fn best(&self, epoch: u64) -> PathBuf {
        self.folder.join(STATE).join(format!("best-{epoch:05}.safetensors"))
    }

    fn epoch(&self, epoch: u64) -> PathBuf {
        self.folder.join(STATE).join(format!("epoch-{epoch:05}"))
    }
}

/// Whether the folder is complete but for its name, as a run that was killed at its very end leaves it; what was
/// left to remove is removed then.
pub(crate) fn is_complete(folder: &Path, identity: &Identity) -> Result<bool, Failure> {
    let Ok(found) = Checkpoint::read(folder) else { return Ok(false) };
    let Checkpoint { recipe, seed, start, training, validation, versions, .. } = found;
    let complete = *identity == Identity { recipe, seed, start, training, validation, versions };
    if complete {
        remove(&folder.join(STATE))?;
    }
    Ok(complete)
}

/// The progress of the newest state in the folder.
fn newest(folder: &Path) -> Result<Option<Progress>, Failure> {
    let states = entries(&folder.join(STATE))?;
    let mut whole: Vec<PathBuf> =
        states.into_iter().filter(|path| path.extension().is_none() && path.is_dir()).collect();
    whole.sort();
    let Some(path) = whole.pop().map(|state| state.join(PROGRESS)) else { return Ok(None) };
    let text = fs::read_to_string(&path).map_err(|error| Failure::io(&path, error))?;
    let progress = serde_json::from_str(&text).map_err(|error| {
        Failure::data(
            path.display(),
            format!("no state to go on from ({error}); remove {}", folder.display()),
        )
    })?;
    Ok(Some(progress))
}

/// What is in a folder; nothing where it does not exist.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect()),
    };
    listed.map_err(|error| Failure::io(folder, error))
}

/// Removes all that is in a folder.
fn empty(folder: &Path) -> Result<(), Failure> {
    entries(folder)?.iter().try_for_each(|path| remove(path))
}

/// Removes a file or a folder that may not be there.
fn remove(path: &Path) -> Result<(), Failure> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::io(path, error)),
        _ => Ok(()),
    }
}

/// Writes a file that appears whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let mut file = File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)
}

fn unusable(error: WeightsError) -> Failure {
    match error {
        WeightsError::Io(source) => Failure::Io { what: "weights".to_owned(), source },
        error => Failure::Data(stage::BadData {
            file: "state to go on from".to_owned(),
            record: None,
            reason: error.to_string(),
        }),
    }
}

fn unwritable(error: WeightsError) -> Failure {
    match error {
        WeightsError::Io(source) => Failure::Io { what: "weights".to_owned(), source },
        error => Failure::Internal(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use learn::Recipe;
    use tch::{Device, Tensor};

    use super::*;

    fn identity(seed: u64) -> Identity {
        let data = Data { digests: vec!["xxh3:0".to_owned()], records: 1, patients: 1 };
        let versions = Versions { train: String::new(), libtorch: String::new() };
        let recipe = serde_json::json!({ "epochs": 2 });
        Identity { recipe, seed, start: None, training: data.clone(), validation: data, versions }
    }

    fn validation(epoch: u64, dice: f64) -> Validation {
        Validation { epoch, step: epoch, dice, classes: vec![dice] }
    }

    fn trainer() -> Trainer {
        let recipe = Recipe { model: "segformer/mit_b0".to_owned(), size: 64, ..Recipe::default() };
        Trainer::new(&recipe, Device::Cpu, 1, 1).unwrap()
    }

    fn open(folder: &Path, seed: u64) -> (Store, Progress, Vec<String>) {
        let mut notes = Vec::new();
        let patience = Patience::new(None, 0.0005);
        let note = |text: &str| notes.push(text.to_owned());
        let (store, progress) = Store::open(folder.to_owned(), identity(seed), patience, note).unwrap();
        (store, progress, notes)
    }

    fn checkpoint(identity: Identity, progress: &Progress) -> Checkpoint {
        let Identity { recipe, seed, start, training, validation, versions } = identity;
        Checkpoint {
            format: checkpoint::FORMAT,
            model: learn::model::described(trainer().model().spec()),
            classes: planes::classes(),
            input: checkpoint::Input {
                size: 64,
                filter: pixels::Filter::Linear,
                normalisation: checkpoint::Normalisation::Unit,
            },
            recipe,
            seed,
            start,
            training,
            validation,
            best: progress.best.clone().unwrap(),
            last: progress.last.clone().unwrap(),
            stopped_early: false,
            versions,
        }
    }

    /// Changes every weight in place, as a step does.
    fn change(trainer: &Trainer) {
        tch::no_grad(|| {
            for entry in trainer.model().weights().parameters() {
                let _ = entry.tensor.shallow_clone().g_add_scalar_(1.0);
            }
        });
    }

    fn same(one: &Tensor, other: &Tensor) -> bool {
        one.equal(other)
    }

    #[test]
    fn the_best_weights_are_a_copy_that_later_steps_leave_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, mut progress, _) = open(folder.path(), 1);
        let trainer = trainer();
        let key = "segmentation_head.0.weight";
        let weight = || trainer.model().weights().get(key).unwrap().tensor.copy();
        let best = weight();
        for (epoch, dice) in [(1, 0.5), (2, 0.4)] {
            (progress.epoch, progress.step) = (epoch, epoch);
            if progress.note(&validation(epoch, dice)) {
                store.keep_best(&trainer, epoch).unwrap();
            }
            store.save(&trainer, &mut progress).unwrap();
            change(&trainer);
        }
        let last = &best + 1.0;
        store.finish(&checkpoint(identity(1), &progress)).unwrap();
        assert!(!folder.path().join(STATE).exists());
        let read = |name| zoo::weights::read(&folder.path().join(name)).unwrap().remove(key).unwrap();
        assert!(same(&read(file::BEST), &best));
        assert!(same(&read(file::LAST), &last));
        // Killed now, before the folder gets its name, the run is complete.
        assert!(is_complete(folder.path(), &identity(1)).unwrap());
        assert!(!is_complete(folder.path(), &identity(2)).unwrap());
    }

    #[test]
    fn half_written_states_and_lines_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, mut progress, _) = open(folder.path(), 1);
        let line = Line::Epoch { epoch: 1, step: 1, loss: 0.5, validation: None, best: false };
        let trainer = trainer();
        (progress.epoch, progress.step) = (1, 1);
        store.log(&line).unwrap();
        store.save(&trainer, &mut progress).unwrap();
        let kept = fs::read_to_string(folder.path().join(file::METRICS)).unwrap();
        store.log(&line).unwrap();
        fs::create_dir(folder.path().join(STATE).join("epoch-00002.partial")).unwrap();

        let (_, again, notes) = open(folder.path(), 1);
        assert_eq!((again.clone(), notes), (progress, Vec::new()));
        assert_eq!(fs::read_to_string(folder.path().join(file::METRICS)).unwrap(), kept);

        let (_, fresh, notes) = open(folder.path(), 2);
        assert_eq!(fresh.epoch, 0);
        assert!(notes[0].contains("is of a run with other arguments or data: starting anew"));
        assert_eq!(fs::read_to_string(folder.path().join(file::METRICS)).unwrap(), "");
    }
}
