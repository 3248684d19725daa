//! `just bench`: what the speed claims rest on.
//!
//! Every row of the table is one piece of work on the same files, done by this project and by its Python peers: as
//! such programs are usually written, and tuned as far as their libraries reach. Each side is a process of its own
//! that waits on standard input; the bench lets them work in turn, round after round, and takes medians. Before any
//! clock runs, the sides' results are compared.
//!
//! [`rows`] is the table of what is measured, [`work`] our side of it, `peers/` the other; [`programs`] and [`memory`]
//! measure whole programs, [`activations`] two ways of training; [`report`] writes the table.

mod activations;
mod bar;
mod environment;
mod figures;
mod inputs;
mod logits;
mod memory;
mod networks;
mod process;
mod programs;
mod report;
mod rows;
mod serve;
mod side;
mod work;

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::environment::Python;
use crate::inputs::Inputs;
use crate::report::{Report, RowResult};
use crate::rows::Row;
use crate::side::Side;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Measure this project beside its Python peers.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    serve: Option<Serve>,
    /// Rounds in which the sides take turns
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Radiographs to draw and work on
    #[arg(long, default_value_t = 8)]
    images: usize,
    /// Numbers of radiographs that the stages' peak memory is measured on
    #[arg(long, value_delimiter = ',', default_value = "100,1000")]
    growth: Vec<usize>,
    /// Measure only rows whose name contains this
    #[arg(long, value_name = "PART")]
    only: Option<String>,
    /// Leave out the peers that need PyTorch, a download of 3 GB
    #[arg(long)]
    without_torch: bool,
    /// Use this Python, with the peers' libraries installed, instead of making an environment
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// Folder for the environment and the inputs; both are kept and used again
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    scratch: PathBuf,
    /// Where the table goes
    #[arg(long, value_name = "FILE", default_value = "benches/RESULTS.md")]
    out: PathBuf,
    /// Where all samples go, as JSON [default: results.json in the scratch folder]
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Serve {
    /// Be our side of one row; the bench itself runs this
    #[command(hide = true)]
    Serve { row: String, inputs: PathBuf },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.serve {
        Some(Serve::Serve { row, inputs }) => serve::serve(row, inputs),
        None => bench(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &Arguments) -> Result<()> {
    let python = match &arguments.python {
        Some(program) => Python::existing(program)?,
        None => Python::make(&arguments.scratch.join("venv"), !arguments.without_torch)?,
    };
    let inputs = Inputs::make(&arguments.scratch.join("inputs"), arguments.images)?;
    let chosen = |name: &str| arguments.only.as_ref().is_none_or(|part| name.contains(part.as_str()));

    let mut report = Report::begin(arguments.rounds, arguments.images);
    for row in rows::all().filter(|row| chosen(row.name)) {
        eprintln!("bench: {}", row.name);
        report.push(measure(row, &python, inputs.root(), arguments)?);
    }
    if chosen("start") {
        eprintln!("bench: start");
        report.programs.push(programs::start(&python, arguments.rounds, !arguments.without_torch)?);
    }
    if chosen("runner") {
        eprintln!("bench: runner");
        report.programs.push(programs::nothing_to_do(&arguments.scratch.join("records"), arguments.rounds)?);
    }
    if chosen("memory") {
        eprintln!("bench: memory");
        let growth = arguments.scratch.join("growth");
        report.memory = memory::measure(&inputs, &growth, &arguments.growth)?;
    }
    if chosen("networks-activations") {
        eprintln!("bench: networks-activations");
        report.activations = Some(activations::measure(&inputs)?);
    }

    std::io::stdout().write_all(report.table().as_bytes())?;
    let json = arguments.json.clone().unwrap_or_else(|| arguments.scratch.join("results.json"));
    std::fs::write(&json, serde_json::to_vec_pretty(&report)?)?;
    if arguments.only.is_none() {
        std::fs::write(&arguments.out, report.markdown())?;
        eprintln!("bench: {} and {} written", arguments.out.display(), json.display());
    } else {
        eprintln!("bench: {} written; {} holds whole runs only", json.display(), arguments.out.display());
    }
    Ok(())
}

/// Lets the sides of a row work in turn.
fn measure(row: &'static Row, python: &Python, inputs: &Path, arguments: &Arguments) -> Result<RowResult> {
    let mut ours = Side::start(&mut serve::command(row, inputs)?)?;
    let mut peers = Vec::new();
    for peer in row.peers.iter().filter(|peer| !(peer.torch && arguments.without_torch)) {
        let side = Side::start(&mut python.peer(peer.function, inputs, row.threads))?;
        row.compare(&ours.ready.check, &side.ready.check)
            .map_err(|difference| format!("{}: {} {difference}", row.name, peer.function))?;
        peers.push((peer, side));
    }
    for _ in 0..arguments.rounds {
        ours.round()?;
        peers.iter_mut().try_for_each(|(_, side)| side.round())?;
    }
    Ok(RowResult::new(row, ours, peers))
}
