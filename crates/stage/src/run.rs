//! The `main` of every stage.

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, CommandFactory, FromArgMatches, Parser};
use schemars::JsonSchema;
use serde::Serialize;
use shard::program::{Exit, guarded, say, shortened};

use crate::{Card, Contract, Failure, Job, Output, Pass, Port, Relation};

/// A stage: its arguments, what it consumes and produces, and what it does.
pub trait Stage: Args + Serialize + JsonSchema {
    /// The stage's name, also that of its binary and its folder.
    const NAME: &'static str;
    /// One sentence: what goes in and what comes out.
    const ABOUT: &'static str;
    /// How records out relate to records in.
    const RELATION: Relation;
    /// How often the main input is read.
    const PASS: Pass = Pass::Single;
    /// Whether the output's last bits depend on libtorch and the device.
    const NUMERIC: bool = false;

    /// What goes in, for these arguments.
    fn inputs(&self) -> Vec<Port>;

    /// What comes out, for these arguments.
    fn output(&self) -> Output;

    /// Does the work. The output appears only where this returns `Ok`.
    fn run(&self, job: &mut Job) -> Result<(), Failure>;
}

/// The card of a stage for the given arguments.
pub fn card_of<S: Stage>(stage: &S) -> Card {
    Card {
        contract: 1,
        stage: S::NAME.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        about: S::ABOUT.to_owned(),
        inputs: stage.inputs(),
        output: stage.output(),
        relation: S::RELATION,
        pass: S::PASS,
        numeric: S::NUMERIC,
        arguments: schemars::schema_for!(S).to_value(),
    }
}

#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct CommandLine<S: Args> {
    #[command(flatten)]
    stage: S,
    #[command(flatten)]
    contract: Contract,
}

/// Runs the stage on the process's arguments; see the crate's table of exit codes.
pub fn main<S: Stage>() -> ExitCode {
    let start = Instant::now();
    let command = CommandLine::<S>::command().name(S::NAME).bin_name(S::NAME).about(S::ABOUT);
    let parsed = command.try_get_matches().and_then(|matches| CommandLine::<S>::from_arg_matches(&matches));
    let CommandLine { stage, contract } = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // Who closed standard error does not want to know.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Complete }.into();
        }
    };
    // A panic drops the job on its way here, and with it an output that is not whole.
    let exit = match guarded(|| execute(&stage, contract, start)) {
        Ok(Ok(())) => Exit::Complete,
        Ok(Err(Failure::ReaderLeft)) => Exit::ReaderLeft,
        Ok(Err(failure)) => {
            let fault = match failure {
                Failure::Internal(_) => " (this is a fault of the program; please report it)",
                _ => "",
            };
            say(format_args!("{}: error: {}{fault}", S::NAME, shortened(&failure.to_string())));
            failure.exit()
        }
        Err(panic) => {
            panic.say(S::NAME);
            Exit::Fault
        }
    };
    exit.into()
}

fn execute<S: Stage>(stage: &S, contract: Contract, start: Instant) -> Result<(), Failure> {
    let card = card_of(stage);
    if contract.describe {
        let text =
            serde_json::to_string_pretty(&card).map_err(|error| Failure::Internal(error.to_string()))?;
        return writeln!(std::io::stdout(), "{text}").map_err(Failure::printing);
    }
    let arguments = serde_json::to_value(stage).map_err(|error| Failure::Internal(error.to_string()))?;
    let mut job = Job::new(card, contract)?;
    match stage.run(&mut job) {
        Ok(()) => job.finish(arguments, start),
        Err(failure) => {
            job.discard();
            Err(failure)
        }
    }
}
