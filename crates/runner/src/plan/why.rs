//! Says why a step runs: what is different from when it was last run.

use std::collections::{BTreeMap, BTreeSet};

use shard::Indexed;

use crate::check::graph::Edge;
use crate::check::graph::Source;
use crate::plan::{Decision, Planner};
use crate::store::key::{Ingredient, Manifest};
use crate::store::{Object, Provenance};
use crate::tell::report::short;

/// Names of this many things that changed are told; the others are counted.
const NAMED: usize = 3;

/// Why the step has to run under this key, in words; at least one reason.
pub fn reasons<'o>(
    planner: &Planner<'_>,
    step: usize,
    key: &str,
    manifest: &Manifest,
    done: &dyn Fn(usize) -> Option<&'o Object>,
) -> Vec<String> {
    let graph = planner.graph;
    let Some(old) = planner.store.remembered(&graph.name, &graph.steps[step].name) else {
        return vec!["it has not been run before".to_owned()];
    };
    if old.key == key {
        let there = planner.store.object_path(key).exists();
        return vec![
            if there { "its result is damaged" } else { "its result is not in the store" }.to_owned(),
        ];
    }
    let mut reasons = manifest.changes(&old.manifest);
    let ports: BTreeSet<&String> = manifest.inputs.keys().chain(old.manifest.inputs.keys()).collect();
    for port in ports {
        let new = manifest.inputs.get(port).map_or(&[][..], Vec::as_slice);
        let before = old.manifest.inputs.get(port).map_or(&[][..], Vec::as_slice);
        let origins = old.sources.get(port).map_or(&[][..], Vec::as_slice);
        let edges: Vec<&Edge> = graph.steps[step].edges.iter().filter(|edge| edge.port == *port).collect();
        if new.len() != before.len() {
            reasons.push(format!("port {port}: {} sources → {}", before.len(), new.len()));
            continue;
        }
        for (index, (new, before)) in new.iter().zip(before).enumerate().filter(|(_, (new, old))| new != old)
        {
            let Some(edge) = edges.get(index) else { continue };
            let name = graph.source_name(edge);
            reasons.push(match (new, before) {
                (Ingredient::Piped(new), Ingredient::Piped(old)) => format!("{name}: {}", upstream(new, old)),
                (new, before) => match (new.content(), before.content()) {
                    (Some(new), Some(old)) if new == old => format!("{name} was renamed"),
                    (Some(_), Some(old)) => {
                        let old = parts(planner, edge, old, origins.get(index));
                        let new = current(planner, edge, done);
                        match (old, new) {
                            (Some(old), Some(new)) => format!("{name}: {}", differences(&old, &new)),
                            _ => format!("{name} changed"),
                        }
                    }
                    _ => format!("{name} changed"),
                },
            });
        }
    }
    if reasons.is_empty() {
        let alone = graph.units[graph.unit_of(step)].members.len() == 1;
        let text = if alone {
            "what its key stands for is told in another way"
        } else {
            "another of its group changed"
        };
        reasons.push(text.to_owned());
    }
    reasons
}

/// What is different of the writer of a pipe, or of the writer before it.
fn upstream(new: &Manifest, old: &Manifest) -> String {
    let mut changes = new.changes(old);
    for (new, old) in new.inputs.values().flatten().zip(old.inputs.values().flatten()) {
        match (new, old) {
            (new, old) if new == old => {}
            (Ingredient::Piped(new), Ingredient::Piped(old)) => {
                changes.push(format!("{}: {}", new.stage, upstream(new, old)));
            }
            _ => changes.push("what it reads changed".to_owned()),
        }
    }
    changes.join("; ")
}

/// What is to be done about a step and why, in lines.
pub fn explain(planner: &Planner<'_>, plan: &BTreeMap<usize, Decision>, step: usize) -> Vec<String> {
    let graph = planner.graph;
    let name = |step: usize| graph.steps[step].name.as_str();
    let unit = graph.unit_of(step);
    let done = |step: usize| match plan.get(&graph.unit_of(step)) {
        Some(Decision::Hit(object)) => Some(object),
        _ => None,
    };
    match plan.get(&unit) {
        None => Vec::new(),
        Some(Decision::Hit(object)) => vec![format!(
            "{} need not run: its result is in the store ({}, made in {:.2} s)",
            name(step),
            short(&object.key),
            object.seconds
        )],
        Some(Decision::Run(task)) => {
            let member = graph.units[unit].members.iter().position(|member| *member == step);
            let member = member.expect("a step is a member of its unit");
            let reasons = reasons(planner, step, &task.key, &task.manifests[member], &done);
            vec![format!("{} runs: {}", name(step), reasons.join("; "))]
        }
        Some(Decision::Waits(steps)) => {
            vec![format!("{} runs {}", name(step), when(planner, unit, step, steps))]
        }
    }
}

