//! What a result depends on, and the key that stands for all of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::parse::accepted::plain;

/// Everything that a result depends on. Neither times nor names of nodes are among it, and names of what the user
/// brings only where the stage reads them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this list; 1.
    pub format: u32,
    /// The stage's name.
    pub stage: String,
    /// blake3 of the stage's binary.
    pub binary: String,
    /// The stage's arguments, defaults resolved.
    pub arguments: BTreeMap<String, Json>,
    /// `--seed`.
    pub seed: u64,
    /// `--skip-bad`.
    pub skip_bad: u64,
    /// What flows in, by port, in order.
    pub inputs: BTreeMap<String, Vec<Ingredient>>,
    /// What the stage says it writes.
    pub output: stage::Output,
    /// What computed, for stages whose last bits depend on it.
    pub backend: Option<Backend>,
}

/// Something that flows in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Ingredient {
    /// Content of this digest.
    Content(String),
    /// Content, and the names by which the stage is given it.
    Named {
        /// Its digest.
        content: String,
        /// The name of a folder; of a file, its folder's and its own.
        names: Vec<String>,
    },
    /// The stream of another stage, which never was on the disk.
    Piped(Box<Manifest>),
}

/// What the last bits of a computation on tensors depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backend {
    /// libtorch's version.
    pub libtorch: String,
    /// `cpu`, `cuda` or `mps`.
    pub device: String,
    /// `--threads`: sums are split among them.
    pub threads: u64,
}

impl Ingredient {
    /// The digest of the content; none of a pipe's.
    pub(crate) fn content(&self) -> Option<&str> {
        match self {
            Ingredient::Content(content) | Ingredient::Named { content, .. } => Some(content),
            Ingredient::Piped(_) => None,
        }
    }
}

impl Manifest {
    /// The key: blake3 of this manifest as JSON.
    pub fn key(&self) -> String {
        digest_of(self)
    }

    /// The key of everything but what flows into the port `in`.
    pub(crate) fn base_key(&self) -> String {
        let mut base = self.clone();
        base.inputs.remove("in");
        digest_of(&base)
    }

    /// What is different from `old`, in words; inputs are left to whoever knows what they are.
    pub fn changes(&self, old: &Manifest) -> Vec<String> {
        let mut changes = Vec::new();
        if self.stage != old.stage {
            changes.push(format!("stage {} → {}", old.stage, self.stage));
        } else if self.binary != old.binary {
            changes.push(format!("the {} binary changed", self.stage));
        }
        for (name, new) in &self.arguments {
            match old.arguments.get(name) {
                None if *new == Json::Bool(true) => changes.push(format!("{name} was added")),
                None => changes.push(format!("{name} = {} was added", plain(new))),
                Some(old) if old != new => changes.push(format!("{name} {} → {}", plain(old), plain(new))),
                Some(_) => {}
            }
        }
        for (name, old) in old.arguments.iter().filter(|(name, _)| !self.arguments.contains_key(*name)) {
            changes.push(format!("{name} (was {}) was removed", plain(old)));
        }
        if self.seed != old.seed {
            changes.push(format!("seed {} → {}", old.seed, self.seed));
        }
        if self.skip_bad != old.skip_bad {
            changes.push(format!("skip_bad {} → {}", old.skip_bad, self.skip_bad));
        }
        if self.output != old.output && self.stage == old.stage {
            changes.push("what the stage writes changed".to_owned());
        }
        match (&self.backend, &old.backend) {
            (Some(new), Some(old)) => {
                let threads = [old.threads, new.threads].map(|threads| threads.to_string());
                let pairs = [
                    ("device", &old.device, &new.device),
                    ("libtorch", &old.libtorch, &new.libtorch),
                    ("threads", &threads[0], &threads[1]),
                ];
                let differing = pairs.iter().filter(|(_, old, new)| old != new);
                changes.extend(differing.map(|(what, old, new)| format!("{what} {old} → {new}")));
            }
            (new, old) if new != old => changes.push("whether it computes with libtorch changed".to_owned()),
            _ => {}
        }
        changes
    }
}

fn digest_of(manifest: &Manifest) -> String {
    // Maps are sorted and fields have an order, so that equal manifests are equal texts.
    let text = serde_json::to_string(manifest).expect("a manifest is strings, numbers and maps of them");
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            format: 1,
            stage: "train".to_owned(),
            binary: "b1".to_owned(),
            arguments: [("lr".to_owned(), json!(1e-3))].into(),
            seed: 0,
            skip_bad: 0,
            inputs: [("in".to_owned(), vec![Ingredient::Content("d1".to_owned())])].into(),
            output: stage::Output::Directory { of: "checkpoint".to_owned() },
            backend: None,
        }
    }

    fn backend(libtorch: &str, device: &str, threads: u64) -> Option<Backend> {
        Some(Backend { libtorch: libtorch.to_owned(), device: device.to_owned(), threads })
    }

    #[test]
    fn what_computes_counts() {
        let keys = [("2", "cpu", 1), ("2", "cpu", 2), ("2", "cuda", 1), ("3", "cpu", 1)]
            .map(|(libtorch, device, threads)| backend(libtorch, device, threads))
            .map(|backend| Manifest { backend, ..manifest() }.key());
        let different: std::collections::BTreeSet<&String> = keys.iter().collect();
        assert_eq!(different.len(), keys.len());
    }

    #[test]
    fn everything_counts() {
        let old = manifest();
        let key = old.key();
        let changed: [fn(&mut Manifest); 9] = [
            |m| m.stage.push('x'),
            |m| m.binary.push('x'),
            |m| drop(m.arguments.insert("lr".to_owned(), json!(3e-4))),
            |m| m.seed = 1,
            |m| m.skip_bad = 1,
            |m| drop(m.inputs.insert("in".to_owned(), vec![Ingredient::Content("d2".to_owned())])),
            |m| {
                let content = "d1".to_owned();
                let named = Ingredient::Named { content, names: vec!["ID001".to_owned()] };
                m.inputs.insert("in".to_owned(), vec![named]);
            },
            |m| m.output = stage::Output::File { of: "checkpoint".to_owned() },
            |m| m.backend = backend("2", "cpu", 1),
        ];
        for change in changed {
            let mut new = old.clone();
            change(&mut new);
            assert_ne!(new.key(), key, "{new:?}");
        }
        assert_eq!(old.clone().key(), key);
    }

    #[test]
    fn tells_changes() {
        let mut new = manifest();
        new.binary = "b2".to_owned();
        new.arguments.insert("lr".to_owned(), json!(3e-4));
        new.arguments.insert("quick".to_owned(), json!(true));
        assert_eq!(
            new.changes(&manifest()),
            ["the train binary changed", "lr 0.001 → 0.0003", "quick was added"]
        );
    }
}
