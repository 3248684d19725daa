//! The store of a run: what is kept while training goes on, and what is left of it in the end; [`layout`] draws it.
//!
//! All that is drawn at random depends on the seed and the number of the epoch, so there is no generator to save.
//! `checkpoint.json` is written last: where it stands, the rest is complete.

mod described;
mod earlier;
mod identity;
mod layout;
mod progress;
mod resume;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use checkpoint::{Line, file};
use fs_err as fs;
use partial::{Existing, PartialFolder};
use stage::Failure;
use zoo::weights::WeightsError;

use self::earlier::Earlier;
pub use self::identity::Identity;
use self::layout::{Layout, entries, io_failure, remove};
pub use self::progress::{Goal, Progress};
use crate::{Patience, Stateful as _, Trainer};

/// The growing folder.
#[derive(Debug)]
pub struct Store {
    layout: Layout,
    journal: File,
    identity: Identity,
}

/// What a run begins with.
#[derive(Debug)]
pub enum Opened {
    /// The folder, and how far the run came before.
    Growing(Box<(Store, Progress)>),
    /// The folder is complete but for its name, as a run that was killed at its very end leaves it.
    Complete,
}

/// A run to open a store for.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// Of which run its state is.
    pub identity: Identity,
    /// When it stops because nothing is gained.
    pub patience: Patience,
    /// Where it ends.
    pub goal: Goal,
    /// The finished run that it goes on from, and its digest.
    pub resume: Option<(&'a Path, String)>,
    /// Whether what another run left may be given up.
    pub give_up: bool,
}

impl Store {
    /// Opens the folder for a run, which goes on from where it was. Where what changed since is allowed by weights and
    /// state, it goes on in a new leg; `note` says so. What another run left is refused, so that no night's work is lost,
    /// unless it may be given up.
    pub fn open(folder: PathBuf, run: Run<'_>, mut note: impl FnMut(&str)) -> Result<Opened, Failure> {
        let layout = Layout { folder };
        let Run { identity, patience, goal, resume, give_up } = run;
        let mut earlier = Earlier::of(&layout)?;
        if let Earlier::Complete(progress) = &earlier {
            if progress.identity == identity && progress.is_done(goal) {
                tidy(&layout, progress)?;
                return Ok(Opened::Complete);
            }
            // Another goal than the one it was killed at.
            if goes_on(progress, &identity, resume.as_ref()) {
                resume::reopen(&layout.folder, &layout, None)?;
                earlier = Earlier::of(&layout)?;
            }
        }
        let begins = !matches!(earlier, Earlier::Unfinished(_));
        let mut progress = match earlier {
            Earlier::Unfinished(progress) if goes_on(&progress, &identity, resume.as_ref()) => *progress,
            earlier if give_up || matches!(earlier, Earlier::Nothing) => {
                entries(&layout.folder)?.iter().try_for_each(|path| remove(path))?;
                begun(&layout, &identity, &patience, resume)?
            }
            earlier => return Err(earlier.refusal(&layout.folder, &identity)),
        };
        let differences = identity.differences(&progress.identity);
        if !differences.is_empty() {
            let epoch = progress.epoch;
            note(&format!("from epoch {} on otherwise: {}", epoch + 1, identity::listed(&differences)));
            progress.turn(&identity, patience, &differences);
        }
        if progress.epoch > 0 && progress.is_done(goal) {
            if begins {
                entries(&layout.folder)?.iter().try_for_each(|path| remove(path))?;
            }
            return Err(Failure::Usage(format!(
                "nothing is left to do: the run has done {} epochs of {} steps{}; give more --epochs or --steps to go on",
                progress.epoch,
                progress.step,
                if progress.patience.is_over() { " and gains nothing (--patience)" } else { "" },
            )));
        }
        fs::create_dir_all(layout.state()).map_err(io_failure)?;
        for foreign in entries(&layout.kept())? {
            let known = |kept: &checkpoint::Kept| foreign.ends_with(kept.file_name());
            if !progress.kept.iter().any(known) {
                remove(&foreign)?;
            }
        }
        let journal = fs::OpenOptions::new().create(true).append(true).open(layout.metrics());
        let journal = journal.and_then(|file| file.set_len(progress.metrics).map(|()| file));
        let journal = journal.map_err(io_failure)?.into_parts().0;
        Ok(Opened::Growing(Box::new((Store { layout, journal, identity }, progress))))
    }

