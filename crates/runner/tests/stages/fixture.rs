//! Stages for the tests of the runner: this program is whichever stage its file name says.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use shard::{Dtype, Encoding, Plane, PlaneSpec, Record};
use stage::{Arity, Artefact, Backend, Failure, Job, Output, Port, Relation, Stage};

fn main() -> ExitCode {
    let name = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    match name.file_name().and_then(|name| name.to_str()) {
        Some("count") => stage::main::<Count>(),
        Some("double") => stage::main::<Double>(),
        Some("total") => stage::main::<Total>(),
        Some("learn") => stage::main::<Learn>(),
        Some("title") => stage::main::<Title>(),
        Some("compute") => stage::main::<Compute>(),
        _ => ExitCode::from(2),
    }
}

/// One more line in the file, to count how often something was done. Records are worked on in parallel, so the line
/// is one write.
fn trace(path: Option<&Path>, line: &str) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    let file = fs::OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
        .map_err(|error| Failure::io(path, error))
}

fn number(name: &str) -> PlaneSpec {
    PlaneSpec { name: name.to_owned(), dtype: Dtype::U32, encoding: Encoding::Dense }
}

fn plane(name: &str, value: u32) -> Plane {
    let bytes = value.to_le_bytes().to_vec();
    Plane { name: name.to_owned(), dtype: Dtype::U32, shape: vec![1], encoding: Encoding::Dense, bytes }
}

fn value(record: &Record, name: &str) -> u32 {
    let bytes = record.plane(name).and_then(|plane| plane.bytes.as_slice().try_into().ok());
    bytes.map_or(0, u32::from_le_bytes)
}

/// Numbers from the lines of a file, or from 0.
#[derive(Debug, Args, Serialize, JsonSchema)]
struct Count {
    /// How many.
    #[arg(long, default_value_t = 3)]
    count: u32,
    /// Numbers are multiples of this.
    #[arg(long, default_value_t = 1)]
    step: u32,
    /// A file with one `key number` a line.
    #[arg(long)]
    lines: Option<PathBuf>,
    /// Milliseconds to spend before the file is read.
    #[arg(long, default_value_t = 0)]
    slowly: u64,
    /// Where to note that the file will be read.
    #[arg(long)]
    trace: Option<PathBuf>,
}

impl Stage for Count {
    const NAME: &'static str = "count";
    const ABOUT: &'static str = "Counts.";
    const RELATION: Relation = Relation::Source;

    fn inputs(&self) -> Vec<Port> {
        vec![Port::new("lines", Arity::Optional, [Artefact::file("lines")])]
    }

    fn output(&self) -> Output {
        Output::planes([number("number")])
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        let header = job.header_after(None);
        job.create(header)?;
        trace(self.trace.as_deref(), "reading")?;
        thread::sleep(Duration::from_millis(self.slowly));
        let pairs: Vec<(String, u32)> = match &self.lines {
            None => (0..self.count).map(|index| (format!("p/{index:05}"), index * self.step)).collect(),
            Some(path) => {
                let text = job.read_file("lines", path)?;
                let text = String::from_utf8_lossy(&text).into_owned();
                let pairs = text.lines().filter_map(|line| line.split_once(' '));
                pairs.map(|(key, number)| (key.to_owned(), number.parse().unwrap_or(0))).collect()
            }
        };
        for (key, number) in pairs {
            let planes = vec![plane("number", number)];
            job.push(&Record { key, attributes: Default::default(), planes })?;
        }
        Ok(())
    }
}

/// Doubles numbers.
#[derive(Debug, Args, Serialize, JsonSchema)]
struct Double {
    /// By what to multiply.
    #[arg(long, default_value_t = 2)]
    by: u32,
    /// Every result is at most this.
    #[arg(long)]
    limit: Option<u32>,
    /// Fail at this record.
    #[arg(long)]
    fail_at: Option<String>,
    /// Milliseconds to spend on each record.
    #[arg(long, default_value_t = 0)]
    slowly: u64,
    /// Where to note the key of each record.
    #[arg(long)]
    trace: Option<PathBuf>,
}

impl Stage for Double {
    const NAME: &'static str = "double";
    const ABOUT: &'static str = "Doubles numbers.";
    const RELATION: Relation = Relation::Map;

    fn inputs(&self) -> Vec<Port> {
        vec![Port::shards(&["number"])]
    }

    fn output(&self) -> Output {
        Output::adds([number("doubled")])
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        let records = job.records()?;
        let header = job.header_after(Some(records.header()));
        job.create(header)?;
        let work = |mut record: Record| {
            if self.fail_at.as_ref() == Some(&record.key) {
                return Err("it is the one to fail at".into());
            }
            thread::sleep(Duration::from_millis(self.slowly));
            trace(self.trace.as_deref(), &record.key)?;
            let doubled = value(&record, "number") * self.by;
            record.set_plane(plane("doubled", self.limit.map_or(doubled, |limit| doubled.min(limit))));
            Ok(record)
        };
        job.each_with(records, work, |job, record| {
            job.count("large numbers", u64::from(value(&record, "number") >= 100));
            job.push(&record)
        })
    }
}

