//! `shard cat`: several shards as one, or chosen records.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::failure::Failure;
use super::input::Input;
use super::output::Output;

/// Join shards of equal planes and classes into one, or choose records by key.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Shards, or - for standard input.
    #[arg(required = true)]
    inputs: Vec<Input>,
    /// Copy only the record with this key; may be repeated. The order is that of the inputs.
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,
    /// Where the shard goes, or - for standard output.
    #[arg(long, value_name = "PATH", default_value = "-")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut missing: BTreeSet<&str> = arguments.keys.iter().map(String::as_str).collect();
    let wanted = missing.clone();
    let mut output: Option<Output> = None;
    for input in &arguments.inputs {
        let name = input.name();
        let mut reader = input.open()?;
        let output = match &mut output {
            None => output.insert(Output::create(&arguments.out, reader.header().clone())?),
            Some(output) => {
                let first = output.header();
                first.check_followed_by(reader.header()).map_err(|error| Failure::reading(&name, error))?;
                if first.attributes != reader.header().attributes {
                    crate::tell(format_args!(
                        "{name}: its header has other attributes; those of the first input are kept"
                    ));
                }
                output
            }
        };
        for raw in reader.raw_records() {
            let raw = raw.map_err(|error| Failure::reading(&name, error))?;
            missing.remove(raw.key());
            if wanted.is_empty() || wanted.contains(raw.key()) {
                output.push(&raw, &name)?;
            }
        }
    }
    if !missing.is_empty() {
        let names: Vec<String> = arguments.inputs.iter().map(Input::name).collect();
        let keys: Vec<&str> = missing.into_iter().collect();
        return Err(Failure::data(format!(
            "{}: no record has the key {}",
            names.join(", "),
            keys.join(", or ")
        )));
    }
    output.map_or(Ok(()), Output::commit)
}
