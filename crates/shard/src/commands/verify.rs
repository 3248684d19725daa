//! `shard verify`: reads everything and believes nothing.

use std::io::{self, Write};

use shard::ordered;
use shard::program::Exit;

use super::failure::Failure;
use super::input::Input;

/// Check every byte: checksums, contents, counts. Prints digest, number of records and name of each good shard.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Shards, or - for standard input.
    #[arg(required = true)]
    inputs: Vec<Input>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut worst: Result<(), Failure> = Ok(());
    for input in &arguments.inputs {
        match verify(input) {
            Ok(()) => {}
            Err(failure) if matches!(failure.exit, Exit::BadData | Exit::Io) => {
                // The other shards are still looked at; the last fault is said by `main`.
                if let Err(previous) = std::mem::replace(&mut worst, Err(failure)) {
                    crate::tell(previous.words);
                }
            }
            Err(failure) => return Err(failure),
        }
    }
    worst
}

fn verify(input: &Input) -> Result<(), Failure> {
    let name = input.name();
    let fault = |error| Failure::reading(&name, error);
    let mut reader = input.open()?;
    let in_flight = 2 * rayon::current_num_threads();
    ordered::map(reader.raw_records(), in_flight, |raw| raw.decode().map(drop), Ok).map_err(fault)?;
    let digest = reader.digest().ok_or(shard::Error::Truncated { last_good: None }).map_err(fault)?;
    let line = writeln!(io::stdout(), "{digest}\t{}\t{name}", reader.records_read());
    line.map_err(Failure::printing)
}
