//! A checked pipeline: steps, what flows between them, and the units that run as one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value as Json;
use shard::PlaneSpec;
use stage::Card;

use crate::parse::fault::{Origin, listing, remedy};

/// A pipeline of which every name, argument and edge is right.
#[derive(Debug)]
pub struct Graph {
    /// The pipeline's name.
    pub name: String,
    /// The file, as the user named it.
    pub file: String,
    /// What the user brings.
    pub inputs: Vec<Input>,
    /// What runs, in the order of the file.
    pub steps: Vec<Step>,
    /// What runs as one, each after everything that it needs.
    pub units: Vec<Unit>,
}

/// A file or a folder of the user's.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name in the pipeline file.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Where the path was written.
    pub origin: Origin,
}

/// One run of a stage: a node, or one instance of an expanded node.
#[derive(Debug)]
pub struct Step {
    /// `train`, or `train[unet]`.
    pub name: String,
    /// The node's name.
    pub node: String,
    /// The stage's name.
    pub stage: String,
    /// The stage's binary.
    pub binary: PathBuf,
    /// blake3 of the binary.
    pub binary_digest: String,
    /// The stage's card for these arguments.
    pub card: Card,
    /// The stage's arguments, defaults of its schema included.
    pub arguments: BTreeMap<String, Json>,
    /// The arguments that the file gives, as flags.
    pub flags: Vec<String>,
    /// `--seed`.
    pub seed: u64,
    /// `--skip-bad`.
    pub skip_bad: u64,
    /// `--threads`, where the file says it.
    pub threads: Option<u64>,
    /// What flows in, in the order of the file.
    pub edges: Vec<Edge>,
    /// Whether the output streams into the one step that reads it.
    pub pipe: bool,
    /// Where a copy of the output goes.
    pub export: Option<PathBuf>,
    /// What to print of the output: it, or where this is not empty a file in it.
    pub show: Option<PathBuf>,
    /// The planes of the output, where it is a stream of records.
    pub planes: Vec<PlaneSpec>,
}

/// Something that flows into a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The port it flows into.
    pub port: String,
    /// Where it comes from.
    pub source: Source,
    /// A path in the folder that the source is.
    pub part: Option<String>,
}

/// Where something flows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// The step of this number.
    Step(usize),
    /// The input of this number.
    Input(usize),
}

/// Steps that run as one: a single step, or a group whose members stream into one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Steps in the order in which records flow through them. The last one has the output.
    pub members: Vec<usize>,
}

impl Unit {
    /// The step whose output is kept.
    pub fn last(&self) -> usize {
        self.members[self.members.len() - 1]
    }
}

impl Graph {
    /// The steps whose output flows into the unit, but for its own members.
    pub fn needs(&self, unit: &Unit) -> BTreeSet<usize> {
        let edges = unit.members.iter().flat_map(|member| &self.steps[*member].edges);
        let sources = edges.filter_map(|edge| match edge.source {
            Source::Step(step) => Some(step),
            Source::Input(_) => None,
        });
        sources.filter(|step| !unit.members.contains(step)).collect()
    }

    /// What an edge comes from, as the file names it.
    pub fn source_name(&self, edge: &Edge) -> String {
        let name = match edge.source {
            Source::Step(step) => &self.steps[step].name,
            Source::Input(input) => &self.inputs[input].name,
        };
        edge.part.as_ref().map_or_else(|| name.clone(), |part| format!("{name}/{part}"))
    }

    /// The steps that `name` means: a step, or all instances of a node.
    pub fn find(&self, name: &str) -> Result<Vec<usize>, String> {
        let means = |step: &Step| step.name == name || step.node == name;
        let found: Vec<usize> = (0..self.steps.len()).filter(|index| means(&self.steps[*index])).collect();
        if found.is_empty() {
            let names = self.steps.iter().flat_map(|step| [step.node.as_str(), step.name.as_str()]);
            let names: BTreeSet<&str> = names.collect();
            return Err(format!("{}: no node is called `{name}`{}", self.file, remedy(name, names)));
        }
        Ok(found)
    }

