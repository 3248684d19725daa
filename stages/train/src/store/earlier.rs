//! What an earlier run left in the folder that a run grows in.

use std::path::Path;

use checkpoint::{Checkpoint, file};
use fs_err as fs;
use stage::Failure;

use super::identity::Identity;
use super::layout::{Layout, PROGRESS, entries, io_failure};
use super::progress::Progress;

/// What an earlier run left.
#[derive(Debug)]
pub(super) enum Earlier {
    /// Nothing that took an epoch.
    Nothing,
    /// A state to go on from.
    Unfinished(Box<Progress>),
    /// A whole checkpoint, but for its name.
    Complete(Box<Identity>),
    /// Something else, for this reason.
    Unknown(String),
}

impl Earlier {
    /// Looks into the folder.
    pub(super) fn of(layout: &Layout) -> Result<Earlier, Failure> {
        let folder = &layout.folder;
        if folder.join(file::DESCRIPTION).exists() {
            return Ok(match Checkpoint::read(folder) {
                Ok(checkpoint) => Earlier::Complete(Box::new(Identity::of(checkpoint))),
                Err(error) => Earlier::Unknown(error.to_string()),
            });
        }
        let states = entries(&layout.state())?;
        let whole = states.into_iter().filter(|path| path.extension().is_none() && path.is_dir());
        if let Some(newest) = whole.max() {
            let path = newest.join(PROGRESS);
            let text = fs::read_to_string(&path).map_err(io_failure)?;
            return Ok(match serde_json::from_str(&text) {
                Ok(progress) => Earlier::Unfinished(Box::new(progress)),
                Err(error) => Earlier::Unknown(format!("{} is no state of a run: {error}", path.display())),
            });
        }
        let ours = [layout.state(), layout.metrics()];
        Ok(match entries(folder)?.into_iter().find(|entry| !ours.contains(entry)) {
            Some(foreign) => Earlier::Unknown(format!("{} is of no run", foreign.display())),
            None => Earlier::Nothing,
        })
    }

    /// Why it is not removed, and what to do, where a run with `identity` would begin in its place.
    pub(super) fn refusal(&self, folder: &Path, identity: &Identity) -> Failure {
        let (what, other) = match self {
            Earlier::Unfinished(progress) => {
                let epochs =
                    progress.identity.recipe["run"].get("epochs").map(|epochs| format!(" of {epochs}"));
                let best = progress.best.as_ref();
                let best = best.map(|best| format!(", best Dice {:.4} of epoch {}", best.dice, best.epoch));
                let [epochs, best] = [epochs, best].map(|words| words.unwrap_or_else(String::new));
                let what = format!("an unfinished run (after epoch {}{epochs}{best})", progress.epoch);
                (what, Some(&progress.identity))
            }
            Earlier::Complete(other) => {
                ("a finished run that lacks only its name".to_owned(), Some(&**other))
            }
            Earlier::Nothing => ("nothing".to_owned(), None),
            Earlier::Unknown(reason) => (format!("what this program cannot go on from ({reason})"), None),
        };
        let differs = other.map(|other| identity.differences(other).join("; "));
        let (differs, go_on) = match differs {
            Some(differs) => {
                (format!(" of other settings: {differs}"), "give the earlier settings to go on with it, ")
            }
            None => (String::new(), ""),
        };
        let folder = folder.display();
        Failure::Usage(format!(
            "{folder} holds {what}{differs}; {go_on}give another --out to keep it, or --replace to give it up"
        ))
    }
}
