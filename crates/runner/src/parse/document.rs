//! A TOML document whose every value knows its line.

use std::fmt;

use toml::Spanned;
use toml::de::{DeFloat, DeInteger, DeTable, DeValue};

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
    /// What an `i64` or a `u64` holds: a seed is a `u64`, and TOML leaves it to its reader to take more than an `i64`.
    Integer(i128),
    /// Finite.
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
        let mut faults = Vec::new();
        let guessed = table.get_ref().get("value").filter(|_| errors.is_empty());
        let guessed = guessed.map(|value| item(value, &|_| origin.clone(), &mut faults).value);
        match guessed.filter(|_| faults.is_empty()) {
            None | Some(Value::Table(_)) => Value::Text(text.to_owned()),
            Some(value) => value,
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
    entries(table.get_ref(), &origin, faults)
}

fn entries(
    table: &DeTable<'_>,
    origin: &impl Fn(usize) -> Origin,
    faults: &mut Vec<Fault>,
) -> Vec<(Key, Item)> {
    let mut entries: Vec<(usize, (Key, Item))> = table
        .iter()
        .map(|(key, value)| {
            let at = key.span().start;
            let key = Key { origin: origin(at), name: key.get_ref().to_string() };
            (at, (key, item(value, origin, faults)))
        })
        .collect();
    // The map is sorted by name; the file's own order is the one that its author knows.
    entries.sort_by_key(|(at, _)| *at);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

/// The value. A number that cannot be held is a fault, and 0 from there on, so that the checks that follow find no more
/// than what is wrong.
fn item(value: &Spanned<DeValue<'_>>, origin: &impl Fn(usize) -> Origin, faults: &mut Vec<Fault>) -> Item {
    let at = origin(value.span().start);
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Integer(whole(number).unwrap_or_else(|| {
            let (least, most) = (i64::MIN, u64::MAX);
            let text = format!("{number} is out of range: a whole number is one from {least} to {most}");
            faults.push(Fault::new(&at, text));
            0
        })),
        DeValue::Float(number) => Value::Float(finite(number).unwrap_or_else(|| {
            faults.push(Fault::new(&at, format!("{number} is no finite number, and nothing takes it")));
            0.0
        })),
        DeValue::Boolean(truth) => Value::Boolean(*truth),
        // No stage takes a date: it reaches it as the text that it is.
        DeValue::Datetime(date) => Value::Text(date.to_string()),
        DeValue::Array(items) => Value::List(items.iter().map(|value| item(value, origin, faults)).collect()),
        DeValue::Table(table) => Value::Table(entries(table, origin, faults)),
    };
    Item { origin: at, value }
}

/// The number, where an `i64` or a `u64` holds it.
fn whole(number: &DeInteger<'_>) -> Option<i128> {
    let number = i128::from_str_radix(number.as_str(), number.radix()).ok()?;
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&number).then_some(number)
}

/// The number, where JSON and a command line can say it: neither has `inf` or `nan`.
fn finite(number: &DeFloat<'_>) -> Option<f64> {
    number.as_str().parse().ok().filter(|number: &f64| number.is_finite())
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
    fn holds_numbers_as_they_are_or_says_that_it_cannot() {
        let read = |text: &str| {
            let mut faults = Vec::new();
            let mut document = parse(&format!("\nx = {text}\n"), &mut faults);
            (document.remove(0).1.value, faults)
        };
        for (text, number) in [
            ("18446744073709551615", i128::from(u64::MAX)),
            ("9_223_372_036_854_775_808", 1 << 63),
            ("-9223372036854775808", i128::from(i64::MIN)),
            ("0xffff_ffff_ffff_ffff", i128::from(u64::MAX)),
        ] {
            assert_eq!(read(text), (Value::Integer(number), vec![]), "{text}");
        }
        for text in [
            "18446744073709551616",
            "-9223372036854775809",
            "0x1_0000_0000_0000_0000",
            "99999999999999999999999999999999999999999999999",
            "inf",
            "-inf",
            "nan",
            "1e400",
        ] {
            let faults = read(text).1;
            assert_eq!(faults.len(), 1, "{text}");
            assert_eq!(faults[0].origin, Origin::Line(2), "{text}");
            // The command line takes it for the text that it is, which no number can be.
            let origin = Origin::Flag("a=b".to_owned());
            assert_eq!(Value::guess(text, &origin), Value::Text(text.to_owned()));
        }
        let nested = read("[[1], [2, inf]]").1;
        assert_eq!(nested.len(), 1, "{nested:?}");
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
