//! Runs one unit: a stage, or the stages of a pipe group, into the work folder of its key, and makes it a result.

use std::fs;
use std::io;
use std::time::Instant;

use stage::Summary;

use crate::plan::Planner;
use crate::run::changed;
use crate::run::context::{Context, Failed};
use crate::run::reading::Reading;
use crate::store::Object;
use crate::store::files::{named, read_json, write_json};
use crate::store::tree::Tree;
use crate::tell::report::{now, short};

/// A unit's result and how it came to be.
pub(crate) struct Outcome {
    pub(crate) object: Object,
    pub(crate) hit: bool,
    /// Records and digests of what flowed through pipes, by member.
    pub(crate) piped: Vec<(u64, String)>,
    pub(crate) message: String,
}

impl Outcome {
    pub(crate) fn hit(object: Object) -> Outcome {
        Outcome { object, hit: true, piped: Vec::new(), message: String::new() }
    }
}

/// Runs the unit. What was whole in its work folder already is not done again.
pub(crate) fn run(context: &Context<'_>) -> Result<Outcome, Failed> {
    let last = context.last();
    let names: Vec<&str> =
        context.members().iter().map(|member| context.step(*member).name.as_str()).collect();
    let console = context.console;
    names.iter().for_each(|name| console.started(name));
    let clock = Instant::now();
    let result =
        prepare(context).map_err(|error| Failed::io(last, &error)).and_then(|()| make(context, clock));
    match &result {
        Ok(ran) => {
            let Object { records, digest, .. } = &ran.object;
            let how = if ran.message.is_empty() { String::new() } else { format!(" ({})", ran.message) };
            let seconds = clock.elapsed().as_secs_f64();
            for (index, name) in names.iter().enumerate() {
                let piped = ran.piped.get(index).filter(|_| index + 1 < names.len());
                let (records, digest) =
                    piped.map_or((records, digest), |(records, digest)| (records, digest));
                console.ended(
                    name,
                    &format!("done in {seconds:.2} s, {records} records, {}{how}", short(digest)),
                );
            }
        }
        Err(failed) => {
            for (name, member) in names.iter().zip(context.members()) {
                let stopped = context.interrupt.signal().is_some();
                let text = match *member == failed.step {
                    _ if stopped => "stopped".to_owned(),
                    true => format!("failed: {}", failed.message),
                    false => "stopped, as its group failed".to_owned(),
                };
                console.ended(name, &text);
            }
        }
    }
    result
}

/// Makes the work folder. All that an earlier attempt left is removed, but a folder to go on with and a result
/// that lacks only its place.
fn prepare(context: &Context<'_>) -> io::Result<()> {
    let work = context.work();
    fs::create_dir_all(&work).map_err(|error| named(&work, error))?;
    let Planner { store, memo, .. } = context.planner;
    if store.unplaced(&context.task.key, memo).is_some() {
        return Ok(());
    }
    let out = work.join("out");
    if out.is_dir() {
        // The folder is whole, but whether what it was made of is what its key stands for is not known: the stage,
        // which knows what it has read, goes on from it.
        let partial = work.join("out.partial");
        if partial.exists() { fs::remove_dir_all(&out)? } else { fs::rename(&out, &partial)? }
    }
    for entry in fs::read_dir(&work)? {
        let path = entry?.path();
        if path.ends_with("out.partial") && path.is_dir() {
            continue;
        }
        if path.is_dir() { fs::remove_dir_all(&path)? } else { fs::remove_file(&path)? }
    }
    write_json(&work.join("manifest.json"), &context.task.manifests[context.task.manifests.len() - 1])
}

fn make(context: &Context<'_>, clock: Instant) -> Result<Outcome, Failed> {
    let last = context.last();
    let io = |error: io::Error| Failed::io(last, &error);
    let Planner { store, memo, .. } = context.planner;
    let (object, message) = match store.unplaced(&context.task.key, memo) {
        Some(object) => (object, "it was whole already".to_owned()),
        None => {
            let reading = Reading::begin(context)?;
            let made = run_stages(context).and_then(|made| {
                changed::keep(context).map_err(io)?;
                Ok(made)
            });
            // Why stages failed matters less than that they read what nobody asked for.
            reading.end().inspect_err(|_| {
                // What can't be removed is made anew by the next run, which finds no result in it.
                let _ = fs::remove_dir_all(context.work());
            })?;
            let (summary, message) = made?;
            (describe(context, &summary, clock)?, message)
        }
    };
    let told = summaries(context).unwrap_or_default();
    let piped = told.iter().map(|summary| (summary.records.written, summary.output_digest.clone())).collect();
    store.commit(&object).map_err(io)?;
    settle(context, &object).map_err(io)?;
    Ok(Outcome { object, hit: false, piped, message })
}

/// Runs the stages, on the changed records alone where that is enough; gives the summary of the result, and what to say
/// of it.
fn run_stages(context: &Context<'_>) -> Result<(Summary, String), Failed> {
    if let Some(merged) = changed::run(context)? {
        return Ok(merged);
    }
    context.spawn(&context.work().join("out"), None, "summary")?;
    let summary = summaries(context).and_then(|mut summaries| summaries.pop());
    let summary = summary.ok_or_else(|| {
        Failed::internal(context.last(), "the stage ended well but wrote no summary, or no legible one")
    })?;
    Ok((summary, String::new()))
}

/// What is known of the result that has grown, written beside it.
fn describe(context: &Context<'_>, summary: &Summary, clock: Instant) -> Result<Object, Failed> {
    let last = context.last();
    let files = Tree::of(&context.work().join("out"), context.planner.memo).map_err(|error| {
        Failed::internal(last, &format!("the stage ended well but left no output: {error}"))
    })?;
    let digest = Some(&summary.output_digest).filter(|digest| !digest.is_empty());
    let object = Object {
        key: context.task.key.clone(),
        digest: digest.cloned().unwrap_or_else(|| files.digest()),
        records: summary.records.written,
        seconds: clock.elapsed().as_secs_f64(),
        finished: now(),
        files,
    };
    context.planner.store.finish(&object).map_err(|error| Failed::io(last, &error))?;
    Ok(object)
}

/// Remembers the digests of the result's files, which change no more.
fn settle(context: &Context<'_>, object: &Object) -> io::Result<()> {
    let planner = context.planner;
    let out = planner.store.out(&object.key);
    for (name, content) in &object.files.0 {
        let path = if name.is_empty() { out.clone() } else { out.join(name) };
        planner.memo.insert(&fs::metadata(path)?, &content.digest);
    }
    changed::remember(context)
}

/// The summaries of all members, where all are there.
fn summaries(context: &Context<'_>) -> Option<Vec<Summary>> {
    (0..context.members().len()).map(|index| read_json(&context.summary_path(index, "summary"))).collect()
}