/// When a step runs that waits for others: surely, where something of its own changed, or else if theirs does.
pub(crate) fn when(planner: &Planner<'_>, unit: usize, step: usize, waits: &[usize]) -> String {
    let graph = planner.graph;
    let names: Vec<&str> = waits.iter().map(|step| graph.steps[*step].name.as_str()).collect();
    let mut changes = Vec::new();
    for member in &graph.units[unit].members {
        let old = planner.store.remembered(&graph.name, &graph.steps[*member].name);
        let own = old.map_or_else(
            || vec!["it has not been run before".to_owned()],
            |old| planner.own(*member).changes(&old.manifest),
        );
        let of = if *member == step { String::new() } else { format!("{}: ", graph.steps[*member].name) };
        changes.extend(own.into_iter().map(|change| format!("{of}{change}")));
    }
    if changes.is_empty() {
        format!("if the output of {} changes", names.join(", "))
    } else {
        format!("after {}: {}", names.join(", "), changes.join("; "))
    }
}

/// The parts, with their digests, of what flowed along an edge when its digest was `digest`.
fn parts(
    planner: &Planner<'_>,
    edge: &Edge,
    digest: &str,
    origin: Option<&Provenance>,
) -> Option<BTreeMap<String, String>> {
    match origin.and_then(|origin| origin.key.as_ref()) {
        Some(key) => parts_of(planner, &planner.store.object(key)?, edge),
        None => Some(files(&planner.store.tree(digest)?)),
    }
}

fn current<'o>(
    planner: &Planner<'_>,
    edge: &Edge,
    done: &dyn Fn(usize) -> Option<&'o Object>,
) -> Option<BTreeMap<String, String>> {
    match edge.source {
        Source::Step(step) => parts_of(planner, done(step)?, edge),
        Source::Input(input) => {
            let (tree, _) = planner.input(input).ok()?;
            Some(files(&edge.part.as_ref().map_or_else(|| tree.clone(), |part| tree.part(part))))
        }
    }
}

/// The records of a result that is a shard, or else its files.
fn parts_of(planner: &Planner<'_>, object: &Object, edge: &Edge) -> Option<BTreeMap<String, String>> {
    if let Some(part) = &edge.part {
        return Some(files(&object.files.part(part)));
    }
    let out = planner.store.out(&object.key);
    if out.is_file()
        && let Ok(shard) = Indexed::open(&out)
    {
        let records = shard.records();
        return Some(records.map(|(key, digest)| (key.to_owned(), format!("{digest:032x}"))).collect());
    }
    Some(files(&object.files))
}

fn files(tree: &crate::store::tree::Tree) -> BTreeMap<String, String> {
    tree.0.iter().map(|(path, content)| (path.clone(), content.digest.clone())).collect()
}

/// `00017 changed; 2 were added: a, b`.
fn differences(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> String {
    let changed: Vec<&str> = new
        .iter()
        .filter(|(name, digest)| old.get(*name).is_some_and(|old| old != *digest))
        .map(|(name, _)| name.as_str())
        .collect();
    let only = |these: &BTreeMap<String, String>, those: &BTreeMap<String, String>| -> Vec<String> {
        these.keys().filter(|name| !those.contains_key(*name)).cloned().collect()
    };
    let (added, removed) = (only(new, old), only(old, new));
    let added: Vec<&str> = added.iter().map(String::as_str).collect();
    let removed: Vec<&str> = removed.iter().map(String::as_str).collect();
    let texts = [(changed, "changed"), (added, "added"), (removed, "removed")];
    let texts: Vec<String> =
        texts.iter().filter(|(names, _)| !names.is_empty()).map(|(names, what)| some(names, what)).collect();
    if texts.is_empty() { "the order or the description changed".to_owned() } else { texts.join("; ") }
}

fn some(names: &[&str], what: &str) -> String {
    match names {
        [""] => format!("it {what}"),
        _ if names.len() <= NAMED => format!("{} {what}", names.join(", ")),
        _ => format!("{} and {} more {what}", names[..NAMED].join(", "), names.len() - NAMED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_differences() {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned())).collect()
        };
        let old = map(&[("a", "1"), ("b", "1"), ("c", "1"), ("d", "1"), ("e", "1")]);
        let new = map(&[("a", "2"), ("b", "2"), ("c", "2"), ("d", "2"), ("f", "1")]);
        assert_eq!(differences(&old, &new), "a, b, c and 1 more changed; f added; e removed");
        assert_eq!(differences(&map(&[("", "1")]), &map(&[("", "2")])), "it changed");
    }
}
