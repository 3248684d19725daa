//! `runner`: runs pipelines of stages, and tells about them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use runner::console::Console;
use runner::execute::Execution;
use runner::graph::{Graph, Reach, Selection};
use runner::interrupt::Interrupt;
use runner::lock::Lock;
use runner::memo::Memo;
use runner::plan::{Decision, Planner};
use runner::report::Report;
use runner::stages::Stages;
use runner::store::Store;

/// Runs a pipeline of stages, and tells about it.
///
/// Exit codes: 0 complete, 2 a bad pipeline file or wrong usage, 65, 70, 74 or 75 as the stage that failed,
/// 130 after Ctrl-C.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
struct CommandLine {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    run: Run,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print what flows where
    Graph {
        #[command(flatten)]
        pipeline: Pipeline,
        /// In the language of Graphviz
        #[arg(long)]
        dot: bool,
    },
}

/// What every verb needs to know.
#[derive(Debug, Args)]
struct Pipeline {
    /// The pipeline file
    file: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
struct Place {
    /// Set a parameter, an argument of a node (train.epochs=3), or an input's path (data.path=…)
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// Where results are kept
    #[arg(long, value_name = "DIR", default_value = "runs")]
    store: PathBuf,
    /// Where the stages' binaries are [default: beside this program, then on the search path]
    #[arg(long, value_name = "DIR")]
    stages: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Run {
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
    /// Print the report, or with -n the plan, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// Why the runner ends, and with which exit code.
struct End {
    code: u8,
    message: String,
}

impl End {
    fn usage(message: impl ToString) -> End {
        End { code: 2, message: message.to_string() }
    }

    fn io(error: std::io::Error) -> End {
        End { code: 74, message: error.to_string() }
    }
}

fn main() -> ExitCode {
    match run(CommandLine::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(End { code, message }) => {
            let _ = writeln!(std::io::stderr(), "{message}");
            ExitCode::from(code)
        }
    }
}

fn run(line: CommandLine) -> Result<u8, End> {
    match line.verb {
        None => line.run.run(),
        Some(Verb::Graph { pipeline, dot }) => {
            let opened = Opened::open(pipeline.file.as_deref(), &pipeline.place)?;
            print(&if dot { opened.graph.dot() } else { opened.graph.text() })
        }
    }
}

/// A checked pipeline and the store that it works on.
struct Opened {
    graph: Graph,
    store: Store,
    memo: Memo,
}

impl Opened {
    fn open(file: Option<&Path>, place: &Place) -> Result<Opened, End> {
        let file = file.ok_or_else(|| End::usage("which pipeline file?"))?;
        let name = file.display().to_string();
        let text = fs::read_to_string(file).map_err(|error| End::usage(format!("{name}: {error}")))?;
        let store = Store::new(&place.store);
        let memo = Memo::load(&store.path("memo"));
        let stages = Stages::new(place.stages.as_deref(), Some(store.path("cards")));
        let graph = runner::check(&name, &text, &place.settings, &stages, &memo).map_err(End::usage)?;
        Ok(Opened { graph, store, memo })
    }
}

impl Run {
    fn run(&self) -> Result<u8, End> {
        let opened = Opened::open(self.file.as_deref(), &self.place)?;
        let reach = match (self.only, self.from, self.downstream) {
            (true, _, _) => Reach::Only,
            (_, true, _) => Reach::From,
            (_, _, true) => Reach::Downstream,
            _ => Reach::Needed,
        };
        let selection = opened.graph.select(&self.nodes, reach).map_err(End::usage)?;
        let planner = Planner::new(&opened.graph, &opened.store, &opened.memo);
        if self.dry_run {
            return Err(End::usage("not yet"));
        }
        self.execute(&opened, &planner, &selection)
    }

    fn execute(&self, opened: &Opened, planner: &Planner<'_>, selection: &Selection) -> Result<u8, End> {
        let Opened { graph, store, memo } = opened;
        let width = graph.steps.iter().map(|step| step.name.chars().count()).max().unwrap_or(0);
        let console = Console::new(width);
        let interrupt = Interrupt::listen().map_err(End::io)?;
        store.create().map_err(End::io)?;
        let waiting = |holder: &str| console.line(&format!("waiting for {holder}"));
        let lock =
            Lock::take(store, &graph.file, waiting, || interrupt.signal().is_some()).map_err(End::io)?;
        let Some(lock) = lock else { return Ok(130) };
        check_frozen(planner, selection)?;
        let execution = Execution {
            planner,
            lock: &lock,
            console: &console,
            interrupt: &interrupt,
            jobs: usize::from(self.jobs),
            keep_going: self.keep_going,
        };
        let report = execution.run(selection);
        memo.save().map_err(End::io)?;
        self.tell(&report)?;
        Ok(report.exit)
    }

    fn tell(&self, report: &Report) -> Result<(), End> {
        let text = if self.json {
            serde_json::to_string_pretty(report)
                .map_err(|error| End { code: 70, message: error.to_string() })?
                + "\n"
        } else {
            format!("{}{}\n", report.table(), report.summary())
        };
        print(&text).map(drop)
    }
}

/// What is not to run must be there.
fn check_frozen(planner: &Planner<'_>, selection: &Selection) -> Result<(), End> {
    if selection.frozen.is_empty() {
        return Ok(());
    }
    let frozen =
        Selection { run: selection.frozen.clone(), ..Selection { run: [].into(), frozen: [].into() } };
    let plan = planner.plan(&frozen).map_err(End::io)?;
    let absent = plan.iter().filter(|(_, decision)| !matches!(decision, Decision::Hit(_)));
    let absent: Vec<&str> = absent
        .map(|(unit, _)| planner.graph.steps[planner.graph.units[*unit].last()].name.as_str())
        .collect();
    if absent.is_empty() {
        return Ok(());
    }
    let names = absent.join(" ");
    Err(End::usage(format!("not in the store: {names}; run `runner {} {names}` first", planner.graph.file)))
}

/// Prints to standard output; that its reader left is no fault.
fn print(text: &str) -> Result<u8, End> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(End::io(error)),
        _ => Ok(0),
    }
}
