//! Checks a draft against the stages that it names: from here on every name, argument and edge is right.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use stage::{Arity, Card};

use crate::arguments;
use crate::document::Value;
use crate::expand::{DraftEdge, DraftStep, Expanded, Input, Source, check_params, expand};
use crate::fault::{Fault, Faults, Origin, remedy};
use crate::flow::Flow;
use crate::graph::{Edge, Graph, Step, arrange, cycle_text, order};
use crate::memo::Memo;
use crate::read::{at, read};
use crate::set;
use crate::stages::Stages;

/// Parses and checks the text of the pipeline file `file`, with `settings` as `--set` gives them. All faults are
/// told together.
pub fn check(
    file: &str,
    text: &str,
    settings: &[String],
    stages: &Stages,
    memo: &Memo,
) -> Result<Graph, Faults> {
    let mut faults = Vec::new();
    let mut draft = read(text, &mut faults);
    check_params(&draft, &mut faults);
    set::apply(&mut draft, settings, &mut faults);
    let Expanded { inputs, steps: drafts } = expand(&draft, &mut faults);
    check_inputs(&inputs, &drafts, &mut faults);

    let known: Vec<Option<Known>> =
        drafts.iter().map(|step| look_up(step, stages, memo, &mut faults)).collect();
    let needs: Vec<_> = drafts.iter().map(|step| step.from.iter().filter_map(step_of).collect()).collect();
    let (order, cycles) = order(&needs);
    for cycle in cycles {
        let names: Vec<String> = cycle.iter().map(|step| drafts[*step].name.clone()).collect();
        faults.push(Fault::new(&drafts[cycle[0]].origin, cycle_text(&names)));
    }
    Flow::new(&inputs, &drafts, &known, stages, memo).check(&order, &mut faults);
    check_pipes(&drafts, &known, &mut faults);
    check_exports(&drafts, &mut faults);
    if !faults.is_empty() {
        return Err(Faults::new(file, faults));
    }

    let name = draft.name.clone().unwrap_or_else(|| stem(file));
    let mut steps: Vec<Step> =
        drafts.into_iter().zip(known).filter_map(|(step, known)| Some(finish(step, known?))).collect();
    let units = arrange(&steps);
    for step in units.iter().flat_map(|unit| &unit.members) {
        let input = steps[*step].edges.iter().find(|edge| edge.port == "in").map(|edge| match edge.source {
            Source::Step(source) => steps[source].planes.clone(),
            Source::Input(input) => crate::flow::planes_of_file(&inputs[input].path).unwrap_or_default(),
        });
        steps[*step].planes = steps[*step].card.output.resolve(&input.unwrap_or_default());
    }
    Ok(Graph { name, file: file.to_owned(), inputs, steps, units })
}

/// The name of a pipeline, from the text of its file, right or not.
pub fn name_of(file: &str, text: &str) -> String {
    read(text, &mut Vec::new()).name.unwrap_or_else(|| stem(file))
}

