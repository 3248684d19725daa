//! `shard recover`: the good records before the first fault, as a whole shard.

use std::path::PathBuf;

use super::failure::Failure;
use super::input::Input;
use super::output::Output;

/// Keep the good records before the first fault, and say what was lost.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A shard, or - for standard input.
    input: Input,
    /// Where the good records go, or - for standard output.
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let name = arguments.input.name();
    let length = arguments.input.length();
    let mut reader = arguments.input.open()?;
    let mut output = Output::create(&arguments.out, reader.header().clone())?;
    let mut kept = 0_u64;
    let mut good_length = reader.good_length();
    let fault = loop {
        let raw = match reader.next_raw() {
            None => break None,
            Some(Err(error)) => break Some(error),
            Some(Ok(raw)) => raw,
        };
        if let Err(error) = raw.decode() {
            break Some(error);
        }
        output.push(&raw, &name)?;
        good_length = reader.good_length();
        kept += 1;
    };
    output.commit()?;
    crate::say(match fault {
        None => format!("{name}: nothing was lost: all {kept} records are good"),
        Some(error) => {
            let of = length.map(|length| format!(" of {length}")).unwrap_or_default();
            format!("{name}: kept {kept} records; lost what follows byte {good_length}{of}: {error}")
        }
    });
    Ok(())
}