    /// Of which run this is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Puts the network and the optimizer where they were.
    pub fn restore(&self, trainer: &mut Trainer, progress: &Progress) -> Result<(), Failure> {
        let state = self.layout.epoch(progress.epoch);
        trainer.model().weights().load(&state.join(layout::WEIGHTS)).map_err(unusable)?;
        let moments = zoo::weights::read(&state.join(layout::MOMENTS)).map_err(unusable)?;
        let mut notes = progress.stepper.clone();
        if let Some(notes) = notes.as_object_mut() {
            // Another schedule than before begins without a memory.
            let fresh = || trainer.stepper().notes()["schedule"].take();
            notes.entry("schedule").or_insert_with(fresh);
        }
        let restored = trainer.stepper_mut().restore(&moments, &notes);
        restored.map_err(|misfit| Failure::data(state.join(layout::MOMENTS).display(), misfit))
    }

    /// The lines of `metrics.jsonl` so far.
    pub fn lines(&self) -> Result<Vec<Line>, Failure> {
        let text = fs::read_to_string(self.layout.metrics()).map_err(io_failure)?;
        let line = |text| serde_json::from_str(text);
        let lines: Result<_, _> = text.lines().map(line).collect();
        lines.map_err(|error| Failure::data(self.layout.metrics().display(), error))
    }

    /// Adds a line to `metrics.jsonl`.
    pub fn log(&mut self, line: &Line) -> Result<(), Failure> {
        let mut text = serde_json::to_string(line).map_err(internal)?;
        text.push('\n');
        self.journal.write_all(text.as_bytes()).map_err(|error| Failure::io(self.layout.metrics(), error))
    }

    /// Writes the network's weights as the best so far: a copy, which later steps don't change.
    pub fn keep_best(&self, trainer: &mut Trainer, epoch: u64) -> Result<(), Failure> {
        let path = self.layout.best(epoch);
        trainer.stepper_mut().averaged(|model| model.weights().save(&path)).map_err(unwritable(&path))
    }

    /// Keeps weights of this epoch beside the best and the last, and no longer those of epochs that are not to be kept.
    pub(crate) fn keep(&self, trainer: &mut Trainer, progress: &Progress) -> Result<(), Failure> {
        let Some(kept) = progress.kept.iter().find(|kept| kept.epoch == progress.epoch) else {
            return Ok(());
        };
        fs::create_dir_all(self.layout.kept()).map_err(io_failure)?;
        let path = self.layout.kept().join(kept.file_name());
        trainer.stepper_mut().averaged(|model| model.weights().save(&path)).map_err(unwritable(&path))
    }

    /// Saves all that a later run needs.
    pub fn save(&mut self, trainer: &mut Trainer, progress: &mut Progress) -> Result<(), Failure> {
        let path = self.layout.epoch(progress.epoch);
        let state = PartialFolder::create(&path, Existing::Replace).map_err(io_failure)?;
        self.journal.sync_data().map_err(io_failure)?;
        progress.metrics = self.journal.metadata().map_err(io_failure)?.len();
        let weights = state.growing().join(layout::WEIGHTS);
        trainer.model().weights().save(&weights).map_err(unwritable(&weights))?;
        if trainer.stepper().averages() {
            let average = state.growing().join(layout::AVERAGE);
            let saved = trainer.stepper_mut().averaged(|model| model.weights().save(&average));
            saved.map_err(unwritable(&average))?;
        }
        let tensors = trainer.stepper().tensors();
        let tensors = tensors.iter().map(|(key, tensor)| (key.as_str(), tensor));
        progress.stepper = trainer.stepper().notes();
        let moments = state.growing().join(layout::MOMENTS);
        zoo::weights::write(&moments, tensors).map_err(unwritable(&moments))?;
        let text = serde_json::to_string_pretty(progress).map_err(internal)?;
        fs::write(state.growing().join(layout::PROGRESS), text).map_err(io_failure)?;
        state.commit().map_err(io_failure)?;

        let best = progress.best.as_ref().map(|best| self.layout.best(best.epoch));
        for entry in entries(&self.layout.state())? {
            if entry != path && Some(&entry) != best.as_ref() {
                remove(&entry)?;
            }
        }
        for entry in entries(&self.layout.kept())? {
            if !progress.kept.iter().any(|kept| entry.ends_with(kept.file_name())) {
                remove(&entry)?;
            }
        }
        Ok(())
    }

