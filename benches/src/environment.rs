//! The peers' Python environment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// A Python with the peers' libraries.
pub(crate) struct Python {
    program: PathBuf,
}

impl Python {
    /// An environment that is there.
    pub(crate) fn existing(program: &Path) -> Result<Python> {
        Ok(Python { program: program.to_owned() })
    }

    /// An environment in `folder` with the versions of `peers/requirements*.txt`; made once.
    pub(crate) fn make(folder: &Path, torch: bool) -> Result<Python> {
        let mut lists = vec![peers().join("requirements.txt")];
        lists.extend(torch.then(|| peers().join("requirements-torch.txt")));
        let wanted = lists.iter().map(fs::read_to_string).collect::<std::io::Result<String>>()?;
        let python = Python { program: folder.join("bin/python") };
        // An environment with more than is wanted is as good.
        if fs::read_to_string(folder.join("complete")).is_ok_and(|text| text.starts_with(&wanted)) {
            return Ok(python);
        }
        eprintln!("bench: installing the peers' libraries in {}", folder.display());
        run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let mut install = Command::new(&python.program);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        lists.iter().for_each(|list| {
            install.arg("--requirement").arg(list);
        });
        run(&mut install)?;
        fs::write(folder.join("complete"), wanted)?;
        Ok(python)
    }

    /// A call of this Python that does not heed the user's settings.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env_remove("PYTHONPATH").env_remove("PYTHONSTARTUP");
        command
    }

    /// The process of a peer: `MODULE.FUNCTION` of `peers/`.
    pub(crate) fn peer(&self, function: &str, inputs: &Path, threads: usize) -> Command {
        let mut command = self.command();
        command.arg(peers().join("serve.py")).arg(function).arg(inputs).arg(threads.to_string());
        for library in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
            command.env(library, threads.to_string());
        }
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// The folder of the peers' sources.
fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed: {status}").into()) }
}
