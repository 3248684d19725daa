//! Decides what has to run. The same planner serves the dry run, which it leads along the graph alone, and the run,
//! which asks it again as results come in.

pub mod preview;
pub mod reachable;
pub mod why;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::OnceLock;

use crate::check::graph::{Edge, Graph, Selection, Source, Step};
use crate::store::files::named;
use crate::store::key::{Backend, Ingredient, Manifest};
use crate::store::memo::Memo;
use crate::store::tree::Tree;
use crate::store::{Object, Provenance, Remembered, Store};

/// What is to be done about a unit.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Its result is in the store, whole.
    Hit(Object),
    /// It has to run.
    Run(Task),
    /// It depends on steps that have to run first, and may be a hit when their output is as it was.
    Waits(Vec<usize>),
}

/// A unit that can run.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The key that its result will have.
    pub key: String,
    /// What each member depends on; the last one's is what the key stands for.
    pub manifests: Vec<Manifest>,
}

/// Decides about units of a graph.
#[derive(Debug)]
pub struct Planner<'a> {
    /// What is planned.
    pub graph: &'a Graph,
    /// Where results are.
    pub store: &'a Store,
    /// Digests of unchanged files.
    pub memo: &'a Memo,
    inputs: Vec<OnceLock<(Tree, String)>>,
    /// Threads of this machine, as they were when the run was planned.
    pub(crate) cores: u64,
}

impl<'a> Planner<'a> {
    /// A planner.
    pub fn new(graph: &'a Graph, store: &'a Store, memo: &'a Memo) -> Planner<'a> {
        let inputs = graph.inputs.iter().map(|_| OnceLock::new()).collect();
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        Planner { graph, store, memo, inputs, cores }
    }

    /// Decides about the unit `index`, where `done` gives the results of the steps that it needs, as far as they are
    /// known.
    pub fn decide<'o>(
        &self,
        index: usize,
        done: &dyn Fn(usize) -> Option<&'o Object>,
    ) -> io::Result<Decision> {
        let unit = &self.graph.units[index];
        let waits: Vec<usize> =
            self.graph.needs(unit).into_iter().filter(|step| done(*step).is_none()).collect();
        if !waits.is_empty() {
            return Ok(Decision::Waits(waits));
        }
        let manifests = self.manifests(index, done)?;
        let key = manifests[manifests.len() - 1].key();
        Ok(match self.store.whole(&key, self.memo) {
            Some(object) => Decision::Hit(object),
            None => Decision::Run(Task { key, manifests }),
        })
    }

