//! What an earlier run left in the folder that a run grows in.

use std::path::Path;

use checkpoint::file;
use fs_err as fs;
use stage::Failure;

use super::identity::{Identity, listed};
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
    Complete(Box<Progress>),
    /// Something else, for this reason.
    Unknown(String),
}

impl Earlier {
    /// Looks into the folder.
    pub(super) fn of(layout: &Layout) -> Result<Earlier, Failure> {
        let folder = &layout.folder;
        let complete = folder.join(file::DESCRIPTION).exists();
        if let Some(newest) = layout.newest()? {
            return Ok(match read(&newest)? {
                Ok(progress) if complete => Earlier::Complete(Box::new(progress)),
                Ok(progress) => Earlier::Unfinished(Box::new(progress)),
                Err(reason) => Earlier::Unknown(reason),
            });
        }
        let ours = [layout.state(), layout.metrics(), layout.kept()];
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
            Earlier::Complete(progress) => {
                ("a finished run that lacks only its name".to_owned(), Some(&progress.identity))
            }
            Earlier::Nothing => ("nothing".to_owned(), None),
            Earlier::Unknown(reason) => (format!("what this program cannot go on from ({reason})"), None),
        };
        let differences = other.map(|other| identity.differences(other)).unwrap_or_default();
        let fixed: Vec<_> = differences.iter().filter(|difference| difference.is_fixed()).collect();
        let (differs, go_on) = if fixed.is_empty() {
            (String::new(), "")
        } else {
            (format!(" of other settings: {}", listed(fixed)), "give the earlier settings to go on with it, ")
        };
        let folder = folder.display();
        Failure::Usage(format!(
            "{folder} holds {what}{differs}; {go_on}give another --out to keep it, or --replace to give it up"
        ))
    }
}

/// The progress of a state; or why it is none.
pub(super) fn read(state: &Path) -> Result<Result<Progress, String>, Failure> {
    let path = state.join(PROGRESS);
    let text = fs::read_to_string(&path).map_err(io_failure)?;
    let progress = serde_json::from_str(&text);
    Ok(progress.map_err(|error| format!("{} is no state of a run: {error}", path.display())))
}
