//! Lists, joins, checks and rescues shards.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | complete |
//! | 2 | wrong usage |
//! | 65 | bad data: the message names file, record and reason |
//! | 74 | the operating system refused to read or write |
//! | 75 | another process is writing the same file |
//! | 141 | the reader of standard output left (silent) |

mod commands;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{cat, head, ls, recover, verify};

/// Lists, joins, checks and rescues shards. `-` stands for standard input or output.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Ls(ls::Arguments),
    Cat(cat::Arguments),
    Head(head::Arguments),
    Verify(verify::Arguments),
    Recover(recover::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Ls(arguments) => ls::run(&arguments),
        Command::Cat(arguments) => cat::run(&arguments),
        Command::Head(arguments) => head::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Recover(arguments) => recover::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(words) = failure.words() {
                say(words);
            }
            ExitCode::from(failure.code())
        }
    }
}

/// Writes a line to standard error; who closed that does not want to know.
fn say(words: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "shard: {words}");
}
