//! The stages' programs, and a process's memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::time::{ClockId, clock_gettime};

use crate::Result;

/// The program of a stage, built beside this one.
pub(crate) struct Program {
    path: PathBuf,
}

/// Finds the program of a stage.
pub(crate) fn stage(name: &str) -> Result<Program> {
    let path = std::env::current_exe()?.with_file_name(name);
    match path.exists() {
        true => Ok(Program { path }),
        false => Err(format!("{} is not built; run `just bench`, which builds it", path.display()).into()),
    }
}

impl Program {
    /// A call of it, without arguments.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.stdin(Stdio::null());
        command
    }

    /// Runs a call of it to a good end.
    pub(crate) fn run(&self, command: &mut Command) -> Result<()> {
        let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("{command:?} failed: {status}").into()) }
    }

    /// Runs a call of it to a good end; its peak memory in bytes, from its summary, which goes to `summary`.
    pub(crate) fn peak(&self, command: &mut Command, summary: &Path) -> Result<u64> {
        self.run(command.args(["--progress", "off"]).arg("--summary").arg(summary))?;
        let summary: stage::Summary = serde_json::from_slice(&fs::read(summary)?)?;
        summary.peak_memory_bytes.ok_or_else(|| "this system does not tell a process's peak memory".into())
    }
}

/// Seconds that all processors have worked on this process.
pub(crate) fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Bytes of a line of `/proc/self/status`; 0 where the system has none.
fn status(field: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_suffix("kB"));
    line.and_then(|number| number.trim_start_matches(':').trim().parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Bytes of this process in memory.
pub(crate) fn resident_memory() -> u64 {
    status("VmRSS")
}

/// The most bytes of this process that were in memory since [`forget_peak`].
pub(crate) fn peak_memory() -> u64 {
    status("VmHWM")
}

/// Lets [`peak_memory`] begin anew, where the system can.
pub(crate) fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}
