//! What holds for the outputs of every stage, whatever happens: whole or not there, and nothing lost.
#![allow(clippy::unwrap_used, reason = "a test that can't set itself up should panic")]

mod bench;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::thread;
use std::time::Instant;

use bench::{Bench, KEYS, keys};

/// An output of each kind that grows.
const KINDS: [&str; 4] = ["shard", "text", "folder", "resumed"];

#[test]
fn a_second_writer_is_told_to_try_again_and_of_the_first() {
    for kind in KINDS {
        let bench = Bench::new();
        let arguments = format!("in.shard --kind {kind} --out out --replace");
        let first = bench.held(&format!("{arguments} --content first"));
        let words = bench.run(&format!("{arguments} --content second")).refused(75);
        let process = format!("process {}", first.child.id());
        assert!(words.contains("out.partial") && words.contains(&process), "{kind}: {words}");
        first.release().complete();
        assert_eq!(bench.names(""), ["in.shard", "out"], "{kind}");
        if bench.path("out").is_dir() {
            assert_eq!(fs::read(bench.path("out/ID2/c.txt")).unwrap(), b"first");
        }
    }
}

#[test]
fn a_kill_leaves_no_output_and_the_next_run_takes_over() {
    for kind in KINDS {
        let bench = Bench::new();
        let arguments = format!("in.shard --kind {kind} --out out");
        bench.held(&arguments).kill();
        assert_eq!(bench.names(""), ["in.shard", "out.partial"], "{kind}");
        bench.run(&arguments).complete();
        assert_eq!(bench.names(""), ["in.shard", "out"], "{kind}");
    }
}

#[test]
fn what_a_killed_run_left_is_there_only_for_who_goes_on_with_it() {
    for (kind, left) in [("folder", false), ("resumed", true)] {
        let bench = Bench::new();
        let arguments = format!("in.shard --kind {kind} --out out");
        bench.held(&arguments).kill();
        fs::write(bench.path("out.partial/of-the-first"), "").unwrap();
        bench.run(&arguments).complete();
        assert_eq!(bench.path("out/of-the-first").exists(), left, "{kind}");
    }
}

#[test]
fn a_failed_run_leaves_nothing_but_what_can_be_gone_on_with() {
    for (kind, left) in [("shard", false), ("text", false), ("folder", false), ("resumed", true)] {
        for fault in ["--refuse ID2/c", "--panic-at ID2/c"] {
            let bench = Bench::new();
            let ended = bench.run(&format!("in.shard --kind {kind} --out out {fault}"));
            assert_ne!(ended.code, Some(0), "{kind} {fault}");
            assert!(!bench.path("out").exists());
            assert_eq!(bench.path("out.partial").exists(), left, "{kind} {fault}");
        }
    }
}

#[test]
fn a_folder_that_is_there_stays_without_replace() {
    let bench = Bench::new();
    let run = |more: &str| bench.run(&format!("in.shard --kind folder --out out --content {more}"));
    run("one").complete();
    let words = run("two").refused(2);
    assert!(words.contains("out exists already") && words.contains("--replace"), "{words}");
    assert_eq!(fs::read(bench.path("out/ID1/a.txt")).unwrap(), b"one");
    run("two --replace").complete();
    assert_eq!(fs::read(bench.path("out/ID1/a.txt")).unwrap(), b"two");
    assert_eq!(bench.names(""), ["in.shard", "out"]);
    // A file may be replaced, but not a folder by a file.
    for _ in 0..2 {
        bench.run("in.shard --kind text --out file").complete();
    }
    bench.run("in.shard --kind text --out out --replace").refused(2);
}

#[test]
fn a_folder_that_appears_meanwhile_is_not_deleted() {
    let bench = Bench::new();
    let held = bench.held("in.shard --kind folder --out out --content ours");
    fs::create_dir(bench.path("out")).unwrap();
    fs::write(bench.path("out/theirs"), "").unwrap();
    let words = held.release().refused(74);
    assert!(words.contains("out exists already") && words.contains("out.partial"), "{words}");
    assert_eq!(bench.names("out"), ["theirs"]);
    assert_eq!(fs::read(bench.path("out.partial/ID1/a.txt")).unwrap(), b"ours");
}

