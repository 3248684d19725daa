//! The bench: small records, and training on them through the program.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use bones::{BoneSet, Mask, Size};
use checkpoint::{Checkpoint, Line, file};
use planes::{Extent, Image, attribute};
use shard::{Header, Producer, Record, Writer};
use stage::Summary;
use tempfile::TempDir;

const TRAINING: &[&str] = &["ID001/a", "ID001/b", "ID002/a", "ID002/b", "ID003/a"];
const VALIDATION: &[&str] = &["ID009/a", "ID009/b"];

/// A folder with `train.shard` (five records of three patients) and `validation.shard` (two of one patient).
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        let bench = Bench { folder: tempfile::tempdir().unwrap() };
        bench.shard("train.shard", TRAINING);
        bench.shard("validation.shard", VALIDATION);
        bench
    }

    /// The same with records of another size.
    pub(crate) fn of(size: [u32; 2]) -> Bench {
        let bench = Bench { folder: tempfile::tempdir().unwrap() };
        for (name, keys) in [("train.shard", TRAINING), ("validation.shard", VALIDATION)] {
            let records = keys.iter().zip(0..).map(|(key, number)| record_of(key, number, size));
            bench.write(name, &records.collect::<Vec<Record>>());
        }
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn shard(&self, name: &str, keys: &[&str]) {
        let records: Vec<Record> = keys.iter().zip(0..).map(|(key, number)| record(key, number)).collect();
        self.write(name, &records);
    }

    pub(crate) fn write(&self, name: &str, records: &[Record]) {
        self.write_with(name, records, |_| {});
    }

    /// Writes a shard whose header was changed.
    pub(crate) fn write_with(&self, name: &str, records: &[Record], change: impl FnOnce(&mut Header)) {
        let mut header = Header {
            producer: Producer { stage: "rasterize-labels".to_owned(), version: "0.1.0".to_owned() },
            planes: vec![planes::image_spec(), planes::masks_spec()],
            classes: planes::classes(),
            attributes: Default::default(),
        };
        change(&mut header);
        let mut writer = Writer::new(File::create(self.path(name)).unwrap(), header).unwrap();
        records.iter().for_each(|record| writer.push(record).unwrap());
        writer.finish().unwrap();
    }

    pub(crate) fn command(&self, input: &str, out: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
        command.current_dir(self.folder.path()).args([&*format!("--in={input}"), "--out", out]);
        command.args(["--validation", "validation.shard", "--summary", &format!("{out}.json")]);
        for (flag, value) in [
            ("--model", "segformer/mit_b0"),
            ("--size", "64"),
            ("--batch", "2"),
            ("--threads", "1"),
            ("--log-every", "1"),
            ("--seed", "5"),
            ("--device", "cpu"),
            ("--precision", "f32"),
        ] {
            if !more.contains(&flag) {
                command.args([flag, value]);
            }
        }
        command.args(more);
        command
    }

    /// Runs it where it is refused with `code`; what it says on standard error.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, more: &[&str]) -> String {
        let output = self.run("refused", more);
        assert_eq!(output.status.code(), Some(code), "{more:?}: {}", words(&output));
        assert!(!self.path("refused").exists(), "{more:?}");
        words(&output)
    }

    pub(crate) fn run(&self, out: &str, more: &[&str]) -> Output {
        self.command("train.shard", out, more).output().unwrap()
    }

    #[track_caller]
    pub(crate) fn trained(&self, out: &str, more: &[&str]) -> Trained {
        let output = self.run(out, more);
        assert!(output.status.success(), "{}", words(&output));
        self.result(out)
    }

    /// The bytes of a file of a checkpoint.
    pub(crate) fn bytes(&self, out: &str, file: &str) -> Vec<u8> {
        fs::read(self.path(out).join(file)).unwrap()
    }

    /// Two checkpoints have the same bytes, file by file.
    #[track_caller]
    pub(crate) fn assert_same(&self, one: &str, other: &str) {
        for name in [file::METRICS, file::DESCRIPTION, file::LAST, file::BEST] {
            let [one, other] = [one, other].map(|out| self.bytes(out, name));
            let told = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(4000)]).into_owned();
            assert!(one == other, "{name}:\n{}\n{}", told(&one), told(&other));
        }
    }

    pub(crate) fn result(&self, out: &str) -> Trained {
        let summary = fs::read_to_string(self.path(&format!("{out}.json"))).unwrap();
        let lines = fs::read_to_string(self.path(out).join(file::METRICS)).unwrap();
        Trained {
            summary: serde_json::from_str(&summary).unwrap(),
            checkpoint: Checkpoint::read(&self.path(out)).unwrap(),
            lines: lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        }
    }

    /// Starts a run and kills it as soon as it has saved the state of `epoch`.
    pub(crate) fn kill_after(&self, epoch: &str, out: &str, more: &[&str]) {
        let mut child = self.command("train.shard", out, more).stderr(Stdio::null()).spawn().unwrap();
        let state = self.path(&format!("{out}.partial/state/{epoch}"));
        while !state.exists() {
            assert!(child.try_wait().unwrap().is_none(), "it ended before {epoch}");
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!self.path(out).exists());
    }
}

/// What a run left.
pub(crate) struct Trained {
    pub(crate) summary: Summary,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) lines: Vec<Line>,
}

/// A record of 96 × 80; see [`record_of`].
pub(crate) fn record(key: &str, number: u32) -> Record {
    record_of(key, number, [96, 80])
}

/// A square of finger-1 and a bar of the Radius, brighter than the rest, elsewhere in each record.
pub(crate) fn record_of(key: &str, number: u32, [width, height]: [u32; 2]) -> Record {
    let size = Size::new(width, height).unwrap();
    let (left, top) = (10 + 7 * number, 8 + 5 * number);
    let (mut grey, mut sets) = (Vec::new(), Vec::new());
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let finger = (left..left + 24).contains(&x) && (top..top + 24).contains(&y);
        let radius = (60..72).contains(&y);
        grey.push(30 + 120 * u8::from(finger) + 60 * u8::from(radius) + ((x * 7 + y * 13) % 11) as u8);
        sets.push(BoneSet::from_bits(u32::from(finger) | u32::from(radius) << 27).unwrap());
    }
    let mut record = Record { key: key.to_owned(), ..Record::default() };
    let patient = key.split('/').next().unwrap().to_owned();
    record.attributes.insert(attribute::PATIENT.to_owned(), patient);
    Extent { size, window: None }.write(&mut record);
    planes::set_image(&mut record, Image::new(size, grey).unwrap());
    planes::set_masks(&mut record, &Mask::from_dense(size, &sets).unwrap());
    record
}

/// What a program said.
pub(crate) fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
