//! `--set`: changes a parameter, an argument of a node, or the path of an input.

use crate::parse::document::{Item, Key, Value};
use crate::parse::fault::{Fault, Origin, remedy};
use crate::parse::read::Draft;

/// Puts the values of `settings`, each `name=value`, into the draft.
pub(crate) fn apply(draft: &mut Draft, settings: &[String], faults: &mut Vec<Fault>) {
    for setting in settings {
        let origin = Origin::Flag(setting.clone());
        let Some((name, text)) = setting.split_once('=') else {
            faults.push(Fault::new(&origin, "it should be NAME=VALUE, or NODE.ARGUMENT=VALUE"));
            continue;
        };
        let done = set(draft, name.trim(), text, &origin);
        faults.extend(done.err().map(|text| Fault::new(&origin, text)));
    }
}

fn set(draft: &mut Draft, name: &str, text: &str, origin: &Origin) -> Result<(), String> {
    if let Some((_, item)) = draft.params.iter_mut().find(|(key, _)| key.name == name) {
        let value = like(&item.value, text, origin).map_err(|wanted| {
            format!("parameter `{name}` is {} in the file, so give {wanted}", item.value.kind())
        })?;
        *item = Item { origin: origin.clone(), value };
        return Ok(());
    }
    let raw = Item { origin: origin.clone(), value: Value::Raw(text.to_owned()) };
    if let Some((owner, field)) = name.split_once('.') {
        if let Some(node) = draft.nodes.iter_mut().find(|node| node.key.name == owner) {
            let argument = field.replace('-', "_");
            match argument.as_str() {
                "seed" if node.args.iter().all(|(key, _)| key.name != "seed") => {
                    node.seed = Some(guessed(raw))
                }
                "skip_bad" => node.skip_bad = Some(guessed(raw)),
                "threads" => node.threads = Some(guessed(raw)),
                "export" => node.export = Some(guessed(raw)),
                _ => match node.args.iter_mut().find(|(key, _)| key.name == argument) {
                    Some((_, item)) => *item = raw,
                    // Whether the stage has such an argument is found out with all others.
                    None => node.args.push((Key { origin: origin.clone(), name: argument }, raw)),
                },
            }
            return Ok(());
        }
        if let Some(input) = draft.inputs.iter_mut().find(|input| input.key.name == owner) {
            if field != "path" {
                return Err(format!("input `{owner}` has no `{field}`; did you mean `{owner}.path`?"));
            }
            input.path = Item { value: Value::Text(text.to_owned()), ..raw };
            return Ok(());
        }
    }
    // Owners are compared with owners, so that a slip in `trian.epochs` is found although `train.epochs` is unset.
    let (owner, field) = name.split_once('.').map_or((name, None), |(owner, field)| (owner, Some(field)));
    let mut known: Vec<String> = draft.params.iter().map(|(key, _)| key.name.clone()).collect();
    if let Some(field) = field {
        known.extend(draft.nodes.iter().map(|node| format!("{}.{field}", node.key.name)));
    }
    known.extend(draft.inputs.iter().map(|input| format!("{}.path", input.key.name)));
    let what = match field {
        Some(_) => format!("no parameter is called `{name}`, and no node or input `{owner}`"),
        None => format!("no parameter is called `{name}`"),
    };
    Err(format!("{what}{}", remedy(name, known.iter().map(String::as_str))))
}

fn guessed(item: Item) -> Item {
    match &item.value {
        Value::Raw(text) => Item { value: Value::guess(text, &item.origin), ..item },
        _ => item,
    }
}

/// The value of `text` in the type of the parameter's value in the file.
fn like(old: &Value, text: &str, origin: &Origin) -> Result<Value, &'static str> {
    match (old, Value::guess(text, origin)) {
        (Value::Text(_) | Value::Raw(_), _) => Ok(Value::Text(text.to_owned())),
        (Value::Integer(_), value @ Value::Integer(_)) => Ok(value),
        (Value::Integer(_), _) => Err("an integer"),
        (Value::Float(_), value @ Value::Float(_)) => Ok(value),
        (Value::Float(_), Value::Integer(number)) => Ok(Value::Float(number as f64)),
        (Value::Float(_), _) => Err("a number"),
        (Value::Boolean(_), value @ Value::Boolean(_)) => Ok(value),
        (Value::Boolean(_), _) => Err("true or false"),
        (Value::List(_), value @ Value::List(_)) => Ok(value),
        (Value::List(_) | Value::Table(_), _) => Err("an array such as [1, 2]"),
    }
}
