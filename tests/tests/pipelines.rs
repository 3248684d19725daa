//! The pipelines of the repository, run by the real runner on the real stages.

#![allow(clippy::unwrap_used, reason = "a test that can't set itself up should panic")]

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Instant;

use bones::statistics::SplitMix64;
use ossa_tests::{command, words};

fn pipeline(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pipelines").join(name).canonicalize().unwrap();
    path.to_str().unwrap().to_owned()
}

/// An empty folder to run in: the store and the exports are relative to it.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn runner(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = command("runner");
    command.current_dir(folder).args(arguments);
    command
}

fn smoke(folder: &Path) -> Output {
    let output = runner(folder, &[&pipeline("smoke.toml")]).output().unwrap();
    assert!(output.status.success(), "{}", words(&output));
    output
}

/// The files below `folder` with their contents, in order.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut open = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            found.push((path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn smoke_scores_its_own_labels_as_perfect() {
    let folder = folder("smoke");
    let output = smoke(&folder);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("mean Dice 1.0000 [1.0000, 1.0000]"), "{text}");
    for export in ["submission.csv", "scores/table.txt", "scores/scores.json", "pictures/contact-sheet.png"] {
        assert!(folder.join("runs/smoke").join(export).is_file(), "{export} is missing");
    }
    let csv = fs::read_to_string(folder.join("runs/smoke/submission.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 8 * 29);
}

#[test]
fn a_run_that_was_killed_again_and_again_ends_with_the_same_bytes() {
    let undisturbed = folder("undisturbed");
    let start = Instant::now();
    smoke(&undisturbed);
    let usual = start.elapsed();

    let disturbed = folder("disturbed");
    let mut random = SplitMix64::new(2026);
    let mut struck = 0;
    for _ in 0..10 {
        let mut child = runner(&disturbed, &[&pipeline("smoke.toml")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        thread::sleep(usual.mul_f64(random.below(1000) as f64 / 1000.0));
        // The runner alone gets the signal, as from an out-of-memory killer; its stages must not write on.
        let _ = child.kill();
        struck += u32::from(child.wait().unwrap().signal() == Some(9));
    }
    assert!(struck > 0, "no kill struck a run that was under way");
    smoke(&disturbed);
    let (left, right) = (contents(&undisturbed.join("runs/smoke")), contents(&disturbed.join("runs/smoke")));
    assert!(!left.is_empty());
    assert!(left == right, "the exports differ");
}

#[test]
fn every_pipeline_of_the_repository_passes_the_check() {
    let folder = folder("check");
    // What pipelines read has to be there: a data set, and what the demo leaves.
    for input in ["data/train/DCM", "runs/demo/model"] {
        fs::create_dir_all(folder.join(input)).unwrap();
    }
    let pipelines = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pipelines");
    for entry in fs::read_dir(pipelines).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let output = runner(&folder, &[path.to_str().unwrap(), "-n"]).output().unwrap();
            assert!(output.status.success(), "{}: {}", path.display(), words(&output));
        }
    }
}
