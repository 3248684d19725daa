//! Small records, and shards of them, for the tests of stages.
//!
//! Everything panics where it fails, as tests do.
#![allow(clippy::unwrap_used, reason = "for tests alone")]

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

use bones::{Bone, BoneSet, Mask, Size};
use checkpoint::{Checkpoint, Data, Input, Model, Normalisation, Validation, Versions};
use pixels::{Filter, Fit};
use planes::{Extent, attribute};
use shard::{Header, PlaneSpec, Producer, Reader, Record, Writer};

/// Width and height of the radiograph of every sample.
pub const SIZE: (u32, u32) = (16, 8);

/// A mask in which each bone covers the given row-major pixels.
pub fn mask(size: Size, bones: &[(&str, Range<usize>)]) -> Mask {
    let mut pixels = vec![BoneSet::EMPTY; size.pixels() as usize];
    for (name, range) in bones {
        for pixel in &mut pixels[range.clone()] {
            *pixel = *pixel | BoneSet::of(Bone::from_name(name).unwrap());
        }
    }
    Mask::from_dense(size, &pixels).unwrap()
}

/// What a checkpoint of `unet/resnet18` for grey values 0 … 1 at 64 × 64 says of itself; after one step, with a Dice of ½.
pub fn checkpoint() -> Checkpoint {
    let data = Data { digests: Vec::new(), records: 1, patients: 1 };
    let (classes, terms) = (vec![0.5; bones::bone::COUNT], Default::default());
    let validation = Validation { epoch: 1, step: 1, dice: 0.5, classes, loss: None, terms };
    Checkpoint {
        format: checkpoint::FORMAT,
        model: Model {
            architecture: "unet".to_owned(),
            encoder: "resnet18".to_owned(),
            in_channels: 3,
            drop_path: None,
            dropout: None,
        },
        classes: planes::classes(),
        input: Input {
            size: 64,
            filter: Filter::Linear,
            placement: Fit::Pad,
            windows: None,
            clahe: None,
            normalisation: Normalisation::Unit,
        },
        recipe: serde_json::json!({}),
        seed: 0,
        start: None,
        pretrained: None,
        training: data.clone(),
        validation: Some(data),
        trained: None,
        best: Some(validation.clone()),
        last: Some(validation),
        kept: Vec::new(),
        legs: Vec::new(),
        stopped_early: false,
        versions: Versions { train: String::new(), libtorch: String::new() },
    }
}

/// A record whose patient has to be found out.
pub struct Lineage {
    /// The record's key.
    pub key: &'static str,
    /// Its attributes.
    pub attributes: &'static [(&'static str, &'static str)],
    /// Everybody whom it shows or was derived from, its patient first.
    pub patients: &'static [&'static str],
}

/// Keys and attributes of every kind. Whoever asks for the patient of a record gives the same answer.
pub const LINEAGES: &[Lineage] = &[
    lineage("ID001/a", &[], &["ID001"]),
    lineage("ID001/b", &[("patient", "ID001")], &["ID001"]),
    lineage("ID001/c", &[("patient", "")], &["ID001"]),
    lineage("ID001/d/a", &[], &["ID001"]),
    lineage("hospital/a", &[("patient", "P7")], &["P7"]),
    lineage("a", &[], &["a"]),
    lineage("b", &[("patient", "P7")], &["P7"]),
    // Crops are of their radiograph's patient, whoever says who that is.
    lineage("ID001/a#wrist", &[("parent", "ID001/a")], &["ID001"]),
    lineage("hospital/a#wrist", &[("parent", "hospital/a"), ("patient", "P7")], &["P7"]),
    lineage("a#wrist", &[("parent", "a")], &["a"]),
    lineage("b#wrist", &[("parent", "b"), ("patient", "P7")], &["P7"]),
    // Derived into another folder.
    lineage("P1/posed", &[("parent", "ID002/a"), ("patient", "P1")], &["ID002", "P1"]),
    lineage("P1/other", &[("parent", "ID002/a"), ("patient", "ID002")], &["ID002"]),
    lineage("posed", &[("parent", "ID002/a")], &["ID002", "posed"]),
    lineage("ID001/mix", &[("parent", "ID002/a")], &["ID002", "ID001"]),
    // A crop of what was derived into another folder.
    lineage(
        "P1/posed#wrist",
        &[("parent", "P1/posed"), ("ancestor", "ID002/a"), ("patient", "P1")],
        &["ID002", "P1"],
    ),
];

const fn lineage(
    key: &'static str,
    attributes: &'static [(&'static str, &'static str)],
    patients: &'static [&'static str],
) -> Lineage {
    Lineage { key, attributes, patients }
}

impl Lineage {
    /// The record, with masks of [`SIZE`].
    pub fn record(&self) -> Record {
        let mut record = masks("ID000/file", &[]);
        record.key = self.key.to_owned();
        record.attributes.remove(attribute::PATIENT);
        let told = self.attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        record.attributes.extend(told);
        record
    }
}

/// A record `patient/file` with masks of [`SIZE`].
pub fn masks(key: &str, bones: &[(&str, Range<usize>)]) -> Record {
    let size = Size::new(SIZE.0, SIZE.1).unwrap();
    let (patient, file) = key.split_once('/').unwrap();
    let mut record = Record { key: key.to_owned(), ..Record::default() };
    for (name, value) in [
        (attribute::PATIENT, patient.to_owned()),
        (attribute::IMAGE_NAME, format!("{file}.png")),
        (attribute::SOURCE, format!("test/DCM/{key}.png")),
    ] {
        record.attributes.insert(name.to_owned(), value);
    }
    Extent { size, window: None }.write(&mut record);
    planes::set_masks(&mut record, &mask(size, bones));
    record
}

/// The header of a shard of masks.
pub fn header(planes: Vec<PlaneSpec>) -> Header {
    Header {
        producer: Producer { stage: "samples".to_owned(), version: "0".to_owned() },
        planes,
        classes: planes::classes(),
        attributes: Default::default(),
    }
}

/// Writes a shard of records that all have the planes of the first; of none, it has the plane `masks`.
pub fn write(path: impl AsRef<Path>, records: &[Record]) {
    let specs = records.first().map(|record| {
        let spec = |plane: &shard::Plane| PlaneSpec {
            name: plane.name.clone(),
            dtype: plane.dtype,
            encoding: plane.encoding,
        };
        record.planes.iter().map(spec).collect()
    });
    let mut writer =
        Writer::create(path, header(specs.unwrap_or_else(|| vec![planes::masks_spec()]))).unwrap();
    for record in records {
        writer.push(record).unwrap();
    }
    writer.commit().unwrap();
}

/// The records of a shard.
pub fn read(path: impl AsRef<Path>) -> Vec<Record> {
    Reader::open(path).unwrap().map(Result::unwrap).collect()
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
}

impl Ended {
    /// Standard output as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// Itself, where the exit code is 0.
    #[track_caller]
    pub fn complete(self) -> Ended {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self
    }

    /// Its standard error, where the exit code is `code`.
    #[track_caller]
    pub fn refused(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}", self.stderr);
        self.stderr
    }
}

/// Runs `binary` in `folder` with arguments separated by blanks, standard input from the file `input`.
pub fn run(binary: &str, folder: &Path, arguments: &str, input: Option<&str>) -> Ended {
    let input = input.map_or_else(Stdio::null, |name| File::open(folder.join(name)).unwrap().into());
    let output = Command::new(binary)
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .stdin(input)
        .output()
        .unwrap();
    Ended {
        code: output.status.code().unwrap(),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
