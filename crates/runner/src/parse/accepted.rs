//! What the schema of an argument accepts: types are checked, and values written in one way.

use serde_json::Value as Json;

use crate::parse::document::{Item, Value};
use crate::parse::fault::{listing, remedy};

/// What a schema accepts, as far as command lines can say it. Limits of numbers are left to the stage, which is
/// asked for its card with these arguments.
#[derive(Debug, Default)]
pub(crate) struct Accepted {
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
    pub(crate) fn of(schema: &Json, root: &Json) -> Accepted {
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
    pub(crate) fn take(&self, item: &Item) -> Result<Json, String> {
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
    pub(crate) fn canonical(&self, value: &Json) -> Json {
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

/// Schemas that refer to one another further than this are taken to do so for ever.
pub(crate) const DEPTH: usize = 16;

/// The schema that a schema refers to.
pub(crate) fn target<'a>(schema: &Json, root: &'a Json) -> Option<&'a Json> {
    root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
}

/// A whole number as JSON.
pub(crate) fn integer(number: i128) -> Json {
    serde_json::Number::from_i128(number).expect("an integer of a document fits an i64 or a u64").into()
}

/// A value as it stands on a command line.
pub(crate) fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
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
}
