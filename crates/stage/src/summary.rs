//! The summary of a run: what went in and out, how long it took, how much memory it needed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `--summary` writes, once the output is complete.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// The stage's name.
    pub stage: String,
    /// The stage's version.
    pub version: String,
    /// The stage's own arguments, defaults resolved.
    pub arguments: serde_json::Value,
    /// `--seed`.
    pub seed: u64,
    /// Threads that were used.
    pub threads: usize,
    /// Everything that was read.
    pub inputs: Vec<InputDigest>,
    /// Digest of the output's content; nothing of its path or time.
    pub output_digest: String,
    /// Records in, out and skipped.
    pub records: RecordCounts,
    /// Things worth counting, such as duplicate labels.
    pub counts: BTreeMap<String, u64>,
    /// Things worth saying.
    pub notes: Vec<String>,
    /// Wall-clock time.
    pub wall_seconds: f64,
    /// Largest resident size, where the system tells it.
    pub peak_memory_bytes: Option<u64>,
}

/// The digest of one input.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputDigest {
    /// The port it came in at.
    pub port: String,
    /// The path, or `standard input`.
    pub path: String,
    /// Digest of its content.
    pub digest: String,
}

/// Records in, out and skipped.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordCounts {
    /// Records (or files) read whole.
    pub read: u64,
    /// Records (or files) written.
    pub written: u64,
    /// What `--skip-bad` passed over.
    pub skipped: Vec<Skipped>,
}

/// One thing that `--skip-bad` passed over.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Skipped {
    /// The file it was in.
    pub file: String,
    /// The record's key.
    pub record: String,
    /// Why it could not be processed.
    pub reason: String,
}

/// Largest resident size of this process in bytes (`VmHWM` of Linux; none elsewhere).
pub(crate) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
