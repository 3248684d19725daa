//! Pretrained weights: what training began with instead of drawn weights, and where it is from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Normalisation;

/// The pretrained weights that training began with: source, licence, and what was done to make them fit.
///
/// What is absent is not known. A file's name and place are not recorded, because nothing in a checkpoint depends on
/// paths: its digest says which file it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pretrained {
    /// What they are of.
    pub part: Part,
    /// The address in the Hugging Face hub, `hf://owner/name[@revision]/file`; absent: a file of the user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// SHA-256 of the file; of weights in shards, of the index and every shard, one behind the other.
    pub sha256: String,
    /// The published weights that these are, recognised by the hub's repository or by the digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// The licence under which they are published, by its SPDX identifier where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// How images were normalised when they were trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalisation: Option<Normalisation>,
    /// The libraries in whose layout an encoder's weights were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    /// What was done to make them fit, in words: wrappers taken off, values cast, convolutions folded, fresh heads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
}

/// What part of a network weights are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// All of it.
    Model,
    /// The encoder alone.
    Encoder,
}
