//! The contract that every stage keeps: arguments, inputs and outputs, exit codes, progress, summary.
//!
//! A stage is a type that derives [`clap::Args`], [`serde::Serialize`] and [`schemars::JsonSchema`] and implements
//! [`Stage`]; its `main` is one line:
//!
//! ```ignore
//! fn main() -> std::process::ExitCode {
//!     stage::main::<rasterize_labels::RasterizeLabels>()
//! }
//! ```
//!
//! The contract parses the command line, opens inputs, checks planes, runs the stage, and only after its `run`
//! returned `Ok` ends and renames the outputs. So a stage that failed or was killed never leaves something that
//! looks complete.
//!
//! A program says that it is a stage by the line `ossa-stage-contract:1` in its file; the runner starts nothing else.
//! [`main`] puts it into the program. A script that wraps a stage has it as a comment:
//!
//! ```sh
//! #!/bin/sh
//! # ossa-stage-contract:1
//! exec nice train "$@"
//! ```
//!
//! The exit codes are those of [`Exit`].

mod arguments;
mod card;
mod digest;
mod failure;
mod input;
mod job;
mod marker;
pub mod number;
mod output;
mod places;
mod progress;
mod run;
mod summary;

pub use arguments::{Contract, ProgressMode};
pub use card::{Arity, Artefact, Backend, Card, Output, Pass, Port, Relation};
pub use failure::{BadData, Failure, Reason};
pub use input::{Content, Records, holds_records, is_on_disk};
pub use job::Job;
pub use marker::{CONTRACT, MARKER};
pub use places::Places;
pub use progress::ProgressEvent;
pub use run::{Stage, card_of, main};
pub use shard::program::{Exit, STANDARD_INPUT, STANDARD_OUTPUT, guarded, input_name, is_standard, say};
pub use summary::{InputDigest, RecordCounts, Skipped, Summary};
