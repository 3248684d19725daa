//! Runs what has to run: units one after another, or several at once, each when what it needs is there.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use partial::Existing;

use crate::check::graph::{Selection, Source};
use crate::plan::why;
use crate::plan::{Decision, Planner, Task};
use crate::run::context::{Context, Failed};
use crate::run::interrupt::Interrupt;
use crate::run::lock::Lock;
use crate::run::pending::Pending;
use crate::run::unit::{self, Outcome};
use crate::store::Object;
use crate::store::export::{Exported, export};
use crate::tell::console::Console;
use crate::tell::report::{Report, State, StepReport, now};

/// A run of a pipeline.
pub struct Execution<'a> {
    /// What is planned, and where results are.
    pub planner: &'a Planner<'a>,
    /// The lock on the store.
    pub lock: &'a Lock,
    /// Where progress is told.
    pub console: &'a Console,
    /// Whether the run was asked to stop.
    pub interrupt: &'a Interrupt,
    /// Units at once.
    pub jobs: usize,
    /// Whether units go on that do not depend on one that failed.
    pub keep_going: bool,
    /// What becomes of what somebody edited, or put, where a result should be exported to.
    pub existing: Existing,
}

/// How far a unit is.
enum Progress {
    Waiting,
    Running,
    /// Its result, and what to say of its members.
    Done(Object),
    Failed,
    Skipped,
}

/// The exit code of a run of which all is done, but for an export whose place holds what is not the store's: as that of
/// a stage whose `--out` is there already.
const KEPT: u8 = 2;

/// A unit that has its result.
struct Ended {
    outcome: Outcome,
    /// Seconds from the start of the run to its start.
    start: f64,
    exported: Option<Exported>,
}

struct Board {
    units: BTreeMap<usize, Progress>,
    reports: BTreeMap<usize, StepReport>,
    exports: BTreeMap<usize, Exported>,
    exit: u8,
}

