//! A pipeline file as its author writes it. These types are its documentation, and its JSON Schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A pipeline: stages chained by what flows between them.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PipelineFile {
    /// What the pipeline is.
    #[serde(default)]
    pub pipeline: About,
    /// Parameters, set by `--set name=value`. `{name}` in any string stands for one; a string that is nothing but
    /// `"{name}"` takes its type too. A dotted name (`data.root`) is one name.
    #[serde(default)]
    pub params: BTreeMap<String, serde_json::Value>,
    /// Files and folders that the user brings. Their content counts, not their path.
    #[serde(default)]
    pub input: BTreeMap<String, InputTable>,
    /// The stages that run.
    #[serde(default)]
    pub node: BTreeMap<String, NodeTable>,
}

/// What the pipeline is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Its name; that of the file where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A file or a folder that the user brings.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputTable {
    /// Where it is, relative to the folder that the runner is started in. `--set NAME.path=…` changes it.
    pub path: String,
}

/// A stage that runs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeTable {
    /// The stage: the name of its binary.
    pub run: String,
    /// What flows in: nodes and inputs for the port `in`, or a table of port = nodes and inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<From>,
    /// The stage's arguments: `min_votes = 2` is `--min-votes=2`, `true` a bare flag, `false` none, an array a
    /// repeated flag. `--set NODE.argument=…` changes one.
    #[serde(default)]
    pub args: BTreeMap<String, serde_json::Value>,
    /// Seed of everything that the stage draws at random, up to 18446744073709551615; 0 where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<Number>,
    /// Bad records that the stage may pass over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_bad: Option<Number>,
    /// Threads of the stage. Where it is not given, all cores, divided by `-j` unless the number changes the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<Number>,
    /// Runs the node once for each value, or each combination of values: `for = { model = ["unet", "segformer"] }`
    /// makes `{model}` stand for the value in the strings of this node.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub each: Option<BTreeMap<String, Values>>,
    /// Streams the output into the one node that reads it, without touching the disk.
    #[serde(default)]
    pub pipe: bool,
    /// Puts a copy of the output at this path, relative to the folder that the runner is started in. What is there
    /// already, and was not put there by the runner or was edited since, stays unless `--replace` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<String>,
    /// Prints the output, a text, when the pipeline is done: `true`, or the text's path in an output that is a
    /// folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show: Option<Show>,
}

/// Where a node's inputs come from: `"node"`, `"input"`, or `"node/path/in/its/folder"`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum From {
    /// What the port `in` reads.
    In(Sources),
    /// What each port reads.
    Ports(BTreeMap<String, Sources>),
}

/// One source or several, read one behind the other.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Sources {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// A whole number, or `"{parameter}"`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Number {
    /// The number.
    Number(u64),
    /// A string that stands for one.
    Reference(String),
}

/// The values of a variable, or `"{parameter}"`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Values {
    /// Strings, numbers or booleans.
    List(Vec<serde_json::Value>),
    /// A string that stands for a list.
    Reference(String),
}

/// Whether, and what, to print of an output.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Show {
    /// The output itself.
    Whole(bool),
    /// A file in the output's folder.
    Part(String),
}

/// The JSON Schema of pipeline files.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(PipelineFile).to_value()
}

/// The keys that a table of the file may have, as its type says.
pub(crate) fn keys<T: JsonSchema>() -> Vec<String> {
    let schema = schemars::schema_for!(T).to_value();
    let properties = schema.get("properties").and_then(serde_json::Value::as_object);
    properties.expect("a table of the file is a struct with fields").keys().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_fields() {
        assert_eq!(keys::<InputTable>(), ["path"]);
        assert!(keys::<NodeTable>().contains(&"for".to_owned()));
        assert_eq!(keys::<PipelineFile>(), ["pipeline", "params", "input", "node"]);
    }
}
