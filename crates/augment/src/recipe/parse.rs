//! Parsing: from a TOML text to a recipe, with every fault at its line and column.
//!
//! serde alone stops at the first fault and knows no places inside an entry, so that names, keys and types of values are
//! looked at first, one by one, against the schema of [`Transform`].

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::check::{Fault, RecipeError};
use super::{Recipe, Transform, wrong};

/// Reads a recipe.
pub(super) fn recipe(text: &str) -> Result<Recipe, RecipeError> {
    let (spanned, errors) = DeTable::parse_recoverable(text);
    let fault = |error: &toml::de::Error| Fault {
        position: error.span().map(|span| position(text, span.start)),
        text: error.message().trim_end().replace('\n', ", "),
    };
    if !errors.is_empty() {
        return Err(RecipeError { faults: errors.iter().map(fault).collect() });
    }
    let values: toml::Table =
        toml::from_str(text).map_err(|error| RecipeError { faults: vec![fault(&error)] })?;
    let mut walk = Walk { text, faults: Vec::new(), places: HashMap::new() };
    for (key, value) in spanned.get_ref() {
        if key.get_ref() == "transforms" {
            walk.list(value, &values["transforms"], "transforms");
        } else {
            let what = format!("there is no {}; a recipe is a list of [[transforms]]", key.get_ref());
            walk.fault(key.span().start, what);
        }
    }
    let Walk { mut faults, places, .. } = walk;
    let transforms = match values.get("transforms") {
        Some(list) if faults.is_empty() => Vec::<Transform>::deserialize(list.clone())
            .map_err(|error| RecipeError { faults: vec![fault(&error)] })?,
        _ => Vec::new(),
    };
    for wrong in wrong(&transforms) {
        // A key that is not given has the place of its transform.
        let at = places.get(&(wrong.place.clone(), wrong.key)).or_else(|| places.get(&(wrong.place, "name")));
        faults.push(Fault { position: at.map(|&at| position(text, at)), text: wrong.text });
    }
    faults.sort();
    if faults.is_empty() { Ok(Recipe { transforms }) } else { Err(RecipeError { faults }) }
}

/// Line and column of a byte of the text, counted from 1.
fn position(text: &str, at: usize) -> [usize; 2] {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or(before);
    [before.matches('\n').count() + 1, line.chars().count() + 1]
}

/// A name and the schema of its parameters.
struct Known {
    name: String,
    keys: Vec<(&'static str, Json)>,
}

/// What there is, read from the types themselves.
static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let schema = schemars::schema_for!(Transform).to_value();
    let entries = schema["oneOf"].as_array().into_iter().flatten();
    let known = entries.map(|entry| {
        let properties = entry["properties"].as_object().into_iter().flatten();
        let keys = properties.filter(|(key, _)| *key != "name");
        Known {
            name: entry["properties"]["name"]["const"].as_str().unwrap_or_default().to_owned(),
            keys: keys.map(|(key, schema)| (&*key.clone().leak(), schema.clone())).collect(),
        }
    });
    known.collect()
});

/// Keys of albumentations that have no meaning here, and why.
const LEFT_OUT: [(&str, &str); 18] = [
    ("always_apply", "write p = 1"),
    ("border_mode", OUTSIDE),
    ("pad_mode", OUTSIDE),
    ("mode", OUTSIDE),
    ("value", OUTSIDE),
    ("mask_value", OUTSIDE),
    ("cval", OUTSIDE),
    ("cval_mask", OUTSIDE),
    ("fill", OUTSIDE),
    ("fill_mask", OUTSIDE),
    ("pad_val", OUTSIDE),
    ("mask_pad_val", OUTSIDE),
    ("interpolation", FILTER),
    ("mask_interpolation", FILTER),
    ("keep_size", SIZE),
    ("size", SIZE),
    ("height", SIZE),
    ("width", SIZE),
];
const OUTSIDE: &str = "what comes from outside is always black";
const FILTER: &str = "interpolation is always that of the checkpoint's filter";
const SIZE: &str = "the size of the result is always the network's";

struct Walk<'a> {
    text: &'a str,
    faults: Vec<Fault>,
    /// Where the keys of a transform stand.
    places: HashMap<(String, &'static str), usize>,
}

