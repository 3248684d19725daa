//! Arguments of a stage: checked against the schema on its card, and written as flags.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use stage::Card;

use crate::parse::document::{Item, Key, Value};
use crate::parse::fault::{Fault, listing, remedy};

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

/// Schemas that refer to one another further than this are taken to do so for ever.
const DEPTH: usize = 16;

/// The schema that a schema refers to.
fn target<'a>(schema: &Json, root: &'a Json) -> Option<&'a Json> {
    root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
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

/// A whole number as JSON.
fn integer(number: i128) -> Json {
    serde_json::Number::from_i128(number).expect("an integer of a document fits an i64 or a u64").into()
}

/// A value as it stands on a command line.
pub(crate) fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a schema accepts, as far as command lines can say it. Limits of numbers are left to the stage, which is
/// asked for its card with these arguments.
#[derive(Debug, Default)]
struct Accepted {
    boolean: bool,
    integer: bool,
    number: bool,
    /// Numbers are kept in single precision.
    single: bool,
    string: bool,
    list: Option<Box<Accepted>>,
    words: Vec<String>,
    /// The schema says something that no command line argument is.
    anything: bool,
}

impl Accepted {
    fn of(schema: &Json, root: &Json) -> Accepted {
        let mut accepted = Accepted::default();
        accepted.add(schema, root, 0);
        accepted
    }

    fn add(&mut self, schema: &Json, root: &Json, depth: usize) {
        if let Some(target) = target(schema, root).filter(|_| depth < DEPTH) {
            return self.add(target, root, depth + 1);
        }
        let mut said = false;
        for branch in ["anyOf", "oneOf", "allOf"] {
            for schema in schema.get(branch).and_then(Json::as_array).into_iter().flatten() {
                self.add(schema, root, depth + 1);
                said = true;
            }
        }
        let listed = schema.get("enum").and_then(Json::as_array).into_iter().flatten();
        for value in listed.chain(schema.get("const")) {
            said = true;
            if !value.is_null() {
                self.words.push(plain(value));
            }
        }
        if said {
            return;
        }
        let kinds = match schema.get("type") {
            Some(Json::Array(kinds)) => kinds.iter().filter_map(Json::as_str).collect(),
            Some(kind) => kind.as_str().into_iter().collect(),
            None => Vec::new(),
        };
        for kind in &kinds {
            match *kind {
                "boolean" => self.boolean = true,
                "integer" => self.integer = true,
                "number" => {
                    self.number = true;
                    self.single |= schema.get("format").is_some_and(|format| format == "float");
                }
                "string" => self.string = true,
                "null" => {}
                "array" => {
                    let items = schema.get("items").or_else(|| schema.pointer("/prefixItems/0"));
                    self.list = Some(Box::new(Accepted::of(items.unwrap_or(&Json::Bool(true)), root)));
                }
                _ => self.anything = true,
            }
        }
        self.anything |= kinds.is_empty();
    }

    /// The value as JSON; the error says what it is and what it should be.
    fn take(&self, item: &Item) -> Result<Json, String> {
        if let Value::Raw(text) = &item.value {
            return self.take_text(text, item);
        }
        let anything = self.anything;
        match &item.value {
            Value::Boolean(truth) if self.boolean || anything => return Ok((*truth).into()),
            Value::Integer(number) if self.integer || anything => return Ok(integer(*number)),
            Value::Integer(number) if self.number => return Ok((*number as f64).into()),
            Value::Float(number) if self.number || anything => return Ok((*number).into()),
            Value::Text(text) if self.string || anything => return Ok(text.clone().into()),
            Value::Text(_) | Value::Integer(_) | Value::Float(_)
                if self.words.contains(&item.value.to_string()) =>
            {
                return Ok(item.value.to_string().into());
            }
            Value::List(items) => {
                if let Some(of) = &self.list {
                    return items
                        .iter()
                        .map(|item| of.take(item))
                        .collect::<Result<Vec<Json>, String>>()
                        .map(Json::from);
                }
            }
            _ => {}
        }
        // One value where several may be is a list of one.
        if let Some(of) = &self.list
            && !matches!(item.value, Value::List(_))
            && let Ok(value) = of.take(item)
        {
            return Ok(vec![value].into());
        }
        Err(match &item.value {
            Value::Text(text) if !self.words.is_empty() => {
                format!("can't be `{text}`{}", remedy(text, self.words.iter().map(String::as_str)))
            }
            value => format!("is {}; it should be {}", value.kind(), self.wanted()),
        })
    }

