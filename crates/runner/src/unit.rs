//! Runs one unit: a stage, or the stages of a pipe group, into the work folder of its key, and makes it a result.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use stage::Summary;

use crate::changed;
use crate::execute::Execution;
use crate::expand::Source;
use crate::graph::Step;
use crate::plan::Task;
use crate::process::{self, Invocation, Said};
use crate::report::{now, short};
use crate::store::{Object, named, read_json, write_json};
use crate::tree::Tree;

/// A unit's result and how it came to be.
pub(crate) struct Ran {
    pub(crate) object: Object,
    pub(crate) hit: bool,
    /// Records and digests of what flowed through pipes, by member.
    pub(crate) piped: Vec<(u64, String)>,
    pub(crate) message: String,
}

impl Ran {
    pub(crate) fn hit(object: Object) -> Ran {
        Ran { object, hit: true, piped: Vec::new(), message: String::new() }
    }
}

/// Why a unit has no result.
pub(crate) struct Failed {
    /// The step that is to blame.
    pub(crate) step: usize,
    pub(crate) code: u8,
    pub(crate) message: String,
}

impl Failed {
    pub(crate) fn io(step: usize, error: &io::Error) -> Failed {
        // A part of a folder that is not there is a fault of the data, all else one of the system.
        let code = if error.kind() == io::ErrorKind::NotFound { 65 } else { 74 };
        Failed { step, code, message: error.to_string() }
    }

    pub(crate) fn internal(step: usize, message: &str) -> Failed {
        Failed { step, code: 70, message: message.to_owned() }
    }
}

/// Everything that a unit is run with.
pub(crate) struct Surroundings<'a> {
    pub(crate) execution: &'a Execution<'a>,
    pub(crate) unit: usize,
    pub(crate) task: &'a Task,
    pub(crate) needed: &'a BTreeMap<usize, Object>,
}

/// Runs the unit. What was whole in its work folder already is not done again.
pub(crate) fn run(around: &Surroundings<'_>) -> Result<Ran, Failed> {
    let last = around.last();
    let names: Vec<&str> = around.members().iter().map(|member| around.step(*member).name.as_str()).collect();
    let console = around.execution.console;
    names.iter().for_each(|name| console.started(name));
    let clock = Instant::now();
    let result = around.prepare().map_err(|error| Failed::io(last, &error)).and_then(|()| around.make(clock));
    match &result {
        Ok(ran) => {
            let Object { records, digest, .. } = &ran.object;
            let how = if ran.message.is_empty() { String::new() } else { format!(" ({})", ran.message) };
            let seconds = clock.elapsed().as_secs_f64();
            for (index, name) in names.iter().enumerate() {
                let piped = ran.piped.get(index).filter(|_| index + 1 < names.len());
                let (records, digest) =
                    piped.map_or((records, digest), |(records, digest)| (records, digest));
                console.ended(
                    name,
                    &format!("done in {seconds:.2} s, {records} records, {}{how}", short(digest)),
                );
            }
        }
        Err(failed) => {
            for (name, member) in names.iter().zip(around.members()) {
                let stopped = around.execution.interrupt.signal().is_some();
                let text = match *member == failed.step {
                    _ if stopped => "stopped".to_owned(),
                    true => format!("failed: {}", failed.message),
                    false => "stopped, as its group failed".to_owned(),
                };
                console.ended(name, &text);
            }
        }
    }
    result
}

