//! `shard recover`: all records of a damaged shard that are whole, as a whole shard.

use std::path::PathBuf;

use shard::Salvage;
use shard::program::output_name;
use shard::salvage::Piece;

use super::failure::Failure;
use super::input::Input;
use super::output::Output;

/// Keep every record that is whole, and say what was lost: exit code 65 then, 0 where nothing was.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A shard, or - for standard input.
    input: Input,
    /// Where the whole records go, or - for standard output.
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
}

/// How many losses are named.
const NAMED: u64 = 100;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let name = arguments.input.name();
    let fault = |error| Failure::reading(&name, error);
    let salvage = Salvage::open(arguments.input.file()?).map_err(fault)?;
    let mut output = Output::create(&arguments.out, salvage.header().clone())?;
    let (mut kept, mut lost) = (0_u64, 0_u64);
    for piece in salvage {
        match piece.map_err(fault)? {
            Piece::Whole(raw) => {
                output.push(&raw, &name)?;
                kept += 1;
            }
            Piece::Lost(loss) => {
                lost += 1;
                if lost <= NAMED {
                    crate::tell(format_args!("{name}: lost {loss}"));
                }
            }
        }
    }
    output.commit()?;
    if lost == 0 {
        crate::tell(format_args!("{name}: nothing was lost: all {kept} records are whole"));
        return Ok(());
    }
    let unnamed = match lost.saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", the last {more} unnamed"),
    };
    let out = output_name(&arguments.out);
    Err(Failure::data(format!("{name}: {kept} whole records are in {out}; losses: {lost}{unnamed}")))
}
