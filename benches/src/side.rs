//! One side of a row: a process that works a round whenever it is told to.
//!
//! The protocol, JSON objects a line each: the process begins with a [`Ready`]; each line that it is sent, whatever
//! it says, is answered by a [`Round`].

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Result;

/// What a side says after its first item.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ready {
    /// Bytes of memory that the work took beside what it began with.
    pub(crate) extra: u64,
    /// Bytes of the result, where these are what it is about.
    #[serde(default)]
    pub(crate) stored: Option<u64>,
    /// What the result comes down to; the same on all sides of a row.
    pub(crate) check: Vec<f64>,
    /// The libraries that do the work.
    pub(crate) versions: BTreeMap<String, String>,
}

/// What a side says after each round.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Round {
    /// Seconds an image, for each item that the round had time for.
    pub(crate) seconds: Vec<f64>,
    /// Seconds of all processors an image, likewise.
    pub(crate) cpu_seconds: Vec<f64>,
}

/// Once a side has worked this many seconds, further rounds go without it.
const ENOUGH: f64 = 20.0;

/// A process that works in rounds.
pub(crate) struct Side {
    /// How the command line reads.
    command: String,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// What it said after its first item.
    pub(crate) ready: Ready,
    /// What all rounds took.
    pub(crate) rounds: Round,
    spent: f64,
}

impl Side {
    /// Starts the process and waits until it is ready.
    pub(crate) fn start(command: &mut Command) -> Result<Side> {
        let shown = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{shown} does not start: {error}"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a process without pipes".into());
        };
        let mut output = BufReader::new(output);
        let ready = answer(&mut output, &shown)?;
        let rounds = Round::default();
        Ok(Side { command: shown, child, input, output, ready, rounds, spent: 0.0 })
    }

    /// Lets the process work a round, unless it has worked [`ENOUGH`].
    pub(crate) fn round(&mut self) -> Result<()> {
        if self.spent >= ENOUGH {
            return Ok(());
        }
        let start = Instant::now();
        self.input.write_all(b"round\n")?;
        let round: Round = answer(&mut self.output, &self.command)?;
        self.spent += start.elapsed().as_secs_f64();
        self.rounds.seconds.extend(round.seconds);
        self.rounds.cpu_seconds.extend(round.cpu_seconds);
        Ok(())
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // It may have ended by itself; what counts is that none is left.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answer<T: DeserializeOwned>(output: &mut impl BufRead, command: &str) -> Result<T> {
    let mut line = String::new();
    output.read_line(&mut line)?;
    if line.is_empty() {
        return Err(format!("{command} ended early; its message is above").into());
    }
    serde_json::from_str(&line).map_err(|error| format!("{command} said {line:?}: {error}").into())
}
