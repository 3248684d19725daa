//! What the integration tests share: finding and running the built binaries, and small shards to feed them.
//!
//! `cargo test` does not build other packages' binaries, so `just test` builds the workspace first; a test that
//! misses a binary says so.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't set itself up should panic")]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use bones::polygon::{self, Outline};
use bones::{Bone, Size};
use planes::{Extent, Image, attribute};
use shard::{Header, Producer, Record, Writer};

/// The folder of the built binaries: two above this test's executable.
pub fn binaries() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().to_owned()
}

/// A command that runs the binary `name`, with standard input closed.
pub fn command(name: &str) -> Command {
    let path = binaries().join(name);
    assert!(
        path.is_file(),
        "{} is not built: run `just test`, or `cargo build --workspace --bins`",
        path.display()
    );
    let mut command = Command::new(path);
    command.stdin(Stdio::null());
    command
}

/// Runs `name` to its end.
pub fn run(name: &str, arguments: &[&str]) -> Output {
    command(name).args(arguments).output().unwrap()
}

/// Runs `name` and demands success.
pub fn run_ok(name: &str, arguments: &[&str]) -> Output {
    let output = run(name, arguments);
    assert!(output.status.success(), "{name} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// What a process wrote on standard error.
pub fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A record of a 64 × 64 radiograph: a grey ramp, and all 29 bones as overlapping squares moved by `number`.
pub fn record(number: usize) -> Record {
    let size = Size::new(64, 64).unwrap();
    let patient = format!("ID{:03}", number / 2 + 1);
    let side = if number.is_multiple_of(2) { "R" } else { "L" };
    let name = format!("image{number}_{side}");
    let mut record = Record { key: format!("{patient}/{name}"), ..Record::default() };
    let mut attribute = |name: &str, value: String| record.attributes.insert(name.to_owned(), value);
    attribute(attribute::PATIENT, patient.clone());
    attribute(attribute::SIDE, side.to_owned());
    attribute(attribute::IMAGE_NAME, format!("{name}.png"));
    attribute(attribute::SOURCE, format!("train/DCM/{patient}/{name}.png"));
    Extent { size, window: None }.write(&mut record);
    let pixels = (0..64 * 64).map(|pixel| (pixel % 64 * 3 + pixel / 64 + number) as u8).collect();
    planes::set_image(&mut record, Image::new(size, pixels).unwrap());
    let outlines: Vec<Outline> = Bone::ALL
        .into_iter()
        .map(|bone| {
            let (x, y) = ((bone.index() % 6 * 9 + number % 3) as i32, (bone.index() / 6 * 12) as i32);
            Outline { bone, ring: vec![[x, y], [x + 11, y], [x + 11, y + 13], [x, y + 13]] }
        })
        .collect();
    planes::set_polygons(&mut record, size, &outlines);
    planes::set_masks(&mut record, &polygon::fill(&outlines, size));
    record
}

/// Adds the plane `scores` to a record: ±4 inside and outside its masks, at 16 × 16.
pub fn add_scores(record: &mut Record) {
    let small = Size::new(16, 16).unwrap();
    let sets = bones::resize::centred_dense(&planes::masks(record).unwrap(), small);
    let logit = |inside: bool| half::f16::from_f32(if inside { 4.0 } else { -4.0 });
    let logits =
        Bone::ALL.iter().flat_map(|&bone| sets.iter().map(move |set| logit(set.contains(bone)))).collect();
    planes::set_scores(record, &planes::Scores::new(small, logits).unwrap(), planes::ScoresKind::Exact);
}

/// Writes `records` as one shard with the planes called `planes`.
pub fn write_shard(path: &Path, planes: &[&str], records: &[Record]) {
    let known = [
        planes::image_spec(),
        planes::polygons_spec(),
        planes::masks_spec(),
        planes::ScoresKind::Exact.spec(),
    ];
    let header = Header {
        producer: Producer { stage: "contract-test".to_owned(), version: "1".to_owned() },
        planes: known.iter().filter(|spec| planes.contains(&spec.name.as_str())).cloned().collect(),
        classes: planes::classes(),
        attributes: BTreeMap::new(),
    };
    let mut writer = Writer::new(File::create(path).unwrap(), header).unwrap();
    for record in records {
        let mut record = record.clone();
        record.planes.retain(|plane| planes.contains(&plane.name.as_str()));
        let order = |name: &str| known.iter().position(|spec| spec.name == name);
        record.planes.sort_by_key(|plane| order(&plane.name));
        writer.push(&record).unwrap();
    }
    writer.finish().unwrap();
}

/// Reads all records of a shard; panics where it is not complete.
pub fn read_shard(path: &Path) -> Vec<Record> {
    let reader = shard::Reader::open(path).unwrap();
    reader.map(|record| record.unwrap()).collect()
}
