//! What holds for the inputs of every stage: read whole, in order, and digested by their content.
#![allow(clippy::unwrap_used, reason = "a test that can't set itself up should panic")]

mod bench;

use std::fs;
use std::os::unix::fs::symlink;

use bench::{Bench, KEYS};

#[test]
fn several_inputs_are_read_as_one_in_any_way_they_are_given() {
    let bench = Bench::new();
    bench.shard("more.shard", &["ID3/d"]);
    bench.shard("last.shard", &["ID4/e"]);
    let all = ["ID1/a", "ID1/b", "ID2/c", "ID3/d", "ID4/e"];
    assert_eq!(bench.run("in.shard more.shard last.shard").complete().keys(), all);
    assert_eq!(bench.run("--in in.shard --in more.shard -i last.shard").complete().keys(), all);
    assert_eq!(bench.run("in.shard --in more.shard --in last.shard").complete().keys(), all);
    assert_eq!(bench.run_with("in.shard - last.shard", "more.shard").complete().keys(), all);
    let words = bench.run("in.shard in.shard").refused(65);
    assert!(words.contains("record ID1/a: its key is in the stream twice"), "{words}");
}

#[test]
fn a_dash_is_standard_input_whatever_lies_in_the_folder() {
    let bench = Bench::new();
    bench.shard("other.shard", &["ID9/other"]);
    for arguments in ["", "-", "--in -"] {
        assert_eq!(bench.run_with(arguments, "other.shard").complete().keys(), ["ID9/other"]);
    }
    fs::copy(bench.path("in.shard"), bench.path("-")).unwrap();
    for arguments in ["", "-", "--in -"] {
        assert_eq!(bench.run_with(arguments, "other.shard").complete().keys(), ["ID9/other"]);
    }
    assert_eq!(bench.run_with("in.shard -", "other.shard").complete().keys().len(), 4);
    assert_eq!(bench.run_with("./-", "other.shard").complete().keys(), KEYS);
    bench.run_with("in.shard --file - --out out --summary summary.json", "other.shard").complete();
    let inputs = bench.summary("summary.json").inputs;
    assert_eq!((inputs[0].port.as_str(), inputs[0].path.as_str()), ("file", "standard input"));
}

#[test]
fn a_bad_record_is_skipped_and_listed_as_often_as_allowed() {
    let bench = Bench::new();
    let words = bench.run("in.shard --out out --refuse ID1/b").refused(65);
    assert!(words.contains("in.shard: record ID1/b: refused!"), "{words}");
    let arguments = "in.shard --out out --refuse ID1/b --skip-bad 1 --summary summary.json";
    let words = bench.run(arguments).complete().told;
    assert!(words.contains("skipped in.shard: record ID1/b: refused!"), "{words}");
    assert_eq!(bench::keys(bench.path("out")), ["ID1/a", "ID2/c"]);
    let records = bench.summary("summary.json").records;
    assert_eq!((records.read, records.written, records.skipped.len()), (3, 2, 1));
    assert_eq!(records.skipped[0].record, "ID1/b");
}

/// The digest of a folder, as the summary has it.
fn digest(bench: &Bench, folder: &str) -> String {
    bench.run(&format!("in.shard --out out --folder {folder} --summary summary.json")).complete();
    let inputs = bench.summary("summary.json").inputs;
    inputs.iter().find(|input| input.port == "folder").unwrap().digest.clone()
}

#[test]
fn a_folders_digest_is_that_of_its_content_through_links() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("real/deep")).unwrap();
    fs::write(bench.path("real/a"), "one").unwrap();
    fs::write(bench.path("real/deep/b"), "two").unwrap();
    let real = digest(&bench, "real");

    // Links to its parts, a link to a folder of links, and one to the whole.
    fs::create_dir(bench.path("links")).unwrap();
    symlink(bench.path("real/a"), bench.path("links/a")).unwrap();
    symlink("../real/deep", bench.path("links/deep")).unwrap();
    symlink("links", bench.path("chain")).unwrap();
    symlink("real", bench.path("whole")).unwrap();
    for same in ["links", "chain", "whole", "real/"] {
        assert_eq!(digest(&bench, same), real, "{same}");
    }

    fs::write(bench.path("real/deep/b"), "new").unwrap();
    let changed = digest(&bench, "links");
    assert_ne!(changed, real);
    assert_eq!(changed, digest(&bench, "real"));
    fs::rename(bench.path("real/a"), bench.path("real/c")).unwrap();
    assert_ne!(digest(&bench, "real"), changed, "names count");
}

#[test]
fn a_link_that_leads_nowhere_or_back_is_no_riddle() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("folder/deep")).unwrap();
    fs::write(bench.path("folder/a"), "one").unwrap();
    let without = digest(&bench, "folder");
    symlink("nothing", bench.path("folder/dangling")).unwrap();
    let dangling = digest(&bench, "folder");
    assert_ne!(dangling, without);
    fs::write(bench.path("folder/nothing"), "now there").unwrap();
    assert_ne!(digest(&bench, "folder"), dangling);

    symlink("..", bench.path("folder/deep/back")).unwrap();
    let words = bench.run("in.shard --out fresh --folder folder").refused(65);
    assert!(words.contains("folder/deep/back: leads back to folder"), "{words}");
    assert!(!bench.path("fresh").exists());
}