    /// Makes the folder what it is in the end.
    pub fn finish(&self, trainer: &Trainer, progress: &Progress) -> Result<(), Failure> {
        let last = self.layout.epoch(progress.epoch);
        let average = Some(last.join(layout::AVERAGE)).filter(|average| average.exists());
        let last = average.unwrap_or_else(|| last.join(layout::WEIGHTS));
        let best = progress.best.as_ref().map_or_else(|| last.clone(), |best| self.layout.best(best.epoch));
        for (from, name) in [(best, file::BEST), (last, file::LAST)] {
            fs::copy(&from, self.layout.folder.join(name)).map_err(io_failure)?;
        }
        let checkpoint = described::described(trainer, &self.identity, progress);
        let text = checkpoint.to_json().map_err(internal)?;
        partial::write(self.layout.folder.join(file::DESCRIPTION), text).map_err(io_failure)?;
        tidy(&self.layout, progress)
    }
}

/// Whether a run with this identity, and what it goes on from, goes on with what another came to.
fn goes_on(progress: &Progress, identity: &Identity, resume: Option<&(&Path, String)>) -> bool {
    let from_there = resume.is_none_or(|(_, digest)| progress.resumed.as_ref() == Some(digest));
    let differences = identity.differences(&progress.identity);
    from_there && !differences.iter().any(identity::Difference::is_fixed)
}

/// The beginning of a run in an empty folder.
fn begun(
    layout: &Layout,
    identity: &Identity,
    patience: &Patience,
    resume: Option<(&Path, String)>,
) -> Result<Progress, Failure> {
    let Some((from, digest)) = resume else { return Ok(Progress::none(identity.clone(), patience.clone())) };
    resume::reopen(from, layout, Some(digest.clone()))?;
    match Earlier::of(layout)? {
        Earlier::Unfinished(progress) if goes_on(&progress, identity, Some(&(from, digest))) => Ok(*progress),
        Earlier::Unfinished(progress) => {
            let differences = identity.differences(&progress.identity);
            let fixed = differences.iter().filter(|difference| difference.is_fixed());
            let failure = Failure::Usage(format!(
                "--resume {} was trained otherwise: {}; give it the same, or begin anew with its weights by --start",
                from.display(),
                identity::listed(fixed)
            ));
            entries(&layout.folder)?.iter().try_for_each(|path| remove(path))?;
            Err(failure)
        }
        _ => Err(Failure::Internal(format!("{} was not taken over", from.display()))),
    }
}

/// Removes from the state of a finished run what stands outside of it.
fn tidy(layout: &Layout, progress: &Progress) -> Result<(), Failure> {
    let state = layout.epoch(progress.epoch);
    for entry in entries(&layout.state())? {
        if entry != state {
            remove(&entry)?;
        }
    }
    let average = state.join(layout::AVERAGE);
    // Where weights are averaged, the average is `last.safetensors`.
    if average.exists() {
        remove(&average)?;
    } else if !progress.identity.recipe["average"].is_object() {
        remove(&state.join(layout::WEIGHTS))?;
    }
    if progress.resumed.is_some() {
        let progress = Progress { resumed: None, ..progress.clone() };
        let text = serde_json::to_string_pretty(&progress).map_err(internal)?;
        partial::write(state.join(layout::PROGRESS), text).map_err(io_failure)?;
    }
    if entries(&layout.kept())?.is_empty() {
        remove(&layout.kept())?;
    }
    Ok(())
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

/// A file of weights that could not be written.
fn unwritable(path: &Path) -> impl FnOnce(WeightsError) -> Failure + use<> {
    let path = path.to_owned();
    move |error| match error {
        WeightsError::Io(source) => Failure::io(path, source),
        error => Failure::Internal(error.to_string()),
    }
}
