//! `overlay` as a program: which pictures there are, joining by key, exit codes.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use bones::{Bone, BoneSet, Mask, Run, Size};
use planes::Image;
use shard::{Header, Producer, Record, Writer};
use tempfile::TempDir;

const SIDE: u32 = 32;

/// A record whose radius covers the rows from `top` on.
fn record(key: &str, top: u32) -> Record {
    let size = Size::new(SIDE, SIDE).unwrap();
    let mut record = Record { key: key.to_owned(), ..Record::default() };
    planes::set_image(&mut record, Image::new(size, vec![90; size.pixels() as usize]).unwrap());
    let radius = BoneSet::of(Bone::from_name("Radius").unwrap());
    let runs = [Run { end: top * SIDE, set: BoneSet::EMPTY }, Run { end: SIDE * SIDE, set: radius }];
    planes::set_masks(&mut record, &Mask::from_runs(size, runs).unwrap());
    record
}

fn write(folder: &Path, name: &str, planes: &[&str], records: &[Record]) {
    let specs = [planes::image_spec(), planes::masks_spec()];
    let header = Header {
        producer: Producer { stage: "test".to_owned(), version: "1".to_owned() },
        planes: specs.into_iter().filter(|spec| planes.contains(&spec.name.as_str())).collect(),
        classes: planes::classes(),
        attributes: Default::default(),
    };
    let mut writer = Writer::create(folder.join(name), header).unwrap();
    for record in records {
        let mut record = record.clone();
        record.planes.retain(|plane| planes.contains(&plane.name.as_str()));
        writer.push(&record).unwrap();
    }
    writer.commit().unwrap();
}

/// Shards `both` (image and masks), `images`, and `masks` with predictions for the first two of three records.
fn data() -> TempDir {
    let folder = TempDir::new().unwrap();
    let truth = [record("A/1", 16), record("A/2", 16), record("B/1", 16)];
    write(folder.path(), "both", &["image", "masks"], &truth);
    write(folder.path(), "images", &["image"], &truth);
    write(folder.path(), "masks", &["masks"], &[record("A/2", 24), record("A/1", 16)]);
    folder
}

fn overlay(folder: &TempDir, arguments: &[&str]) -> (i32, String, Vec<String>) {
    let output = Command::new(env!("CARGO_BIN_EXE_overlay"))
        .args(["--out", "pictures", "--summary", "summary.json"])
        .args(arguments)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let mut files: Vec<String> = fs::read_dir(folder.path().join("pictures"))
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    files.sort();
    let _ = fs::remove_dir_all(folder.path().join("pictures"));
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap(), files)
}

#[test]
fn every_record_has_its_picture() {
    let folder = data();
    let (code, words, files) = overlay(&folder, &["both"]);
    assert_eq!(
        (code, files),
        (0, ["A-1.png", "A-2.png", "B-1.png", "contact-sheet.png"].map(String::from).to_vec()),
        "{words}"
    );
    let (code, _, files) = overlay(&folder, &["both", "--limit", "1"]);
    assert_eq!((code, files), (0, ["A-1.png", "contact-sheet.png"].map(String::from).to_vec()));
    let summary: stage::Summary =
        serde_json::from_slice(&fs::read(folder.path().join("summary.json")).unwrap()).unwrap();
    assert_eq!((summary.records.read, summary.records.written), (3, 1));
}

#[test]
fn masks_of_another_stream_are_joined_by_key() {
    let folder = data();
    for input in ["both", "images"] {
        let (code, words, files) = overlay(&folder, &[input, "--masks", "masks"]);
        assert_eq!((code, files.len()), (65, 0));
        assert!(words.contains(&format!("{input}: record B/1: masks has nothing of it")), "{words}");
        let (code, words, files) = overlay(&folder, &[input, "--masks", "masks", "--skip-bad", "1"]);
        assert_eq!((code, files.len()), (0, 3), "{words}");
    }
}

#[test]
fn masks_that_are_missing_or_of_another_size_are_named() {
    let folder = data();
    let (code, words, _) = overlay(&folder, &["images"]);
    assert_eq!(code, 65);
    assert!(words.contains("images: no plane `masks`: it was written by `test`"), "{words}");

    let mut small = record("A/1", 16);
    let size = Size::new(8, 8).unwrap();
    planes::set_masks(&mut small, &Mask::empty(size));
    write(folder.path(), "small", &["masks"], &[small]);
    let (code, words, _) = overlay(&folder, &["both", "--masks", "small", "--limit", "1"]);
    assert_eq!(code, 65);
    assert!(words.contains("both: record A/1: its masks are 32×32, those to compare with 8×8"), "{words}");
}

