//! What flows along the edges: that every port gets what it accepts, and every plane that it needs.

use std::path::Path;

use shard::{PlaneSpec, Reader};
use stage::{Arity, Artefact, Output, Port};

use crate::check::expand::{DraftEdge, DraftStep};
use crate::check::graph::{Input, Source};
use crate::check::known::Known;
use crate::check::stages::Stages;
use crate::parse::fault::{Fault, listing, remedy};
use crate::store::memo::Memo;

/// What a source gives.
#[derive(Clone, Debug)]
enum Offer {
    Shard(Vec<PlaneSpec>),
    /// A file; what is in it, where that is known.
    File(Option<String>),
    /// A folder; what is in it, where that is known.
    Directory(Option<String>),
    /// It is a part of a folder, or its step has a fault of its own.
    Unknown,
}

/// Checks the edges, following what flows along them.
pub(crate) struct Flow<'a> {
    inputs: &'a [Input],
    steps: &'a [DraftStep],
    known: &'a [Option<Known>],
    stages: &'a Stages,
    memo: &'a Memo,
    offers: Vec<Offer>,
}

impl<'a> Flow<'a> {
    pub(crate) fn new(
        inputs: &'a [Input],
        steps: &'a [DraftStep],
        known: &'a [Option<Known>],
        stages: &'a Stages,
        memo: &'a Memo,
    ) -> Flow<'a> {
        Flow { inputs, steps, known, stages, memo, offers: vec![Offer::Unknown; steps.len()] }
    }

    /// Checks all steps, in an order in which each follows what it reads.
    pub(crate) fn check(&mut self, order: &[usize], faults: &mut Vec<Fault>) {
        for &index in order {
            let Some(known) = &self.known[index] else { continue };
            self.ports(index, &known.card.inputs, faults);
            let planes = self.main_planes(index, faults);
            self.offers[index] = match (&known.card.output, planes) {
                (Output::File { of }, _) => Offer::File(Some(of.clone())),
                (Output::Directory { of }, _) => Offer::Directory(Some(of.clone())),
                (Output::Shard { keeps: true, .. }, None) => Offer::Unknown,
                (output, planes) => Offer::Shard(output.resolve(&planes.unwrap_or_default())),
            };
            self.show(index, faults);
        }
    }

    fn ports(&self, index: usize, ports: &[Port], faults: &mut Vec<Fault>) {
        let step = &self.steps[index];
        let what = format!("node `{}`", step.node);
        let stage = &step.run.value;
        for edge in &step.from {
            match ports.iter().find(|port| port.name == edge.port) {
                Some(port) => self.edge(step, edge, port, faults),
                None if ports.is_empty() => {
                    faults.push(Fault::new(
                        &edge.origin,
                        format!("{what}: `{stage}` reads nothing: leave `from` out"),
                    ));
                }
                None => {
                    let remedy = remedy(&edge.port, ports.iter().map(|port| port.name.as_str()));
                    let text = format!("{what}: `{stage}` has no port `{}`{remedy}", edge.port);
                    faults.push(Fault::new(&edge.origin, text));
                }
            }
        }
        for port in ports {
            let mut sources = step.from.iter().filter(|edge| edge.port == port.name);
            let count = sources.clone().count();
            let wanted = arity_text(port.arity);
            let accepts: Vec<String> = port.accepts.iter().map(artefact_text).collect();
            let accepts = accepts.join(" or ");
            if count == 0 && port.arity != Arity::Optional && !step.lost {
                let text = if port.name == "in" {
                    format!("{what}: `{stage}` reads {accepts}: name its source in `from`")
                } else {
                    format!(
                        "{what}: `{stage}` needs {accepts} at port `{0}`: from = {{ {0} = … }}",
                        port.name
                    )
                };
                faults.push(Fault::new(&step.origin, text));
            } else if count > 1 && matches!(port.arity, Arity::Optional | Arity::One) {
                let origin = sources.next_back().map_or(&step.origin, |edge| &edge.origin);
                let text = format!("{what}: port `{}` of `{stage}` takes {wanted}, not {count}", port.name);
                faults.push(Fault::new(origin, text));
            }
        }
    }

    fn edge(&self, step: &DraftStep, edge: &DraftEdge, port: &Port, faults: &mut Vec<Fault>) {
        let what = format!("node `{}`", step.node);
        let offer = self.offer(edge);
        if let (Some(part), Offer::Shard(_) | Offer::File(_)) = (&edge.part, self.whole(edge)) {
            let text = format!(
                "{what}: {} writes no folder, so that there is no `{part}` in it",
                self.producer(edge)
            );
            faults.push(Fault::new(&edge.origin, text));
            return;
        }
        let accepted = port.accepts.iter().any(|artefact| match (artefact, &offer) {
            (_, Offer::Unknown) => true,
            (Artefact::Shard { planes }, Offer::Shard(have)) => missing(planes, have).is_empty(),
            (Artefact::File { of }, Offer::File(have)) => have.as_ref().is_none_or(|have| have == of),
            (Artefact::Directory { of }, Offer::Directory(have)) => {
                have.as_ref().is_none_or(|have| have == of)
            }
            _ => false,
        });
        if accepted {
            return;
        }
        let stage = &step.run.value;
        if let Offer::Shard(have) = &offer {
            let lacking = port.accepts.iter().filter_map(|artefact| match artefact {
                Artefact::Shard { planes } => Some(missing(planes, have)),
                _ => None,
            });
            if let Some(lacking) = lacking.min_by_key(Vec::len) {
                let have: Vec<&str> = have.iter().map(|plane| plane.name.as_str()).collect();
                let plural = if lacking.len() == 1 { "" } else { "s" };
                let text = format!(
                    "{what}: `{stage}` needs plane{plural} {} of {}, which gives {}{}",
                    listing(&lacking),
                    self.producer(edge),
                    listing(&have),
                    self.adders(&lacking)
                );
                faults.push(Fault::new(&edge.origin, text));
                return;
            }
        }
        let accepts: Vec<String> = port.accepts.iter().map(artefact_text).collect();
        let text = format!(
            "{what}: port `{}` of `{stage}` reads {}, but {} gives {}",
            port.name,
            accepts.join(" or "),
            self.producer(edge),
            offer_text(&offer)
        );
        faults.push(Fault::new(&edge.origin, text));
    }

    /// The planes of the sources of `in`, which must be the same where they are read as one stream; none where they
    /// are not known.
    fn main_planes(&self, index: usize, faults: &mut Vec<Fault>) -> Option<Vec<PlaneSpec>> {
        let step = &self.steps[index];
        let ports = self.known[index].as_ref().map_or(&[][..], |known| &known.card.inputs);
        let one_stream = ports.iter().all(|port| port.name != "in" || port.arity != Arity::Each);
        let mut first: Option<(&DraftEdge, Vec<PlaneSpec>)> = None;
        for edge in step.from.iter().filter(|edge| edge.port == "in") {
            let Offer::Shard(planes) = self.offer(edge) else { continue };
            match &first {
                None => first = Some((edge, planes)),
                Some((other, theirs)) if one_stream && *theirs != planes => {
                    let text = format!(
                        "node `{}`: {} gives {}, but {} gives {}: they can't be read as one stream",
                        step.node,
                        self.producer(edge),
                        planes_text(&planes),
                        self.producer(other),
                        planes_text(theirs)
                    );
                    faults.push(Fault::new(&edge.origin, text));
                }
                Some(_) => {}
            }
        }
        first.map(|(_, planes)| planes)
    }

    fn show(&self, index: usize, faults: &mut Vec<Fault>) {
        let step = &self.steps[index];
        let problem = match (&step.show, &self.offers[index]) {
            (Some(part), Offer::Directory(_)) if part.as_os_str().is_empty() => {
                "writes a folder: say which text of it, as in show = \"table.txt\""
            }
            (Some(_), Offer::Shard(_)) => "writes records, which are no text",
            (Some(part), Offer::File(_)) if !part.as_os_str().is_empty() => "writes one text: show = true",
            _ => return,
        };
        faults.push(Fault::new(
            &step.origin,
            format!("node `{}`: `show`: `{}` {problem}", step.node, step.run.value),
        ));
    }

    fn whole(&self, edge: &DraftEdge) -> Offer {
        match edge.source {
            Source::Step(step) => self.offers[step].clone(),
            Source::Input(input) => {
                let path = &self.inputs[input].path;
                if path.is_dir() {
                    Offer::Directory(None)
                } else if let Some(planes) = planes_of_file(path) {
                    Offer::Shard(planes)
                } else if path.is_file() {
                    Offer::File(None)
                } else {
                    Offer::Unknown
                }
            }
        }
    }

    fn offer(&self, edge: &DraftEdge) -> Offer {
        if edge.part.is_some() { Offer::Unknown } else { self.whole(edge) }
    }

    /// The source of an edge, with its stage.
    fn producer(&self, edge: &DraftEdge) -> String {
        match edge.source {
            Source::Input(input) => format!("input `{}`", self.inputs[input].name),
            Source::Step(step) => {
                let step = &self.steps[step];
                format!("node `{}` (`{}`)", step.name, step.run.value)
            }
        }
    }

    /// Which stages add planes that are missing.
    fn adders(&self, lacking: &[String]) -> String {
        let mut adders = Vec::new();
        for name in self.stages.names() {
            let Some(binary) = self.stages.find(&name) else { continue };
            let Ok(card) = self.stages.card(&binary, &[], self.memo) else { continue };
            let Output::Shard { adds, keeps: true, .. } = &card.output else { continue };
            if adds.iter().any(|plane| lacking.contains(&plane.name)) {
                adders.push(name);
            }
        }
        match adders.as_slice() {
            [] => String::new(),
            [one] => format!("; `{one}` adds it: put it in between"),
            several => format!("; {} add it: put one in between", listing(several)),
        }
    }
}

