//! Puts parameters in and expands `for`: a draft becomes the steps that run.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::check::graph::{Input, Source};
use crate::parse::document::{Item, Key, Value};
use crate::parse::fault::{Fault, Origin, remedy};
use crate::parse::interpolate::{Scope, names};
use crate::parse::read::{Draft, DraftNode};

/// What a draft becomes.
#[derive(Debug)]
pub(crate) struct Expanded {
    pub(crate) inputs: Vec<Input>,
    pub(crate) steps: Vec<DraftStep>,
}

/// A node, or one instance of an expanded node.
#[derive(Debug)]
pub(crate) struct DraftStep {
    /// `train`, or `train[unet]`.
    pub(crate) name: String,
    pub(crate) node: String,
    pub(crate) origin: Origin,
    pub(crate) run: Item,
    pub(crate) from: Vec<DraftEdge>,
    /// Whether a part of `from` led nowhere, which is a fault already.
    pub(crate) lost: bool,
    pub(crate) args: Vec<(Key, Item)>,
    pub(crate) seed: u64,
    pub(crate) skip_bad: u64,
    pub(crate) threads: Option<u64>,
    pub(crate) pipe: bool,
    pub(crate) export: Option<Item>,
    pub(crate) show: Option<PathBuf>,
}

/// Something that flows into a step.
#[derive(Clone, Debug)]
pub(crate) struct DraftEdge {
    pub(crate) port: String,
    pub(crate) origin: Origin,
    pub(crate) source: Source,
    /// A path in the folder that the source is.
    pub(crate) part: Option<String>,
}

impl DraftEdge {
    /// The step that it comes from; none where it comes from an input.
    pub(crate) fn step(&self) -> Option<usize> {
        match self.source {
            Source::Step(step) => Some(step),
            Source::Input(_) => None,
        }
    }
}

type Bindings = Vec<(String, Value)>;

/// Puts parameters in and expands nodes.
pub(crate) fn expand(draft: &Draft, faults: &mut Vec<Fault>) -> Expanded {
    let scope = Scope::new(&draft.params);
    let inputs: Vec<Input> = draft
        .inputs
        .iter()
        .map(|input| {
            let path = scope.fill(&input.path, &format!("input `{}`", input.key.name), faults);
            let name = input.key.name.clone();
            Input { name, path: path.value.to_string().into(), origin: path.origin }
        })
        .collect();
    let instances: Vec<(&DraftNode, Bindings)> = draft
        .nodes
        .iter()
        .flat_map(|node| bindings(node, &scope, faults).into_iter().map(move |bindings| (node, bindings)))
        .collect();
    let steps: Vec<DraftStep> = instances
        .iter()
        .map(|(node, bindings)| step(node, bindings, &instances, &inputs, &scope, faults))
        .collect();
    check_variables(draft, &instances, faults);
    Expanded { inputs, steps }
}

/// All combinations of the values of a node's variables, the first variable slowest.
fn bindings(node: &DraftNode, scope: &Scope<'_>, faults: &mut Vec<Fault>) -> Vec<Bindings> {
    let mut all = vec![Bindings::new()];
    for (key, item) in &node.each {
        let what = format!("node `{}`: variable `{}`", node.key.name, key.name);
        let item = scope.fill(item, &what, faults);
        let Value::List(values) = &item.value else {
            faults.push(Fault::new(
                &item.origin,
                format!("{what} is {}; it should be an array", item.value.kind()),
            ));
            continue;
        };
        if values.is_empty() {
            faults.push(Fault::new(&item.origin, format!("{what} has no values, so that nothing would run")));
        }
        for (index, value) in values.iter().enumerate() {
            let text = value.value.to_string();
            if values[..index].iter().any(|earlier| earlier.value.to_string() == text) {
                faults.push(Fault::new(&value.origin, format!("{what} has `{text}` twice")));
            }
        }
        all = all
            .into_iter()
            .flat_map(|bound| {
                let extend = move |value: &Item| {
                    let mut bound = bound.clone();
                    bound.push((key.name.clone(), value.value.clone()));
                    bound
                };
                values.iter().map(extend).collect::<Vec<Bindings>>()
            })
            .collect();
    }
    all
}