    /// The unit of which a step is a member.
    pub fn unit_of(&self, step: usize) -> usize {
        self.units.iter().position(|unit| unit.members.contains(&step)).expect("every step is in a unit")
    }

    /// The units that are asked for.
    pub fn select(&self, names: &[String], reach: Reach) -> Result<Selection, String> {
        let mut named = BTreeSet::new();
        for name in names {
            named.extend(self.find(name)?.into_iter().map(|step| self.unit_of(step)));
        }
        let all: BTreeSet<usize> = (0..self.units.len()).collect();
        if names.is_empty() {
            return match reach {
                Reach::Needed => Ok(Selection { run: all, frozen: BTreeSet::new() }),
                _ => Err(format!("{} needs the name of a node", reach.flag())),
            };
        }
        let run = match reach {
            Reach::Needed => self.upstream(named),
            Reach::Only => named,
            Reach::From => self.downstream(named),
            Reach::Downstream => self.upstream(self.downstream(named)),
        };
        let frozen = self.upstream(run.clone()).difference(&run).copied().collect();
        Ok(Selection { run, frozen })
    }

    fn upstream(&self, mut units: BTreeSet<usize>) -> BTreeSet<usize> {
        for index in (0..self.units.len()).rev() {
            if units.contains(&index) {
                units.extend(self.needs(&self.units[index]).into_iter().map(|step| self.unit_of(step)));
            }
        }
        units
    }

    fn downstream(&self, mut units: BTreeSet<usize>) -> BTreeSet<usize> {
        for (index, unit) in self.units.iter().enumerate() {
            if self.needs(unit).into_iter().any(|step| units.contains(&self.unit_of(step))) {
                units.insert(index);
            }
        }
        units
    }

    /// The graph for people: one line a step, with what flows in.
    pub fn text(&self) -> String {
        let width = self.steps.iter().map(|step| step.name.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for input in &self.inputs {
            text.push_str(&format!("{:<width$}  {}\n", input.name, input.path.display()));
        }
        for step in self.units.iter().flat_map(|unit| &unit.members).map(|step| &self.steps[*step]) {
            let mut ports: BTreeMap<&str, Vec<String>> = BTreeMap::new();
            for edge in &step.edges {
                ports.entry(&edge.port).or_default().push(self.source_name(edge));
            }
            let from = ports.iter().map(|(port, sources)| {
                let sources = sources.join(", ");
                if *port == "in" { sources } else { format!("{port}: {sources}") }
            });
            let from: Vec<String> = from.collect();
            let flows = if from.is_empty() { String::new() } else { format!("  ← {}", from.join("; ")) };
            let piped = if step.pipe { "  (piped)" } else { "" };
            let out = self.output_text(step);
            text.push_str(&format!("{:<width$}  {} → {out}{flows}{piped}\n", step.name, step.stage));
        }
        text
    }

    /// The graph in the language of Graphviz.
    pub fn dot(&self) -> String {
        let quote = |name: &str| format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
        let mut dot = format!("digraph {} {{\n  rankdir=LR;\n  node [shape=box];\n", quote(&self.name));
        for input in &self.inputs {
            dot.push_str(&format!("  {} [shape=folder];\n", quote(&input.name)));
        }
        for step in &self.steps {
            dot.push_str(&format!(
                "  {} [label={}];\n",
                quote(&step.name),
                quote(&format!("{}\n{}", step.name, step.stage)).replace('\n', "\\n")
            ));
            for edge in &step.edges {
                let (source, label, style) = match edge.source {
                    Source::Input(input) => {
                        (&self.inputs[input].name, edge.part.clone().unwrap_or_default(), "")
                    }
                    Source::Step(from) => {
                        let style = if self.steps[from].pipe { ", style=bold" } else { "" };
                        (&self.steps[from].name, self.output_text(&self.steps[from]), style)
                    }
                };
                dot.push_str(&format!(
                    "  {} -> {} [label={}{style}];\n",
                    quote(source),
                    quote(&step.name),
                    quote(&label)
                ));
            }
        }
        dot.push_str("}\n");
        dot
    }

    fn output_text(&self, step: &Step) -> String {
        match &step.card.output {
            stage::Output::Shard { .. } => {
                let planes: Vec<&str> = step.planes.iter().map(|plane| plane.name.as_str()).collect();
                format!("{{{}}}", planes.join(", "))
            }
            stage::Output::File { of } => of.clone(),
            stage::Output::Directory { of } => format!("{of}/"),
        }
    }
}

/// How far a selection of nodes reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The nodes and what they need.
    Needed,
    /// The nodes alone; what they need must be in the store.
    Only,
    /// The nodes and what follows from them; what they need otherwise must be in the store.
    From,
    /// The nodes, what follows from them, and what all of these need.
    Downstream,
}

