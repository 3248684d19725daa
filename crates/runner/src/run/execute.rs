//! Runs what has to run: units one after another, or several at once, each when what it needs is there.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use partial::Existing;

use crate::check::graph::{Selection, Source, Unit};
use crate::plan::why;
use crate::plan::{Decision, Planner, Task};
use crate::run::context::{Context, Failed};
use crate::run::interrupt::Interrupt;
use crate::run::lock::Lock;
use crate::run::panics;
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

/// Why a step did not run, or not to its end.
const STOPPED: &str = "the run was stopped";

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
    /// A worker panicked: nothing is begun any more.
    broken: bool,
}

/// What the workers share.
struct Shared {
    board: Mutex<Board>,
    changed: Condvar,
    pending: Pending,
    clock: Instant,
}

impl Shared {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Execution<'_> {
    /// Runs the selection. The results of frozen units must be in the store.
    pub fn run(&self, selection: &Selection) -> Report {
        let started = now();
        let units = selection.run.union(&selection.frozen).map(|unit| (*unit, Progress::Waiting)).collect();
        let board =
            Board { units, reports: BTreeMap::new(), exports: BTreeMap::new(), exit: 0, broken: false };
        let (changed, pending, clock) = (Condvar::new(), Pending::default(), Instant::now());
        let shared = Shared { board: Mutex::new(board), changed, pending, clock };
        thread::scope(|scope| {
            for _ in 1..self.jobs {
                scope.spawn(|| self.work(&shared));
            }
            self.work(&shared);
        });
        let Board { reports, exports, exit, .. } =
            shared.board.into_inner().unwrap_or_else(PoisonError::into_inner);
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

    /// Works until there is nothing left to do. A panic ends the run: whatever else is running is stopped, and what
    /// it would still give is not taken.
    fn work(&self, shared: &Shared) {
        let current = Cell::new(None);
        let Err(panic) = panics::catch(|| self.take_units(shared, &current)) else { return };
        self.console.line(&format!("runner: {panic}"));
        let mut board = shared.board();
        board.broken = true;
        if let Some(unit) = current.get() {
            let last = self.planner.graph.units.get(unit).map(Unit::last);
            board.units.insert(unit, Progress::Failed);
            if let Some(step) = last {
                board.reports.insert(step, self.report(step, State::Failed, panic));
            }
        }
        board.exit = 70;
        // What waits is reported as skipped; should that be what panics, it is left out of the report.
        let _ = panics::catch(|| self.skip(&mut board, true));
        self.interrupt.stop();
        shared.changed.notify_all();
    }

    /// Takes one unit after another until there is none left to take.
    fn take_units(&self, shared: &Shared, current: &Cell<Option<usize>>) {
        let mut board = shared.board();
        loop {
            let stop =
                self.interrupt.signal().is_some() || (board.exit != 0 && !self.keep_going) || board.broken;
            self.skip(&mut board, stop);
            if let Some(unit) = self.next(&board) {
                current.set(Some(unit));
                board.units.insert(unit, Progress::Running);
                let needed = self.needed(&board, unit);
                drop(board);
                let outcome = self.process(unit, &needed, shared);
                board = shared.board();
                self.note(&mut board, unit, outcome);
                current.set(None);
                shared.changed.notify_all();
            } else if board.units.values().any(|progress| matches!(progress, Progress::Waiting)) {
                // Something that runs elsewhere must end first; a signal wakes nobody, hence the timeout.
                let wait = shared.changed.wait_timeout(board, Duration::from_millis(200));
                board = wait.unwrap_or_else(PoisonError::into_inner).0;
            } else {
                return;
            }
        }
    }

    /// Skips the waiting units that can't run any more.
    fn skip(&self, board: &mut Board, all: bool) {
        let graph = self.planner.graph;
        let waiting: Vec<usize> = board
            .units
            .iter()
            .filter(|(_, progress)| matches!(progress, Progress::Waiting))
            .map(|(unit, _)| *unit)
            .collect();
        for unit in waiting {
            let lost = graph.needs(&graph.units[unit]).into_iter().find(|step| {
                matches!(board.units.get(&graph.unit_of(*step)), Some(Progress::Failed | Progress::Skipped))
            });
            let message = match lost {
                Some(step) => format!("needs {}", graph.steps[step].name),
                None if all => STOPPED.to_owned(),
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
        let mut waiting = board.units.iter().filter(|(_, progress)| matches!(progress, Progress::Waiting));
        waiting
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
        shared: &Shared,
    ) -> Result<Ended, Failed> {
        let planner = self.planner;
        let last = planner.graph.units[unit].last();
        let name = &planner.graph.steps[last].name;
        let done = |step: usize| needed.get(&step);
        let io = |error: std::io::Error| {
            self.console.tell(name, &format!("failed: {error}"));
            Failed::io(last, &error)
        };
        let start = shared.clock.elapsed().as_secs_f64();
        let mut decision = planner.decide(unit, &done).map_err(io)?;
        let key = if let Decision::Run(task) = &decision { Some(task.key.clone()) } else { None };
        let claim = key.as_deref().map(|key| shared.pending.claim(key));
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
        if shared.board().broken {
            return Err(Failed::internal(last, STOPPED));
        }
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
                    let (state, message) = if self.interrupt.signal().is_some() || board.broken {
                        (State::Skipped, STOPPED.to_owned())
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::check::graph::{Edge, Graph, Step};
    use crate::store::Store;
    use crate::store::memo::Memo;

    /// A step that fails at once, or that reads an input which is not there, as no checked graph has it.
    fn step(name: &str, edges: Vec<Edge>) -> Step {
        let card = stage::Card {
            contract: 1,
            stage: "none".to_owned(),
            version: "1".to_owned(),
            about: String::new(),
            inputs: Vec::new(),
            output: stage::Output::File { of: "text".to_owned() },
            relation: stage::Relation::Source,
            pass: stage::Pass::Single,
            numeric: false,
            backend: None,
            arguments: serde_json::json!({}),
        };
        Step {
            name: name.to_owned(),
            node: name.to_owned(),
            stage: "none".to_owned(),
            binary: "/nowhere".into(),
            binary_digest: String::new(),
            card,
            arguments: BTreeMap::new(),
            flags: Vec::new(),
            seed: 0,
            skip_bad: 0,
            threads: None,
            edges,
            pipe: false,
            export: None,
            show: None,
            planes: Vec::new(),
        }
    }

    #[test]
    fn a_panic_of_a_worker_ends_the_run_with_70_and_its_place() {
        let edge = |source| Edge { port: "in".to_owned(), source, part: None };
        let steps = vec![
            step("panics", vec![edge(Source::Input(99))]),
            step("follows", vec![edge(Source::Step(0))]),
            step("follows too", vec![edge(Source::Step(1))]),
        ];
        let units = (0..3).map(|step| Unit { members: vec![step] }).collect();
        let graph =
            Graph { name: "p".to_owned(), file: "p.toml".to_owned(), inputs: Vec::new(), steps, units };
        for jobs in [1, 3] {
            let folder = tempfile::tempdir().unwrap();
            let (store, memo, interrupt) = (Store::new(folder.path()), Memo::default(), Interrupt::default());
            let planner = Planner::new(&graph, &store, &memo);
            let lock = Lock::take(&store, "p", |_| (), || false).unwrap().unwrap();
            let console = Console::new(0);
            let (planner, lock, console, interrupt) = (&planner, &lock, &console, &interrupt);
            let execution = Execution {
                planner,
                lock,
                console,
                interrupt,
                jobs,
                keep_going: true,
                existing: Existing::Keep,
            };
            let run = (0..3).collect();
            let report = execution.run(&Selection { run, frozen: Default::default() });
            assert_eq!(report.exit, 70);
            let states: Vec<State> = report.steps.iter().map(|step| step.state).collect();
            assert_eq!(states, [State::Failed, State::Skipped, State::Skipped]);
            assert!(report.steps[0].message.contains("plan/mod.rs:"), "{}", report.steps[0].message);
        }
    }
}
