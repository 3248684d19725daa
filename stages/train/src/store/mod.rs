//! What is kept while training goes on (resuming), and what is left of it in the end; [`layout`] draws it.
//!
//! All that is drawn at random depends on the seed and the number of the epoch, so there is no generator to save.
//! `checkpoint.json` is written last: where it stands, the rest is complete and `state` is of no more use.

mod earlier;
mod identity;
mod layout;
mod progress;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use checkpoint::{Checkpoint, Line, file};
use fs_err as fs;
use learn::{Patience, Stateful as _, Trainer};
use partial::{Existing, PartialFolder};
use stage::Failure;
use zoo::weights::WeightsError;

use self::earlier::Earlier;
pub(crate) use self::identity::Identity;
use self::layout::{Layout, entries, io_failure, remove};
pub(crate) use self::progress::Progress;

/// The growing folder.
pub(crate) struct Store {
    layout: Layout,
    journal: File,
    identity: Identity,
}

/// What a run begins with.
pub(crate) enum Opened {
    /// The folder, and how far the run came before.
    Growing(Box<(Store, Progress)>),
    /// The folder is complete but for its name, as a run that was killed at its very end leaves it.
    Complete,
}

impl Store {
    /// Opens the folder for the run with this identity, which goes on from where it was. What another run left is
    /// refused, so that no night's work is lost, unless it may be given up.
    pub(crate) fn open(
        folder: PathBuf,
        identity: Identity,
        patience: Patience,
        give_up: bool,
    ) -> Result<Opened, Failure> {
        let layout = Layout { folder };
        let progress = match Earlier::of(&layout)? {
            Earlier::Unfinished(progress) if progress.identity == identity => *progress,
            Earlier::Complete(other) if *other == identity => {
                remove(&layout.state())?;
                return Ok(Opened::Complete);
            }
            earlier if give_up || matches!(earlier, Earlier::Nothing) => {
                entries(&layout.folder)?.iter().try_for_each(|path| remove(path))?;
                Progress::none(identity.clone(), patience)
            }
            earlier => return Err(earlier.refusal(&layout.folder, &identity)),
        };
        fs::create_dir_all(layout.state()).map_err(io_failure)?;
        let journal = fs::OpenOptions::new().create(true).append(true).open(layout.metrics());
        let journal = journal.and_then(|file| file.set_len(progress.metrics).map(|()| file));
        let journal = journal.map_err(io_failure)?.into_parts().0;
        Ok(Opened::Growing(Box::new((Store { layout, journal, identity }, progress))))
    }

    /// Of which run this is.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Puts the network and the optimizer where they were.
    pub(crate) fn restore(&self, trainer: &mut Trainer, progress: &Progress) -> Result<(), Failure> {
        let state = self.layout.epoch(progress.epoch);
        trainer.model().weights().load(&state.join(layout::WEIGHTS)).map_err(unusable)?;
        let moments = zoo::weights::read(&state.join(layout::MOMENTS)).map_err(unusable)?;
        let restored = trainer.stepper_mut().restore(&moments, &progress.stepper);
        restored.map_err(|misfit| Failure::data(state.join(layout::MOMENTS).display(), misfit))
    }

    /// The lines of `metrics.jsonl` so far.
    pub(crate) fn lines(&self) -> Result<Vec<Line>, Failure> {
        let text = fs::read_to_string(self.layout.metrics()).map_err(io_failure)?;
        let line = |text| serde_json::from_str(text);
        let lines: Result<_, _> = text.lines().map(line).collect();
        lines.map_err(|error| Failure::data(self.layout.metrics().display(), error))
    }

    /// Adds a line to `metrics.jsonl`.
    pub(crate) fn log(&mut self, line: &Line) -> Result<(), Failure> {
        let mut text = serde_json::to_string(line).map_err(internal)?;
        text.push('\n');
        self.journal.write_all(text.as_bytes()).map_err(|error| Failure::io(self.layout.metrics(), error))
    }

    /// Writes the network's weights as the best so far: a copy, which later steps don't change.
    pub(crate) fn keep_best(&self, trainer: &mut Trainer, epoch: u64) -> Result<(), Failure> {
        let path = self.layout.best(epoch);
        trainer.stepper_mut().averaged(|model| model.weights().save(&path)).map_err(unwritable)
    }

