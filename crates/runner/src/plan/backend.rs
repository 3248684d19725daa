//! What the last bits of a stage's tensors depend on: the libtorch that it is linked with, and the kind of device.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::check::graph::Step;
use crate::store::key::Backend;
use crate::store::memo::Memo;

/// Backends of steps; each binary is looked at once.
#[derive(Debug, Default)]
pub(crate) struct Backends {
    linked: Mutex<HashMap<PathBuf, Linked>>,
}

/// What a binary is linked with.
#[derive(Clone, Debug)]
struct Linked {
    libtorch: String,
    cuda: bool,
}

impl Backends {
    /// The backend of a numeric step; none for any other.
    pub(crate) fn of(&self, step: &Step, memo: &Memo) -> Option<Backend> {
        if !step.card.numeric {
            return None;
        }
        let mut linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        let linked = linked.entry(step.binary.clone()).or_insert_with(|| look(&step.binary, memo)).clone();
        let asked = step.arguments.get("device").and_then(serde_json::Value::as_str).unwrap_or("auto");
        let device = match asked.split(':').next() {
            Some("auto") | None if linked.cuda => "cuda",
            Some("auto") | None => "cpu",
            Some(kind) => kind,
        };
        Some(Backend { libtorch: linked.libtorch, device: device.to_owned() })
    }
}

fn look(binary: &Path, memo: &Memo) -> Linked {
    let libraries = libraries(binary);
    let of = |name: &str| libraries.iter().find(|path| file_name(path).starts_with(name));
    let main = of("libtorch_cpu.").and_then(|path| memo.file(path).ok());
    // A stage with libtorch linked into it has it in its own digest.
    let libtorch = main.unwrap_or_else(|| "static".to_owned());
    Linked { libtorch, cuda: of("libtorch_cuda").is_some() && Path::new("/dev/nvidiactl").exists() }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The shared libraries that the loader would load for `binary`.
fn libraries(binary: &Path) -> Vec<PathBuf> {
    let output = Command::new("ldd").arg(binary).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once("=> ")?.1.split(" (").next().map(PathBuf::from))
        .filter(|path| path.is_absolute())
        .collect()
}
