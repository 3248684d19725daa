//! Writes the JSON Schemas of everything that the program reads or writes as JSON or TOML, from the types
//! themselves, into `schemas/`; with `--check` it says which files are stale instead.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use schemars::{Schema, schema_for};

/// Generate the JSON Schemas from the types.
#[derive(Debug, Parser)]
struct CommandLine {
    /// Where the schemas are
    #[arg(default_value = "schemas")]
    folder: PathBuf,
    /// Only say which files are stale
    #[arg(long)]
    check: bool,
}

fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("pipeline", schema_for!(runner::parse::file::PipelineFile)),
        ("stage-card", schema_for!(stage::Card)),
        ("summary", schema_for!(stage::Summary)),
        ("progress", schema_for!(stage::ProgressEvent)),
        ("shard-header", schema_for!(shard::Header)),
        ("augmentation", schema_for!(augment::Recipe)),
        ("checkpoint", schema_for!(checkpoint::Checkpoint)),
        ("metrics", schema_for!(checkpoint::Line)),
        ("recipe", schema_for!(learn::Recipe)),
        ("speed", schema_for!(logbook::Speed)),
        ("scores", schema_for!(score::ScoreTable)),
        ("folds", schema_for!(folds::Folds)),
        ("report", schema_for!(runner::tell::report::Report)),
    ]
}

fn main() -> ExitCode {
    let CommandLine { folder, check } = CommandLine::parse();
    let mut stale = false;
    for (name, schema) in schemas() {
        let path = folder.join(format!("{name}.json"));
        let mut text = format!("{:#}", schema.to_value());
        text.push('\n');
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        stale = true;
        if check {
            eprintln!("schemas: {} is stale: run `just schemas`", path.display());
        } else if let Err(error) = fs::write(&path, text) {
            eprintln!("schemas: error: {}: {error}", path.display());
            return ExitCode::from(74);
        } else {
            eprintln!("schemas: wrote {}", path.display());
        }
    }
    if check && stale { ExitCode::from(1) } else { ExitCode::SUCCESS }
}