    /// Saves all that a later run needs.
    pub(crate) fn save(&mut self, trainer: &mut Trainer, progress: &mut Progress) -> Result<(), Failure> {
        let path = self.layout.epoch(progress.epoch);
        let state = PartialFolder::create(&path, Existing::Replace).map_err(io_failure)?;
        self.journal.sync_data().map_err(io_failure)?;
        progress.metrics = self.journal.metadata().map_err(io_failure)?.len();
        trainer.model().weights().save(&state.growing().join(layout::WEIGHTS)).map_err(unwritable)?;
        if trainer.stepper().averages() {
            let path = state.growing().join(layout::AVERAGE);
            trainer.stepper_mut().averaged(|model| model.weights().save(&path)).map_err(unwritable)?;
        }
        let moments = trainer.stepper().tensors();
        let moments = moments.iter().map(|(key, tensor)| (key.as_str(), tensor));
        progress.stepper = trainer.stepper().notes();
        zoo::weights::write(&state.growing().join(layout::MOMENTS), moments).map_err(unwritable)?;
        let text = serde_json::to_string_pretty(progress).map_err(internal)?;
        fs::write(state.growing().join(layout::PROGRESS), text).map_err(io_failure)?;
        state.commit().map_err(io_failure)?;

        let best = progress.best.as_ref().map(|best| self.layout.best(best.epoch));
        for entry in entries(&self.layout.state())? {
            if entry != path && Some(&entry) != best.as_ref() {
                remove(&entry)?;
            }
        }
        Ok(())
    }

    /// Makes the folder what it is in the end.
    pub(crate) fn finish(&self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        let last = self.layout.epoch(checkpoint.last.epoch);
        let average = Some(last.join(layout::AVERAGE)).filter(|average| average.exists());
        let last = average.unwrap_or_else(|| last.join(layout::WEIGHTS));
        let copies = [(self.layout.best(checkpoint.best.epoch), file::BEST), (last, file::LAST)];
        for (from, name) in copies {
            fs::copy(&from, self.layout.folder.join(name)).map_err(io_failure)?;
        }
        let text = checkpoint.to_json().map_err(internal)?;
        partial::write(self.layout.folder.join(file::DESCRIPTION), text).map_err(io_failure)?;
        remove(&self.layout.state())
    }
}

