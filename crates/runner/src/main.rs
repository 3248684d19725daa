//! `runner`: runs pipelines of stages, and tells about them.

mod end;
mod place;
mod verbs;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use runner::store::gc::Begun;
use shard::program::{Exit, guarded, say_whole};

use crate::end::{End, print};
use crate::place::{Opened, Place};

/// Runs a pipeline of stages, and tells about it.
///
/// Exit codes: 0 complete, 2 a bad pipeline file, wrong usage, or an export that stays because somebody changed it,
/// 65, 70, 74 or 75 as the stage that failed (74: it does not start), 130 after Ctrl-C.
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
        /// Also remove trainings, and other folders to go on from, that have begun and that none of these pipelines
        /// reaches now; else they stay, as one whose input must be made again may yet go on
        #[arg(long)]
        begun: bool,
        /// Only tell how much it is
        #[arg(short = 'n', long)]
        dry_run: bool,
        #[command(flatten)]
        place: Place,
    },
}

fn main() -> ExitCode {
    let CommandLine { verb, run } = CommandLine::parse();
    let ended = guarded(|| match verb {
        None => run.run(),
        Some(Verb::Why { file, nodes, place }) => verbs::why(&file, &nodes, &place),
        Some(Verb::Graph { file, dot, place }) => Opened::open(&file, &place)
            .and_then(|opened| print(&if dot { opened.graph.dot() } else { opened.graph.text() })),
        Some(Verb::Report { file, out, json, place }) => verbs::report(&file, out, json, &place),
        Some(Verb::Verify { files, remove, place }) => verbs::verify(&files, remove, &place),
        Some(Verb::Gc { files, begun, dry_run, place }) => {
            let begun = if begun { Begun::Remove } else { Begun::Keep };
            verbs::gc(&files, begun, dry_run, &place)
        }
    });
    match ended {
        Ok(Ok(code)) => ExitCode::from(code),
        Err(panic) => {
            panic.say("runner");
            Exit::Fault.into()
        }
        Ok(Err(End { code, message })) => {
            // All faults are told, however many there are.
            say_whole(message);
            ExitCode::from(code)
        }
    }
}
