//! Reading: from a document to a recipe, with all faults at once.
//!
//! serde stops at the first fault and knows no places, so that keys and the types of their values are looked at first, one
//! by one, against the schema of each section.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Recipe;
use super::document::Document;
use super::fault::Found;
use crate::fault::Fault;

/// The recipe that a document says, where everything is as it must be.
pub(super) fn recipe(document: &mut Document) -> Result<Recipe, Vec<Found>> {
    let mut reader = Reader { document, faults: Vec::new() };
    reader.sections();
    let recipe = Recipe {
        model: reader.section("model"),
        input: reader.section("input"),
        augment: reader.section("augment"),
        loss: reader.section("loss"),
        optimizer: reader.section("optimizer"),
        groups: reader.section("groups"),
        schedule: reader.section("schedule"),
        average: reader.document.values.contains_key("average").then(|| reader.section("average")),
        run: reader.section("run"),
    };
    if reader.faults.is_empty() {
        recipe.check().into_iter().for_each(|fault| reader.note(fault));
    }
    if reader.faults.is_empty() { Ok(recipe) } else { Err(reader.faults) }
}

/// The sections of a recipe.
const SECTIONS: [&str; 9] =
    ["model", "input", "augment", "loss", "optimizer", "groups", "schedule", "average", "run"];

struct Reader<'a> {
    document: &'a mut Document,
    faults: Vec<Found>,
}

impl Reader<'_> {
    fn fault(&mut self, path: &str, text: String) {
        self.faults.push(Found { place: self.document.place(path), text });
    }

    fn note(&mut self, Fault { path, message }: Fault) {
        self.fault(&path, format!("{path}: {message}"));
    }

    /// Looks for names of no section.
    fn sections(&mut self) {
        let names: Vec<String> = self.document.values.keys().cloned().collect();
        for name in names.iter().filter(|name| !SECTIONS.contains(&name.as_str())) {
            self.fault(
                name,
                format!("there is no section {name}; {}", remedy(name, &SECTIONS, "there are ")),
            );
        }
    }

    /// A section; its default where there is none, or something is wrong with it.
    fn section<T: DeserializeOwned + JsonSchema + Default + Serialize>(&mut self, name: &str) -> T {
        let plain = serde_json::to_value(T::default()).expect("a section is plain data");
        let mut table = match self.document.values.get(name) {
            None => return T::default(),
            Some(Value::Object(table)) => table.clone(),
            // `optimizer = "lion"`
            Some(Value::String(word)) if plain.get("name").is_some() && name != "model" => {
                Map::from_iter([("name".to_owned(), word.as_str().into())])
            }
            Some(other) => {
                let what = format!("{name} is {other}; a table was expected, as [{name}]");
                self.fault(name, what);
                return T::default();
            }
        };
        let schema = schemars::schema_for!(T).to_value();
        let tagged = schema.get("oneOf").is_some();
        if let (true, Some(tag)) = (tagged, plain.get("name")) {
            table.entry("name").or_insert_with(|| tag.clone());
        }
        let before = self.faults.len();
        let Some(keys) = self.keys(name, &schema, &table) else { return T::default() };
        for (key, value) in &table {
            let path = format!("{name}.{key}");
            if !keys.contains(&key.as_str()) {
                let of = if tagged { format!("{name} {}", table["name"]) } else { name.to_owned() };
                self.fault(
                    &path,
                    format!("{of}: there is no {key}; {}", remedy(key, &keys, "its keys are ")),
                );
                continue;
            }
            // Every other key has a default.
            let mut alone = Map::from_iter([(key.clone(), value.clone())]);
            if tagged {
                alone.insert("name".to_owned(), table["name"].clone());
            }
            if let Err(error) = serde_json::from_value::<T>(Value::Object(alone)) {
                self.fault(&path, format!("{path} is {value}: {error}"));
            }
        }
        if self.faults.len() > before {
            return T::default();
        }
        serde_json::from_value(Value::Object(table)).unwrap_or_else(|error| {
            self.fault(name, format!("{name}: {error}"));
            T::default()
        })
    }

    /// The keys that a section of this schema may have; nothing where its name is of nothing, which is told.
    fn keys<'s>(
        &mut self,
        section: &str,
        schema: &'s Value,
        table: &Map<String, Value>,
    ) -> Option<Vec<&'s str>> {
        let Some(variants) = schema["oneOf"].as_array() else { return Some(properties(schema, schema)) };
        let names: Vec<&str> =
            variants.iter().filter_map(|variant| variant["properties"]["name"]["const"].as_str()).collect();
        let name = &table["name"];
        let found = names.iter().position(|known| name.as_str() == Some(known));
        if found.is_none() {
            let spelled = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
            let what = format!("there is no {section} {spelled}; {}", remedy(&spelled, &names, "there are "));
            self.fault(&format!("{section}.name"), what);
        }
        found.map(|index| properties(schema, &variants[index]))
    }
}

/// The names of the properties of a schema, those that it refers to among them.
fn properties<'s>(root: &'s Value, schema: &'s Value) -> Vec<&'s str> {
    let own = schema["properties"].as_object().into_iter().flatten().map(|(key, _)| key.as_str());
    let referred = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/"));
    let referred = referred.map(|name| properties(root, &root["$defs"][name])).into_iter().flatten();
    own.chain(referred).collect()
}

/// The name that was most likely meant, or else all.
fn remedy(name: &str, names: &[&str], there_are: &str) -> String {
    let near = |candidate: &str| {
        strsim::normalized_damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase())
    };
    let nearest = names.iter().max_by(|one, other| near(one).total_cmp(&near(other)));
    match (nearest, names) {
        (Some(nearest), _) if near(nearest) >= 0.5 => format!("did you mean {nearest}?"),
        (_, [first @ .., last]) if !first.is_empty() => format!("{there_are}{} and {last}", first.join(", ")),
        (_, names) => format!("{there_are}{}", names.concat()),
    }
}
