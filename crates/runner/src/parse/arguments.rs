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
    let empty = serde_json::Map::new();
    let properties = card.arguments.get("properties").and_then(Json::as_object).unwrap_or(&empty);
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
        let Some(schema) = properties.get(name) else {
            let known = properties.keys().filter(|known| !ports.contains(known)).map(String::as_str);
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

/// The arguments with the defaults that the schema names, so that naming a default changes nothing.
pub(crate) fn resolve(given: &BTreeMap<String, Json>, card: &Card) -> BTreeMap<String, Json> {
    let ports: Vec<String> = card.inputs.iter().map(|port| port.name.replace('-', "_")).collect();
    let properties = card.arguments.get("properties").and_then(Json::as_object);
    let defaults = properties.into_iter().flatten().filter_map(|(name, schema)| {
        let default = schema.get("default").filter(|default| !default.is_null())?;
        (!ports.contains(name)).then(|| (name.clone(), default.clone()))
    });
    let mut resolved: BTreeMap<String, Json> = defaults.collect();
    resolved.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
    // An absent flag and a false one are the same command line.
    resolved.retain(|_, value| *value != Json::Bool(false));
    resolved
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
        let reference = schema.get("$ref").and_then(Json::as_str).and_then(|path| path.strip_prefix('#'));
        if let Some(target) = reference.and_then(|path| root.pointer(path)).filter(|_| depth < 16) {
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
                "number" => self.number = true,
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
