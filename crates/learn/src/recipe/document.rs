//! The document of a recipe: values by their paths, and where each was written.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Found, Place};

/// Values by their paths, such as `optimizer.lr` or `loss.terms[1].gamma`, and where each was written.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) values: Map<String, Value>,
    places: BTreeMap<String, Place>,
}

impl Document {
    /// The document that a TOML text is; an error where it is none.
    pub(super) fn parse(text: &str) -> Result<Document, Vec<Found>> {
        let (spanned, errors) = DeTable::parse_recoverable(text);
        let fault = |error: &toml::de::Error| Found {
            place: error.span().map(|span| Place::Text(position(text, span.start))),
            text: error.message().trim_end().replace('\n', ", "),
        };
        if !errors.is_empty() {
            return Err(errors.iter().map(fault).collect());
        }
        let values: Map<String, Value> = toml::from_str(text).map_err(|error| vec![fault(&error)])?;
        let mut document = Document { values, places: BTreeMap::new() };
        document.places_of_table(text, "", spanned.get_ref());
        Ok(document)
    }

    /// The document of values that were written as JSON, by this program.
    pub(super) fn of(values: Map<String, Value>) -> Document {
        Document { values, places: BTreeMap::new() }
    }

    /// Puts a value at a path, in the place of what is there. The error says why that can't be.
    pub(super) fn set(&mut self, path: &str, value: Value, given: String) -> Result<(), String> {
        let mut changed = Value::Object(self.values.clone());
        place_value(&mut changed, path, value)?;
        if let Value::Object(values) = changed {
            self.values = values;
        }
        // What stood below the path is gone with its places.
        self.places.retain(|place, _| place != path && !below(place, path));
        self.places.insert(path.to_owned(), Place::Given(given));
        Ok(())
    }

    /// Takes a value of a section away.
    pub(super) fn remove(&mut self, path: &str) {
        let Some((section, key)) = path.split_once('.') else { return };
        if let Some(section) = self.values.get_mut(section).and_then(Value::as_object_mut) {
            section.shift_remove(key);
        }
    }

    /// Where the value at a path was written, or what is above it.
    pub(super) fn place(&self, path: &str) -> Option<Place> {
        let mut path = path;
        loop {
            if let Some(place) = self.places.get(path) {
                return Some(place.clone());
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    fn places_of_table(&mut self, text: &str, path: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let key_path =
                if path.is_empty() { key.get_ref().to_string() } else { format!("{path}.{}", key.get_ref()) };
            self.places.insert(key_path.clone(), Place::Text(position(text, key.span().start)));
            self.places_of_value(text, &key_path, value);
        }
    }

    fn places_of_value(&mut self, text: &str, path: &str, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(table) => self.places_of_table(text, path, table),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    self.places.insert(path.clone(), Place::Text(position(text, item.span().start)));
                    self.places_of_value(text, &path, item);
                }
            }
            _ => {}
        }
    }
}

/// Whether a path leads to something within what `above` leads to.
fn below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.starts_with(['.', '[']))
}

/// Puts a value where a path leads to from `at`. Tables that are missing are made; entries of lists must be there.
fn place_value(at: &mut Value, path: &str, value: Value) -> Result<(), String> {
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (key, rest) = path.split_at(end);
    if key.is_empty() {
        return Err(format!("`{path}` is no path: a key such as optimizer.lr was expected"));
    }
    let Value::Object(table) = at else {
        return Err(format!("there is no table for `{key}` to be a key of"));
    };
    let mut entry = table.entry(key).or_insert_with(|| Value::Object(Map::new()));
    let mut rest = rest;
    while let Some(index) = rest.strip_prefix('[') {
        let (index, behind) = index.split_once(']').ok_or_else(|| format!("`{path}` lacks a `]`"))?;
        let list = entry.as_array_mut().ok_or_else(|| format!("`{key}` is no list"))?;
        let count = list.len();
        let index = index.parse::<usize>().ok().filter(|&index| index < count);
        let index = index.ok_or_else(|| format!("`{key}` has {count} entries, counted from 0"))?;
        entry = &mut list[index];
        rest = behind;
    }
    match rest.strip_prefix('.') {
        Some(rest) => place_value(entry, rest, value),
        None if rest.is_empty() => {
            *entry = value;
            Ok(())
        }
        None => Err(format!("`{path}` is no path: a `.` was expected before `{rest}`")),
    }
}

/// Line and column of a byte of the text, counted from 1.
fn position(text: &str, at: usize) -> [usize; 2] {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or(before);
    [before.matches('\n').count() + 1, line.chars().count() + 1]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn values_have_places() {
        let text = "[optimizer]\nname = \"adamw\"\n\n[[loss.terms]]\nname = \"bce\"\n[[loss.terms]]\nname = \"dice\"\n";
        let document = Document::parse(text).unwrap();
        assert_eq!(document.place("optimizer.name"), Some(Place::Text([2, 1])));
        assert_eq!(document.place("optimizer.lr"), Some(Place::Text([1, 2])));
        assert_eq!(document.place("loss.terms[1].name"), Some(Place::Text([7, 1])));
        assert_eq!(document.place("run.epochs"), None);
    }

    #[test]
    fn set_puts_values_where_paths_lead() {
        let mut document = Document::parse("[[loss.terms]]\nname = \"bce\"\n").unwrap();
        for (path, value) in [
            ("optimizer.lr", json!(0.1)),
            ("loss.terms[0].weight", json!(2)),
            ("loss.terms[0].name", json!("dice")),
        ] {
            document.set(path, value, format!("--set {path}=…")).unwrap();
        }
        let expected =
            json!({ "loss": { "terms": [{ "name": "dice", "weight": 2 }] }, "optimizer": { "lr": 0.1 } });
        assert_eq!(Value::Object(document.values.clone()), expected);
        assert_eq!(document.place("optimizer.lr"), Some(Place::Given("--set optimizer.lr=…".to_owned())));
        for (path, expected) in [
            ("loss.terms[1].weight", "`terms` has 1 entries"),
            ("optimizer.lr.x", "no table for `x`"),
            ("", "is no path"),
            ("a..b", "is no path"),
            ("loss.terms[0", "lacks a `]`"),
            ("loss.terms[0]x", "a `.` was expected"),
            ("optimizer[0]", "`optimizer` is no list"),
        ] {
            let refusal = document.set(path, json!(1), String::new()).unwrap_err();
            assert!(refusal.contains(expected), "{path}: {refusal}");
        }
        assert_eq!(
            Value::Object(document.values),
            json!({ "loss": { "terms": [{ "name": "dice", "weight": 2 }] }, "optimizer": { "lr": 0.1 } })
        );
    }
}
