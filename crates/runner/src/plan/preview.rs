//! The dry run's report: what a run would do.

use std::collections::BTreeMap;

use crate::plan::why;
use crate::plan::{Decision, Planner};
use crate::tell::report::{Report, State, StepReport, now};

/// What a run would do.
pub fn preview(planner: &Planner<'_>, plan: &BTreeMap<usize, Decision>) -> Report {
    let graph = planner.graph;
    let done = |step: usize| match plan.get(&graph.unit_of(step)) {
        Some(Decision::Hit(object)) => Some(object),
        _ => None,
    };
    let mut steps = Vec::new();
    for (unit, decision) in plan {
        for (index, member) in graph.units[*unit].members.iter().enumerate() {
            let last = *member == graph.units[*unit].last();
            let mut told = StepReport::new(&graph.steps[*member], State::Waits, String::new());
            match decision {
                Decision::Hit(object) => {
                    told.state = State::Hit;
                    if last {
                        told.result(object);
                    }
                }
                Decision::Run(task) => {
                    let reasons = why::reasons(planner, *member, &task.key, &task.manifests[index], &done);
                    told.state = State::Run;
                    told.message = reasons.join("; ");
                    told.key = last.then(|| task.key.clone());
                }
                Decision::Waits(steps) => {
                    told.message = why::when(planner, *unit, *member, steps);
                }
            }
            steps.push(told);
        }
    }
    Report {
        pipeline: graph.name.clone(),
        file: graph.file.clone(),
        started: now(),
        seconds: 0.0,
        exit: 0,
        steps,
        exports: Vec::new(),
        kept: Vec::new(),
    }
}
