//! Lists, describes and runs the models of the zoo.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | complete |
//! | 2 | wrong usage |
//! | 65 | bad data: the message names file and reason |
//! | 70 | a fault of the program |
//! | 74 | the operating system refused to read or write |
//! | 141 | the reader of standard output left (silent) |

mod describe;
mod failure;
mod forward;
mod list;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use stage::Failure;

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
    let result = match Arguments::parse().command {
        Command::List(arguments) => list::run(&arguments),
        Command::Describe(arguments) => describe::run(&arguments),
        Command::Forward(arguments) => forward::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, Failure::ReaderLeft) {
                say(format_args!("error: {failure}"));
            }
            ExitCode::from(failure.code())
        }
    }
}

/// Writes a line to standard error; who closed that does not want to know.
fn say(words: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "models: {words}");
}

/// Writes data to standard output.
fn print(data: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(data.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::io("standard output", error))
}
