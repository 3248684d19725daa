//! Whatever stops a run, what was complete stays, and the next run ends as if nothing had happened.
#![allow(clippy::unwrap_used)]

mod workshop;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use workshop::{Ended, Workshop};

const TRAINING: &str = "
[node.numbers]
run = \"count\"
args = { count = 40 }

[node.doubled]
run = \"double\"
from = \"numbers\"
args = { slowly = 10 }

[node.trained]
run = \"learn\"
from = \"doubled\"
args = { epochs = 8, slowly = 30, trace = \"epochs.txt\" }

[node.sum]
run = \"total\"
from = { in = \"doubled\", model = \"trained\" }
";

fn signal(child: &Child, name: &str) {
    let killed = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap();
    assert!(killed.success());
}

#[test]
fn sigkill_at_any_moment_changes_no_digest() {
    let undisturbed = Workshop::new(TRAINING);
    undisturbed.states(&["p.toml"]);

    let workshop = Workshop::new(TRAINING);
    let mut struck = 0;
    for attempt in 1..=10 {
        let mut child = workshop.start(&["p.toml"]);
        // Each attempt gets further, and goes on from what the ones before it left.
        thread::sleep(Duration::from_millis(40 * attempt));
        let _ = child.kill();
        struck += u32::from(child.wait().unwrap().signal() == Some(9));
    }
    assert!(struck >= 3, "only {struck} of 10 kills struck a run that was under way");
    workshop.states(&["p.toml"]);
    assert_eq!(workshop.digests("p"), undisturbed.digests("p"));
    assert_eq!(workshop.runner(&["verify"]).code, Some(0));
}

#[test]
fn training_goes_on_where_it_was_stopped() {
    let workshop = Workshop::new(&TRAINING.replace("slowly = 30", "slowly = 300"));
    let mut child = workshop.start(&["p.toml"]);
    workshop.wait_for_lines("epochs.txt", 3, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(workshop.states(&["p.toml"]), ["numbers hit", "doubled hit", "trained ran", "sum ran"]);
    let epochs = workshop.read("epochs.txt");
    // At most the epoch that was under way is done twice.
    assert!((8..=9).contains(&epochs.lines().count()), "{epochs}");
}

#[test]
fn ctrl_c_stops_the_stages_and_keeps_what_is_complete() {
    let workshop = Workshop::new(&TRAINING.replace("slowly = 30", "slowly = 60000"));
    let mut child = workshop.start(&["p.toml"]);
    while !workshop.path("runs/history/p/doubled.json").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended too soon");
        thread::sleep(Duration::from_millis(5));
    }
    signal(&child, "INT");
    // That it ends at all shows that the stage was stopped: an epoch takes a minute.
    let ended: Ended = child.wait_with_output().unwrap().into();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert_eq!(ended.states()[..2], ["numbers ran", "doubled ran"]);
    assert_eq!(workshop.states(&["p.toml", "doubled"]), ["numbers hit", "doubled hit"]);
}

#[test]
fn the_second_runner_waits_and_says_for_whom() {
    let workshop = Workshop::new(TRAINING);
    let first = workshop.start(&["p.toml", "numbers"]);
    let pid = first.id();
    assert!(first.wait_with_output().unwrap().status.success());
    // The test takes the first runner's place, so that it holds the lock for as long as it wants.
    let lock = File::open(workshop.path("runs/lock")).unwrap();
    lock.lock().unwrap();
    let mut second = workshop.start(&["p.toml", "numbers"]);
    let mut stderr = BufReader::new(second.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    let waiting = format!("waiting for the runner of p.toml (process {pid} on ");
    assert!(line.starts_with(&waiting), "{line}");
    assert!(second.try_wait().unwrap().is_none());
    drop(lock);
    assert_eq!(second.wait().unwrap().code(), Some(0));

    // Ctrl-C ends the wait.
    let lock = File::open(workshop.path("runs/lock")).unwrap();
    lock.lock().unwrap();
    let mut third = workshop.start(&["p.toml", "numbers"]);
    let mut stderr = BufReader::new(third.stderr.take().unwrap());
    stderr.read_line(&mut line).unwrap();
    signal(&third, "INT");
    assert_eq!(third.wait().unwrap().code(), Some(130));
}

#[test]
fn stages_do_not_outlive_their_runner() {
    let workshop = Workshop::new(&TRAINING.replace("slowly = 10", "slowly = 100, trace = \"records.txt\""));
    let mut child = workshop.start(&["p.toml"]);
    workshop.wait_for_lines("records.txt", 2, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    // A runner that takes the lock has waited for the stage's end.
    workshop.runner(&["gc", "p.toml"]);
    let lines = workshop.read("records.txt").lines().count();
    thread::sleep(Duration::from_millis(400));
    assert_eq!(workshop.read("records.txt").lines().count(), lines);
}