/// The planes of a shard that the user brings; none where the file is no shard.
pub(crate) fn planes_of_file(path: &Path) -> Option<Vec<PlaneSpec>> {
    if !path.is_file() {
        return None;
    }
    Reader::open(path).ok().map(|reader| reader.header().planes.clone())
}

fn missing(needed: &[String], have: &[PlaneSpec]) -> Vec<String> {
    needed.iter().filter(|name| have.iter().all(|plane| plane.name != **name)).cloned().collect()
}

fn planes_text(planes: &[PlaneSpec]) -> String {
    let texts = planes.iter().map(|plane| format!("{} ({} {})", plane.name, plane.dtype, plane.encoding));
    texts.collect::<Vec<String>>().join(", ")
}

/// The most that a port takes, in words.
fn arity_text(arity: Arity) -> &'static str {
    match arity {
        Arity::Optional => "at most one source",
        Arity::One => "one source",
        Arity::Many | Arity::Each => "one source or more",
    }
}

fn artefact_text(artefact: &Artefact) -> String {
    match artefact {
        Artefact::Shard { planes } if planes.is_empty() => "records".to_owned(),
        Artefact::Shard { planes } => format!("records with {}", listing(planes)),
        Artefact::File { of } => format!("a file ({of})"),
        Artefact::Directory { of } => format!("a folder ({of})"),
    }
}

fn offer_text(offer: &Offer) -> String {
    let of = |of: &Option<String>| of.as_ref().map(|of| format!(" ({of})")).unwrap_or_default();
    match offer {
        Offer::Shard(planes) if planes.is_empty() => "records".to_owned(),
        Offer::Shard(planes) => format!("records with {}", planes_text(planes)),
        Offer::File(what) => format!("a file{}", of(what)),
        Offer::Directory(what) => format!("a folder{}", of(what)),
        Offer::Unknown => "something else".to_owned(),
    }
}
