//! What each verb of the command line does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use fs_err as fs;
use partial::Existing;
use runner::check::graph::{Graph, Reach, Selection};
use runner::plan::preview::preview;
use runner::plan::reachable;
use runner::plan::{Decision, Planner, why as reason};
use runner::run::execute::Execution;
use runner::run::interrupt::Interrupt;
use runner::run::lock::Lock;
use runner::store::Store;
use runner::store::gc::{self as garbage, Begun};
use runner::tell::console::Console;
use runner::tell::report::Report;
use runner::tell::{last, timeline};

use crate::end::{End, print, print_json};
use crate::place::{Opened, Place, read};

/// Runs a pipeline, or tells what would run.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The pipeline file
    #[arg(required = true)]
    file: Option<PathBuf>,
    /// Run these nodes, and what they need [default: all]
    nodes: Vec<String>,
    /// Run the nodes alone; what they need must have been run
    #[arg(long, conflicts_with_all = ["from", "downstream"])]
    only: bool,
    /// Run the nodes and what follows from them; what they need otherwise must have been run
    #[arg(long, conflicts_with = "downstream")]
    from: bool,
    /// Run the nodes, what follows from them, and what all of these need
    #[arg(long)]
    downstream: bool,
    /// Tell what would run, and why, without running it
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Run up to this many stages at once
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// Go on with what does not depend on a node that failed
    #[arg(long)]
    keep_going: bool,
    /// Put exports also where something is that this store did not put there, or that was changed since
    #[arg(long)]
    replace: bool,
    /// Print the report, or with -n the plan, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

impl Run {
    pub(crate) fn run(&self) -> Result<u8, End> {
        let file = self.file.as_deref().ok_or_else(|| End::usage("which pipeline file?"))?;
        let opened = Opened::open(file, &self.place)?;
        let reach = match (self.only, self.from, self.downstream) {
            (true, _, _) => Reach::Only,
            (_, true, _) => Reach::From,
            (_, _, true) => Reach::Downstream,
            _ => Reach::Needed,
        };
        let selection = opened.graph.select(&self.nodes, reach).map_err(End::usage)?;
        let planner = Planner::new(&opened.graph, &opened.store, &opened.memo);
        if self.dry_run {
            self.plan(&planner, &selection)
        } else {
            self.execute(&opened, &planner, &selection)
        }
    }

    fn plan(&self, planner: &Planner<'_>, selection: &Selection) -> Result<u8, End> {
        check_frozen(planner, selection)?;
        let plan = planner.plan(selection).map_err(End::io)?;
        let report = preview(planner, &plan);
        if self.json {
            return print_json(&report);
        }
        let lines = report.steps.iter().map(|step| {
            let width = width(planner.graph);
            format!("{:<width$}  {:<5}  {}", step.step, step.state.word(), step.message).trim_end().to_owned()
                + "\n"
        });
        print(&lines.collect::<String>())
    }

    fn execute(&self, opened: &Opened, planner: &Planner<'_>, selection: &Selection) -> Result<u8, End> {
        let Opened { graph, store, memo } = opened;
        let console = Console::new(width(graph));
        let interrupt = Interrupt::listen().map_err(End::io)?;
        let Some(lock) = lock(store, &graph.file, &console, &interrupt)? else {
            return Ok(interrupted(&interrupt));
        };
        check_frozen(planner, selection)?;
        let execution = Execution {
            planner,
            lock: &lock,
            console: &console,
            interrupt: &interrupt,
            jobs: usize::from(self.jobs),
            keep_going: self.keep_going,
            existing: if self.replace { Existing::Replace } else { Existing::Keep },
        };
        let report = execution.run(selection);
        memo.save().map_err(End::io)?;
        last::save(store, &report).map_err(End::io)?;
        self.tell(opened, &report)?;
        Ok(report.exit)
    }

    fn tell(&self, Opened { graph, store, .. }: &Opened, report: &Report) -> Result<(), End> {
        if self.json {
            return print_json(report).map(drop);
        }
        let mut text = format!("{}{}\n", report.table(), report.summary());
        for step in graph.steps.iter().filter(|step| step.show.is_some()) {
            let key =
                report.steps.iter().find(|told| told.step == step.name).and_then(|told| told.key.as_ref());
            let (Some(key), Some(part)) = (key, &step.show) else { continue };
            let path = if part.as_os_str().is_empty() { store.out(key) } else { store.out(key).join(part) };
            let shown = fs::read_to_string(&path).map_err(|error| {
                let part = part.display();
                End { code: 65, message: format!("runner: node `{}`: show {part}: {error}", step.name) }
            })?;
            text.push_str(&format!("\n{}\n", shown.trim_end()));
        }
        for path in &report.exports {
            text.push_str(&format!("{}\n", path.display()));
        }
        for what in &report.kept {
            text.push_str(&format!("not exported: {what}\n"));
        }
        print(&text).map(drop)
    }
}

/// Says why nodes would run.
pub(crate) fn why(file: &Path, nodes: &[String], place: &Place) -> Result<u8, End> {
    let opened = Opened::open(file, place)?;
    let graph = &opened.graph;
    let planner = Planner::new(graph, &opened.store, &opened.memo);
    let selection = graph.select(nodes, Reach::Needed).map_err(End::usage)?;
    let plan = planner.plan(&selection).map_err(End::io)?;
    let mut steps = BTreeSet::new();
    for node in nodes {
        steps.extend(graph.find(node).map_err(End::usage)?);
    }
    if nodes.is_empty() {
        steps.extend(0..graph.steps.len());
    }
    // A step that waits is explained by those that it waits for.
    let mut waiting: Vec<usize> = steps.iter().copied().collect();
    while let Some(step) = waiting.pop() {
        if let Some(Decision::Waits(others)) = plan.get(&graph.unit_of(step)) {
            waiting.extend(others.iter().filter(|other| steps.insert(**other)));
        }
    }
    let order = graph.units.iter().flat_map(|unit| &unit.members).filter(|step| steps.contains(step));
    let lines = order.flat_map(|step| reason::explain(&planner, &plan, *step)).map(|line| line + "\n");
    print(&lines.collect::<String>())
}

