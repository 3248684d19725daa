//! The tests' bench: a folder, and the stage `tiny` that is run in it.
#![allow(dead_code, reason = "each file of tests uses some of it")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use shard::{Dtype, Encoding, Header, Plane, PlaneSpec, Producer, Reader, Record, Writer};
use stage::Summary;
use tempfile::TempDir;

/// A folder with a shard `in.shard` of the records `ID1/a`, `ID1/b`, `ID2/c`.
pub(crate) struct Bench {
    folder: TempDir,
}

pub(crate) const KEYS: [&str; 3] = ["ID1/a", "ID1/b", "ID2/c"];

impl Bench {
    pub(crate) fn new() -> Bench {
        let bench = Bench { folder: tempfile::tempdir().unwrap() };
        bench.shard("in.shard", &KEYS);
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn shard(&self, name: &str, keys: &[&str]) {
        let (dtype, encoding) = (Dtype::U8, Encoding::Dense);
        let header = Header {
            producer: Producer { stage: "bench".into(), version: "0.1.0".into() },
            planes: vec![PlaneSpec { name: "image".into(), dtype, encoding }],
            classes: Vec::new(),
            attributes: Default::default(),
        };
        let mut writer = Writer::create(self.path(name), header).unwrap();
        for key in keys {
            let image = Plane { name: "image".into(), dtype, shape: vec![2], encoding, bytes: vec![1, 2] };
            let record = Record { key: (*key).to_owned(), planes: vec![image], ..Record::default() };
            writer.push(&record).unwrap();
        }
        writer.commit().unwrap();
    }

    /// All names in the folder, or in one below it, sorted.
    pub(crate) fn names(&self, below: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(below)).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The stage, with arguments separated by blanks.
    pub(crate) fn tiny(&self, arguments: &str) -> Command {
        // Examples are beside the folder of the test's own program.
        let program = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples/tiny");
        let mut command = Command::new(program);
        command.args(arguments.split_whitespace()).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Ended {
        self.tiny(arguments).output().unwrap().into()
    }

    /// As [`Bench::run`], with standard input from a file.
    pub(crate) fn run_with(&self, arguments: &str, input: &str) -> Ended {
        self.tiny(arguments).stdin(File::open(self.path(input)).unwrap()).output().unwrap().into()
    }

    /// Starts the stage, and waits until it holds.
    pub(crate) fn held(&self, arguments: &str) -> Held {
        let hold = self.path("hold");
        let child = self.tiny(arguments).arg("--hold").arg(&hold).spawn().unwrap();
        wait_for("it to hold", || hold.exists());
        Held { child, hold }
    }

    pub(crate) fn summary(&self, name: &str) -> Summary {
        serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap()
    }
}

pub(crate) fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited a minute for {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A stage that stands still in the middle of its work.
pub(crate) struct Held {
    pub(crate) child: Child,
    hold: PathBuf,
}

impl Held {
    /// Lets it go on, to its end.
    pub(crate) fn release(self) -> Ended {
        fs::remove_file(&self.hold).unwrap();
        self.child.wait_with_output().unwrap().into()
    }

    /// Kills it.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        assert_eq!(self.child.wait().unwrap().code(), None, "the kill struck");
        fs::remove_file(&self.hold).unwrap();
    }
}

/// How a stage ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) told: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Ended {
        Ended {
            code: output.status.code(),
            stdout: output.stdout,
            told: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    #[track_caller]
    pub(crate) fn complete(self) -> Ended {
        assert_eq!(self.code, Some(0), "{}", self.told);
        self
    }

    /// Its words, where the exit code is `code`.
    #[track_caller]
    pub(crate) fn refused(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}", self.told);
        self.told
    }

    /// The keys of the shard on standard output.
    pub(crate) fn keys(&self) -> Vec<String> {
        Reader::new(self.stdout.as_slice()).unwrap().map(|record| record.unwrap().key).collect()
    }
}

/// The keys of the shard in a file.
pub(crate) fn keys(path: impl AsRef<Path>) -> Vec<String> {
    Reader::open(path).unwrap().map(|record| record.unwrap().key).collect()
}
