//! What a unit is run with: where its result grows, what flows into it, and the processes that make it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::check::graph::{Edge, Source, Step};
use crate::plan::{Planner, Task};
use crate::run::interrupt::Interrupt;
use crate::run::lock::Lock;
use crate::run::process::{self, Invocation, Said};
use crate::store::Object;
use crate::store::files::named;
use crate::tell::console::Console;

/// Why a unit has no result.
pub(crate) struct Failed {
    /// The step that is to blame.
    pub(crate) step: usize,
    pub(crate) code: u8,
    pub(crate) message: String,
}

impl Failed {
    pub(crate) fn io(step: usize, error: &io::Error) -> Failed {
        let code = match error.kind() {
            // A part of a folder that is not there is a fault of the data;
            io::ErrorKind::NotFound => 65,
            // somebody else writes there now;
            io::ErrorKind::WouldBlock => 75,
            // all else is one of the system.
            _ => 74,
        };
        Failed { step, code, message: error.to_string() }
    }

    pub(crate) fn internal(step: usize, message: &str) -> Failed {
        Failed { step, code: 70, message: message.to_owned() }
    }
}

/// What a unit is run with.
pub(crate) struct Context<'a> {
    pub(crate) planner: &'a Planner<'a>,
    pub(crate) lock: &'a Lock,
    pub(crate) console: &'a Console,
    pub(crate) interrupt: &'a Interrupt,
    /// Units at once.
    pub(crate) jobs: usize,
    pub(crate) unit: usize,
    pub(crate) task: &'a Task,
    /// The results that flow in, by step.
    pub(crate) needed: &'a BTreeMap<usize, Object>,
}

impl Context<'_> {
    pub(crate) fn members(&self) -> &[usize] {
        &self.planner.graph.units[self.unit].members
    }

    pub(crate) fn last(&self) -> usize {
        self.planner.graph.units[self.unit].last()
    }

    pub(crate) fn step(&self, step: usize) -> &Step {
        &self.planner.graph.steps[step]
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.planner.store.work(&self.task.key)
    }

    /// The last member's is the result's.
    pub(crate) fn summary_path(&self, index: usize, stem: &str) -> PathBuf {
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
        let said = |index: usize, said: Said| {
            let name = &self.step(self.members()[index]).name;
            match said {
                Said::Progress(event) => self.console.progress(name, &event),
                Said::Words(words) => self.console.tell(name, &words),
            }
        };
        let lock = self.lock.file().map_err(io)?;
        // That a program, or what it is loaded with, is not there is no fault of the data.
        let statuses = process::run(&invocations, &lock, &log, self.interrupt, &said)
            .map_err(|error| Failed { step: last, code: 74, message: error.to_string() })?;
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
        // What computes was settled when the run was planned; only what can't change the result is shared out.
        let settled = self.task.manifests[index].backend.as_ref().map(|backend| backend.threads);
        let shared = || (self.jobs > 1).then(|| self.planner.cores.div_ceil(self.jobs as u64));
        if let Some(threads) = settled.or(step.threads).or_else(shared) {
            line.push(format!("--threads={threads}").into());
        }
        line
    }

    /// Where what flows along an edge is; `-` for a pipe.
    pub(crate) fn path_of(&self, edge: &Edge) -> PathBuf {
        let whole = match edge.source {
            Source::Input(input) => self.planner.graph.inputs[input].path.clone(),
            Source::Step(step) => match self.needed.get(&step) {
                Some(object) => self.planner.store.out(&object.key),
                None => return PathBuf::from("-"),
            },
        };
        edge.part.as_ref().map_or_else(|| whole.clone(), |part| whole.join(part))
    }
}