/// Prints what the last run did, and writes its timeline.
pub(crate) fn report(file: &Path, out: Option<PathBuf>, json: bool, place: &Place) -> Result<u8, End> {
    let store = Store::new(&place.store);
    let name = runner::check::name_of(&file.display().to_string(), &read(file)?);
    let Some(report) = last::load(&store, &name) else {
        let store = place.store.display();
        return Err(End::usage(format!("no run of `{name}` is known in {store}")));
    };
    if json {
        return print_json(&report);
    }
    let path = out.unwrap_or_else(|| last::timeline_path(&store, &name));
    partial::write(&path, timeline::html(&report)).map_err(End::io)?;
    print(&format!("{}{}\n{}\n", report.table(), report.summary(), path.display()))
}

/// Digests results again.
pub(crate) fn verify(files: &[PathBuf], remove: bool, place: &Place) -> Result<u8, End> {
    let store = Store::new(&place.store);
    // What is removed may be what another runner makes or reads; who only looks need not wait.
    let interrupt = Interrupt::listen().map_err(End::io)?;
    let lock = if remove { Some(lock(&store, "verify", &Console::new(0), &interrupt)?) } else { None };
    if lock.as_ref().is_some_and(Option::is_none) {
        return Ok(interrupted(&interrupt));
    }
    let keys = if files.is_empty() { None } else { Some(reachable(files, place)?) };
    let (count, damages) = garbage::verify(&store, keys.as_ref()).map_err(End::io)?;
    for damage in &damages {
        let owner =
            garbage::owner(&store, &damage.key).map(|owner| format!(" ({owner})")).unwrap_or_default();
        print(&format!("{}{owner}: {}\n", damage.key, damage.what))?;
        if remove {
            garbage::remove(&store, &damage.key).map_err(End::io)?;
        }
    }
    let removed = if remove && !damages.is_empty() { ", and removed" } else { "" };
    print(&format!("{count} results, {} damaged{removed}\n", damages.len()))?;
    Ok(if damages.is_empty() { 0 } else { 65 })
}

/// Removes what none of the pipelines reaches.
pub(crate) fn gc(files: &[PathBuf], begun: Begun, dry_run: bool, place: &Place) -> Result<u8, End> {
    let store = Store::new(&place.store);
    let console = Console::new(0);
    let interrupt = Interrupt::listen().map_err(End::io)?;
    let name = files[0].display().to_string();
    let Some(_lock) = lock(&store, &name, &console, &interrupt)? else { return Ok(interrupted(&interrupt)) };
    let keys = reachable(files, place)?;
    let removed = garbage::collect(&store, &keys, begun, dry_run).map_err(End::io)?;
    let would = if dry_run { "would remove" } else { "removed" };
    let mebibytes = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    let garbage::Removed { results, bytes, kept, begun, begun_bytes } = removed;
    print(&format!("{would} {results} results ({}), kept {kept}\n", mebibytes(bytes)))?;
    if begun > 0 {
        let size = mebibytes(begun_bytes);
        print(&format!("kept {begun} more that work can go on from ({size}); --begun removes them too\n"))?;
    }
    Ok(0)
}

/// The exit code after a signal.
fn interrupted(interrupt: &Interrupt) -> u8 {
    interrupt.signal().map_or(130, |signal| 128 + signal as u8)
}

fn reachable(files: &[PathBuf], place: &Place) -> Result<BTreeSet<String>, End> {
    let mut keys = BTreeSet::new();
    for file in files {
        let opened = Opened::open(file, place)?;
        let planner = Planner::new(&opened.graph, &opened.store, &opened.memo);
        keys.extend(reachable::reachable(&planner).map_err(End::io)?);
    }
    Ok(keys)
}

/// Takes the store's lock, waiting for whoever has it; none where the wait was interrupted.
fn lock(
    store: &Store,
    file: &str,
    console: &Console,
    interrupt: &Arc<Interrupt>,
) -> Result<Option<Lock>, End> {
    store.create().map_err(End::io)?;
    let waiting = |holder: &str| console.line(&format!("waiting for {holder}"));
    Lock::take(store, file, waiting, || interrupt.signal().is_some()).map_err(End::io)
}

/// What is not to run must be there.
fn check_frozen(planner: &Planner<'_>, selection: &Selection) -> Result<(), End> {
    let frozen = Selection { run: selection.frozen.clone(), frozen: BTreeSet::new() };
    let plan = planner.plan(&frozen).map_err(End::io)?;
    let absent = plan.iter().filter(|(_, decision)| !matches!(decision, Decision::Hit(_)));
    let absent: Vec<&str> = absent
        .map(|(unit, _)| planner.graph.steps[planner.graph.units[*unit].last()].name.as_str())
        .collect();
    if absent.is_empty() {
        return Ok(());
    }
    let names = absent.join(" ");
    Err(End::usage(format!(
        "not in the store: {names}; run them first: runner {} {names}",
        planner.graph.file
    )))
}

fn width(graph: &Graph) -> usize {
    graph.steps.iter().map(|step| step.name.chars().count()).max().unwrap_or(0)
}