fn internal(error: serde_json::Error) -> Failure {
    Failure::Internal(error.to_string())
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

    use std::path::Path;

    use checkpoint::{Data, Validation, Versions};
    use learn::Recipe;
    use tch::{Device, Tensor};

    use super::*;

    fn identity(seed: u64) -> Identity {
        let data = Data { digests: vec!["xxh3:0".to_owned()], records: 1, patients: 1 };
        let versions = Versions { train: String::new(), libtorch: String::new() };
        let recipe = serde_json::json!({ "run": { "epochs": 2 } });
        Identity {
            recipe,
            seed,
            start: None,
            pretrained: None,
            training: data.clone(),
            validation: data,
            versions,
        }
    }

    fn validation(epoch: u64, dice: f64) -> Validation {
        Validation { epoch, step: epoch, dice, classes: vec![dice] }
    }

    fn trainer() -> Trainer {
        let model = learn::recipe::Network { name: Some("segformer/mit_b0".to_owned()), in_channels: None };
        let input = learn::recipe::Input { size: 64, ..learn::recipe::Input::default() };
        let recipe = Recipe { model, input, ..Recipe::default() };
        Trainer::new(learn::model::fresh(&recipe, Device::Cpu, 1).unwrap(), &recipe, 1, 1).unwrap()
    }

    fn open(folder: &Path, seed: u64, give_up: bool) -> Result<Opened, Failure> {
        Store::open(folder.to_owned(), identity(seed), Patience::new(None, 0.0005), give_up)
    }

    fn growing(folder: &Path, seed: u64) -> (Store, Progress) {
        match open(folder, seed, false).unwrap() {
            Opened::Growing(both) => *both,
            Opened::Complete => panic!("it is complete"),
        }
    }

    /// A run with a seed of 1 after its first epoch.
    fn unfinished(folder: &Path) -> Progress {
        let (mut store, mut progress) = growing(folder, 1);
        let line = Line::Epoch { epoch: 1, step: 1, loss: 0.5, left_out: 0, validation: None, best: false };
        (progress.epoch, progress.step) = (1, 1);
        progress.note(&validation(1, 0.5));
        store.log(&line).unwrap();
        store.keep_best(&mut trainer(), 1).unwrap();
        store.save(&mut trainer(), &mut progress).unwrap();
        store.log(&line).unwrap();
        progress
    }

    fn checkpoint(identity: Identity, progress: &Progress) -> Checkpoint {
        let Identity { recipe, seed, start, pretrained, training, validation, versions } = identity;
        Checkpoint {
            format: checkpoint::FORMAT,
            model: learn::model::described(trainer().model().spec()),
            classes: planes::classes(),
            input: checkpoint::Input {
                size: 64,
                filter: pixels::Filter::Linear,
                placement: pixels::Fit::Pad,
                windows: None,
                clahe: None,
                normalisation: checkpoint::Normalisation::Unit,
            },
            recipe,
            seed,
            start,
            pretrained,
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
        let (mut store, mut progress) = growing(folder.path(), 1);
        let mut trainer = trainer();
        let key = "segmentation_head.0.weight";
        let best = trainer.model().weights().get(key).unwrap().tensor.copy();
        for (epoch, dice) in [(1, 0.5), (2, 0.4)] {
            (progress.epoch, progress.step) = (epoch, epoch);
            if progress.note(&validation(epoch, dice)) {
                store.keep_best(&mut trainer, epoch).unwrap();
            }
            store.save(&mut trainer, &mut progress).unwrap();
            change(&trainer);
        }
        let last = &best + 1.0;
        store.finish(&checkpoint(identity(1), &progress)).unwrap();
        assert!(!folder.path().join(layout::STATE).exists());
        let read = |name| zoo::weights::read(&folder.path().join(name)).unwrap().remove(key).unwrap();
        assert!(same(&read(file::BEST), &best));
        assert!(same(&read(file::LAST), &last));
        // Killed now, before the folder gets its name, the run is complete.
        assert!(matches!(open(folder.path(), 1, false), Ok(Opened::Complete)));
        let refusal = open(folder.path(), 2, false).err().unwrap();
        assert_eq!(refusal.code(), 2);
        assert!(refusal.to_string().contains("holds a finished run that lacks only its name"), "{refusal}");
        assert!(folder.path().join(file::BEST).exists());
    }

    #[test]
    fn half_written_states_and_lines_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let progress = unfinished(folder.path());
        fs::create_dir(folder.path().join(layout::STATE).join("epoch-00002.partial")).unwrap();
        let (_, again) = growing(folder.path(), 1);
        assert_eq!(again, progress);
        let kept = fs::read_to_string(folder.path().join(file::METRICS)).unwrap();
        assert_eq!(kept.lines().count(), 1);
    }

    #[test]
    fn what_another_run_left_is_refused_unless_it_may_be_given_up() {
        let folder = tempfile::tempdir().unwrap();
        unfinished(folder.path());
        let refusal = open(folder.path(), 2, false).err().unwrap();
        assert_eq!(refusal.code(), 2);
        let text = refusal.to_string();
        assert!(text.contains("unfinished run (after epoch 1 of 2, best Dice 0.5000 of epoch 1)"), "{text}");
        assert!(text.contains("seed: 1 → 2;") && text.contains("--replace"), "{text}");
        assert!(folder.path().join(layout::STATE).join("best-00001.safetensors").exists());

        let Opened::Growing(both) = open(folder.path(), 2, true).unwrap() else { panic!("it is complete") };
        assert_eq!(both.1.epoch, 0);
        assert_eq!(fs::read_to_string(folder.path().join(file::METRICS)).unwrap(), "");
        assert!(entries(&folder.path().join(layout::STATE)).unwrap().is_empty());
    }

    #[test]
    fn what_is_of_no_run_or_of_another_program_stays() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("diary.txt"), "").unwrap();
        let refusal = open(folder.path(), 1, false).err().unwrap();
        assert!(refusal.to_string().contains("diary.txt is of no run"), "{refusal}");
        assert!(folder.path().join("diary.txt").exists());

        let folder = tempfile::tempdir().unwrap();
        unfinished(folder.path());
        fs::write(folder.path().join("state/epoch-00001").join(layout::PROGRESS), "{}").unwrap();
        let refusal = open(folder.path(), 1, false).err().unwrap();
        assert_eq!(refusal.code(), 2);
        assert!(refusal.to_string().contains("progress.json is no state of a run"), "{refusal}");
        assert!(matches!(open(folder.path(), 1, true), Ok(Opened::Growing(_))));
    }
}
