//! The arguments that every stage takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use shard::program::is_standard;

use crate::Failure;

/// How progress is told on standard error.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum ProgressMode {
    /// A bar on a terminal, a plain line now and then elsewhere.
    Auto,
    /// One JSON object a line (`schemas/progress.json`).
    Json,
    /// Nothing but errors.
    Off,
}

/// The arguments of the contract, flattened into the command line of every stage.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Contract (the same for every stage)")]
pub struct Contract {
    /// What to read; `-` is standard input, which is also the default where a stage reads shards
    #[arg(value_name = "IN")]
    pub positional: Vec<PathBuf>,
    /// What to read (as IN; may be given several times)
    #[arg(long = "in", short = 'i', value_name = "PATH")]
    pub input: Vec<PathBuf>,
    /// Where to write; `-` is standard output, the default where a stage writes a stream
    #[arg(long, short = 'o', value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// Replace an output folder that exists already
    #[arg(long)]
    pub replace: bool,
    /// Write a JSON summary of the run: arguments, digests, counts, time, memory; `-` is standard output
    #[arg(long, value_name = "PATH")]
    pub summary: Option<PathBuf>,
    /// How to tell progress on standard error
    #[arg(long, value_enum, default_value_t = ProgressMode::Auto)]
    pub progress: ProgressMode,
    /// Seed of everything that is drawn at random
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Threads to compute on [default: one a core]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Go on past up to N records that can't be read; each is counted and listed in the summary
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub skip_bad: usize,
    /// Print this stage's card for the given arguments as JSON and end
    #[arg(long)]
    pub describe: bool,
}

impl Contract {
    /// Whether the output goes to standard output.
    pub(crate) fn writes_to_stdout(&self) -> bool {
        self.out.as_deref().is_none_or(is_standard)
    }

    /// Refuses a summary that would stand in the output, or take its place.
    pub(crate) fn check_summary(&self) -> Result<(), Failure> {
        let Some(summary) = &self.summary else { return Ok(()) };
        if is_standard(summary) && self.writes_to_stdout() {
            let words =
                "standard output takes one of the two: give --out PATH for the output, or --summary PATH";
            return Err(Failure::Usage(words.to_owned()));
        }
        let stream = summary.metadata().is_ok_and(|data| !data.is_file() && !data.is_dir());
        if self.out.as_ref() == Some(summary) && !stream {
            let path = summary.display();
            return Err(Failure::Usage(format!(
                "--out and --summary are both {path}: give each its own name"
            )));
        }
        Ok(())
    }

    /// All paths of the port `in`, positional ones first.
    pub fn inputs(&self) -> Vec<PathBuf> {
        self.positional.iter().chain(&self.input).cloned().collect()
    }
}