impl Walk<'_> {
    fn fault(&mut self, at: usize, text: String) {
        self.faults.push(Fault { position: Some(position(self.text, at)), text });
    }

    fn list(&mut self, list: &Spanned<DeValue<'_>>, values: &toml::Value, place: &str) {
        let (DeValue::Array(items), Some(values)) = (list.get_ref(), values.as_array()) else {
            let what = format!("{place} is {values}; a list of transforms was expected, as [[transforms]]");
            return self.fault(list.span().start, what);
        };
        for (index, (item, value)) in items.iter().zip(values).enumerate() {
            let place = format!("{place}[{index}]");
            match (item.get_ref(), value.as_table()) {
                (DeValue::Table(table), Some(values)) => {
                    self.transform(item.span().start, table, values, &place);
                }
                _ => self.fault(
                    item.span().start,
                    format!("{place} is {value}; a transform was expected, as {{ name = \"Rotate\" }}"),
                ),
            }
        }
    }

    fn transform(&mut self, at: usize, table: &DeTable<'_>, values: &toml::Table, place: &str) {
        let Some(name) = values.get("name") else {
            let what = format!("{place}: name is missing; which transform it is was expected, as \"Rotate\"");
            return self.fault(at, what);
        };
        let at =
            table.iter().find(|(key, _)| key.get_ref() == "name").map_or(at, |(_, value)| value.span().start);
        let Some(known) = KNOWN.iter().find(|known| name.as_str() == Some(&known.name)) else {
            let names = KNOWN.iter().map(|known| known.name.as_str());
            let spelled = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
            let remedy = remedy(&spelled, names, "there are ");
            return self.fault(at, format!("{place}: there is no transform {spelled}; {remedy}"));
        };
        self.places.insert((place.to_owned(), "name"), at);
        for (key, value) in table.iter().filter(|(key, _)| key.get_ref() != "name") {
            let (at, key) = (key.span().start, key.get_ref().as_ref());
            let found = &values[key];
            let Some((written, schema)) = known.keys.iter().find(|(written, _)| *written == key) else {
                let remedy = known.remedy(key);
                self.fault(at, format!("{place} ({}): there is no {key}; {remedy}", known.name));
                continue;
            };
            self.places.insert((place.to_owned(), written), value.span().start);
            if key == "transforms" {
                self.list(value, found, &format!("{place}.transforms"));
            } else if !known.takes(key, found) {
                let expected = expected(schema);
                let what = format!("{place} ({}): {key} is {found}; {expected} was expected", known.name);
                self.fault(value.span().start, what);
            }
        }
    }
}

impl Known {
    /// Whether a transform of this key alone can be read. All others have defaults.
    fn takes(&self, key: &str, value: &toml::Value) -> bool {
        let name = ("name".to_owned(), toml::Value::from(self.name.as_str()));
        let alone: toml::Table = [name, (key.to_owned(), value.clone())].into_iter().collect();
        Transform::deserialize(toml::Value::Table(alone)).is_ok()
    }

    fn remedy(&self, key: &str) -> String {
        let keys = || self.keys.iter().map(|(key, _)| *key);
        // Later versions of albumentations shorten names: `fill` is `fill_value`.
        let longer = keys().find(|known| known.starts_with(key));
        match (longer, LEFT_OUT.iter().find(|(left_out, _)| *left_out == key)) {
            (Some(longer), _) => format!("did you mean {longer}?"),
            (None, Some((_, why))) => format!("{why}: leave it out"),
            (None, None) => remedy(key, keys(), "its keys are "),
        }
    }
}

/// The name that was most likely meant, or else all.
fn remedy<'a>(name: &str, names: impl Iterator<Item = &'a str>, there_are: &str) -> String {
    let near = |candidate: &str| {
        strsim::normalized_damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase())
    };
    let names: Vec<&str> = names.collect();
    let nearest = names.iter().max_by(|one, other| near(one).total_cmp(&near(other)));
    match (nearest, names.as_slice()) {
        (Some(nearest), _) if near(nearest) >= 0.5 => format!("did you mean {nearest}?"),
        (_, [first @ .., last]) if !first.is_empty() => format!("{there_are}{} and {last}", first.join(", ")),
        (_, names) => format!("{there_are}{}", names.concat()),
    }
}

/// What a value of this schema is, in words.
fn expected(schema: &Json) -> &'static str {
    let of = |kind: &str| {
        schema["$ref"].as_str().is_some_and(|name| name.ends_with(kind))
            || schema["anyOf"][0]["$ref"].as_str().is_some_and(|name| name.ends_with(kind))
    };
    match schema["type"].as_str() {
        Some("number") => "a number",
        Some("boolean") => "true or false",
        Some("array") => "a pair of whole numbers",
        Some("integer") if schema["maximum"] == 255 => "a whole number from 0 to 255",
        Some("integer") => "a whole number from 0",
        _ if of("/Axes") => "a number, a pair of numbers, or { x = …, y = … } of such",
        _ if of("/Lengths") => "a pair of whole numbers (pixels) or of shares of the side (as [0.1, 0.2])",
        _ => "a number or a pair of numbers",
    }
}
