//! The card of a stage: what it consumes and produces, for the arguments it was given.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shard::PlaneSpec;

/// What `--describe` prints. The runner type-checks the edges of a pipeline with it, so that a pipeline file
/// cannot drift from the stages it names.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Version of the contract; 1.
    pub contract: u32,
    /// The stage's name, also that of its binary.
    pub stage: String,
    /// The stage's version.
    pub version: String,
    /// One sentence.
    pub about: String,
    /// What goes in. The port `in` is the stage's main input, given by position or `--in`; any other port is
    /// given by the flag of its name.
    pub inputs: Vec<Port>,
    /// What comes out, at `--out`.
    pub output: Output,
    /// How records out relate to records in.
    pub relation: Relation,
    /// Whether the main input is read once, or again and again (then a pipe is spooled to disk first).
    pub pass: Pass,
    /// Whether the output's last bits depend on libtorch's version, the kind of device, and the number of threads.
    pub numeric: bool,
    /// With which libtorch, and on which kind of device, the stage would compute here, with these arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<Backend>,
    /// JSON Schema of the stage's own arguments; a property `min_votes` is the flag `--min-votes`.
    pub arguments: serde_json::Value,
}

/// What computes on tensors: with the number of threads, what their last bits depend on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backend {
    /// libtorch's version.
    pub libtorch: String,
    /// The kind of device: `cpu`, `cuda` or `mps`.
    pub device: String,
}

/// An input of a stage.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// The flag without its dashes.
    pub name: String,
    /// How many paths it takes.
    pub arity: Arity,
    /// What it reads: any one of these.
    pub accepts: Vec<Artefact>,
    /// Whether the stage reads names too: that of a folder, or of a file and of the folder it is in. (The names of
    /// what is in a folder are part of its content anyway.)
    #[serde(default, skip_serializing_if = "is_false")]
    pub names: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Port {
    /// The main input `in`, a stream of records that have `planes`.
    pub fn shards(planes: &[&str]) -> Port {
        Port::new("in", Arity::Many, [Artefact::shard(planes)])
    }

    /// A port that accepts any of `accepts`.
    pub fn new(name: &str, arity: Arity, accepts: impl Into<Vec<Artefact>>) -> Port {
        Port { name: name.to_owned(), arity, accepts: accepts.into(), names: false }
    }

    /// This port, of a stage that also reads names.
    pub fn with_names(self) -> Port {
        Port { names: true, ..self }
    }
}

/// How many paths a port takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Arity {
    /// None or one.
    Optional,
    /// Exactly one.
    One,
    /// One or more; shards are read one behind the other, as if concatenated.
    Many,
    /// One or more, side by side, such as the voters of a vote; their planes may differ.
    Each,
}

/// A kind of thing on an edge.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Artefact {
    /// A stream of records with at least these planes.
    Shard {
        /// Names of the planes that are read.
        planes: Vec<String>,
    },
    /// A file, such as a `submission`.
    File {
        /// What is in it.
        of: String,
    },
    /// A folder, such as a `data-set` or a `checkpoint`.
    Directory {
        /// What is in it.
        of: String,
    },
}

impl Artefact {
    /// A stream of records with at least `planes`.
    pub fn shard(planes: &[&str]) -> Artefact {
        Artefact::Shard { planes: planes.iter().map(|&name| name.to_owned()).collect() }
    }

    /// A file of `of`.
    pub fn file(of: &str) -> Artefact {
        Artefact::File { of: of.to_owned() }
    }

    /// A folder of `of`.
    pub fn directory(of: &str) -> Artefact {
        Artefact::Directory { of: of.to_owned() }
    }
}

/// What a stage writes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Output {
    /// A stream of records.
    Shard {
        /// Whether the planes of the input flow on.
        keeps: bool,
        /// Planes that flow no further, where the others do.
        drops: Vec<String>,
        /// Planes that the stage adds or rewrites.
        adds: Vec<PlaneSpec>,
    },
    /// A file of text, such as a `submission`.
    File {
        /// What is in it.
        of: String,
    },
    /// A folder, such as a `checkpoint`.
    Directory {
        /// What is in it.
        of: String,
    },
}

impl Output {
    /// The input's planes and `adds`.
    pub fn adds(adds: impl Into<Vec<PlaneSpec>>) -> Output {
        Output::Shard { keeps: true, drops: Vec::new(), adds: adds.into() }
    }

    /// Nothing but `planes`.
    pub fn planes(planes: impl Into<Vec<PlaneSpec>>) -> Output {
        Output::Shard { keeps: false, drops: Vec::new(), adds: planes.into() }
    }

    /// The planes that come out where `input` goes in; none where the output is no stream of records.
    pub fn resolve(&self, input: &[PlaneSpec]) -> Vec<PlaneSpec> {
        let Output::Shard { keeps, drops, adds } = self else { return Vec::new() };
        let mut planes: Vec<PlaneSpec> = match keeps {
            true => input.iter().filter(|plane| !drops.contains(&plane.name)).cloned().collect(),
            false => Vec::new(),
        };
        for add in adds {
            match planes.iter_mut().find(|plane| plane.name == add.name) {
                Some(plane) => *plane = add.clone(),
                None => planes.push(add.clone()),
            }
        }
        planes
    }
}

/// How records out relate to records in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// Records, or files, out of something that is no stream of records.
    Source,
    /// One record out for each record in, with its key, and dependent on it alone: only changed records need to
    /// be run again.
    Map,
    /// Any number of records out for each record in.
    Expand,
    /// The output depends on all records together.
    Reduce,
}

/// How often the main input is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pass {
    /// Once, in order.
    Single,
    /// Again and again.
    Replayed,
}
