//! Where a verb works: the pipeline file, the store, and the stages.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use runner::check::graph::Graph;
use runner::check::stages::Stages;
use runner::store::Store;
use runner::store::memo::Memo;

use crate::end::End;

/// What every verb takes.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Set a parameter, an argument of a node (train.epochs=3), or an input's path (data.path=…)
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,
    /// Where results are kept
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub(crate) store: PathBuf,
    /// Where the stages' binaries are [default: beside this program, then on the search path]
    #[arg(long, value_name = "DIR")]
    pub(crate) stages: Option<PathBuf>,
}

/// A checked pipeline and the store that it works on.
pub(crate) struct Opened {
    pub(crate) graph: Graph,
    pub(crate) store: Store,
    pub(crate) memo: Memo,
}

impl Opened {
    pub(crate) fn open(file: &Path, place: &Place) -> Result<Opened, End> {
        let name = file.display().to_string();
        let text = read(file)?;
        let store = Store::new(&place.store);
        let memo = Memo::load(&store.path("memo"));
        let stages = Stages::new(place.stages.as_deref(), Some(store.path("cards")));
        let graph = runner::check(&name, &text, &place.settings, &stages, &store, &memo)
            .map_err(|faults| End { code: faults.code(), message: faults.to_string() })?;
        Ok(Opened { graph, store, memo })
    }
}

/// The text of a pipeline file.
pub(crate) fn read(file: &Path) -> Result<String, End> {
    fs::read_to_string(file).map_err(|error| End::usage(format!("{}: {error}", file.display())))
}
