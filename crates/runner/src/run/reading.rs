//! What a unit reads, looked at before it runs and after: its result is kept only if that was what its key stands for.
//!
//! Content that changed and was put back in the meantime is found by its stamps. That costs no more than a stat of each
//! file, as digests of unchanged files are remembered.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::check::graph::{Edge, Source};
use crate::run::context::{Context, Failed};
use crate::store::memo::Stamp;
use crate::store::tree::{Tree, entries};

/// What a unit reads, as it was when the unit began.
pub(crate) struct Reading<'a> {
    context: &'a Context<'a>,
    /// Of every file and folder that the user brings.
    stamps: BTreeMap<PathBuf, Stamp>,
}

impl<'a> Reading<'a> {
    /// Looks for the first time: everything must be as it was planned.
    pub(crate) fn begin(context: &'a Context<'a>) -> Result<Reading<'a>, Failed> {
        let stamps = stamps(context).map_err(|error| Failed::io(context.last(), &error))?;
        let reading = Reading { context, stamps };
        reading.look("since the run began")?;
        Ok(reading)
    }

    /// Looks again: nothing may have changed meanwhile.
    pub(crate) fn end(&self) -> Result<(), Failed> {
        const WHILE: &str = "while it was read";
        self.look(WHILE)?;
        // What is gone was found to be so just now.
        let stamps = stamps(self.context).map_err(|error| Failed::io(self.context.last(), &error))?;
        let differs = |path: &&PathBuf| stamps.get(*path) != self.stamps.get(*path);
        match self.stamps.keys().chain(stamps.keys()).find(differs) {
            Some(path) => Err(self.changed("input", path, WHILE)),
            None => Ok(()),
        }
    }

    fn look(&self, when: &str) -> Result<(), Failed> {
        let Context { planner, .. } = *self.context;
        for edge in edges(self.context) {
            let path = self.context.path_of(edge);
            match edge.source {
                Source::Input(input) => {
                    let planned =
                        planner.input(input).map_err(|error| Failed::io(self.context.last(), &error))?;
                    let planned =
                        edge.part.as_ref().map_or_else(|| planned.0.clone(), |part| planned.0.part(part));
                    if !Tree::with_folders(&path, planner.memo).is_ok_and(|found| found == planned) {
                        return Err(self.changed("input", &path, when));
                    }
                }
                Source::Step(step) => {
                    let whole = self
                        .context
                        .needed
                        .get(&step)
                        .map(|object| planner.store.whole(&object.key, planner.memo));
                    if whole.is_some_and(|whole| whole.is_none()) {
                        return Err(self.changed("result", &path, when));
                    }
                }
            }
        }
        for step in self.context.members().iter().map(|member| self.context.step(*member)) {
            if !planner.memo.file(&step.binary).is_ok_and(|digest| digest == step.binary_digest) {
                return Err(self.changed("stage", &step.binary, when));
            }
        }
        Ok(())
    }

    fn changed(&self, what: &str, path: &Path, when: &str) -> Failed {
        let message =
            format!("{what} changed {when}, and nothing of it is kept: {}; run again", path.display());
        Failed { step: self.context.last(), code: 75, message }
    }
}

fn edges<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a Edge> {
    context.members().iter().flat_map(|member| &context.step(*member).edges)
}

/// The stamps of everything that the user brings to this unit.
fn stamps(context: &Context<'_>) -> io::Result<BTreeMap<PathBuf, Stamp>> {
    let mut stamps = BTreeMap::new();
    for edge in edges(context).filter(|edge| matches!(edge.source, Source::Input(_))) {
        for entry in entries(&context.path_of(edge))? {
            stamps.insert(entry.path().to_owned(), Stamp::of(&fs::metadata(entry.path())?));
        }
    }
    Ok(stamps)
}
