//! Finds stage binaries and asks them for their cards.

use std::collections::{BTreeSet, HashMap};
use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use fs_err as fs;
use stage::{Backend, CONTRACT, Card, MARKER};

use crate::check::marker::contract_of;
use crate::parse::fault::{Fault, Origin};
use crate::store::memo::Memo;

/// Where stages are looked for, and what they have said.
#[derive(Debug)]
pub struct Stages {
    folders: Vec<PathBuf>,
    /// Cards that were asked for in earlier runs, by the binary's digest and its arguments.
    cards: Option<PathBuf>,
    asked: Mutex<HashMap<Question, Result<Card, Complaint>>>,
    backends: Mutex<HashMap<Question, Result<Backend, Complaint>>>,
}

/// A binary and its arguments.
type Question = (PathBuf, Vec<String>);

/// Why there is no card, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) text: String,
    /// Whether the system did not start the program, or not all of it: the text has its words.
    pub(crate) system: bool,
}

impl Complaint {
    fn of_system(text: String) -> Complaint {
        Complaint { text, system: true }
    }

    /// The complaint as a fault at `origin`, of what `what` says.
    pub(crate) fn fault(&self, origin: &Origin, what: &str) -> Fault {
        Fault { system: self.system, ..Fault::new(origin, format!("{what}: {}", self.text)) }
    }
}

impl From<String> for Complaint {
    fn from(text: String) -> Complaint {
        Complaint { text, system: false }
    }
}

impl Stages {
    /// Stages in `folder`; without one beside this program, then on the search path. `cards` is a folder that
    /// remembers cards.
    pub fn new(folder: Option<&Path>, cards: Option<PathBuf>) -> Stages {
        let folders = match folder {
            Some(folder) => vec![folder.to_owned()],
            None => {
                let beside = env::current_exe().ok().and_then(|path| path.parent().map(Path::to_owned));
                let path = env::var_os("PATH").unwrap_or_default();
                beside.into_iter().chain(env::split_paths(&path)).collect()
            }
        };
        Stages { folders, cards, asked: Mutex::default(), backends: Mutex::default() }
    }

