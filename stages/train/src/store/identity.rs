//! Of which run a state is.

use checkpoint::{Checkpoint, Data, Pretrained, Versions};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everything that the outcome depends on: a run goes on from the state of a run with the same identity only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    pub(crate) recipe: Value,
    pub(crate) seed: u64,
    /// Digest of the weights that are gone on from.
    pub(crate) start: Option<String>,
    #[serde(default)]
    pub(crate) pretrained: Option<Pretrained>,
    pub(crate) training: Data,
    pub(crate) validation: Data,
    pub(crate) versions: Versions,
}

impl Identity {
    /// That of the run which a checkpoint is of.
    pub(super) fn of(checkpoint: Checkpoint) -> Identity {
        let Checkpoint { recipe, seed, start, pretrained, training, validation, versions, .. } = checkpoint;
        Identity { recipe, seed, start, pretrained, training, validation, versions }
    }

    /// What this identity has otherwise than an `earlier` one: `lr: 0.001 → 0.0005`, in the order of the fields' names.
    pub(super) fn differences(&self, earlier: &Identity) -> Vec<String> {
        let [was, is] =
            [earlier, self].map(|one| serde_json::to_value(one).expect("an identity is plain data"));
        let mut found = Vec::new();
        compare("", &was, &is, &mut found);
        found
    }
}

/// Adds the differences of two values, of which `field` is the name, to those found.
fn compare(field: &str, was: &Value, is: &Value, found: &mut Vec<String>) {
    let (Value::Object(one), Value::Object(other)) = (was, is) else {
        if was != is {
            found.push(format!("{field}: {} → {}", told(was), told(is)));
        }
        return;
    };
    let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        // What the recipe has is known by the name of its flag.
        let known = match field {
            "" if name == "recipe" => String::new(),
            "" => name.clone(),
            _ => format!("{field}.{name}"),
        };
        let [was, is] = [one, other].map(|fields| fields.get(name).unwrap_or(&Value::Null));
        compare(&known, was, is, found);
    }
}

/// A value as a person writes it.
fn told(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Array(values) if values.is_empty() => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(told).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(recipe: Value) -> Identity {
        let data = Data { digests: vec!["xxh3:0".to_owned()], records: 1, patients: 1 };
        let versions = Versions { train: "1".to_owned(), libtorch: "2".to_owned() };
        Identity {
            recipe,
            seed: 1,
            start: None,
            pretrained: None,
            training: data.clone(),
            validation: data,
            versions,
        }
    }

    #[test]
    fn differences_name_fields_and_both_values() {
        let was = identity(serde_json::json!({ "lr": 0.001, "model": "unet/resnet18", "epochs": 2 }));
        assert_eq!(was.differences(&was), [""; 0]);
        let mut is = identity(
            serde_json::json!({ "lr": 0.0005, "model": "fpn/resnet18", "epochs": 2, "tail": "drop" }),
        );
        is.training.digests.push("xxh3:1".to_owned());
        is.start = Some("xxh3:2".to_owned());
        assert_eq!(
            is.differences(&was),
            [
                "lr: 0.001 → 0.0005",
                "model: unet/resnet18 → fpn/resnet18",
                "tail: nothing → drop",
                "start: nothing → xxh3:2",
                "training.digests: xxh3:0 → xxh3:0, xxh3:1",
            ]
        );
    }
}