impl Execution<'_> {
    /// Runs the selection. The results of frozen units must be in the store.
    pub fn run(&self, selection: &Selection) -> Report {
        let started = now();
        let clock = Instant::now();
        let units = selection.run.union(&selection.frozen).map(|unit| (*unit, Progress::Waiting)).collect();
        let board = Mutex::new(Board { units, reports: BTreeMap::new(), exports: BTreeMap::new(), exit: 0 });
        let changed = Condvar::new();
        let pending = Pending::default();
        thread::scope(|scope| {
            for _ in 1..self.jobs {
                scope.spawn(|| self.work(&board, &changed, &pending, clock));
            }
            self.work(&board, &changed, &pending, clock);
        });
        let Board { reports, exports, exit, .. } = board.into_inner().unwrap_or_else(PoisonError::into_inner);
        let graph = self.planner.graph;
        let order = graph.units.iter().flat_map(|unit| &unit.members);
        let (mut there, mut kept) = (Vec::new(), Vec::new());
        for (unit, exported) in exports {
            match exported {
                Exported::There => there.extend(graph.steps[graph.units[unit].last()].export.clone()),
                Exported::Kept(what) => kept.push(what),
            }
        }
        let exit = if exit == 0 && !kept.is_empty() { KEPT } else { exit };
        Report {
            pipeline: graph.name.clone(),
            file: graph.file.clone(),
            started,
            seconds: clock.elapsed().as_secs_f64(),
            exit: self.interrupt.signal().map_or(exit, |signal| 128 + signal as u8),
            steps: order.filter_map(|step| reports.get(step).cloned()).collect(),
            exports: there,
            kept,
        }
    }

    /// Takes one unit after another until there is none left to take.
    fn work(&self, board: &Mutex<Board>, changed: &Condvar, pending: &Pending, clock: Instant) {
        let mut guard = board.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let stop = self.interrupt.signal().is_some() || (guard.exit != 0 && !self.keep_going);
            self.skip(&mut guard, stop);
            if let Some(unit) = self.next(&guard) {
                guard.units.insert(unit, Progress::Running);
                let needed = self.needed(&guard, unit);
                drop(guard);
                let outcome = self.process(unit, &needed, pending, clock);
                guard = board.lock().unwrap_or_else(PoisonError::into_inner);
                self.note(&mut guard, unit, outcome);
                changed.notify_all();
            } else if guard.units.values().any(|progress| matches!(progress, Progress::Waiting)) {
                // Something that runs elsewhere must end first; a signal wakes nobody, hence the timeout.
                let wait = changed.wait_timeout(guard, Duration::from_millis(200));
                guard = wait.unwrap_or_else(PoisonError::into_inner).0;
            } else {
                return;
            }
        }
    }

    /// Skips the pending units that can't run any more.
    fn skip(&self, board: &mut Board, all: bool) {
        let graph = self.planner.graph;
        let pending: Vec<usize> = board
            .units
            .iter()
            .filter(|(_, progress)| matches!(progress, Progress::Waiting))
            .map(|(unit, _)| *unit)
            .collect();
        for unit in pending {
            let lost = graph.needs(&graph.units[unit]).into_iter().find(|step| {
                matches!(board.units.get(&graph.unit_of(*step)), Some(Progress::Failed | Progress::Skipped))
            });
            let message = match lost {
                Some(step) => format!("needs {}", graph.steps[step].name),
                None if all => "the run was stopped".to_owned(),
                None => continue,
            };
            board.units.insert(unit, Progress::Skipped);
            for member in &graph.units[unit].members {
                board.reports.insert(*member, self.report(*member, State::Skipped, message.clone()));
            }
        }
    }

    fn next(&self, board: &Board) -> Option<usize> {
        let graph = self.planner.graph;
        let done = |step| matches!(board.units.get(&graph.unit_of(step)), Some(Progress::Done(_)));
        let mut pending = board.units.iter().filter(|(_, progress)| matches!(progress, Progress::Waiting));
        pending
            .find(|(unit, _)| graph.needs(&graph.units[**unit]).into_iter().all(done))
            .map(|(unit, _)| *unit)
    }

    fn needed(&self, board: &Board, unit: usize) -> BTreeMap<usize, Object> {
        let graph = self.planner.graph;
        let needs = graph.needs(&graph.units[unit]).into_iter();
        needs
            .filter_map(|step| match board.units.get(&graph.unit_of(step)) {
                Some(Progress::Done(object)) => Some((step, object.clone())),
                _ => None,
            })
            .collect()
    }

    /// Finds or makes the result of a unit.
    fn process(
        &self,
        unit: usize,
        needed: &BTreeMap<usize, Object>,
        pending: &Pending,
        clock: Instant,
    ) -> Result<Ended, Failed> {
        let planner = self.planner;
        let last = planner.graph.units[unit].last();
        let name = &planner.graph.steps[last].name;
        let done = |step: usize| needed.get(&step);
        let io = |error: std::io::Error| {
            self.console.tell(name, &format!("failed: {error}"));
            Failed::io(last, &error)
        };
        let start = clock.elapsed().as_secs_f64();
        let mut decision = planner.decide(unit, &done).map_err(io)?;
        let key = if let Decision::Run(task) = &decision { Some(task.key.clone()) } else { None };
        let claim = key.as_deref().map(|key| pending.claim(key));
        if claim.as_ref().is_some_and(|claim| claim.waited) {
            decision = planner.decide(unit, &done).map_err(io)?;
        }
        let (ran, task) = match decision {
            Decision::Hit(object) => {
                self.console.tell(name, "hit");
                (Outcome::hit(object), None)
            }
            Decision::Run(task) => {
                let manifest = &task.manifests[task.manifests.len() - 1];
                let reasons = why::reasons(planner, last, &task.key, manifest, &done);
                let mut ran = self.run_unit(unit, &task, needed)?;
                let known = Some(ran.message).filter(|message| !message.is_empty());
                ran.message = reasons.into_iter().chain(known).collect::<Vec<String>>().join("; ");
                // Whatever ends this run, what was digested need not be digested again.
                planner.memo.save().map_err(io)?;
                (ran, Some(task))
            }
            Decision::Waits(_) => return Err(Failed::internal(last, "it was started before what it needs")),
        };
        self.remember(unit, &ran.object, task, needed).map_err(io)?;
        let step = &planner.graph.steps[last];
        let export = |path| export(planner.store, &ran.object, path, planner.memo, self.existing);
        let exported = step.export.as_deref().map(export).transpose().map_err(io)?;
        if let Some(Exported::Kept(what)) = &exported {
            self.console.tell(name, what);
        }
        Ok(Ended { outcome: ran, start, exported })
    }

    fn run_unit(
        &self,
        unit: usize,
        task: &Task,
        needed: &BTreeMap<usize, Object>,
    ) -> Result<Outcome, Failed> {
        let Execution { planner, lock, console, interrupt, jobs, .. } = *self;
        unit::run(&Context { planner, lock, console, interrupt, jobs, unit, task, needed })
    }

    /// Remembers what each member was, for `why` and `gc`.
    fn remember(
        &self,
        unit: usize,
        object: &Object,
        task: Option<Task>,
        needed: &BTreeMap<usize, Object>,
    ) -> std::io::Result<()> {
        let planner = self.planner;
        let done = |step: usize| needed.get(&step);
        let manifests = match task {
            Some(task) => task.manifests,
            None => planner.manifests(unit, &done)?,
        };
        for input in
            planner.graph.units[unit].members.iter().flat_map(|member| &planner.graph.steps[*member].edges)
        {
            if let Source::Input(input) = input.source {
                let (tree, digest) = planner.input(input)?;
                planner.store.remember_tree(digest, tree)?;
            }
        }
        for (member, manifest) in planner.graph.units[unit].members.iter().zip(&manifests) {
            let remembered = planner.remembered(*member, &object.key, manifest, &done);
            planner.store.remember(&planner.graph.name, &planner.graph.steps[*member].name, &remembered)?;
        }
        Ok(())
    }

    fn note(&self, board: &mut Board, unit: usize, ended: Result<Ended, Failed>) {
        let members = &self.planner.graph.units[unit].members;
        let last = self.planner.graph.units[unit].last();
        match ended {
            Ok(Ended { outcome: ran, start, exported }) => {
                let state = if ran.hit { State::Hit } else { State::Ran };
                for (index, member) in members.iter().enumerate() {
                    let mut report = self.report(*member, state, ran.message.clone());
                    if !ran.hit {
                        report.start = Some(start);
                        report.seconds = Some(ran.object.seconds);
                    }
                    if *member == last {
                        report.result(&ran.object);
                    } else if let Some((records, digest)) = ran.piped.get(index) {
                        report.records = Some(*records);
                        report.digest = Some(digest.clone());
                    }
                    board.reports.insert(*member, report);
                }
                board.exports.extend(exported.map(|exported| (unit, exported)));
                board.units.insert(unit, Progress::Done(ran.object));
            }
            Err(failed) => {
                if board.exit == 0 {
                    board.exit = failed.code;
                }
                for member in members {
                    let (state, message) = if self.interrupt.signal().is_some() {
                        (State::Skipped, "the run was stopped".to_owned())
                    } else if *member == failed.step {
                        (State::Failed, failed.message.clone())
                    } else {
                        (State::Skipped, format!("{} failed", self.planner.graph.steps[failed.step].name))
                    };
                    board.reports.insert(*member, self.report(*member, state, message));
                }
                board.units.insert(unit, Progress::Failed);
            }
        }
    }

    fn report(&self, step: usize, state: State, message: String) -> StepReport {
        StepReport::new(&self.planner.graph.steps[step], state, message)
    }
}
