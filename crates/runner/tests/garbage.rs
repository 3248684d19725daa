//! What garbage collection and verification remove, and when.
#![allow(clippy::unwrap_used)]

mod workshop;

use std::fs::{self, File};
use std::io::{BufRead, BufReader};

use workshop::Workshop;

const TRAINING: &str = "
[node.numbers]
run = \"count\"

[node.trained]
run = \"learn\"
from = \"doubled\"
args = { epochs = 4, slowly = 200, trace = \"epochs.txt\" }

[node.doubled]
run = \"double\"
from = \"numbers\"
";

/// A workshop in which a training was stopped, and what it reads must be made again.
fn begun() -> Workshop {
    let workshop = Workshop::new(TRAINING);
    let mut child = workshop.start(&["p.toml"]);
    workshop.wait_for_lines("epochs.txt", 3, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    // A runner that takes the lock has waited for the stage's end.
    workshop.runner(&["p.toml", "numbers"]);
    fs::remove_dir_all(workshop.path("runs/objects")).unwrap();
    workshop
}

#[test]
fn a_training_that_has_begun_outlives_garbage_collection() {
    let workshop = begun();
    let told = workshop.runner(&["gc", "p.toml"]);
    assert!(
        told.stdout.starts_with("removed 0 results (0.0 MiB), kept 0\nkept 1 more that work can"),
        "{told:?}"
    );
    assert_eq!(workshop.states(&["p.toml"]), ["numbers ran", "doubled ran", "trained ran"]);
    let epochs = workshop.read("epochs.txt").lines().count();
    // At most the epoch that was under way is done twice.
    assert!((4..=5).contains(&epochs), "{epochs}");
}

#[test]
fn a_training_that_has_begun_is_removed_when_that_is_asked_for() {
    let workshop = begun();
    let work = || fs::read_dir(workshop.path("runs/work")).unwrap().count();
    let told = workshop.runner(&["gc", "p.toml", "--begun", "-n"]);
    assert!(told.stdout.starts_with("would remove 1 results"), "{told:?}");
    assert_eq!(work(), 1);
    let told = workshop.runner(&["gc", "p.toml", "--begun"]);
    assert!(told.stdout.starts_with("removed 1 results"), "{told:?}");
    assert_eq!(work(), 0);
}

#[test]
fn verification_that_removes_waits_for_the_runner_at_work() {
    let workshop = Workshop::new(TRAINING);
    workshop.states(&["p.toml", "numbers"]);
    let key = workshop.report("p")["steps"][0]["key"].as_str().unwrap().to_owned();
    let out = format!("runs/objects/{key}/out");
    workshop.write(&out, "damaged");
    // The test takes a runner's place, so that it holds the lock for as long as it wants.
    let lock = File::open(workshop.path("runs/lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(workshop.runner(&["verify"]).code, Some(65));
    let mut removing = workshop.start(&["verify", "--remove"]);
    let mut line = String::new();
    BufReader::new(removing.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("waiting for the runner of p.toml"), "{line}");
    assert!(removing.try_wait().unwrap().is_none());
    assert!(workshop.path(&out).exists());
    drop(lock);
    assert_eq!(removing.wait().unwrap().code(), Some(65));
    assert!(!workshop.path(&out).exists());
}