impl Surroundings<'_> {
    pub(crate) fn members(&self) -> &[usize] {
        &self.execution.planner.graph.units[self.unit].members
    }

    pub(crate) fn last(&self) -> usize {
        self.execution.planner.graph.units[self.unit].last()
    }

    pub(crate) fn step(&self, step: usize) -> &Step {
        &self.execution.planner.graph.steps[step]
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.execution.planner.store.work(&self.task.key)
    }

    /// Makes the work folder. All that an earlier attempt left is removed, but a folder to go on with and a result
    /// that lacks only its place.
    fn prepare(&self) -> io::Result<()> {
        let work = self.work();
        fs::create_dir_all(&work).map_err(|error| named(&work, error))?;
        let out = work.join("out");
        let finished = self.summaries().is_some() && out.exists();
        if out.is_dir() && !finished {
            // The folder is whole, but what the stage has to say of it is lost: the stage goes on from it.
            let partial = work.join("out.partial");
            if partial.exists() { fs::remove_dir_all(&out)? } else { fs::rename(&out, &partial)? }
        }
        for entry in fs::read_dir(&work)? {
            let path = entry?.path();
            if finished || (path.ends_with("out.partial") && path.is_dir()) {
                continue;
            }
            if path.is_dir() { fs::remove_dir_all(&path)? } else { fs::remove_file(&path)? }
        }
        write_json(&work.join("manifest.json"), &self.task.manifests[self.task.manifests.len() - 1])
    }

    fn make(&self, clock: Instant) -> Result<Ran, Failed> {
        let last = self.last();
        let io = |error: io::Error| Failed::io(last, &error);
        let mut message = String::new();
        let summaries = match self.summaries().filter(|_| self.work().join("out").exists()) {
            Some(summaries) => {
                message = "it was whole already".to_owned();
                summaries
            }
            None => match changed::run(self)? {
                Some((summary, what)) => {
                    message = what;
                    vec![summary]
                }
                None => {
                    self.spawn(&self.work().join("out"), None, "summary")?;
                    self.summaries().ok_or_else(|| {
                        Failed::internal(last, "the stage ended well but wrote no summary, or no legible one")
                    })?
                }
            },
        };
        let planner = self.execution.planner;
        let out = self.work().join("out");
        let files = Tree::of(&out, planner.memo).map_err(|error| {
            Failed::internal(last, &format!("the stage ended well but left no output: {error}"))
        })?;
        let summary = &summaries[summaries.len() - 1];
        let object = Object {
            key: self.task.key.clone(),
            digest: if summary.output_digest.is_empty() {
                files.digest()
            } else {
                summary.output_digest.clone()
            },
            records: summary.records.written,
            seconds: clock.elapsed().as_secs_f64(),
            finished: now(),
            files,
        };
        changed::keep(self).map_err(io)?;
        planner.store.commit(&object).map_err(io)?;
        self.settle(&object).map_err(io)?;
        let piped = summaries.iter().map(|summary| (summary.records.written, summary.output_digest.clone()));
        Ok(Ran { object, hit: false, piped: piped.collect(), message })
    }

    /// Remembers the digests of the result's files, which change no more.
    fn settle(&self, object: &Object) -> io::Result<()> {
        let planner = self.execution.planner;
        let out = planner.store.out(&object.key);
        for (name, content) in &object.files.0 {
            let path = if name.is_empty() { out.clone() } else { out.join(name) };
            planner.memo.insert(&fs::metadata(path)?, &content.digest);
        }
        changed::remember(self)
    }

    /// The summaries of all members, where all are there.
    fn summaries(&self) -> Option<Vec<Summary>> {
        (0..self.members().len()).map(|index| read_json(&self.summary_path(index, "summary"))).collect()
    }

    /// The last member's is the result's.
    fn summary_path(&self, index: usize, stem: &str) -> PathBuf {
        let last = index + 1 == self.members().len();
        self.work().join(if last { format!("{stem}.json") } else { format!("{stem}-{index}.json") })
    }

    /// Runs the processes; `input` takes the place of what flows into `in` of the first.
    pub(crate) fn spawn(&self, out: &Path, input: Option<&Path>, stem: &str) -> Result<(), Failed> {
        let last = self.last();
        let io = |error: io::Error| Failed::io(last, &error);
        let invocations: Vec<Invocation> = self
            .members()
            .iter()
            .enumerate()
            .map(|(index, member)| Invocation {
                binary: self.step(*member).binary.clone(),
                arguments: self.command_line(index, out, input, stem),
                stage: self.step(*member).stage.clone(),
            })
            .collect();
        let log = self.work().join("log");
        let log = Mutex::new(File::create(&log).map_err(|error| io(named(&log, error)))?);
        let execution = self.execution;
        let said = |index: usize, said: Said| {
            let name = &self.step(self.members()[index]).name;
            match said {
                Said::Progress(event) => execution.console.progress(name, &event),
                Said::Words(words) => execution.console.tell(name, &words),
            }
        };
        let lock = execution.lock.file().map_err(io)?;
        let statuses = process::run(&invocations, &lock, &log, execution.interrupt, &said).map_err(io)?;
        match process::blame(&statuses) {
            None => Ok(()),
            Some((index, code, what)) => {
                let message = format!("{what} ({})", self.work().join("log").display());
                Err(Failed { step: self.members()[index], code, message })
            }
        }
    }

    fn command_line(&self, index: usize, out: &Path, input: Option<&Path>, stem: &str) -> Vec<OsString> {
        let step = self.step(self.members()[index]);
        let mut line: Vec<OsString> = step.flags.iter().map(OsString::from).collect();
        let mut give = |port: &str, path: &Path| {
            let mut flag = OsString::from(format!("--{port}="));
            flag.push(path);
            line.push(flag);
        };
        for edge in &step.edges {
            match (input, edge.port.as_str()) {
                (Some(_), "in") => {}
                _ => give(&edge.port, &self.path_of(edge)),
            }
        }
        if let Some(input) = input {
            give("in", input);
        }
        let last = index + 1 == self.members().len();
        give("out", if last { out } else { Path::new("-") });
        give("summary", &self.summary_path(index, stem));
        line.push(format!("--seed={}", step.seed).into());
        line.push("--progress=json".into());
        if step.skip_bad > 0 {
            line.push(format!("--skip-bad={}", step.skip_bad).into());
        }
        let shared = (self.execution.jobs > 1).then(|| {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            cores.div_ceil(self.execution.jobs) as u64
        });
        if let Some(threads) = step.threads.or(shared) {
            line.push(format!("--threads={threads}").into());
        }
        line
    }

    /// Where what flows along an edge is; `-` for a pipe.
    pub(crate) fn path_of(&self, edge: &crate::graph::Edge) -> PathBuf {
        let whole = match edge.source {
            Source::Input(input) => self.execution.planner.graph.inputs[input].path.clone(),
            Source::Step(step) => match self.needed.get(&step) {
                Some(object) => self.execution.planner.store.out(&object.key),
                None => return PathBuf::from("-"),
            },
        };
        edge.part.as_ref().map_or_else(|| whole.clone(), |part| whole.join(part))
    }
}