/// Adds doubled numbers up.
#[derive(Debug, Args, Serialize, JsonSchema)]
struct Total {
    /// What to call it.
    #[arg(long, default_value = "total")]
    label: String,
    /// A model to look at.
    #[arg(long)]
    model: Vec<PathBuf>,
    /// Stop reading after this many records.
    #[arg(long)]
    leave_after: Option<u64>,
}

impl Stage for Total {
    const NAME: &'static str = "total";
    const ABOUT: &'static str = "Adds doubled numbers up.";
    const RELATION: Relation = Relation::Reduce;

    fn inputs(&self) -> Vec<Port> {
        let model = Port::new("model", Arity::Optional, [Artefact::directory("model")]);
        vec![Port::shards(&["doubled"]), model]
    }

    fn output(&self) -> Output {
        Output::File { of: "sum".into() }
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        let mut sum = 0;
        let mut seen = 0;
        let records = job.records()?;
        if let Some(most) = self.leave_after {
            for raw in records.take(most as usize) {
                raw?;
            }
        } else {
            job.each_with(
                records,
                |record| Ok(value(&record, "doubled")),
                |_, doubled| {
                    sum += doubled;
                    seen += 1;
                    Ok(())
                },
            )?;
        }
        for model in &self.model {
            job.note_folder("model", model)?;
        }
        let text = format!("{} of {seen}: {sum}\n", self.label);
        job.count_written(1);
        job.text()?.write_all(text.as_bytes()).map_err(Failure::system)
    }
}

/// Learns from numbers in epochs, and goes on from where it was stopped.
#[derive(Debug, Args, Serialize, JsonSchema)]
struct Learn {
    /// How many.
    #[arg(long, default_value_t = 3)]
    epochs: u32,
    /// Learning rate.
    #[arg(long, default_value_t = 0.001)]
    lr: f64,
    /// What to learn.
    #[arg(long, default_value = "unet")]
    model: String,
    /// Milliseconds an epoch.
    #[arg(long, default_value_t = 0)]
    slowly: u64,
    /// Where to note each epoch.
    #[arg(long)]
    trace: Option<PathBuf>,
}

impl Stage for Learn {
    const NAME: &'static str = "learn";
    const ABOUT: &'static str = "Learns.";
    const RELATION: Relation = Relation::Reduce;

    fn inputs(&self) -> Vec<Port> {
        vec![Port::shards(&["doubled"])]
    }

    fn output(&self) -> Output {
        Output::Directory { of: "model".into() }
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        let folder = job.directory_to_resume()?;
        let records = job.records()?;
        job.each_with(records, |_| Ok(()), |_, ()| Ok(()))?;
        job.total(u64::from(self.epochs));
        for epoch in 0..self.epochs {
            let path = folder.join(format!("epoch-{epoch}.txt"));
            if !path.exists() {
                thread::sleep(Duration::from_millis(self.slowly));
                trace(self.trace.as_deref(), &epoch.to_string())?;
                let text = format!("{} {} {}\n", self.model, self.lr, epoch);
                fs::write(&path, text).map_err(|error| Failure::io(&path, error))?;
            }
            job.advance(1);
            job.message(&format!("epoch {epoch}"));
        }
        Ok(())
    }
}

/// Tells what a file, or a folder, is called.
#[derive(Debug, Args, Serialize, JsonSchema)]
struct Title {}

impl Stage for Title {
    const NAME: &'static str = "title";
    const ABOUT: &'static str = "Tells what a file, or a folder, is called.";
    const RELATION: Relation = Relation::Source;

    fn inputs(&self) -> Vec<Port> {
        let accepts = [Artefact::file("lines"), Artefact::directory("model")];
        vec![Port::new("in", Arity::One, accepts).with_names()]
    }

    fn output(&self) -> Output {
        Output::File { of: "title".into() }
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        let path = job.input_paths()?.remove(0);
        let absolute = std::path::absolute(&path).map_err(|error| Failure::io(&path, error))?;
        let count = if path.is_dir() { 1 } else { 2 };
        let names: Vec<_> = absolute.iter().rev().take(count).map(|name| name.to_string_lossy()).collect();
        let text = format!("{}\n", names.join(" in "));
        job.text()?.write_all(text.as_bytes()).map_err(|error| Failure::io("output", error))
    }
}

/// Tells on what it computes, which is whatever the file `device.txt` says, and with how many threads.
#[derive(Debug, Args, Serialize, JsonSchema)]
struct Compute {
    /// Where to compute.
    #[arg(long, default_value = "auto")]
    device: String,
}

impl Stage for Compute {
    const NAME: &'static str = "compute";
    const ABOUT: &'static str = "Computes.";
    const RELATION: Relation = Relation::Source;
    const NUMERIC: bool = true;

    fn backend(&self) -> Option<Backend> {
        let here = fs::read_to_string("device.txt").map_or("cpu".to_owned(), |text| text.trim().to_owned());
        let device = if self.device == "auto" { &here } else { &self.device };
        let kind = device.split(':').next().unwrap_or(device);
        Some(Backend { libtorch: "2".to_owned(), device: kind.to_owned() })
    }

    fn inputs(&self) -> Vec<Port> {
        Vec::new()
    }

    fn output(&self) -> Output {
        Output::File { of: "text".into() }
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        let text = format!("{} {}\n", self.device, job.threads());
        job.text()?.write_all(text.as_bytes()).map_err(|error| Failure::io("output", error))
    }
}
