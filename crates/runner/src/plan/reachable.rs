//! The results that a pipeline reaches: what garbage collection keeps.

use std::collections::BTreeSet;
use std::io;

use crate::check::graph::Reach;
use crate::plan::{Decision, Planner};

/// The keys that a pipeline reaches: results that it would find now, those that its steps had last, and those that
/// would be made next and may have begun.
pub fn reachable(planner: &Planner<'_>) -> io::Result<BTreeSet<String>> {
    let graph = planner.graph;
    let selection = graph.select(&[], Reach::Needed).map_err(io::Error::other)?;
    let mut keys = BTreeSet::new();
    for decision in planner.plan(&selection)?.into_values() {
        match decision {
            Decision::Hit(object) => drop(keys.insert(object.key)),
            Decision::Run(task) => drop(keys.insert(task.key)),
            Decision::Waits(_) => {}
        }
    }
    let remembered = graph.steps.iter().filter_map(|step| planner.store.remembered(&graph.name, &step.name));
    keys.extend(remembered.map(|remembered| remembered.key));
    Ok(keys)
}
