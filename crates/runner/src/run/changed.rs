//! Runs a map stage on the records that changed, and takes the others from its last result.
//!
//! The last result is the one with the same stage, arguments and side inputs, whatever its records were. Records are
//! merged as they are, still compressed, in the order of the input, so that the stream is the one that a run on all
//! records would have written. So is the summary: where it can't be told what each record added to the counts of the
//! last result, all are run.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use shard::{Header, Indexed, Writer};
use stage::{Arity, InputDigest, RecordCounts, Relation, Summary};

use crate::run::context::{Context, Failed};
use crate::store::files::{read_json, write_json, write_whole};

/// What flowed into a result.
#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    header: Header,
    /// Key and digest of every record, in order.
    records: Vec<(String, String)>,
}

/// Runs the stage on the changed records alone, and gives the summary of all and what to say of it; none where there
/// is no earlier result to start from, or every record changed.
pub(crate) fn run(context: &Context<'_>) -> Result<Option<(Summary, String)>, Failed> {
    let last = context.last();
    let failed = |error: shard::Error| Failed { step: last, code: 70, message: error.to_string() };
    let io = |error: io::Error| Failed::io(last, &error);
    let planner = context.planner;
    if !applies(context) {
        return Ok(None);
    }
    let Some(Earlier { key: old_key, seen, summary: old_summary }) = earlier(context) else {
        return Ok(None);
    };
    let Some(inputs) = open(context) else { return Ok(None) };
    if inputs.iter().any(|input| *input.header() != seen.header) {
        return Ok(None);
    }
    let known: HashMap<&str, &str> =
        seen.records.iter().map(|(key, digest)| (key.as_str(), digest.as_str())).collect();
    let changed = |key: &str, digest: u128| known.get(key).is_none_or(|known| *known != hex(digest));
    let all: usize = inputs.iter().map(Indexed::len).sum();
    let many = inputs.iter().flat_map(Indexed::records).filter(|(key, digest)| changed(key, *digest)).count();
    // What flowed into the last result is all there still.
    let added_to = all - many == seen.records.len();
    if many == all
        || !old_summary.notes.is_empty()
        || !(added_to || old_summary.counts.values().all(|count| *count == 0))
    {
        return Ok(None);
    }

    let part = context.work().join("part");
    fs::create_dir_all(&part).map_err(io)?;
    let (part_in, part_out) = (part.join("in"), part.join("out"));
    let mut writer = Writer::create(&part_in, seen.header.clone()).map_err(failed)?;
    for input in &inputs {
        for (number, (key, digest)) in input.records().enumerate() {
            if changed(key, digest) {
                writer.push_raw(&input.raw(number).map_err(failed)?).map_err(failed)?;
            }
        }
    }
    writer.commit().map_err(failed)?;
    context.spawn(&part_out, Some(&part_in), "part")?;
    let summary: Option<Summary> = read_json(&context.work().join("part.json"));
    let summary =
        summary.ok_or_else(|| Failed::internal(last, "the stage ended well but wrote no summary"))?;

    let old = Indexed::open(planner.store.out(&old_key)).map_err(failed)?;
    let new = Indexed::open(&part_out).map_err(failed)?;
    let merged = merge(&inputs, &old, &new, &changed, &context.work().join("out")).map_err(failed)?;
    fs::remove_dir_all(&part).map_err(io)?;
    // The stage is not one to one, although its card says so; or it has something to say of all that it read. Then it
    // runs on everything.
    let Some(digest) = merged.filter(|_| summary.notes.is_empty()) else { return Ok(None) };
    let paths = paths(context);
    let digests = inputs.iter().zip(&paths).map(|(input, path)| InputDigest {
        port: "in".to_owned(),
        path: path.display().to_string(),
        digest: input.digest().to_string(),
    });
    let mut counts = old_summary.counts;
    for (what, count) in summary.counts {
        *counts.entry(what).or_default() += count;
    }
    let summary = Summary {
        counts,
        inputs: digests.chain(summary.inputs.into_iter().filter(|input| input.port != "in")).collect(),
        output_digest: digest,
        records: RecordCounts { read: all as u64, written: all as u64, skipped: Vec::new() },
        ..summary
    };
    write_json(&context.work().join("summary.json"), &summary).map_err(io)?;
    Ok(Some((summary, format!("{many} of {all} records changed"))))
}

