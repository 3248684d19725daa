//! A result is that of what its key stands for, and its key stands for all that was read.
#![allow(clippy::unwrap_used)]

mod workshop;

use std::fs;
use std::process::{Child, Command};
use std::time::{Duration, SystemTime};

use workshop::{Ended, Workshop};

const CHAIN: &str = "
[input.lines]
path = \"lines.txt\"

[node.numbers]
run = \"count\"
from = { lines = \"lines\" }

[node.doubled]
run = \"double\"
from = \"numbers\"
";

fn chain() -> Workshop {
    let workshop = Workshop::new(CHAIN);
    workshop.write("lines.txt", "a 1\nb 2\nc 3\n");
    workshop
}

/// The pipeline with a step of `node` that takes its time, and notes when it begins.
fn slow(node: &str) -> String {
    let args = "args = { slowly = 700, trace = \"trace.txt\" }\n";
    CHAIN.replace(&format!("[node.{node}]\n"), &format!("[node.{node}]\n{args}"))
}

fn end(child: Child) -> Ended {
    child.wait_with_output().unwrap().into()
}

#[test]
fn times_and_names_of_nodes_do_not_count_nor_do_paths_that_no_stage_reads() {
    let workshop = chain();
    workshop.states(&["p.toml"]);
    fs::rename(workshop.path("lines.txt"), workshop.path("moved.txt")).unwrap();
    let file = fs::File::options().append(true).open(workshop.path("moved.txt")).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(1000)).unwrap();
    workshop.pipeline(&CHAIN.replace("lines.txt", "moved.txt").replace("doubled", "twice"));
    assert_eq!(workshop.states(&["p.toml"]), ["numbers hit", "twice hit"]);
}

#[test]
fn names_count_where_the_stage_reads_them() {
    let text = "
[params]
path = \"ID001/image_R.txt\"

[input.image]
path = \"{path}\"

[node.title]
run = \"title\"
from = \"image\"
export = \"title.txt\"
";
    let workshop = Workshop::new(text);
    fs::create_dir(workshop.path("ID001")).unwrap();
    workshop.write("ID001/image_R.txt", "the same");
    workshop.states(&["p.toml"]);
    assert_eq!(workshop.read("title.txt"), "image_R.txt in ID001\n");

    fs::rename(workshop.path("ID001"), workshop.path("ID777")).unwrap();
    let renamed = ["p.toml", "--set", "path=ID777/image_R.txt"];
    let why = workshop.runner(&[&["why"], &renamed[..]].concat());
    assert_eq!(why.stdout, "title runs: image was renamed\n", "{why:?}");
    assert_eq!(workshop.states(&renamed), ["title ran"]);
    assert_eq!(workshop.read("title.txt"), "image_R.txt in ID777\n");

    fs::rename(workshop.path("ID777/image_R.txt"), workshop.path("ID777/image_L.txt")).unwrap();
    let renamed = ["p.toml", "--set", "path=ID777/image_L.txt"];
    assert_eq!(workshop.states(&renamed), ["title ran"]);
    assert_eq!(workshop.states(&renamed), ["title hit"]);

    // Of a folder its own name counts, and not where it is.
    assert_eq!(workshop.states(&["p.toml", "--set", "path=ID777"]), ["title ran"]);
    fs::create_dir(workshop.path("elsewhere")).unwrap();
    fs::rename(workshop.path("ID777"), workshop.path("elsewhere/ID777")).unwrap();
    assert_eq!(workshop.states(&["p.toml", "--set", "path=elsewhere/ID777"]), ["title hit"]);
}

#[test]
fn an_input_that_changes_while_it_is_read_ends_the_run_with_75_and_leaves_nothing() {
    for put_back_at_once in [false, true] {
        let workshop = chain();
        workshop.pipeline(&slow("numbers"));
        let mut child = workshop.start(&["p.toml"]);
        workshop.wait_for_lines("trace.txt", 1, &mut child);
        workshop.write("lines.txt", "a 9\nb 2\nc 3\n");
        if put_back_at_once {
            workshop.write("lines.txt", "a 1\nb 2\nc 3\n");
        }
        let ended = end(child);
        assert_eq!(ended.code, Some(75), "{ended:?}");
        assert!(ended.stderr.contains("input changed while it was read"), "{ended:?}");
        assert!(ended.stderr.contains("lines.txt; run again"), "{ended:?}");
        assert_eq!(fs::read_dir(workshop.path("runs/objects")).unwrap().count(), 0);
        assert_eq!(fs::read_dir(workshop.path("runs/work")).unwrap().count(), 0);

        // Put back, it is no hit: what a fresh run writes is what is written now.
        workshop.write("lines.txt", "a 1\nb 2\nc 3\n");
        assert_eq!(workshop.states(&["p.toml"]), ["numbers ran", "doubled ran"]);
        let fresh = chain();
        fresh.states(&["p.toml"]);
        assert_eq!(workshop.digests("p"), fresh.digests("p"));
    }
}

