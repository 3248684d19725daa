//! A stage for the tests: passes records on, into an output of any kind, and misbehaves where it is told to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::Serialize;
use shard::Record;
use stage::{Arity, Artefact, Failure, Job, Output, Places, Port, Reason, Records, Relation, Stage};

fn main() -> ExitCode {
    stage::main::<Tiny>()
}

/// What is written.
#[derive(Clone, Copy, PartialEq, Debug, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// A stream of the records.
    Shard,
    /// A line a record.
    Text,
    /// A file a record.
    Folder,
    /// The same, gone on with.
    Resumed,
}

/// What to write, and where to misbehave.
#[derive(Debug, Args, Serialize, JsonSchema)]
struct Tiny {
    /// What is written.
    #[arg(long = "kind", value_enum, default_value_t = Kind::Shard)]
    kind: Kind,
    /// What stands in a file.
    #[arg(long, default_value = "")]
    content: String,
    /// A folder that is noted as an input.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// A file that is read as an input.
    #[arg(long)]
    file: Option<PathBuf>,
    /// Makes this file when the record `--hold-at` is written, and waits until it is gone.
    #[arg(long)]
    hold: Option<PathBuf>,
    /// The record of `--hold`.
    #[arg(long, default_value = "ID1/a")]
    hold_at: String,
    /// Panics at the record with this key.
    #[arg(long)]
    panic_at: Option<String>,
    /// Refuses the record with this key.
    #[arg(long)]
    refuse: Option<String>,
    /// Refuses with a reason of so many bytes.
    #[arg(long, default_value_t = 10)]
    reason: usize,
}

impl Stage for Tiny {
    const NAME: &'static str = "tiny";
    const ABOUT: &'static str = "Passes records on.";
    const RELATION: Relation = Relation::Map;

    fn inputs(&self) -> Vec<Port> {
        vec![
            Port::shards(&[]),
            Port::new("folder", Arity::Optional, [Artefact::directory("anything")]),
            Port::new("file", Arity::Optional, [Artefact::file("anything")]),
        ]
    }

    fn output(&self) -> Output {
        match self.kind {
            Kind::Shard => Output::adds([]),
            Kind::Text => Output::File { of: "keys".to_owned() },
            Kind::Folder | Kind::Resumed => Output::Directory { of: "keys".to_owned() },
        }
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        if let Some(folder) = &self.folder {
            job.note_folder("folder", folder)?;
        }
        if let Some(file) = &self.file {
            job.read_file("file", file)?;
        }
        let records = job.records()?;
        match self.kind {
            Kind::Shard => self.shard(job, records),
            Kind::Text => self.text(job, records),
            Kind::Folder => {
                let folder = job.directory()?;
                self.folder(job, records, &folder)
            }
            Kind::Resumed => {
                let folder = job.directory_to_resume()?;
                self.folder(job, records, &folder)
            }
        }
    }
}

impl Tiny {
    fn shard(&self, job: &mut Job, records: Records) -> Result<(), Failure> {
        job.create(job.header_after(Some(records.header())))?;
        job.each_with(
            records,
            |record| self.work(record),
            |job, record| {
                self.written(job, &record.key);
                job.push(&record)
            },
        )
    }

    fn text(&self, job: &mut Job, records: Records) -> Result<(), Failure> {
        job.text()?;
        job.each_with(
            records,
            |record| self.work(record),
            |job, record| {
                self.written(job, &record.key);
                writeln!(job.text()?, "{}", record.key).map_err(Failure::system)
            },
        )
    }

    fn folder(&self, job: &mut Job, records: Records, folder: &Path) -> Result<(), Failure> {
        let mut places = Places::below(folder);
        let file = records.file();
        job.each_with(
            records,
            |record| self.work(record),
            |job, record| {
                let path = match places.of(&record.key, "txt") {
                    Ok(path) => path,
                    Err(reason) => return job.skip(&file, &record.key, reason),
                };
                let folder = path.parent().expect("it is below the output folder");
                let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, &self.content));
                written.map_err(|error| Failure::io(&path, error))?;
                self.written(job, &record.key);
                Ok(())
            },
        )
    }

    fn work(&self, record: Record) -> Result<Record, Reason> {
        if self.panic_at.as_ref() == Some(&record.key) {
            panic!("told to panic at {}", record.key);
        }
        if self.refuse.as_ref() == Some(&record.key) {
            return Err(format!("refused{}", "!".repeat(self.reason)).into());
        }
        Ok(record)
    }

    /// Tells of a record that is written, and waits where it should.
    fn written(&self, job: &mut Job, key: &str) {
        job.message(key);
        let Some(hold) = &self.hold else { return };
        if key == self.hold_at {
            fs::write(hold, "").expect("the test gave a path that can be written");
            while hold.exists() {
                thread::sleep(Duration::from_millis(2));
            }
        }
    }
}
