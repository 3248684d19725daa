//! Lists, joins, checks and rescues shards. //! The exit codes are those of [`Exit`].

mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use shard::program::{Exit, guarded, say};

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
    let command = match Arguments::try_parse() {
        Ok(arguments) => arguments.command,
        Err(error) => {
            // Who closed standard error does not want to know.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Complete }.into();
        }
    };
    let result = guarded(|| match command {
        Command::Ls(arguments) => ls::run(&arguments),
        Command::Cat(arguments) => cat::run(&arguments),
        Command::Head(arguments) => head::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Recover(arguments) => recover::run(&arguments),
    });
    let exit = match result {
        Ok(Ok(())) => Exit::Complete,
        Ok(Err(failure)) => {
            if failure.exit != Exit::ReaderLeft {
                tell(failure.words);
            }
            failure.exit
        }
        Err(panic) => {
            panic.say("shard");
            Exit::Fault
        }
    };
    exit.into()
}

/// Writes a line to standard error.
fn tell(words: impl std::fmt::Display) {
    say(format_args!("shard: {words}"));
}