    /// The text of a `--set` in whichever type is accepted.
    fn take_text(&self, text: &str, item: &Item) -> Result<Json, String> {
        let of = |value| Item { origin: item.origin.clone(), value };
        self.take(&of(Value::guess(text, &item.origin)))
            .or_else(|problem| self.take(&of(Value::Text(text.to_owned()))).map_err(|_| problem))
    }

    /// The one way in which a value that was checked, or is a default, is written.
    fn canonical(&self, value: &Json) -> Json {
        match value {
            // A default may be the text of a command line.
            Json::String(text) if !self.string && !self.words.contains(text) => {
                let guess = serde_json::from_str(text).unwrap_or(Json::Null);
                if guess.is_number() || guess.is_boolean() { self.canonical(&guess) } else { value.clone() }
            }
            Json::Number(number) if self.number && !self.integer => match number.as_f64() {
                Some(number) if self.single => f64::from(number as f32).into(),
                Some(number) => number.into(),
                None => value.clone(),
            },
            Json::Array(items) => {
                let of = |item| self.list.as_ref().map_or_else(|| Json::clone(item), |of| of.canonical(item));
                items.iter().map(of).collect::<Vec<Json>>().into()
            }
            value => match &self.list {
                Some(of) if !self.string && !self.number && !self.integer && !self.boolean => {
                    vec![of.canonical(value)].into()
                }
                _ => value.clone(),
            },
        }
    }

    fn wanted(&self) -> String {
        let mut kinds = Vec::new();
        kinds.extend(self.boolean.then(|| "true or false".to_owned()));
        kinds.extend(self.integer.then(|| "an integer".to_owned()));
        kinds.extend(self.number.then(|| "a number".to_owned()));
        kinds.extend(self.string.then(|| "a string".to_owned()));
        kinds.extend((!self.words.is_empty()).then(|| format!("one of {}", listing(&self.words))));
        kinds.extend(self.list.as_ref().map(|of| format!("an array of which each is {}", of.wanted())));
        kinds.join(" or ")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::parse::fault::Origin;

    fn take(schema: Json, value: Value) -> Result<Json, String> {
        let root = json!({ "$defs": { "Filter": { "oneOf": [
            { "const": "linear", "type": "string" }, { "const": "area", "type": "string" } ] } } });
        Accepted::of(&schema, &root).take(&Item { origin: Origin::Line(1), value })
    }

    #[test]
    fn checks_types() {
        assert_eq!(take(json!({ "type": "number" }), Value::Integer(1)), Ok(json!(1.0)));
        assert_eq!(take(json!({ "type": ["integer", "null"] }), Value::Integer(1)), Ok(json!(1)));
        let wrong = take(json!({ "type": "integer" }), Value::Text("x".into())).unwrap_err();
        assert_eq!(wrong, "is a string; it should be an integer");
        let filter = json!({ "anyOf": [{ "$ref": "#/$defs/Filter" }, { "type": "null" }] });
        assert_eq!(take(filter.clone(), Value::Text("area".into())), Ok(json!("area")));
        let wrong = take(filter, Value::Text("liner".into())).unwrap_err();
        assert_eq!(wrong, "can't be `liner`; did you mean `linear`?");
        let list = json!({ "type": "array", "items": { "type": "string" } });
        assert_eq!(take(list, Value::Text("a".into())), Ok(json!(["a"])));
    }

    #[test]
    fn settings_take_the_type_that_is_wanted() {
        assert_eq!(take(json!({ "type": "string" }), Value::Raw("3".into())), Ok(json!("3")));
        assert_eq!(take(json!({ "type": "integer" }), Value::Raw("3".into())), Ok(json!(3)));
        assert_eq!(
            take(json!({ "type": "integer" }), Value::Raw("x".into())).unwrap_err(),
            "is a string; it should be an integer"
        );
    }

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