impl Reach {
    fn flag(self) -> &'static str {
        match self {
            Reach::Needed => "a selection",
            Reach::Only => "--only",
            Reach::From => "--from",
            Reach::Downstream => "--downstream",
        }
    }
}

/// Units by their numbers in [`Graph::units`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Those that may run.
    pub run: BTreeSet<usize>,
    /// Those whose results are taken from the store, or else nothing starts.
    pub frozen: BTreeSet<usize>,
}

/// Puts steps into units, and units into an order in which each follows what it needs. There are no cycles.
pub(crate) fn arrange(steps: &[Step]) -> Vec<Unit> {
    let sources = |step: &Step| -> BTreeSet<usize> {
        let sources = step.edges.iter().filter_map(|edge| match edge.source {
            Source::Step(source) => Some(source),
            Source::Input(_) => None,
        });
        sources.collect()
    };
    let (order, _) = order(&steps.iter().map(sources).collect::<Vec<_>>());
    // A piped step has one reader, whose `in` it is, so that groups are chains.
    let mut units: Vec<Unit> = Vec::new();
    let mut waiting: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for step in order {
        let piped = steps[step].edges.iter().find_map(|edge| match edge.source {
            Source::Step(source) => waiting.remove(&source),
            Source::Input(_) => None,
        });
        let mut members = piped.unwrap_or_default();
        members.push(step);
        if steps[step].pipe {
            waiting.insert(step, members);
        } else {
            units.push(Unit { members });
        }
    }
    units
}

/// A topological order, stable in the numbers, and the cycles that it had to break.
pub(crate) fn order(needs: &[BTreeSet<usize>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let (mut order, mut cycles) = (Vec::new(), Vec::new());
    let mut done = vec![false; needs.len()];
    while order.len() < needs.len() {
        let ready = |index: &usize| !done[*index] && needs[*index].iter().all(|need| done[*need]);
        if let Some(next) = (0..needs.len()).find(ready) {
            done[next] = true;
            order.push(next);
        } else {
            let cycle = cycle(needs, &done);
            cycle.iter().for_each(|step| done[*step] = true);
            order.extend(&cycle);
            cycles.push(cycle);
        }
    }
    (order, cycles)
}

/// A cycle among those that are not done, each of which needs one that is not done: walking along must come round.
fn cycle(needs: &[BTreeSet<usize>], done: &[bool]) -> Vec<usize> {
    let mut path: Vec<usize> = done.iter().position(|done| !done).into_iter().collect();
    while let Some(next) = path.last().and_then(|last| needs[*last].iter().copied().find(|need| !done[*need]))
    {
        if let Some(begin) = path.iter().position(|seen| *seen == next) {
            path.drain(..begin);
            path.reverse();
            return path;
        }
        path.push(next);
    }
    path
}

/// Who feeds whom, for a message.
pub(crate) fn cycle_text(names: &[String]) -> String {
    match names {
        [one] => format!("`{one}` reads its own output"),
        names => format!("{} feed one another in a circle", listing(names)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_and_names_the_cycles() {
        let needs = |list: &[&[usize]]| -> Vec<BTreeSet<usize>> {
            list.iter().map(|needs| needs.iter().copied().collect()).collect()
        };
        assert_eq!(order(&needs(&[&[1], &[2], &[]])), (vec![2, 1, 0], vec![]));
        assert_eq!(order(&needs(&[&[1], &[2], &[1], &[3]])), (vec![2, 1, 0, 3], vec![vec![2, 1], vec![3]]));
    }
}
