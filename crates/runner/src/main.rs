//! `runner`: runs pipelines of stages, and tells about them.

mod verbs;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use runner::graph::Graph;
use runner::memo::Memo;
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
    run: verbs::Run,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Say why nodes would run, or why not
    Why {
        /// The pipeline file
        file: PathBuf,
        /// The nodes [default: all]
        nodes: Vec<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Print what flows where
    Graph {
        /// The pipeline file
        file: PathBuf,
        /// In the language of Graphviz
        #[arg(long)]
        dot: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Print what the last run did, and write its timeline as HTML
    Report {
        /// The pipeline file
        file: PathBuf,
        /// Where to write the timeline [default: in the store]
        #[arg(short, long, value_name = "PATH")]
        out: Option<PathBuf>,
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Digest results again and tell which are not what they were
    Verify {
        /// The pipeline files whose results to look at [default: everything in the store]
        files: Vec<PathBuf>,
        /// Remove what is damaged, so that the next run makes it again
        #[arg(long)]
        remove: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Remove the results that none of these pipelines reaches
    Gc {
        /// The pipeline files whose results to keep
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Only tell how much it is
        #[arg(short = 'n', long)]
        dry_run: bool,
        #[command(flatten)]
        place: Place,
    },
}

/// What every verb takes.
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

/// Why the runner ends early, and with which exit code.
struct End {
    code: u8,
    message: String,
}

impl End {
    fn usage(message: impl ToString) -> End {
        End { code: 2, message: format!("runner: {}", message.to_string()) }
    }

    fn io(error: std::io::Error) -> End {
        End { code: 74, message: format!("runner: {error}") }
    }
}

/// A checked pipeline and the store that it works on.
struct Opened {
    graph: Graph,
    store: Store,
    memo: Memo,
}

impl Opened {
    fn open(file: &Path, place: &Place) -> Result<Opened, End> {
        let name = file.display().to_string();
        let text = read(file)?;
        let store = Store::new(&place.store);
        let memo = Memo::load(&store.path("memo"));
        let stages = Stages::new(place.stages.as_deref(), Some(store.path("cards")));
        let graph = runner::check(&name, &text, &place.settings, &stages, &memo)
            .map_err(|faults| End { code: 2, message: faults.to_string() })?;
        Ok(Opened { graph, store, memo })
    }
}

fn main() -> ExitCode {
    let CommandLine { verb, run } = CommandLine::parse();
    let ended = match verb {
        None => run.run(),
        Some(Verb::Why { file, nodes, place }) => verbs::why(&file, &nodes, &place),
        Some(Verb::Graph { file, dot, place }) => Opened::open(&file, &place)
            .and_then(|opened| print(&if dot { opened.graph.dot() } else { opened.graph.text() })),
        Some(Verb::Report { file, out, json, place }) => verbs::report(&file, out, json, &place),
        Some(Verb::Verify { files, remove, place }) => verbs::verify(&files, remove, &place),
        Some(Verb::Gc { files, dry_run, place }) => verbs::gc(&files, dry_run, &place),
    };
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(End { code, message }) => {
            let _ = writeln!(std::io::stderr(), "{message}");
            ExitCode::from(code)
        }
    }
}

fn read(file: &Path) -> Result<String, End> {
    fs::read_to_string(file).map_err(|error| End::usage(format!("{}: {error}", file.display())))
}

/// Prints to standard output; that its reader left is no fault.
fn print(text: &str) -> Result<u8, End> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(End::io(error)),
        _ => Ok(0),
    }
}
