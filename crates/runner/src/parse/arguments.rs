//! Arguments of a stage: checked against the schema on its card, and written as flags.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use stage::Card;

use crate::parse::accepted::{Accepted, DEPTH, integer, plain, target};
use crate::parse::document::{Item, Key, Value};
use crate::parse::fault::{Fault, remedy};

/// Checks the arguments of `node`, and gives them as JSON by their names in the schema.
pub(crate) fn check(
    what: &str,
    args: &[(Key, Item)],
    card: &Card,
    faults: &mut Vec<Fault>,
) -> BTreeMap<String, Json> {
    let properties = properties(card);
    let ports: Vec<String> = card.inputs.iter().map(|port| port.name.replace('-', "_")).collect();
    let mut checked = BTreeMap::new();
    for (key, item) in args {
        let name = &key.name;
        if ports.contains(name) {
            let port = name.replace('_', "-");
            let text = format!(
                "{what}: `{name}` is an input of `{}`: give it as from = {{ {port} = … }}",
                card.stage
            );
            faults.push(Fault::new(&key.origin, text));
            continue;
        }
        let Some(schema) = properties.get(name.as_str()) else {
            let known = properties.keys().copied().filter(|known| ports.iter().all(|port| port != known));
            let text = format!("{what}: `{}` has no argument `{name}`{}", card.stage, remedy(name, known));
            faults.push(Fault::new(&key.origin, text));
            continue;
        };
        let accepted = Accepted::of(schema, &card.arguments);
        match accepted.take(item) {
            Ok(value) => drop(checked.insert(name.clone(), value)),
            Err(problem) => faults.push(Fault::new(&item.origin, format!("{what}: `{name}` {problem}"))),
        }
    }
    checked
}

/// The arguments with the defaults that the schema names, each written in one way, so that neither naming a default
/// nor writing `1` for `1.0` changes anything.
pub(crate) fn resolve(given: &BTreeMap<String, Json>, card: &Card) -> BTreeMap<String, Json> {
    let ports: Vec<String> = card.inputs.iter().map(|port| port.name.replace('-', "_")).collect();
    let mut resolved = BTreeMap::new();
    for (name, schema) in
        properties(card).into_iter().filter(|(name, _)| ports.iter().all(|port| port != name))
    {
        let default = schema.get("default").filter(|default| !default.is_null());
        if let Some(value) = given.get(name).or(default) {
            resolved.insert(name.to_owned(), Accepted::of(schema, &card.arguments).canonical(value));
        }
    }
    // An absent flag and a false one are the same command line, as are an empty list and none.
    resolved.retain(|_, value| {
        *value != Json::Bool(false) && value.as_array().is_none_or(|list| !list.is_empty())
    });
    resolved
}

/// Whether the stage has an argument of this name.
pub(crate) fn knows(card: &Card, name: &str) -> bool {
    properties(card).contains_key(name)
}

/// The arguments that the schema describes; those of a flattened group may be a schema of their own.
fn properties(card: &Card) -> BTreeMap<&str, &Json> {
    fn add<'a>(schema: &'a Json, root: &'a Json, depth: usize, found: &mut BTreeMap<&'a str, &'a Json>) {
        let own = schema.get("properties").and_then(Json::as_object).into_iter().flatten();
        found.extend(own.map(|(name, schema)| (name.as_str(), schema)));
        let groups = schema.get("allOf").and_then(Json::as_array).into_iter().flatten();
        for group in groups.chain(target(schema, root)).filter(|_| depth < DEPTH) {
            add(group, root, depth + 1, found);
        }
    }
    let mut found = BTreeMap::new();
    add(&card.arguments, &card.arguments, 0, &mut found);
    found
}

