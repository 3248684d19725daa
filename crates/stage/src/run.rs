//! The `main` of every stage.

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, CommandFactory, FromArgMatches, Parser};
use schemars::JsonSchema;
use serde::Serialize;
use shard::program::{Exit, guarded, say, shortened};

use crate::marker::{self, CONTRACT};
use crate::{Backend, Card, Contract, Failure, Job, Output, Pass, Port, Relation};

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

    /// What computes, for these arguments; of every numeric stage.
    fn backend(&self) -> Option<Backend> {
        None
    }

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
        contract: CONTRACT,
        stage: S::NAME.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        about: S::ABOUT.to_owned(),
        inputs: stage.inputs(),
        output: stage.output(),
        relation: S::RELATION,
        pass: S::PASS,
        numeric: S::NUMERIC,
        backend: stage.backend(),
        arguments: schema_of::<S>(),
    }
}

/// The JSON Schema of a stage's arguments. Its defaults are what the command line gives where nothing is said, so that
/// clap's attributes are the only place that names them; nothing in it is required, as nothing is on the command line
/// of `--describe`.
fn schema_of<S: Stage>() -> serde_json::Value {
    let CommandLine { stage, .. } = CommandLine::<S>::try_parse_from([S::NAME, "--describe"])
        .expect("an argument that is required is `required_unless_present = \"describe\"`");
    let defaults = serde_json::to_value(&stage).expect("arguments of a command line are plain data");
    let mut schema = schemars::schema_for!(S).to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.shift_remove("required");
        let properties = schema.get_mut("properties").and_then(serde_json::Value::as_object_mut);
        for (name, property) in properties.into_iter().flatten() {
            if let Some(property) = property.as_object_mut() {
                property.insert("default".to_owned(), defaults[name].clone());
            }
        }
    }
    schema
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
    marker::carry();
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
