//! `shard ls`: the records' keys and planes.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use serde::Serialize;
use shard::{Digest, Dtype, Encoding, PlaneHead, RawRecord};

use super::failure::Failure;
use super::input::Input;

/// List records, a line each: key, stored bytes, planes. Every checksum is checked on the way.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Shards, or - for standard input.
    #[arg(required = true)]
    inputs: Vec<Input>,
    /// A JSON object a line, attributes and digest included.
    #[arg(long)]
    json: bool,
}

/// A line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    attributes: &'a BTreeMap<String, String>,
    planes: Vec<PlaneLine<'a>>,
    stored_bytes: u64,
    digest: String,
}

#[derive(Serialize)]
struct PlaneLine<'a> {
    name: &'a str,
    dtype: Dtype,
    shape: &'a [u64],
    encoding: Encoding,
    bytes: u64,
}

impl<'a> From<&'a PlaneHead> for PlaneLine<'a> {
    fn from(plane: &'a PlaneHead) -> PlaneLine<'a> {
        PlaneLine {
            name: &plane.name,
            dtype: plane.dtype,
            shape: &plane.shape,
            encoding: plane.encoding,
            bytes: plane.length,
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut stdout = BufWriter::new(io::stdout().lock());
    let print = if arguments.json { print_json } else { print_text };
    for input in &arguments.inputs {
        for raw in input.open()?.raw_records() {
            let raw = raw.inspect_err(|_| {
                // What was listed so far is shown before the words about the fault.
                let _ = stdout.flush();
            });
            let raw = raw.map_err(|error| Failure::reading(&input.name(), error))?;
            print(&mut stdout, &raw).map_err(Failure::printing)?;
        }
    }
    stdout.flush().map_err(Failure::printing)
}

fn print_text(out: &mut dyn Write, raw: &RawRecord) -> io::Result<()> {
    let planes: Vec<String> = raw.planes().iter().map(describe).collect();
    writeln!(out, "{}\t{}\t{}", raw.key(), raw.stored_length(), planes.join(", "))
}

fn describe(plane: &PlaneHead) -> String {
    let shape: Vec<String> = plane.shape.iter().map(u64::to_string).collect();
    let PlaneHead { name, dtype, encoding, length, .. } = plane;
    format!("{name} {dtype} {} {encoding} {length}", shape.join("x"))
}

fn print_json(out: &mut dyn Write, raw: &RawRecord) -> io::Result<()> {
    let line = Line {
        key: raw.key(),
        attributes: raw.attributes(),
        planes: raw.planes().iter().map(PlaneLine::from).collect(),
        stored_bytes: raw.stored_length(),
        digest: Digest(raw.digest()).to_string(),
    };
    serde_json::to_writer(&mut *out, &line)?;
    writeln!(out)
}
