//! Our side of a row: the protocol of [`crate::side`], for [`Work`].

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::Command;

use serde::Serialize;

use crate::Result;
use crate::inputs::Inputs;
use crate::process::{forget_peak, peak_memory, resident_memory};
use crate::rows::{self, Row};
use crate::side::{Ready, Round};
use crate::work::Work;

/// A round goes on with one item after the other until this much time was measured, as in `peers/serve.py`.
const ROUND_SECONDS: f64 = 0.25;

/// The command that is our side of a row.
pub(crate) fn command(row: &Row, inputs: &Path) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["serve", row.name]).arg(inputs);
    Ok(command)
}

/// Works in rounds until standard input ends.
pub(crate) fn serve(name: &str, inputs: &Path) -> Result<()> {
    let row = rows::all()
        .chain(&rows::ACTIVATIONS)
        .find(|row| row.name == name)
        .ok_or_else(|| format!("no row is named {name}"))?;
    rayon::ThreadPoolBuilder::new().num_threads(row.threads).build_global()?;
    tch::set_num_threads(row.threads as i32);
    let work: Work = (row.ours)(&Inputs::open(inputs)?)?;

    forget_peak();
    let before = resident_memory();
    let first = work.run(0);
    let extra = peak_memory().saturating_sub(before);
    say(&Ready { extra, stored: first.stored(), check: first.check(), versions: Default::default() })?;
    drop(first);

    let mut position = 0;
    for line in std::io::stdin().lock().lines() {
        line?;
        let mut round = Round::default();
        let mut spent = 0.0;
        while spent < ROUND_SECONDS {
            let done = work.run(position % work.items());
            position += 1;
            spent += done.seconds;
            round.seconds.push(done.seconds / work.images() as f64);
            round.cpu_seconds.push(done.cpu_seconds / work.images() as f64);
        }
        say(&round)?;
    }
    Ok(())
}

fn say(message: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(std::io::stdout().write_all(&line)?)
}