fn step(
    node: &DraftNode,
    bindings: &Bindings,
    instances: &[(&DraftNode, Bindings)],
    inputs: &[Input],
    scope: &Scope<'_>,
    faults: &mut Vec<Fault>,
) -> DraftStep {
    let scope = scope.with(bindings);
    let what = format!("node `{}`", node.key.name);
    let mut number = |field: &str, item: &Option<Item>| {
        let item = scope.fill(item.as_ref()?, &what, faults);
        let value = match item.value {
            Value::Integer(value) => u64::try_from(value).ok(),
            _ => None,
        };
        if value.is_none() {
            let text = format!(
                "{what}: `{field}` is {}; it should be a whole number from 0",
                match &item.value {
                    Value::Integer(value) => value.to_string(),
                    other => other.kind().to_owned(),
                }
            );
            faults.push(Fault::new(&item.origin, text));
        }
        value
    };
    let seed = number("seed", &node.seed).unwrap_or(0);
    let skip_bad = number("skip_bad", &node.skip_bad).unwrap_or(0);
    let threads = number("threads", &node.threads);
    let mut lost = node.lost;
    let from = node
        .from
        .iter()
        .flat_map(|(port, item)| {
            let item = scope.fill(item, &what, faults);
            let edges = edges(node, bindings, port, &item, instances, inputs, faults);
            lost |= edges.is_empty();
            edges
        })
        .collect();
    let show = node.show.as_ref().and_then(|item| match scope.fill(item, &what, faults).value {
        Value::Boolean(true) => Some(PathBuf::new()),
        Value::Text(part) => Some(PathBuf::from(part)),
        _ => None,
    });
    let args = node.args.iter().map(|(key, item)| (key.clone(), scope.fill(item, &what, faults))).collect();
    let before = faults.len();
    let run = node.run.as_ref().map(|item| scope.fill(item, &what, faults));
    if let Some(item) = run.as_ref().filter(|item| item.value.to_string().is_empty())
        && faults.len() == before
    {
        faults.push(Fault::new(&item.origin, format!("{what}: `run` is empty; it should name a stage")));
    }
    DraftStep {
        name: instance_name(&node.key.name, bindings),
        node: node.key.name.clone(),
        origin: node.key.origin.clone(),
        // Without a name of a stage, which is a fault, the node is still one that others can name.
        run: run.unwrap_or(Item { origin: node.key.origin.clone(), value: Value::Text(String::new()) }),
        from,
        lost,
        args,
        seed,
        skip_bad,
        threads,
        pipe: node.pipe,
        export: node.export.as_ref().map(|item| scope.fill(item, &what, faults)),
        show,
    }
}

fn instance_name(node: &str, bindings: &Bindings) -> String {
    if bindings.is_empty() {
        return node.to_owned();
    }
    let values: Vec<String> = bindings.iter().map(|(_, value)| value.to_string()).collect();
    format!("{node}[{}]", values.join(","))
}

/// The parts of a source: `node`, `node/path/inside`, `node[instance]` or `node[instance]/path/inside`.
fn parts(source: &str) -> (&str, Option<&str>, Option<&str>) {
    if let Some((node, rest)) = source.split_once('[')
        && let Some((instance, rest)) = rest.rsplit_once(']')
        && (rest.is_empty() || rest.starts_with('/'))
    {
        return (node, Some(instance), rest.strip_prefix('/'));
    }
    match source.split_once('/') {
        Some((node, part)) => (node, None, Some(part)),
        None => (source, None, None),
    }
}

