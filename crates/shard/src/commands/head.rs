//! `shard head`: the header as JSON.

use std::io::{self, Write};

use super::failure::Failure;
use super::input::Input;

/// Print the header as JSON.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A shard, or - for standard input.
    input: Input,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let reader = arguments.input.open()?;
    let print = || -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        serde_json::to_writer_pretty(&mut stdout, reader.header())?;
        writeln!(stdout)
    };
    print().map_err(Failure::printing)
}
