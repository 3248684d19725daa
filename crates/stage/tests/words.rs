//! What holds for the words of every stage: they name the fault and its place, have a limit, and never end a run.
#![allow(clippy::unwrap_used, reason = "a test that can't set itself up should panic")]

mod bench;

use std::io::Read;

use bench::{Bench, KEYS, keys};

#[test]
fn who_closes_standard_error_costs_nothing() {
    for progress in ["json", "auto", "off"] {
        for (more, code) in
            [("", 0), ("--refuse ID1/b --skip-bad 1", 0), ("--refuse ID1/b", 65), ("--panic-at ID1/b", 70)]
        {
            let bench = Bench::new();
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let mut command = bench
                .tiny(&format!("in.shard --out out --summary summary.json --progress {progress} {more}"));
            let ended = command.stderr(writer).status().unwrap();
            assert_eq!(ended.code(), Some(code), "--progress {progress} {more}");
            assert_eq!(bench.path("out").exists(), code == 0);
            assert!(!bench.path("out.partial").exists(), "--progress {progress} {more}");
            if more.is_empty() {
                assert_eq!(keys(bench.path("out")), KEYS);
                assert!(bench.path("summary.json").exists());
            }
        }
    }
}

#[test]
fn who_leaves_in_the_middle_of_progress_costs_nothing() {
    let bench = Bench::new();
    let many: Vec<String> = (0..3000).map(|number| format!("ID{number}/a")).collect();
    bench.shard("many.shard", &many.iter().map(String::as_str).collect::<Vec<_>>());
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = bench.tiny("many.shard --out out --progress json");
    let mut child = command.stderr(writer).spawn().unwrap();
    drop(command);
    reader.read_exact(&mut [0; 20]).unwrap();
    drop(reader);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(keys(bench.path("out")).len(), many.len());
}

#[test]
fn wrong_usage_is_2_also_where_nobody_listens() {
    let bench = Bench::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(bench.tiny("--no-such-flag").stderr(writer).status().unwrap().code(), Some(2));
}

#[test]
fn a_panic_names_its_place_and_stops_the_rest() {
    let bench = Bench::new();
    let mut command = bench.tiny("in.shard --kind text --panic-at ID1/b --threads 4");
    let ended: bench::Ended = command.env_remove("RUST_BACKTRACE").output().unwrap().into();
    assert_eq!(ended.code, Some(70), "{}", ended.told);
    assert_eq!(ended.stdout, b"ID1/a\n", "nothing of what follows the record");
    assert!(
        ended.told.contains("told to panic at ID1/b, at ") && ended.told.contains("tiny.rs:"),
        "{}",
        ended.told
    );
    let error: Vec<&str> = ended.told.lines().filter(|line| line.contains("fault of the program")).collect();
    assert_eq!(error.len(), 1, "{}", ended.told);

    let mut command = bench.tiny("in.shard --out out --panic-at ID1/b");
    let ended: bench::Ended = command.env("RUST_BACKTRACE", "1").output().unwrap().into();
    assert_eq!(ended.code, Some(70));
    assert!(ended.told.contains("tiny::") || ended.told.contains("Tiny"), "no frames: {}", ended.told);
    assert_eq!(bench.names(""), ["in.shard"]);
}

#[test]
fn words_have_a_limit_and_json_stays_json() {
    let bench = Bench::new();
    let long = "k".repeat(1000);
    bench.shard("long.shard", &[&long]);
    let arguments = format!("long.shard --out out --refuse {long} --reason 5000000");
    let words = bench.run(&arguments).refused(65);
    assert!(words.len() < 10_000 && words.contains("bytes left out"), "{} bytes", words.len());
    let words = bench
        .run(&format!("{arguments} --skip-bad 1 --summary summary.json --progress json"))
        .complete()
        .told;
    assert!(words.len() < 20_000, "{} bytes", words.len());
    let events = words.lines().filter(|line| line.starts_with('{'));
    for event in events {
        serde_json::from_str::<stage::ProgressEvent>(event).unwrap();
    }
    assert!(bench.summary("summary.json").records.skipped[0].reason.len() < 5000);
}