#[test]
fn a_stage_that_is_rebuilt_while_it_runs_ends_the_run_with_75_and_leaves_nothing() {
    let workshop = chain();
    workshop.pipeline(&slow("numbers"));
    let mut child = workshop.start(&["p.toml"]);
    workshop.wait_for_lines("trace.txt", 1, &mut child);
    // As a linker does it: a new file of the same name.
    let stage = workshop.path("stages/count");
    let mut rebuilt = fs::read(&stage).unwrap();
    rebuilt.extend_from_slice(b"rebuilt");
    fs::rename(&stage, workshop.path("before")).unwrap();
    fs::write(&stage, rebuilt).unwrap();
    fs::set_permissions(&stage, fs::metadata(workshop.path("before")).unwrap().permissions()).unwrap();
    let ended = end(child);
    assert_eq!(ended.code, Some(75), "{ended:?}");
    assert!(ended.stderr.contains("stage changed while it was read"), "{ended:?}");
    fs::rename(workshop.path("before"), &stage).unwrap();
    assert_eq!(workshop.states(&["p.toml"]), ["numbers ran", "doubled ran"]);
}

#[test]
fn what_changed_since_it_was_planned_is_not_read() {
    let workshop = Workshop::new(
        &(slow("numbers")
            + "[node.again]\nrun = \"count\"\nfrom = { lines = \"more\" }\n\n[input.more]\npath = \"more.txt\"\n"),
    );
    workshop.write("lines.txt", "a 1\n");
    workshop.write("more.txt", "a 1\n");
    let mut child = workshop.start(&["p.toml"]);
    workshop.wait_for_lines("trace.txt", 1, &mut child);
    workshop.write("stages/double", "no program");
    let ended = end(child);
    assert_eq!(ended.code, Some(75), "{ended:?}");
    assert!(ended.stderr.contains("stage changed since the run began"), "{ended:?}");
    assert_eq!(ended.states(), ["numbers ran", "doubled failed", "again skipped"]);
}

#[test]
fn a_pipe_is_no_input() {
    let workshop = chain();
    let fifo = workshop.path("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let refused = workshop.runner(&["p.toml", "--set", "lines.path=fifo"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let told = "--set lines.path=fifo: input `lines`: fifo is neither a file nor a folder";
    assert!(refused.stderr.starts_with(told), "{refused:?}");
    assert!(refused.stderr.contains("write it to a file, and give that"), "{refused:?}");
}

#[test]
fn what_computes_counts_and_is_settled_when_the_run_is_planned() {
    let text = "
[node.one]
run = \"compute\"
export = \"one.txt\"
";
    let workshop = Workshop::new(text);
    let cores = std::thread::available_parallelism().unwrap();
    assert_eq!(workshop.states(&["p.toml"]), ["one ran"]);
    assert_eq!(workshop.read("one.txt"), format!("cpu {cores}\n"));
    // Neither -j nor naming what is the default changes it.
    let same: [&[&str]; 3] = [
        &["p.toml", "-j", "4"],
        &["p.toml", "--set", "one.device=cpu"],
        &["p.toml", "--set", "one.device=auto"],
    ];
    for arguments in same {
        assert_eq!(workshop.states(arguments), ["one hit"], "{arguments:?}");
    }
    let threads = (cores.get() + 1).to_string();
    let other = format!("one.threads={threads}");
    let why = workshop.runner(&["why", "p.toml", "--set", &other]);
    assert_eq!(why.stdout, format!("one runs: threads {cores} → {threads}\n"));
    assert_eq!(workshop.states(&["p.toml", "--set", &other, "-j", "4"]), ["one ran"]);
    assert_eq!(workshop.read("one.txt"), format!("cpu {threads}\n"));

    // The same binary finds another device.
    workshop.write("device.txt", "cuda");
    assert_eq!(
        workshop.runner(&["why", "p.toml"]).stdout,
        format!("one runs: device cpu → cuda; threads {threads} → {cores}\n")
    );
    assert_eq!(workshop.states(&["p.toml"]), ["one ran"]);
    assert_eq!(workshop.read("one.txt"), format!("cuda {cores}\n"));
    assert_eq!(workshop.states(&["p.toml", "--set", "one.device=cuda:1"]), ["one hit"]);
    assert_eq!(workshop.states(&["p.toml", "--set", "one.device=cpu"]), ["one hit"]);
}

#[test]
fn naming_a_default_is_a_hit() {
    let workshop = chain();
    workshop.states(&["p.toml"]);
    for named in ["doubled.by=2", "numbers.count=3", "doubled.slowly=0"] {
        assert_eq!(workshop.states(&["p.toml", "--set", named]), ["numbers hit", "doubled hit"], "{named}");
    }
    assert_eq!(workshop.states(&["p.toml", "--set", "doubled.by=3"]), ["numbers hit", "doubled ran"]);
}

#[test]
fn a_closed_standard_error_ends_nothing() {
    let workshop = chain();
    let mut child = workshop.start(&["p.toml"]);
    drop(child.stderr.take());
    let ended = end(child);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.states(), ["numbers ran", "doubled ran"]);
}