    /// The binary of the stage `name`, or else what has the name, so that one can say what is wrong with it.
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        if name.is_empty() || name.contains('/') {
            return None;
        }
        let mut folders = self.folders.iter().map(|folder| folder.join(name));
        let beside = folders.next().filter(|path| path.is_file());
        // `split` is also a program of every Unix: on the search path, what is a stage goes before what has its name.
        beside.clone().filter(|path| is_program(path)).or_else(|| {
            let found: Vec<PathBuf> = folders.filter(|path| is_program(path)).collect();
            found.iter().find(|path| is_stage(path)).cloned().or(beside).or(found.first().cloned())
        })
    }

    /// The stages of the first folder, as far as they can be told without running them.
    pub fn names(&self) -> Vec<String> {
        let entries = self.folders.first().and_then(|folder| fs::read_dir(folder).ok());
        let names: BTreeSet<String> = entries
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| is_program(&entry.path()) && is_stage(&entry.path()))
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| !name.contains('.'))
            .collect();
        names.into_iter().collect()
    }

    /// The card of the stage for its command line. The error is what the stage said, or why it was not asked: what does
    /// not say that it is a stage is never started.
    pub(crate) fn card(&self, binary: &Path, arguments: &[String], memo: &Memo) -> Result<Card, Complaint> {
        let question = (binary.to_owned(), arguments.to_vec());
        if let Some(answer) = lock(&self.asked).get(&question) {
            return answer.clone();
        }
        let remembered = self.remembered(binary, arguments, memo);
        let known = remembered.as_ref().and_then(|path| fs::read(path).ok());
        let known: Option<Card> = known.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let answer = known.map_or_else(|| ask(binary, arguments), Ok);
        if let (Some(path), Ok(card)) = (&remembered, &answer)
            && !path.exists()
            && let Ok(bytes) = serde_json::to_vec(card)
        {
            // A card that is not remembered is asked for again.
            let _ = crate::store::files::write_whole(path, &bytes);
        }
        lock(&self.asked).insert(question, answer.clone());
        answer
    }

    /// The card, with what computes as it is now: cards are remembered by the binary, but what it finds on this machine
    /// may change. Only numeric stages are asked, with the device that they are given.
    pub(crate) fn backend(&self, binary: &Path, card: Card, device: Option<&str>) -> Result<Card, Complaint> {
        if !card.numeric {
            return Ok(Card { backend: None, ..card });
        }
        let arguments: Vec<String> = device.map(|device| format!("--device={device}")).into_iter().collect();
        let question = (binary.to_owned(), arguments.clone());
        let mut known = lock(&self.backends);
        let answer = known.entry(question).or_insert_with(|| {
            let backend = ask(binary, &arguments)?.backend;
            backend.ok_or_else(|| {
                "its card does not tell with which libtorch it computes: build it anew".to_owned().into()
            })
        });
        answer.clone().map(|backend| Card { backend: Some(backend), ..card })
    }

    fn remembered(&self, binary: &Path, arguments: &[String], memo: &Memo) -> Option<PathBuf> {
        let folder = self.cards.as_ref().filter(|folder| folder.is_dir())?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(memo.file(binary).ok()?.as_bytes());
        // One program may be several stages, by the name that it is called.
        hasher.update(binary.file_name()?.as_encoded_bytes());
        hasher.update(&[0]);
        for argument in arguments {
            hasher.update(argument.as_bytes());
            hasher.update(&[0]);
        }
        Some(folder.join(format!("{}.json", hasher.finalize().to_hex())))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn ask(binary: &Path, arguments: &[String]) -> Result<Card, Complaint> {
    identify(binary)?;
    let name = binary.display();
    let does_not_start = |why: &str| Complaint::of_system(format!("{name} does not start: {why}"));
    let output = Command::new(binary).arg("--describe").args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| does_not_start(&error.to_string()))?;
    if !output.status.success() {
        let text = complaint(&String::from_utf8_lossy(&output.stderr));
        let unstarted = output.status.code() == Some(UNSTARTED);
        return Err(if unstarted { does_not_start(&text) } else { text.into() });
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{name}: --describe gave no card ({error})").into())
}

/// The exit code of the dynamic loader, and of a shell, that does not find what it should start.
pub(crate) const UNSTARTED: i32 = 127;

/// Refuses what does not say that it is a stage, or is one of another contract.
fn identify(binary: &Path) -> Result<(), Complaint> {
    let contract = contract_of(binary).map_err(|error| Complaint::of_system(error.to_string()))?;
    let name = binary.display();
    match contract {
        Some(CONTRACT) => Ok(()),
        Some(other) => Err(format!("{name} keeps contract {other}, this runner knows {CONTRACT}").into()),
        None => Err(format!(
            "{name} is no stage, and was not started: the line `{MARKER}{CONTRACT}` is nowhere in it"
        )
        .into()),
    }
}

/// What a command line parser complained of, without its advice on usage, on one line.
fn complaint(stderr: &str) -> String {
    let lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let told: Vec<&str> =
        lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more")).collect();
    let text = told.join(" ");
    let text = text.strip_prefix("error: ").unwrap_or(&text).to_owned();
    if text.is_empty() { "it does not answer --describe".to_owned() } else { text }
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

fn is_stage(path: &Path) -> bool {
    contract_of(path).is_ok_and(|contract| contract.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_fit_a_line() {
        let text =
            "error: unexpected argument '--x' found\n\n  tip: a similar argument exists: '--y'\n\nUsage: a\n";
        assert_eq!(complaint(text), "unexpected argument '--x' found tip: a similar argument exists: '--y'");
        assert_eq!(complaint(""), "it does not answer --describe");
    }
}