#[test]
fn a_kill_during_replace_never_loses_both_folders() {
    let bench = Bench::new();
    let keys: Vec<String> = (0..60).map(|number| format!("ID{number}/a")).collect();
    bench.shard("many.shard", &keys.iter().map(String::as_str).collect::<Vec<_>>());
    let arguments = "many.shard --kind folder --out out --replace --hold-at ID59/a --content";
    bench.run("many.shard --kind folder --out out --content round-0").complete();
    // From the hold on the folder is synced, exchanged, and the old one removed.
    let held = bench.held(&format!("{arguments} round-0"));
    let start = Instant::now();
    held.release().complete();
    let takes = start.elapsed();
    let mut content = "round-0".to_owned();
    let (mut struck, rounds) = (0, 30);
    for round in 1..=rounds {
        let new = format!("round-{round}");
        let mut held = bench.held(&format!("{arguments} {new}"));
        fs::remove_file(bench.path("hold")).unwrap();
        thread::sleep(takes * round / rounds);
        held.child.kill().unwrap();
        struck += u32::from(held.child.wait().unwrap().signal() == Some(9));
        let there = whole(&bench.path("out"), keys.len());
        assert!([&content, &new].contains(&&there), "round {round}: {there}");
        content = there;
    }
    assert!(struck >= 5, "{struck} of {rounds} kills struck");
    bench.run(&format!("{arguments} last")).complete();
    assert_eq!(whole(&bench.path("out"), keys.len()), "last");
    assert_eq!(bench.names(""), ["in.shard", "many.shard", "out"]);
}

/// What all files of a folder say.
fn whole(folder: &Path, count: usize) -> String {
    let folders = fs::read_dir(folder).unwrap();
    let texts: Vec<String> =
        folders.map(|entry| fs::read_to_string(entry.unwrap().path().join("a.txt")).unwrap()).collect();
    assert_eq!(texts.len(), count);
    assert!(texts.iter().all(|text| *text == texts[0]), "a mixture of two outputs");
    texts[0].clone()
}

#[test]
fn what_the_system_refuses_is_named() {
    let bench = Bench::new();
    fs::write(bench.path("file"), "").unwrap();
    for (arguments, named) in [
        ("absent.shard", "absent.shard"),
        ("in.shard --out file/out", "file"),
        ("in.shard --out file/out --kind folder", "file"),
        ("in.shard --out out --folder absent", "absent"),
        ("in.shard --out out --summary file/summary", "file"),
    ] {
        let words = bench.run(arguments).refused(74);
        assert!(words.contains(named), "{words}");
    }
    if Path::new("/dev/full").exists() {
        for kind in ["shard", "text"] {
            let words = bench.run(&format!("in.shard --kind {kind} --out /dev/full")).refused(74);
            assert!(words.contains("/dev/full: No space left"), "{words}");
        }
        let words = bench.run("in.shard --out out --summary /dev/full").refused(74);
        assert!(words.contains("/dev/full: No space left"), "{words}");
    }
    bench.run("in.shard --out /dev/null").complete();
}

#[test]
fn a_summary_goes_where_the_output_does_not() {
    let bench = Bench::new();
    let ended = bench.run("in.shard --out out --summary -").complete();
    let summary: stage::Summary = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!((summary.stage.as_str(), summary.records.written), ("tiny", 3));
    for arguments in ["in.shard --summary -", "in.shard --out - --summary -"] {
        assert!(bench.run(arguments).refused(2).contains("--summary PATH"));
    }
    assert!(bench.run("in.shard --out same --summary same").refused(2).contains("both same"));
    assert_eq!(bench.names(""), ["in.shard", "out"]);
    assert_eq!(keys(bench.path("out")), KEYS);
}

#[test]
fn keys_that_would_share_a_file_or_leave_the_folder_are_bad_data() {
    let bench = Bench::new();
    bench.shard("twins.shard", &["a/b", "a/./b"]);
    let words = bench.run("twins.shard --kind folder --out out").refused(65);
    assert!(words.contains("record a/./b:") && words.contains("record a/b:"), "{words}");
    bench.shard("out.shard", &["../escaped"]);
    let words = bench.run("out.shard --kind folder --out out").refused(65);
    assert!(words.contains("record ../escaped: its key leads out"), "{words}");
    assert_eq!(bench.names(""), ["in.shard", "out.shard", "twins.shard"]);
}