/// Keeps, beside the result that grows, what flowed into it.
pub(crate) fn keep(context: &Context<'_>) -> io::Result<()> {
    let Some(inputs) = applies(context).then(|| open(context)).flatten() else { return Ok(()) };
    let Some(first) = inputs.first() else { return Ok(()) };
    let records = inputs.iter().flat_map(Indexed::records);
    let records = records.map(|(key, digest)| (key.to_owned(), hex(digest))).collect();
    let seen = Seen { header: first.header().clone(), records };
    write_whole(&context.work().join("records"), &serde_json::to_vec(&seen)?)
}

/// Remembers the result as the one to start from when records change.
pub(crate) fn remember(context: &Context<'_>) -> io::Result<()> {
    if applies(context) { write_whole(&base(context), context.task.key.as_bytes()) } else { Ok(()) }
}

/// Whether records can be told apart: the stage maps, alone, from shards on the disk, and may skip none.
fn applies(context: &Context<'_>) -> bool {
    let [member] = context.members() else { return false };
    let step = context.step(*member);
    let shards = matches!(step.card.output, stage::Output::Shard { .. });
    let one_stream = step.card.inputs.iter().all(|port| port.name != "in" || port.arity != Arity::Each);
    let named = step.card.inputs.iter().any(|port| port.name == "in" && port.names);
    step.card.relation == Relation::Map && shards && one_stream && !named && step.skip_bad == 0
}

fn base(context: &Context<'_>) -> PathBuf {
    context.planner.store.path("bases").join(context.task.manifests[0].base_key())
}

/// A result to start from.
struct Earlier {
    key: String,
    seen: Seen,
    summary: Summary,
}

/// The last result with the same base, if it is whole, and what flowed into it.
fn earlier(context: &Context<'_>) -> Option<Earlier> {
    let planner = context.planner;
    let key = fs::read_to_string(base(context)).ok()?;
    planner.store.whole(&key, planner.memo)?;
    let folder = planner.store.object_path(&key);
    let (seen, summary) = (read_json(&folder.join("records"))?, read_json(&folder.join("summary.json"))?);
    Some(Earlier { key, seen, summary })
}

fn paths(context: &Context<'_>) -> Vec<PathBuf> {
    let edges = context.step(context.last()).edges.iter().filter(|edge| edge.port == "in");
    edges.map(|edge| context.path_of(edge)).collect()
}

/// The shards that flow in; none where one has no legible index, which the stage will say better.
fn open(context: &Context<'_>) -> Option<Vec<Indexed>> {
    paths(context).iter().map(|path| Indexed::open(path).ok()).collect()
}

/// Writes changed records from `new` and others from `old`; gives the digest, or none where a record is in neither.
fn merge(
    inputs: &[Indexed],
    old: &Indexed,
    new: &Indexed,
    changed: &dyn Fn(&str, u128) -> bool,
    out: &Path,
) -> Result<Option<String>, shard::Error> {
    if old.header() != new.header() {
        return Ok(None);
    }
    let mut writer = Writer::create(out, new.header().clone())?;
    for (key, digest) in inputs.iter().flat_map(Indexed::records) {
        let source = if changed(key, digest) { new } else { old };
        let Some(number) = source.number(key) else { return Ok(None) };
        writer.push_raw(&source.raw(number)?)?;
    }
    Ok(Some(writer.commit()?.to_string()))
}

fn hex(digest: u128) -> String {
    format!("{digest:032x}")
}