    /// What each member of a unit depends on.
    pub(crate) fn manifests<'o>(
        &self,
        unit: usize,
        done: &dyn Fn(usize) -> Option<&'o Object>,
    ) -> io::Result<Vec<Manifest>> {
        let mut manifests: Vec<Manifest> = Vec::new();
        for member in &self.graph.units[unit].members {
            let manifest = self.manifest(*member, done, manifests.last())?;
            manifests.push(manifest);
        }
        Ok(manifests)
    }

    /// Decides about all units of the selection, in order, without running any.
    pub fn plan(&self, selection: &Selection) -> io::Result<BTreeMap<usize, Decision>> {
        let mut decisions: BTreeMap<usize, Decision> = BTreeMap::new();
        for index in selection.run.union(&selection.frozen).copied().collect::<BTreeSet<usize>>() {
            let decision = self.decide(index, &|step| match decisions.get(&self.graph.unit_of(step)) {
                Some(Decision::Hit(object)) => Some(object),
                _ => None,
            })?;
            decisions.insert(index, decision);
        }
        Ok(decisions)
    }

    /// What to remember of a step whose unit has this key and whose sources have these results.
    pub(crate) fn remembered<'o>(
        &self,
        step: usize,
        key: &str,
        manifest: &Manifest,
        done: &dyn Fn(usize) -> Option<&'o Object>,
    ) -> Remembered {
        let mut sources: BTreeMap<String, Vec<Provenance>> = BTreeMap::new();
        for edge in &self.graph.steps[step].edges {
            let key = match edge.source {
                Source::Step(source) => done(source).map(|object| object.key.clone()),
                Source::Input(_) => None,
            };
            let origin = Provenance { name: self.graph.source_name(edge), key };
            sources.entry(edge.port.clone()).or_default().push(origin);
        }
        Remembered { key: key.to_owned(), manifest: manifest.clone(), sources }
    }

    fn manifest<'o>(
        &self,
        index: usize,
        done: &dyn Fn(usize) -> Option<&'o Object>,
        piped: Option<&Manifest>,
    ) -> io::Result<Manifest> {
        let step = &self.graph.steps[index];
        let mut inputs: BTreeMap<String, Vec<Ingredient>> = BTreeMap::new();
        for edge in &step.edges {
            let ingredient = match (edge.source, piped) {
                (Source::Input(input), _) => {
                    let path = &self.graph.inputs[input].path;
                    ingredient(step, edge, self.input_digest(input, edge)?, path)?
                }
                (Source::Step(source), piped) => match (done(source), piped) {
                    (Some(object), _) => {
                        let digest = content(&self.graph.source_name(edge), edge, object)?;
                        ingredient(step, edge, digest, &self.store.out(&object.key))?
                    }
                    (None, Some(manifest)) => Ingredient::Piped(Box::new(manifest.clone())),
                    (None, None) => return Err(io::Error::other("a step was planned before what it needs")),
                },
            };
            inputs.entry(edge.port.clone()).or_default().push(ingredient);
        }
        Ok(Manifest { inputs, ..self.own(index) })
    }

    /// What a step depends on but for what flows into it.
    pub(crate) fn own(&self, index: usize) -> Manifest {
        let step = &self.graph.steps[index];
        let backend = self.backend(step);
        let mut arguments = step.arguments.clone();
        if backend.is_some() {
            // The device is among what computes, by its kind: `cuda:0` is as good as `cuda:1`.
            arguments.remove("device");
        }
        Manifest {
            format: 1,
            stage: step.stage.clone(),
            binary: step.binary_digest.clone(),
            arguments,
            seed: step.seed,
            skip_bad: step.skip_bad,
            inputs: BTreeMap::new(),
            output: step.card.output.clone(),
            backend,
        }
    }

    /// What a numeric step computes with, as the pipeline says it or else as it is here; none of any other.
    fn backend(&self, step: &Step) -> Option<Backend> {
        let stage::Backend { libtorch, device } = step.card.backend.clone().filter(|_| step.card.numeric)?;
        Some(Backend { libtorch, device, threads: step.threads.unwrap_or(self.cores) })
    }

    /// The files of what the user brings, and their digest.
    pub(crate) fn input(&self, input: usize) -> io::Result<&(Tree, String)> {
        if let Some(known) = self.inputs[input].get() {
            return Ok(known);
        }
        let path = &self.graph.inputs[input].path;
        let tree = Tree::with_folders(path, self.memo).map_err(|error| {
            let name = &self.graph.inputs[input].name;
            io::Error::new(error.kind(), format!("input `{name}`: {}: {error}", path.display()))
        })?;
        let digest = tree.digest();
        Ok(self.inputs[input].get_or_init(|| (tree, digest)))
    }

    fn input_digest(&self, input: usize, edge: &Edge) -> io::Result<String> {
        let (tree, digest) = self.input(input)?;
        match &edge.part {
            None => Ok(digest.clone()),
            Some(part) => part_digest(&self.graph.source_name(edge), tree, part),
        }
    }
}

/// What flows along an edge, of this digest, from `whole` or a part of it.
fn ingredient(step: &Step, edge: &Edge, content: String, whole: &Path) -> io::Result<Ingredient> {
    let path = edge.part.as_ref().map_or_else(|| whole.to_owned(), |part| whole.join(part));
    let named = step.card.inputs.iter().any(|port| port.name == edge.port && port.names);
    Ok(if named { Ingredient::Named { content, names: names(&path)? } } else { Ingredient::Content(content) })
}

/// The name of a folder; of a file, its folder's and its own.
fn names(path: &Path) -> io::Result<Vec<String>> {
    let absolute = std::path::absolute(path).map_err(|error| named(path, error))?;
    let names = absolute.iter().rev().take(if absolute.is_dir() { 1 } else { 2 });
    let names: Vec<String> = names.map(|name| name.as_encoded_bytes().escape_ascii().to_string()).collect();
    Ok(names.into_iter().rev().collect())
}

/// The digest of what flows along an edge from a result.
fn content(name: &str, edge: &Edge, object: &Object) -> io::Result<String> {
    match &edge.part {
        None => Ok(object.digest.clone()),
        Some(part) => part_digest(name, &object.files, part),
    }
}

fn part_digest(name: &str, tree: &Tree, part: &str) -> io::Result<String> {
    let found = tree.part(part);
    if found.0.is_empty() {
        let tops: BTreeSet<&str> = tree.0.keys().filter_map(|path| path.split('/').next()).collect();
        let remedy = crate::parse::fault::remedy(part, tops);
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("{name} is not there{remedy}")));
    }
    Ok(found.digest())
}