#[test]
fn keys_that_give_one_file_name_are_an_error() {
    let folder = data();
    write(folder.path(), "alike", &["image", "masks"], &[record("A/1", 16), record("A-1", 16)]);
    let (code, words, files) = overlay(&folder, &["alike"]);
    assert_eq!((code, files.len()), (65, 0));
    assert!(
        words.contains("alike: record A-1: its file A-1.png is in the way of that of record A/1"),
        "{words}"
    );
}

#[test]
fn standard_input_is_read_once() {
    let folder = data();
    for input in [&["-"][..], &[]] {
        let (code, words, _) = overlay(&folder, &[input, &["--masks", "-"]].concat());
        assert_eq!(code, 2);
        assert!(words.contains("standard input can't be read twice"), "{words}");
    }
}

#[test]
fn a_submission_is_joined_by_image_name() {
    let folder = data();
    let mut named = record("A/1", 16);
    named.attributes.insert("image_name".to_owned(), "1.png".to_owned());
    planes::Frame { size: Size::new(SIDE, SIDE).unwrap(), window: None }.write(&mut named);
    write(folder.path(), "named", &["image", "masks"], &[named]);
    fs::write(folder.path().join("in.csv"), "image_name,class,rle\n1.png,Ulna,1 64\n").unwrap();
    let (code, words, files) = overlay(&folder, &["named", "--masks", "in.csv"]);
    assert_eq!((code, files.len()), (0, 2), "{words}");
}

#[test]
fn a_sheet_beyond_memory_is_refused() {
    let (code, words, files) = overlay(&data(), &["both", "--limit", "1000", "--thumbnail", "2048"]);
    assert_eq!((code, files.len()), (2, 0));
    assert!(words.contains("--thumbnail can be 518 at most"), "{words}");
}

#[test]
fn records_beyond_the_limit_are_told() {
    let (code, words, _) = overlay(&data(), &["both", "--limit", "2"]);
    assert_eq!(code, 0);
    assert!(words.contains("1 records behind the first 2 are left out"), "{words}");
}

fn peak(folder: &TempDir, arguments: &[&str]) -> u64 {
    let (code, words, _) = overlay(folder, &[&["--threads", "1"], arguments].concat());
    assert_eq!(code, 0, "{words}");
    let summary = fs::read(folder.path().join("summary.json")).unwrap();
    serde_json::from_slice::<stage::Summary>(&summary).unwrap().peak_memory_bytes.unwrap()
}

#[test]
fn a_large_picture_is_not_in_memory_as_a_whole() {
    let folder = data();
    let size = Size::new(4096, 4096).unwrap();
    let mut large = record("A/1", 16);
    let set = BoneSet::of(Bone::ALL[3]);
    let runs = [Run { end: 3 << 21, set: BoneSet::EMPTY }, Run { end: 1 << 24, set }];
    planes::set_masks(&mut large, &Mask::from_runs(size, runs).unwrap());
    write(folder.path(), "large", &["image", "masks"], &[large]);
    let [small, large] =
        ["64", "4096"].map(|size| peak(&folder, &["large", "--size", size, "--thumbnail", "64"]));
    // A byte a pixel would be 16 MB.
    assert!(large < small + (12 << 20), "{small} bytes for 64 pixels, {large} for 4096");
}

#[test]
fn memory_does_not_grow_with_the_masks_beside() {
    let folder = data();
    let size = Size::new(256, 256).unwrap();
    let mut random = bones::statistics::SplitMix64::new(5);
    let mut masks = |key: String| {
        let pixels: Vec<BoneSet> = (0..1 << 16)
            .map(|_| BoneSet::from_bits_truncate(random.next_u64() as u32 & 0x1fff_ffff))
            .collect();
        let mut record = Record { key, ..Record::default() };
        planes::set_masks(&mut record, &Mask::from_dense(size, &pixels).unwrap());
        record
    };
    // About 300 kB each.
    let mut beside = |name: &str, count: usize| {
        let records: Vec<Record> = (0..count).map(|index| masks(format!("A/{index}"))).collect();
        write(folder.path(), name, &["masks"], &records);
    };
    beside("few", 3);
    beside("many", 200);
    let [few, many] = ["few", "many"].map(|masks| {
        peak(&folder, &["images", "--limit", "1", "--size", "16", "--thumbnail", "16", "--masks", masks])
    });
    assert!(many < few + (16 << 20), "{few} bytes beside 3 records, {many} beside 200");
}