/// The flags of the arguments. `--name=value`, so that a value may begin with a dash.
pub(crate) fn flags(arguments: &BTreeMap<String, Json>) -> Vec<String> {
    let mut flags = Vec::new();
    for (name, value) in arguments {
        let flag = format!("--{}", name.replace('_', "-"));
        match value {
            Json::Bool(true) => flags.push(flag),
            Json::Bool(false) | Json::Null => {}
            Json::Array(items) => flags.extend(items.iter().map(|item| format!("{flag}={}", plain(item)))),
            value => flags.push(format!("{flag}={}", plain(value))),
        }
    }
    flags
}

/// The arguments as they stand, to ask a stage for its card with them.
pub(crate) fn unchecked(args: &[(Key, Item)]) -> BTreeMap<String, Json> {
    fn json(item: &Item) -> Json {
        match &item.value {
            Value::Text(text) => text.clone().into(),
            Value::Raw(text) => match Value::guess(text, &item.origin) {
                Value::Text(text) => text.into(),
                value => json(&Item { origin: item.origin.clone(), value }),
            },
            Value::Integer(number) => integer(*number),
            Value::Float(number) => (*number).into(),
            Value::Boolean(truth) => (*truth).into(),
            Value::List(items) => items.iter().map(json).collect::<Vec<Json>>().into(),
            Value::Table(_) => Json::Null,
        }
    }
    args.iter().map(|(key, item)| (key.name.clone(), json(item))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    /// A card of a stage with these arguments.
    fn card(arguments: Json) -> Card {
        Card {
            contract: 1,
            stage: "stage".to_owned(),
            version: "1".to_owned(),
            about: String::new(),
            inputs: Vec::new(),
            output: stage::Output::File { of: "text".to_owned() },
            relation: stage::Relation::Source,
            pass: stage::Pass::Single,
            numeric: false,
            backend: None,
            arguments,
        }
    }

    #[test]
    fn naming_a_default_changes_nothing_however_it_is_written() {
        let card = card(json!({
            "$defs": {
                "Invert": { "oneOf": [{ "const": "auto" }, { "const": "on" }] },
                "Group": { "properties": { "margin": { "type": "number", "default": 1 } } },
            },
            "properties": {
                "invert": { "$ref": "#/$defs/Invert", "default": "auto" },
                "threshold": { "type": "number", "format": "float", "default": 0.3f32 },
                "rate": { "type": "number", "default": "2" },
                "count": { "type": "integer", "default": 3 },
                "fast": { "type": "boolean", "default": false },
                "parts": { "type": "array", "items": { "type": "number" }, "default": [1, 2.5] },
                "more": { "type": "array", "items": { "type": "string" }, "default": [] },
                "free": { "type": ["integer", "null"], "default": null },
            },
            "allOf": [{ "$ref": "#/$defs/Group" }],
        }));
        let resolved = |given: Json| {
            let given: BTreeMap<String, Json> = serde_json::from_value(given).unwrap();
            serde_json::to_string(&resolve(&given, &card)).unwrap()
        };
        let defaults = resolved(json!({}));
        for named in [
            json!({ "invert": "auto" }),
            json!({ "threshold": 0.3 }),
            json!({ "rate": 2.0, "margin": 1.0 }),
            json!({ "margin": 1, "count": 3, "fast": false }),
            json!({ "parts": [1.0, 2.5], "more": [] }),
        ] {
            assert_eq!(resolved(named.clone()), defaults, "{named}");
        }
        for other in [
            json!({ "invert": "on" }),
            json!({ "threshold": 0.31 }),
            json!({ "free": 0 }),
            json!({ "fast": true }),
        ] {
            assert_ne!(resolved(other.clone()), defaults, "{other}");
        }
    }

    #[test]
    fn writes_flags() {
        let arguments = [
            ("min_votes".to_owned(), json!(2)),
            ("quick".to_owned(), json!(true)),
            ("slow".to_owned(), json!(false)),
            ("word".to_owned(), json!(["a", "-b"])),
        ];
        assert_eq!(flags(&arguments.into()), ["--min-votes=2", "--quick", "--word=a", "--word=-b"]);
    }
}
