//! Runs the processes of a unit, connected by pipes, and listens to what they say.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

use stage::ProgressEvent;

use crate::check::stages::UNSTARTED;
use crate::run::interrupt::Interrupt;
use crate::run::orphan;

/// One process.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) binary: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// The stage's name, which it puts before what it says.
    pub(crate) stage: String,
}

/// Something that a process said on standard error.
#[derive(Debug)]
pub(crate) enum Said {
    Progress(ProgressEvent),
    Words(String),
}

/// Starts all of `invocations`, the output of each into the input of the next, and waits for all. `said` is told
/// who (by number) said what; words also go to `log`.
pub(crate) fn run(
    invocations: &[Invocation],
    lock: &File,
    log: &Mutex<File>,
    interrupt: &Interrupt,
    said: &(dyn Fn(usize, Said) + Sync),
) -> io::Result<Vec<ExitStatus>> {
    let mut children: Vec<Child> = Vec::new();
    let mut input = Stdio::null();
    for (index, invocation) in invocations.iter().enumerate() {
        let last = index + 1 == invocations.len();
        let mut command = Command::new(&invocation.binary);
        command.args(&invocation.arguments).stdin(input).stderr(Stdio::piped());
        // A stage with nothing to say on standard output has nobody to say it to.
        command.stdout(if last { Stdio::null() } else { Stdio::piped() });
        orphan::tie(&mut command, lock.try_clone()?);
        match command.spawn() {
            Ok(mut child) => {
                interrupt.started(child.id());
                input = child.stdout.take().map_or_else(Stdio::null, Stdio::from);
                children.push(child);
            }
            Err(error) => {
                for mut child in children {
                    let _ = child.kill();
                    let _ = child.wait();
                    interrupt.ended(child.id());
                }
                let text = format!("{} does not start: {error}", invocation.binary.display());
                return Err(io::Error::new(error.kind(), text));
            }
        }
    }
    drop(input);
    thread::scope(|scope| {
        for (index, child) in children.iter_mut().enumerate() {
            let Some(stderr) = child.stderr.take() else { continue };
            let stage = &invocations[index].stage;
            scope.spawn(move || listen(stderr, stage, log, &|what| said(index, what)));
        }
        children
            .iter_mut()
            .map(|child| {
                let status = child.wait();
                interrupt.ended(child.id());
                status
            })
            .collect()
    })
}

fn listen(stderr: ChildStderr, stage: &str, log: &Mutex<File>, said: &dyn Fn(Said)) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    // Whatever it is, it must be read to its end: a full pipe would stop the stage.
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        match serde_json::from_str(text) {
            Ok(event) => said(Said::Progress(event)),
            Err(_) if text.is_empty() => {}
            Err(_) => {
                let words = text.strip_prefix(stage).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(text);
                // A log that can't be written does not stop the work.
                let _ = writeln!(log.lock().unwrap_or_else(PoisonError::into_inner), "{stage}: {words}");
                said(Said::Words(words.to_owned()));
            }
        }
        line.clear();
    }
}

/// Which process is to blame, and the exit code that says how: none where all succeeded.
///
/// A reader that fails leaves its writer with 141, and a writer that fails leaves its reader with a stream that is cut
/// short; so the first that failed otherwise than by 141 is the one.
pub(crate) fn blame(statuses: &[ExitStatus]) -> Option<(usize, u8, String)> {
    let failed = || statuses.iter().enumerate().filter(|(_, status)| !status.success());
    let (index, status) =
        failed().find(|(_, status)| status.code() != Some(141)).or_else(|| failed().next())?;
    Some(match (status.code(), status.signal()) {
        (Some(141), _) => (index, 70, "exit 141: what reads its output left before the end".to_owned()),
        (Some(UNSTARTED), _) => {
            (index, 74, format!("exit {UNSTARTED}: the system did not start it, or not all of it"))
        }
        (Some(code), _) => {
            let known = u8::try_from(code).ok().filter(|code| matches!(code, 2 | 65 | 70 | 74 | 75));
            (index, known.unwrap_or(70), format!("exit {code}: {}", meaning(code)))
        }
        (None, Some(9)) => (index, 70, "killed by signal 9 (is there enough memory?)".to_owned()),
        (None, signal) => {
            let signal = signal.expect("what ended without a code was ended by a signal");
            (index, 70, format!("ended by signal {signal}"))
        }
    })
}

fn meaning(code: i32) -> &'static str {
    match code {
        2 => "wrong usage",
        65 => "bad data",
        74 => "the system refused to read or write",
        75 => "try again later",
        _ => "a fault of the stage",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(codes: &[i32]) -> Vec<ExitStatus> {
        codes.iter().map(|code| ExitStatus::from_raw(code << 8)).collect()
    }

    #[test]
    fn blames_the_first_cause() {
        let blamed = |codes: &[i32]| blame(&statuses(codes)).map(|(index, code, _)| (index, code));
        assert_eq!(blamed(&[0, 0]), None);
        assert_eq!(blamed(&[65, 65]), Some((0, 65)));
        assert_eq!(blamed(&[141, 74, 0]), Some((1, 74)));
        assert_eq!(blamed(&[141, 0]), Some((0, 70)));
        assert_eq!(blamed(&[0, 101]), Some((1, 70)));
        assert_eq!(blamed(&[127, 65]), Some((0, 74)));
    }
}
