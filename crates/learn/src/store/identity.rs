//! Of which run a state is.

use std::collections::BTreeMap;

use checkpoint::{Data, Pretrained, Versions};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everything that the outcome depends on.
///
/// A run goes on from the state of a run with the same identity, bit for bit; where they differ in what its weights and
/// its state allow, it goes on as a new leg.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// How to train, as a checkpoint records it.
    pub recipe: Value,
    /// Seed of all that is drawn.
    pub seed: u64,
    /// Digest of the weights that are gone on from.
    pub start: Option<String>,
    /// The pretrained weights that training begins with.
    #[serde(default)]
    pub pretrained: Option<Pretrained>,
    /// What is trained on.
    pub training: Data,
    /// What is validated on.
    pub validation: Option<Data>,
    /// What computes it.
    pub versions: Versions,
}

/// What weights and state are of; all else may change from leg to leg.
const FIXED: [&str; 9] = [
    "model",
    "input",
    "augment.label-form",
    "optimizer.name",
    "seed",
    "start",
    "pretrained",
    "training",
    "validation",
];

/// A value that two identities have otherwise.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    /// Its name, that of the recipe's values without `recipe`: `optimizer.lr`.
    pub(super) name: String,
    was: Value,
    is: Value,
}

impl Difference {
    /// Whether no run goes on with it.
    pub(super) fn is_fixed(&self) -> bool {
        let within = |whole: &str| {
            self.name.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        // Averages must have been there from the beginning; how fast they forget may change.
        self.name == "average" || FIXED.iter().any(|whole| within(whole))
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} → {}", self.name, told(&self.was), told(&self.is))
    }
}

/// Differences as they are told in a line.
pub(super) fn listed<'a>(differences: impl IntoIterator<Item = &'a Difference>) -> String {
    differences.into_iter().map(Difference::to_string).collect::<Vec<_>>().join("; ")
}

/// The values before.
pub(super) fn had(differences: &[Difference]) -> BTreeMap<String, Value> {
    differences.iter().map(|difference| (difference.name.clone(), difference.was.clone())).collect()
}

impl Identity {
    /// What this identity has otherwise than an `earlier` one: `lr: 0.001 → 0.0005`, in the order of the fields' names.
    pub(super) fn differences(&self, earlier: &Identity) -> Vec<Difference> {
        let [was, is] =
            [earlier, self].map(|one| serde_json::to_value(one).expect("an identity is plain data"));
        let mut found = Vec::new();
        compare("", &was, &is, &mut found);
        found
    }
}

/// Adds the differences of two values, of which `field` is the name, to those found.
fn compare(field: &str, was: &Value, is: &Value, found: &mut Vec<Difference>) {
    let (Value::Object(one), Value::Object(other)) = (was, is) else {
        if was != is {
            found.push(Difference { name: field.to_owned(), was: was.clone(), is: is.clone() });
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
            validation: Some(data),
            versions,
        }
    }

    #[test]
    fn differences_name_fields_and_both_values() {
        let was = identity(serde_json::json!({ "lr": 0.001, "model": "unet/resnet18", "epochs": 2 }));
        assert_eq!(was.differences(&was), []);
        let mut is = identity(
            serde_json::json!({ "lr": 0.0005, "model": "fpn/resnet18", "epochs": 2, "tail": "drop" }),
        );
        is.training.digests.push("xxh3:1".to_owned());
        is.start = Some("xxh3:2".to_owned());
        assert_eq!(
            is.differences(&was).iter().map(Difference::to_string).collect::<Vec<_>>(),
            [
                "lr: 0.001 → 0.0005",
                "model: unet/resnet18 → fpn/resnet18",
                "tail: nothing → drop",
                "start: nothing → xxh3:2",
                "training.digests: xxh3:0 → xxh3:0, xxh3:1",
            ]
        );
    }

    #[test]
    fn rates_and_lengths_may_change_networks_and_data_not() {
        let of = |name: &str| Difference { name: name.to_owned(), was: Value::Null, is: Value::Null };
        for fixed in [
            "model.name",
            "input.size",
            "augment.label-form",
            "optimizer.name",
            "seed",
            "training.digests",
            "average",
        ] {
            assert!(of(fixed).is_fixed(), "{fixed}");
        }
        for free in [
            "optimizer.lr",
            "run.epochs",
            "augment.transforms",
            "average.decay",
            "loss.terms",
            "input_weights",
            "versions.train",
        ] {
            assert!(!of(free).is_fixed(), "{free}");
        }
    }
}
