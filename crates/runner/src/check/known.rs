//! The stage of a step, looked up: its binary, its card, and the step's arguments checked against the card.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value as Json;
use stage::Card;

use crate::check::expand::DraftStep;
use crate::check::stages::Stages;
use crate::parse::arguments;
use crate::parse::document::{Item, Key};
use crate::parse::fault::{Fault, remedy};
use crate::store::memo::Memo;

/// What is known of a step's stage.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) binary: PathBuf,
    pub(crate) binary_digest: String,
    pub(crate) card: Card,
    /// The arguments that the file gives.
    pub(crate) given: BTreeMap<String, Json>,
}

/// Finds the stage of a step, asks for its card, and checks the step's arguments.
pub(crate) fn look_up(
    step: &DraftStep,
    stages: &Stages,
    memo: &Memo,
    faults: &mut Vec<Fault>,
) -> Option<Known> {
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
    let asked = |args: &[(Key, Item)]| {
        // Values are written as they stand; the schema on the card then says what is wrong with them.
        let mut flags = ports.clone();
        flags.extend(arguments::flags(&arguments::unchecked(args)));
        flags.extend(step.threads.map(|threads| format!("--threads={threads}")));
        stages.card(&binary, &flags, memo)
    };
    let before = faults.len();
    let answer = asked(&step.args);
    let card = match &answer {
        Ok(card) => card.clone(),
        Err(complaint) => match asked(&[]).or_else(|_| stages.card(&binary, &[], memo)) {
            Ok(card) => card,
            Err(_) => {
                faults.push(complaint.fault(&step.run.origin, &format!("{what}: `{stage}`")));
                return None;
            }
        },
    };
    if card.stage != stage {
        let text = format!("{what}: {} says that it is the stage `{}`", binary.display(), card.stage);
        faults.push(Fault::new(&step.run.origin, text));
        return None;
    }
    let device =
        |given: &BTreeMap<String, Json>| given.get("device").and_then(Json::as_str).map(str::to_owned);
    let mut given = arguments::check(&what, &step.args, &card, faults);
    let unknown_port = step.from.iter().any(|edge| card.inputs.iter().all(|port| port.name != edge.port));
    if let Err(complaint) = answer
        && faults.len() == before
        && !unknown_port
    {
        let origin = step.args.first().map_or(&step.run.origin, |(key, _)| &key.origin);
        faults.push(complaint.fault(origin, &format!("{what}: `{stage}`")));
    }
    let binary_digest = match memo.file(&binary) {
        Ok(digest) => digest,
        Err(error) => {
            faults.push(Fault::of_system(&step.run.origin, format!("{what}: {}: {error}", binary.display())));
            return None;
        }
    };
    let card = match stages.backend(&binary, card, device(&given).as_deref()) {
        Ok(card) => card,
        Err(complaint) => {
            faults.push(complaint.fault(&step.run.origin, &format!("{what}: `{stage}`")));
            return None;
        }
    };
    if let Some(backend) = &card.backend
        && arguments::knows(&card, "device")
        && device(&given).is_none_or(|device| device == "auto")
    {
        // From here on the device is the one that the stage named, so that it can't be another when it runs.
        given.insert("device".to_owned(), backend.device.clone().into());
    }
    Some(Known { binary, binary_digest, card, given })
}
