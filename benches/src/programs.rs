//! Rows on whole programs: how long they take before they do anything, and when there is nothing to do.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::Serialize;

use crate::Result;
use crate::environment::Python;
use crate::figures::median;
use crate::inputs::Inputs;
use crate::process::stage;

/// Records of the pipeline that has nothing to do.
const RECORDS: usize = 10_000;

/// What was measured of a whole program, by the clock.
#[derive(Debug, Serialize)]
pub(crate) struct ProgramResult {
    /// What it does.
    pub(crate) work: String,
    /// The median in seconds.
    pub(crate) ours: f64,
    /// The same of the peer.
    pub(crate) peer: Option<f64>,
    /// At most this many seconds.
    pub(crate) bar: f64,
}

/// `encode-rle --describe` beside Python's imports, in turn.
pub(crate) fn start(python: &Python, rounds: usize, torch: bool) -> Result<ProgramResult> {
    let stage = stage("encode-rle")?;
    let imports = if torch { "torch, cv2, numpy, pandas" } else { "cv2, numpy, pandas" };
    let (mut ours, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        for _ in 0..10 {
            ours.push(seconds(stage.command().arg("--describe"))?);
        }
        peer.push(seconds(python.command().args(["-c", &format!("import {imports}")]))?);
    }
    Ok(ProgramResult {
        work: format!("start of a stage without torch (peer: `import {imports}`)"),
        ours: median(&ours),
        peer: Some(median(&peer)),
        bar: 0.015,
    })
}

/// A second run of a pipeline whose data set has 10,000 radiographs, each in a file of its own.
pub(crate) fn nothing_to_do(scratch: &Path, rounds: usize) -> Result<ProgramResult> {
    if scratch.exists() {
        fs::remove_dir_all(scratch)?;
    }
    fs::create_dir_all(scratch)?;
    // Copies, not links: a file's digest is remembered by its inode.
    let hands = scratch.join("copies");
    let small = Inputs::make_small(&scratch.join("drawn"), 20, 16)?;
    small.multiply(&hands, RECORDS, |from, to| fs::copy(from, to).map(drop))?;
    let pipeline = scratch.join("pipeline.toml");
    fs::write(&pipeline, PIPELINE)?;

    let runner = stage("runner")?;
    let run = || -> Command {
        let mut command = runner.command();
        command.arg(&pipeline).arg("--store").arg(scratch.join("runs"));
        command.arg("--set").arg(format!("data.path={}", hands.display())).stdout(Stdio::null());
        command.stderr(Stdio::null());
        command
    };
    runner.run(&mut run())?;
    // What was written within the last clock ticks is not yet trusted unread: the run after the first reads again.
    runner.run(&mut run())?;
    let ours = (0..rounds).map(|_| seconds(&mut run())).collect::<Result<Vec<f64>>>()?;
    fs::remove_dir_all(scratch)?;
    let work = format!("`runner` with nothing to do, {RECORDS} records");
    Ok(ProgramResult { work, ours: median(&ours), peer: None, bar: 1.0 })
}

const PIPELINE: &str = r#"
[pipeline]
name = "nothing-to-do"
description = "10,000 records from files to a submission"

[input.data]
path = "hands"

[node.radiographs]
run = "decode"
from = "data"

[node.labels]
run = "rasterize-labels"
from = "radiographs"

[node.submission]
run = "encode-rle"
from = "labels"
"#;

fn seconds(command: &mut Command) -> Result<f64> {
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).status()?;
    let elapsed = start.elapsed().as_secs_f64();
    if status.success() { Ok(elapsed) } else { Err(format!("{command:?} failed: {status}").into()) }
}
