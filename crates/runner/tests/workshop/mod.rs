//! A folder with the fixture's stages, a pipeline file and a store, in which the runner is run.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test uses its own part of this")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// The folder; removed when it is dropped.
pub struct Workshop {
    folder: TempDir,
}

/// What a run of the runner gave.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// The program that is all stages of the tests.
pub fn fixture() -> PathBuf {
    // Examples are beside the folder of the test's own program.
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples/fixture")
}

impl Workshop {
    /// A workshop with the pipeline `text` in `p.toml`.
    pub fn new(text: &str) -> Workshop {
        let workshop = Workshop { folder: TempDir::new().unwrap() };
        fs::create_dir(workshop.path("stages")).unwrap();
        for stage in ["count", "double", "total", "learn", "title", "compute"] {
            // Copies, so that a test can change one.
            fs::copy(fixture(), workshop.path("stages").join(stage)).unwrap();
        }
        workshop.pipeline(text);
        workshop
    }

    /// Writes `p.toml`.
    pub fn pipeline(&self, text: &str) {
        self.write("p.toml", text);
    }

    pub fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_default()
    }

    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The runner, started in the workshop with its stages.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runner"));
        command.args(arguments).args(["--stages", "stages"]).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the runner to its end.
    pub fn runner(&self, arguments: &[&str]) -> Ended {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs the runner, which must succeed, and gives what became of each step: `name state`.
    pub fn states(&self, arguments: &[&str]) -> Vec<String> {
        let ended = self.runner(arguments);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.states()
    }

    /// Starts the runner.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    /// The digest of each step's output, by the last report.
    pub fn digests(&self, pipeline: &str) -> Vec<(String, String)> {
        let report = self.report(pipeline);
        let steps = report["steps"].as_array().unwrap().iter();
        steps.map(|step| (text(&step["step"]), text(&step["digest"]))).collect()
    }

    pub fn report(&self, pipeline: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(&format!("runs/reports/{pipeline}.json"))).unwrap()
    }

    /// Waits until a file has this many lines; the child that writes it must not end before.
    pub fn wait_for_lines(&self, path: &str, lines: usize, child: &mut Child) {
        while self.read(path).lines().count() < lines {
            assert!(child.try_wait().unwrap().is_none(), "it ended too soon");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

impl Ended {
    /// `name state` for each line of the table.
    pub fn states(&self) -> Vec<String> {
        let rows = self.stdout.lines().skip_while(|line| !line.starts_with("node ")).skip(1);
        let rows = rows.take_while(|line| !line.starts_with("p: "));
        rows.map(|row| row.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect()
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Ended {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

pub fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