/// The edges that one name in `from` stands for: an input, the instance of a node that is named, or else those
/// instances whose variables have the values that this step's have.
fn edges(
    node: &DraftNode,
    bindings: &Bindings,
    port: &Key,
    item: &Item,
    instances: &[(&DraftNode, Bindings)],
    inputs: &[Input],
    faults: &mut Vec<Fault>,
) -> Vec<DraftEdge> {
    let text = item.value.to_string();
    let (name, instance, part) = parts(&text);
    if let Some(part) = part
        && (part.is_empty() || part.split('/').any(|step| matches!(step, "" | "." | "..")))
    {
        let text =
            format!("node `{}`: `{text}` should be a node, `/`, and a path inside its folder", node.key.name);
        faults.push(Fault::new(&item.origin, text));
        return Vec::new();
    }
    let edge = |source| DraftEdge {
        port: port.name.clone(),
        origin: item.origin.clone(),
        source,
        part: part.map(str::to_owned),
    };
    if let Some(index) = inputs.iter().position(|input| input.name == name) {
        return vec![edge(Source::Input(index))];
    }
    let of_node = |(_, (other, _)): &(usize, &(&DraftNode, Bindings))| other.key.name == name;
    let agrees = |theirs: &Bindings| match instance {
        Some(instance) => instance_name(name, theirs) == format!("{name}[{instance}]"),
        None => theirs.iter().all(|(variable, value)| {
            bindings.iter().all(|(ours, mine)| ours != variable || mine.to_string() == value.to_string())
        }),
    };
    let mut known = false;
    let mut found = Vec::new();
    for (index, (_, theirs)) in instances.iter().enumerate().filter(of_node) {
        known = true;
        if agrees(theirs) {
            found.push(edge(Source::Step(index)));
        }
    }
    if !known {
        let nodes = instances.iter().map(|(other, _)| other.key.name.as_str());
        let names: BTreeSet<&str> = nodes.filter(|other| *other != node.key.name).collect();
        let names = names.into_iter().chain(inputs.iter().map(|input| input.name.as_str()));
        let remedy = remedy(name, names);
        let text = format!("node `{}`: no node or input is called `{name}`{remedy}", node.key.name);
        faults.push(Fault::new(&item.origin, text));
    } else if found.is_empty() {
        let text = match instance {
            Some(instance) => {
                let all = instances.iter().enumerate().filter(of_node);
                let all: Vec<String> = all.map(|(_, (_, theirs))| instance_name(name, theirs)).collect();
                format!("node `{}`: there is no `{name}[{instance}]`, only {}", node.key.name, all.join(", "))
            }
            None => {
                let mine = instance_name(&node.key.name, bindings);
                format!("node `{}`: no instance of `{name}` matches `{mine}`", node.key.name)
            }
        };
        faults.push(Fault::new(&item.origin, text));
    }
    found
}

/// A parameter that nothing in the file uses is a slip: setting it would change nothing.
pub(crate) fn check_params(draft: &Draft, faults: &mut Vec<Fault>) {
    for (Key { origin, name }, _) in &draft.params {
        let inputs = draft.inputs.iter().map(|input| &input.path);
        let mut items = inputs.chain(draft.nodes.iter().flat_map(items));
        if !items.any(|item| names(&item.value, name)) {
            let text = format!("nothing uses the parameter `{name}`: write {{{name}}} where it belongs");
            faults.push(Fault::new(origin, text));
        }
    }
}

/// A variable that nothing uses is a slip too: all instances would be equal.
fn check_variables(draft: &Draft, instances: &[(&DraftNode, Bindings)], faults: &mut Vec<Fault>) {
    for node in &draft.nodes {
        for (Key { origin, name }, _) in &node.each {
            if draft.params.iter().any(|(key, _)| key.name == *name) {
                let text = format!("node `{}`: variable `{name}` has the name of a parameter", node.key.name);
                faults.push(Fault::new(origin, text));
            }
            // A node that reads the matching instance of another needs no `{name}` of its own.
            let sources: Vec<String> = node.from.iter().map(|(_, item)| item.value.to_string()).collect();
            let matched = instances.iter().any(|(other, bindings)| {
                let reads = |source: &String| {
                    let (node, instance, _) = parts(source);
                    node == other.key.name && instance.is_none()
                };
                bindings.iter().any(|(theirs, _)| theirs == name) && sources.iter().any(reads)
            });
            let each = |item: &Item| node.each.iter().any(|(_, values)| std::ptr::eq(values, item));
            if !matched && !items(node).any(|item| !each(item) && names(&item.value, name)) {
                let text = format!(
                    "node `{}`: nothing uses the variable `{name}`, so that its instances would be equal: \
                     write {{{name}}} where it belongs",
                    node.key.name
                );
                faults.push(Fault::new(origin, text));
            }
        }
    }
}

/// All values of a node that may name something.
fn items(node: &DraftNode) -> impl Iterator<Item = &Item> {
    let single = [&node.run, &node.seed, &node.skip_bad, &node.threads, &node.export, &node.show];
    single
        .into_iter()
        .flatten()
        .chain(node.from.iter().chain(&node.args).chain(&node.each).map(|(_, item)| item))
}
