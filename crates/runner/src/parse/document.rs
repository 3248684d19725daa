//! A TOML document whose every value knows its line.

use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::parse::fault::{Fault, Origin};

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) origin: Origin,
    pub(crate) value: Value,
}

/// A TOML value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    List(Vec<Item>),
    Table(Vec<(Key, Item)>),
    /// What `--set` gave: whoever uses it knows which type it should have.
    Raw(String),
}

/// A key of a table and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) origin: Origin,
    pub(crate) name: String,
}

impl Value {
    /// What the value is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) | Value::Raw(_) => "a string",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a number",
            Value::Boolean(_) => "a boolean",
            Value::List(_) => "an array",
            Value::Table(_) => "a table",
        }
    }

    /// The value that the text of a `--set` stands for where nothing says which type it should have.
    pub(crate) fn guess(text: &str, origin: &Origin) -> Value {
        if text.contains(['#', '\n', '\r']) {
            // A comment or a second line would be legal TOML, and lost.
            return Value::Text(text.to_owned());
        }
        let line = format!("value = {text}");
        let (table, errors) = DeTable::parse_recoverable(&line);
        let guessed = table.get_ref().get("value").filter(|_| errors.is_empty());
        match guessed.and_then(|value| convert(value.get_ref(), &|_| origin.clone())) {
            Some(value @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::List(_))) => value,
            Some(Value::Text(quoted)) => Value::Text(quoted),
            _ => Value::Text(text.to_owned()),
        }
    }
}

/// As it is interpolated into strings and step names.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) | Value::Raw(text) => f.write_str(text),
            Value::Integer(number) => number.fmt(f),
            Value::Float(number) => number.fmt(f),
            Value::Boolean(truth) => truth.fmt(f),
            Value::List(items) => {
                let texts: Vec<String> = items.iter().map(|item| item.value.to_string()).collect();
                f.write_str(&texts.join(","))
            }
            Value::Table(_) => f.write_str("{…}"),
        }
    }
}

/// Parses TOML. What can be read is given back beside the faults, so that later checks add theirs.
pub(crate) fn parse(text: &str, faults: &mut Vec<Fault>) -> Vec<(Key, Item)> {
    let starts: Vec<usize> = std::iter::once(0)
        .chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|newline| newline + 1))
        .collect();
    let origin = |offset: usize| Origin::Line(starts.partition_point(|start| *start <= offset));
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let at = origin(span.start);
        let mut message = error.message().replace('\n', ", ");
        if let ("duplicate key", Some(key)) = (error.message(), text.get(span)) {
            message.push_str(&format!(" `{key}`"));
        }
        faults.push(Fault::new(&at, format!("not TOML: {message}")));
    }
    entries(table.get_ref(), &origin)
}

fn entries(table: &DeTable<'_>, origin: &impl Fn(usize) -> Origin) -> Vec<(Key, Item)> {
    let mut entries: Vec<(usize, (Key, Item))> = table
        .iter()
        .filter_map(|(key, value)| {
            let at = key.span().start;
            let key = Key { origin: origin(at), name: key.get_ref().to_string() };
            Some((at, (key, item(value, origin)?)))
        })
        .collect();
    // The map is sorted by name; the file's own order is the one that its author knows.
    entries.sort_by_key(|(at, _)| *at);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

fn item(value: &Spanned<DeValue<'_>>, origin: &impl Fn(usize) -> Origin) -> Option<Item> {
    Some(Item { origin: origin(value.span().start), value: convert(value.get_ref(), origin)? })
}

/// The value; none where it was not legible, which is a fault already.
fn convert(value: &DeValue<'_>, origin: &impl Fn(usize) -> Origin) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            Value::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok()?)
        }
        DeValue::Float(number) => Value::Float(number.as_str().parse().ok()?),
        DeValue::Boolean(truth) => Value::Boolean(*truth),
        // No stage takes a date: it reaches it as the text that it is.
        DeValue::Datetime(date) => Value::Text(date.to_string()),
        DeValue::Array(items) => Value::List(items.iter().filter_map(|value| item(value, origin)).collect()),
        DeValue::Table(table) => Value::Table(entries(table, origin)),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn knows_lines_and_order() {
        let mut faults = Vec::new();
        let document = parse("[b]\nx = 1\n\n[a]\ny = [\n 1,\n 2]\n", &mut faults);
        assert_eq!(faults, []);
        let names: Vec<&str> = document.iter().map(|(key, _)| key.name.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
        let Value::Table(a) = &document[1].1.value else { panic!("no table") };
        let Value::List(list) = &a[0].1.value else { panic!("no list") };
        assert_eq!((a[0].0.origin.clone(), list[1].origin.clone()), (Origin::Line(5), Origin::Line(7)));
    }

    #[test]
    fn tells_every_syntax_error() {
        let mut faults = Vec::new();
        parse("a = \nb = 1\nc = [1\n", &mut faults);
        for line in [1, 3] {
            assert!(faults.iter().any(|fault| fault.origin == Origin::Line(line)), "{line}: {faults:?}");
        }
    }

    #[test]
    fn guesses_types() {
        let origin = Origin::Flag("a=b".to_owned());
        let guess = |text| Value::guess(text, &origin);
        assert_eq!(guess("3"), Value::Integer(3));
        assert_eq!(guess("3e-4"), Value::Float(3e-4));
        assert_eq!(guess("true"), Value::Boolean(true));
        assert_eq!(guess("data/x"), Value::Text("data/x".to_owned()));
        assert_eq!(guess("1 # no"), Value::Text("1 # no".to_owned()));
        assert!(matches!(guess("[1, 2]"), Value::List(items) if items.len() == 2));
    }
}