fn stem(file: &str) -> String {
    let stem = Path::new(file).file_stem();
    stem.map_or_else(|| "pipeline".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// What is known of a step's stage.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) binary: PathBuf,
    pub(crate) binary_digest: String,
    pub(crate) card: Card,
    given: BTreeMap<String, serde_json::Value>,
}

pub(crate) fn step_of(edge: &DraftEdge) -> Option<usize> {
    match edge.source {
        Source::Step(step) => Some(step),
        Source::Input(_) => None,
    }
}

/// Finds the stage of a step, asks for its card, and checks the step's arguments.
fn look_up(step: &DraftStep, stages: &Stages, memo: &Memo, faults: &mut Vec<Fault>) -> Option<Known> {
    let what = format!("node `{}`", step.node);
    let stage = step.run.value.to_string();
    if stage.is_empty() {
        return None;
    }
    let Some(binary) = stages.find(&stage) else {
        let names = stages.names();
        let remedy = remedy(&stage, names.iter().map(String::as_str));
        faults.push(Fault::new(&step.run.origin, format!("{what}: no stage is called `{stage}`{remedy}")));
        return None;
    };
    // Whatever a port is given, the card is the same; but a stage may insist on its being given.
    let mut ports: Vec<String> = step.from.iter().map(|edge| edge.port.clone()).collect();
    ports.sort();
    ports.dedup();
    let ports: Vec<String> =
        ports.into_iter().filter(|port| port != "in").map(|port| format!("--{port}={port}")).collect();
    let asked = |args: &[(crate::document::Key, crate::document::Item)]| {
        // Values are written as they stand; the schema on the card then says what is wrong with them.
        let mut flags = ports.clone();
        flags.extend(arguments::flags(&arguments::unchecked(args)));
        stages.card(&binary, &flags, memo)
    };
    let before = faults.len();
    let answer = asked(&step.args);
    let card = match &answer {
        Ok(card) => card.clone(),
        Err(complaint) => match asked(&[]).or_else(|_| stages.card(&binary, &[], memo)) {
            Ok(card) => card,
            Err(_) => {
                faults.push(Fault::new(&step.run.origin, format!("{what}: `{stage}`: {complaint}")));
                return None;
            }
        },
    };
    if card.stage != stage {
        let text = format!("{what}: {} says that it is the stage `{}`", binary.display(), card.stage);
        faults.push(Fault::new(&step.run.origin, text));
        return None;
    }
    let given = arguments::check(&what, &step.args, &card, faults);
    let unknown_port = step.from.iter().any(|edge| card.inputs.iter().all(|port| port.name != edge.port));
    if let Err(complaint) = answer
        && faults.len() == before
        && !unknown_port
    {
        let origin = step.args.first().map_or(&step.run.origin, |(key, _)| &key.origin);
        faults.push(Fault::new(origin, format!("{what}: `{stage}`: {complaint}")));
    }
    let binary_digest = match memo.file(&binary) {
        Ok(digest) => digest,
        Err(error) => {
            faults.push(Fault::new(&step.run.origin, format!("{what}: {}: {error}", binary.display())));
            return None;
        }
    };
    Some(Known { binary, binary_digest, card, given })
}

fn check_inputs(inputs: &[Input], steps: &[DraftStep], faults: &mut Vec<Fault>) {
    for (index, input) in inputs.iter().enumerate() {
        if let Err(error) = std::fs::metadata(&input.path) {
            let text = format!("input `{}`: {}: {error}", input.name, input.path.display());
            faults.push(Fault::new(&input.origin, text));
        }
        let reads = |step: &DraftStep| step.from.iter().any(|edge| edge.source == Source::Input(index));
        if !steps.iter().any(reads) {
            let text = format!("nothing reads the input `{}`", input.name);
            faults.push(Fault::new(&input.origin, text));
        }
    }
}

/// A piped step streams into the port `in` of the one step that reads it.
fn check_pipes(steps: &[DraftStep], known: &[Option<Known>], faults: &mut Vec<Fault>) {
    for (index, step) in steps.iter().enumerate().filter(|(_, step)| step.pipe) {
        let what = format!("node `{}` is piped", step.node);
        let readers: Vec<(&DraftStep, &DraftEdge)> = steps
            .iter()
            .flat_map(|reader| reader.from.iter().map(move |edge| (reader, edge)))
            .filter(|(_, edge)| edge.source == Source::Step(index))
            .collect();
        let mut fault = |text: String| faults.push(Fault::new(&step.origin, format!("{what}, {text}")));
        match readers.as_slice() {
            [] => fault("but nothing reads it: let a node read it, or leave `pipe` out".to_owned()),
            [(reader, edge)] => {
                let also = |other: &&DraftEdge| {
                    step_of(other).is_some_and(|source| source != index && steps[source].pipe)
                };
                if edge.port != "in" {
                    fault(format!(
                        "but `{}` reads it at port `{}`; only `in` can be a pipe",
                        reader.name, edge.port
                    ));
                } else if let Some(other) = reader.from.iter().find(also).and_then(step_of) {
                    let other = &steps[other].name;
                    fault(format!("as is `{other}`, but `{}` can read only one pipe", reader.name));
                }
            }
            several => {
                let names: Vec<&str> = several.iter().map(|(reader, _)| reader.name.as_str()).collect();
                fault(format!("but has several readers ({}): leave `pipe` out", names.join(", ")));
            }
        }
        if step.export.is_some() || step.show.is_some() {
            fault("so that it leaves nothing to export or show: leave `pipe` out".to_owned());
        }
        let output = known[index].as_ref().map(|known| &known.card.output);
        if let Some(stage::Output::Directory { of }) = output {
            fault(format!("but writes a folder ({of})"));
        }
    }
}

/// Two results can't be put in one place, nor one into another.
fn check_exports(steps: &[DraftStep], faults: &mut Vec<Fault>) {
    let exports: Vec<(&DraftStep, &Origin, PathBuf)> = steps
        .iter()
        .filter_map(|step| {
            step.export.as_ref().map(|item| (step, &item.origin, item.value.to_string().into()))
        })
        .collect();
    for (index, (step, origin, path)) in exports.iter().enumerate() {
        if path.file_name().is_none() {
            faults.push(Fault::new(
                origin,
                format!("node `{}`: `export` is no path of a file or folder", step.node),
            ));
        }
        for (other, theirs, taken) in &exports[..index] {
            if path.starts_with(taken) || taken.starts_with(path) {
                let also = if path == taken { "too".to_owned() } else { format!("to {}", taken.display()) };
                let text = format!(
                    "`{}` exports to {}, and `{}` {also} ({})",
                    step.name,
                    path.display(),
                    other.name,
                    at(theirs)
                );
                faults.push(Fault::new(origin, text));
            }
        }
    }
}

fn finish(step: DraftStep, known: Known) -> Step {
    let edges =
        step.from.into_iter().map(|edge| Edge { port: edge.port, source: edge.source, part: edge.part });
    Step {
        name: step.name,
        node: step.node,
        stage: known.card.stage.clone(),
        binary: known.binary,
        binary_digest: known.binary_digest,
        arguments: arguments::resolve(&known.given, &known.card),
        flags: arguments::flags(&known.given),
        seed: step.seed,
        skip_bad: step.skip_bad,
        threads: step.threads,
        edges: edges.collect(),
        pipe: step.pipe,
        export: step.export.map(|item| match item.value {
            Value::Text(path) => path.into(),
            other => other.to_string().into(),
        }),
        show: step.show,
        planes: Vec::new(),
        card: known.card,
    }
}

/// The most that a port takes, in words.
pub(crate) fn arity_text(arity: Arity) -> &'static str {
    match arity {
        Arity::Optional => "at most one source",
        Arity::One => "one source",
        Arity::Many | Arity::Each => "one source or more",
    }
}
