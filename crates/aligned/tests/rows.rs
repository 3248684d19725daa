//! What comes side by side out of shards, submissions and pipes, through a stage of the tests.
#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use bones::Bone;
use samples::{Ended, masks, write};
use tempfile::TempDir;

/// The stage: examples are beside the folder of the test's own program.
fn stage() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples/side_by_side")
}

fn run(folder: &Path, arguments: &str, input: Option<&str>) -> Ended {
    samples::run(stage().to_str().unwrap(), folder, arguments, input)
}

fn lines(ended: Ended) -> Vec<String> {
    ended.complete().text().lines().map(str::to_owned).collect()
}

/// Two shards in different orders and a submission in a third.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let record = |key, pixels| masks(key, &[("Radius", 0..pixels)]);
    write(path("a.shard"), &[record("ID1/x", 1), record("ID2/y", 2), record("ID3/z", 3)]);
    write(path("b.shard"), &[record("ID3/z", 30), record("ID1/x", 10), record("ID2/y", 20)]);
    let rows = "class,image_name,rle\nUlna,y.png,3 5\nRadius,z.png,1 7\nRadius,x.png,\nRadius,y.png,1 1\n";
    fs::write(path("c.csv"), rows).unwrap();
    folder
}

#[test]
fn the_first_shard_leads_and_all_others_are_found_by_key_or_name() {
    let folder = folder();
    let rows = lines(run(folder.path(), "a.shard b.shard c.csv", None));
    assert_eq!(rows, ["ID1/x: 1 10 0", "ID2/y: 2 20 6", "ID3/z: 3 30 7", "0 incomplete"]);
    let rows = lines(run(folder.path(), "c.csv b.shard", None));
    assert_eq!(rows, ["ID3/z: 7 30", "ID1/x: 0 10", "ID2/y: 6 20", "0 incomplete"]);
}

#[test]
fn a_submission_alone_leads_by_its_names() {
    let rows = lines(run(folder().path(), "c.csv --width 16 --height 8", None));
    assert_eq!(rows, ["x: 0", "y: 6", "z: 7", "0 incomplete"]);
}

#[test]
fn what_comes_through_a_pipe_leads_and_gives_what_a_file_gives() {
    let folder = folder();
    let rows = lines(run(folder.path(), "a.shard -", Some("b.shard")));
    assert_eq!(rows, ["ID3/z: 3 30", "ID1/x: 1 10", "ID2/y: 2 20", "0 incomplete"]);
    let rows = lines(run(folder.path(), "a.shard -", Some("c.csv")));
    assert_eq!(rows, ["ID1/x: 1 0", "ID2/y: 2 6", "ID3/z: 3 7", "0 incomplete"]);
    let told = run(folder.path(), "- -", Some("b.shard")).refused(2);
    assert!(told.contains("standard input can't be read twice"), "{told}");
}

#[test]
fn a_dash_is_standard_input_whatever_lies_in_the_folder() {
    let folder = folder();
    for decoy in ["a.shard", "c.csv"] {
        fs::copy(folder.path().join(decoy), folder.path().join("-")).unwrap();
        for (input, expected) in [("b.shard", "ID1/x: 1 10"), ("c.csv", "ID1/x: 1 0")] {
            let rows = lines(run(folder.path(), "a.shard -", Some(input)));
            assert!(rows.contains(&expected.to_owned()), "{decoy}, {input}: {rows:?}");
        }
    }
    let rows = lines(run(folder.path(), "c.csv ./-", Some("b.shard")));
    assert_eq!(rows, ["x: 0 0", "y: 6 6", "z: 7 7", "0 incomplete"]);
}

#[test]
fn what_an_input_lacks_is_told_of_all_rows_or_left_open() {
    let folder = folder();
    write(folder.path().join("d.shard"), &[masks("ID2/y", &[]), masks("ID4/w", &[("Ulna", 0..4)])]);
    let told = run(folder.path(), "a.shard d.shard", None).refused(65);
    for missing in
        ["ID1/x is in `a.shard`, not in `d.shard`", "ID3/z is in `a.shard`", "ID4/w is in `d.shard`"]
    {
        assert!(told.contains(missing), "{told}");
    }
    let rows = lines(run(folder.path(), "a.shard d.shard --allow-missing", None));
    assert_eq!(rows, ["ID1/x: 1 –", "ID2/y: 2 0", "ID3/z: 3 –", "ID4/w: – 4", "3 incomplete"]);
}

#[test]
fn two_records_can_not_have_one_image_name() {
    let folder = folder();
    let mut twin = masks("ID2/x", &[]);
    twin.attributes.insert("image_name".to_owned(), "x.png".to_owned());
    write(folder.path().join("e.shard"), &[masks("ID1/x", &[]), twin]);
    let told = run(folder.path(), "e.shard c.csv --allow-missing", None).refused(65);
    assert!(
        told.contains("ID2/x") && told.contains("another record has its image name `x.png` too"),
        "{told}"
    );
}

#[test]
fn a_row_that_is_no_run_length_text_is_named_by_its_line() {
    let folder = folder();
    fs::write(folder.path().join("f.csv"), "image_name,class,rle\nx.png,Ulna,1 2\ny.png,Ulna,1 2 3\n")
        .unwrap();
    let told = run(folder.path(), "f.csv --width 16 --height 8", None).refused(65);
    assert!(told.contains("line 3 (`Ulna` of `y.png`): pair 2"), "{told}");
}

#[test]
fn an_endless_line_ends_from_a_file_and_from_a_pipe() {
    let folder = folder();
    let path = folder.path().join("long.csv");
    let mut file = File::create(&path).unwrap();
    file.write_all(b"image_name,class,rle\n").unwrap();
    // Nothing is on the disk behind the first line, and some gigabytes are there to be read.
    file.set_len(8 << 30).unwrap();
    for (arguments, input, name) in
        [("a.shard long.csv", None, "long.csv"), ("a.shard -", Some("long.csv"), "standard input")]
    {
        let told = run(folder.path(), arguments, input).refused(65);
        assert!(told.contains(&format!("{name}: line 2 is longer than 32 MiB")), "{told}");
    }
}

/// A submission of `images` radiographs of some 300 kB of text each.
fn long(path: &Path, images: usize) {
    let text: Vec<String> = (0..1000).map(|run| format!("{} 7", run * 4001 + 1)).collect();
    let text = text.join(" ");
    let mut file = BufWriter::new(File::create(path).unwrap());
    writeln!(file, "image_name,class,rle").unwrap();
    for image in 0..images {
        for bone in Bone::ALL {
            writeln!(file, "image{image:04}.png,{bone},{text}").unwrap();
        }
    }
    file.into_inner().unwrap();
}

#[test]
fn memory_does_not_grow_with_submissions() {
    let folder = tempfile::tempdir().unwrap();
    let peak = |images: usize| {
        long(&folder.path().join("long.csv"), images);
        run(folder.path(), "long.csv long.csv --threads 1 --summary s.json", None).complete();
        let summary = fs::read(folder.path().join("s.json")).unwrap();
        let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
        assert_eq!(summary["inputs"][0]["digest"], summary["inputs"][1]["digest"]);
        summary["peak_memory_bytes"].as_u64().unwrap()
    };
    // 90 MB of text against 6 MB, each read twice.
    let [few, many] = [20, 300].map(peak);
    assert!(many < few + (16 << 20), "{few} bytes for 20 images, {many} for 300");
}
