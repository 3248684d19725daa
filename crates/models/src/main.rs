//! Lists, describes and runs the models of the zoo.
//!
//! Exit codes are those of every program here ([`stage::Exit`]).

mod describe;
mod failure;
mod forward;
mod list;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use stage::{Exit, Failure, say};

/// Lists, describes and runs the models of the zoo.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    List(list::Arguments),
    Describe(describe::Arguments),
    Forward(Box<forward::Arguments>),
}

fn main() -> ExitCode {
    zoo::keep_freed_memory();
    let command = Arguments::parse().command;
    let ended = stage::guarded(|| match command {
        Command::List(arguments) => list::run(&arguments),
        Command::Describe(arguments) => describe::run(&arguments),
        Command::Forward(arguments) => forward::run(&arguments),
    });
    let exit = match ended {
        Ok(Ok(())) => Exit::Complete,
        Ok(Err(Failure::ReaderLeft)) => Exit::ReaderLeft,
        Ok(Err(failure)) => {
            say(format_args!("models: error: {failure}"));
            failure.exit()
        }
        Err(panic) => {
            panic.say("models");
            Exit::Fault
        }
    };
    exit.into()
}

/// Writes data to standard output.
fn print(data: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(data.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::io("standard output", error))
}
