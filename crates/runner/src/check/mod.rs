//! Checks a draft against the stages that it names: from here on every name, argument and edge is right.

pub(crate) mod expand;
pub(crate) mod exports;
pub(crate) mod flow;
pub mod graph;
pub(crate) mod known;
pub(crate) mod marker;
pub mod stages;

use std::path::Path;

use crate::check::expand::{DraftEdge, DraftStep, Expanded, check_params, expand};
use crate::check::flow::Flow;
use crate::check::graph::{Edge, Graph, Input, Source, Step, arrange, cycle_text, order};
use crate::check::known::{Known, look_up};
use crate::check::stages::Stages;
use crate::parse::arguments;
use crate::parse::document::Value;
use crate::parse::fault::{Fault, Faults};
use crate::parse::read::read;
use crate::parse::set;
use crate::store::Store;
use crate::store::memo::Memo;
use crate::store::tree::NO_CONTENT;

/// Parses and checks the text of the pipeline file `file`, with `settings` as `--set` gives them. All faults are
/// told together.
///
/// `store` is where results will be; nothing is asked of it but where that is.
pub fn check(
    file: &str,
    text: &str,
    settings: &[String],
    stages: &Stages,
    store: &Store,
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
    let needs: Vec<_> =
        drafts.iter().map(|step| step.from.iter().filter_map(DraftEdge::step).collect()).collect();
    let (order, cycles) = order(&needs);
    for cycle in cycles {
        let names: Vec<String> = cycle.iter().map(|step| drafts[*step].name.clone()).collect();
        faults.push(Fault::new(&drafts[cycle[0]].origin, cycle_text(&names)));
    }
    Flow::new(&inputs, &drafts, &known, stages, memo).check(&order, &mut faults);
    check_pipes(&drafts, &known, &mut faults);
    exports::check(&drafts, &inputs, file, store, &mut faults);
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
            Source::Input(input) => {
                crate::check::flow::planes_of_file(&inputs[input].path).unwrap_or_default()
            }
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

fn check_inputs(inputs: &[Input], steps: &[DraftStep], faults: &mut Vec<Fault>) {
    for (index, input) in inputs.iter().enumerate() {
        let problem = match std::fs::metadata(&input.path) {
            Err(error) => Some(format!(": {error}")),
            Ok(found) if !found.is_file() && !found.is_dir() => Some(format!(" {NO_CONTENT}")),
            Ok(_) => None,
        };
        if let Some(problem) = problem {
            let text = format!("input `{}`: {}{problem}", input.name, input.path.display());
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
                    other.step().is_some_and(|source| source != index && steps[source].pipe)
                };
                if edge.port != "in" {
                    fault(format!(
                        "but `{}` reads it at port `{}`; only `in` can be a pipe",
                        reader.name, edge.port
                    ));
                } else if let Some(other) = reader.from.iter().find(also).and_then(DraftEdge::step) {
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
