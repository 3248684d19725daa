//! Writes the golden shards of the current version: `cargo run -p shard --example golden -- tests/golden/shard`.
//!
//! Golden shards are what old files look like. They are written once for a version and kept for as long as it can be
//! read; `crates/shard/tests/golden.rs` reads them. Run this only for a new version, or for a part of the layout that
//! no golden shard has yet.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use shard::{Dtype, Encoding, Header, Plane, PlaneSpec, Producer, Record, Writer};

/// The name, header and records of each golden shard.
pub fn shards() -> [(&'static str, Header, Vec<Record>); 3] {
    [
        ("v1-empty.shard", header(&[], &[]), Vec::new()),
        ("v1-radiographs.shard", radiographs(), (1..=3).map(radiograph).collect()),
        ("v1-every-dtype.shard", header(&every_dtype(), &[]), vec![every_dtype_record()]),
    ]
}

fn header(planes: &[(&str, Dtype, Encoding)], classes: &[&str]) -> Header {
    let plane =
        |&(name, dtype, encoding): &(&str, _, _)| PlaneSpec { name: name.to_owned(), dtype, encoding };
    Header {
        producer: Producer { stage: "golden".to_owned(), version: "1.0.0".to_owned() },
        planes: planes.iter().map(plane).collect(),
        classes: classes.iter().map(ToString::to_string).collect(),
        attributes: texts(&[("filter", "area")]),
    }
}

fn radiographs() -> Header {
    let planes = [
        ("image", Dtype::U8, Encoding::Dense),
        ("polygons", Dtype::I32, Encoding::Rings),
        ("masks", Dtype::U32, Encoding::Runs),
    ];
    header(&planes, &["Trapezium", "Ulna"])
}

/// A ramp of 40 × 48 with a box of the second class in it.
fn radiograph(number: u8) -> Record {
    let (height, width) = (40_u32, 48_u32);
    let ramp = (0..height * width).map(|pixel| (pixel * u32::from(number) / 8) as u8);
    let outline = [1, 4, 8, 10, 40, 10, 40, 30, 8, 30].map(i32::to_le_bytes);
    let box_runs = (10..=30).flat_map(|y| [(y * width + 8, 0), (y * width + 41, 0b10)]);
    let runs =
        box_runs.chain([(height * width, 0)]).flat_map(|(end, bones)| [end, bones]).map(u32::to_le_bytes);
    let plane = |name: &str, dtype, encoding, bytes| Plane {
        name: name.to_owned(),
        dtype,
        shape: vec![u64::from(height), u64::from(width)],
        encoding,
        bytes,
    };
    Record {
        key: format!("ID{number:03}/Röntgen_{number}_R"),
        attributes: texts(&[("patient", &format!("ID{number:03}")), ("side", "R")]),
        planes: vec![
            plane("image", Dtype::U8, Encoding::Dense, ramp.collect()),
            plane("polygons", Dtype::I32, Encoding::Rings, outline.concat()),
            plane("masks", Dtype::U32, Encoding::Runs, runs.flatten().collect()),
        ],
    }
}

fn every_dtype() -> [(&'static str, Dtype, Encoding); 6] {
    [Dtype::U8, Dtype::U16, Dtype::U32, Dtype::I32, Dtype::F16, Dtype::F32].map(|dtype| {
        let name = match dtype {
            Dtype::U8 => "bytes",
            Dtype::U16 => "words",
            Dtype::U32 => "sets",
            Dtype::I32 => "offsets",
            Dtype::F16 => "scores",
            Dtype::F32 => "spacings",
        };
        (name, dtype, Encoding::Dense)
    })
}

fn every_dtype_record() -> Record {
    let plane = |(name, dtype, encoding): (&str, Dtype, Encoding)| Plane {
        name: name.to_owned(),
        dtype,
        shape: vec![2, 1, 3],
        encoding,
        bytes: (0..6 * dtype.size()).map(|byte| byte as u8).collect(),
    };
    Record {
        key: "ID004/every-dtype".to_owned(),
        attributes: BTreeMap::new(),
        planes: every_dtype().map(plane).to_vec(),
    }
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Writes each golden shard that is not there yet into the folder of the first argument.
fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: golden FOLDER")?);
    for (name, header, records) in shards() {
        let path = folder.join(name);
        if path.exists() {
            eprintln!("{}: kept, since a golden shard is never rewritten", path.display());
            continue;
        }
        let mut writer = Writer::create(&path, header)?;
        records.iter().try_for_each(|record| writer.push(record))?;
        eprintln!("{}: {}", path.display(), writer.commit()?);
    }
    Ok(())
}
