//! Submissions through the binary and back.
#![allow(clippy::unwrap_used)]

use std::fs;

use bones::submission::Writer;
use bones::{Mask, Size};
use samples::{Ended, mask, masks, read, write};
use tempfile::TempDir;

fn decode(folder: &TempDir, arguments: &str) -> Ended {
    samples::run(env!("CARGO_BIN_EXE_decode-rle"), folder.path(), arguments, Some("in.csv"))
}

fn drawn() -> Mask {
    mask(Size::new(samples::SIZE.0, samples::SIZE.1).unwrap(), &[("Radius", 18..24), ("Ulna", 20..30)])
}

fn submission(images: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut csv = Writer::new(Vec::new()).unwrap();
    for image in images {
        csv.push(image, &drawn()).unwrap();
    }
    fs::write(folder.path().join("in.csv"), csv.finish().unwrap()).unwrap();
    folder
}

#[test]
fn without_images_the_name_is_the_key() {
    let folder = submission(&["b.png", "a.png"]);
    decode(&folder, "--width 16 --height 8 --out out.shard").complete();
    let records = read(folder.path().join("out.shard"));
    assert_eq!(records.iter().map(|record| record.key.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(planes::masks(&records[0]).unwrap(), drawn());
    let told = decode(&folder, "--width 4 --height 4 --out small.shard").refused(65);
    assert!(
        told.contains("record a: line 29 (`Radius` of `a.png`)") || told.contains("goes beyond"),
        "{told}"
    );
}

#[test]
fn with_images_keys_and_attributes_are_theirs() {
    let folder = submission(&["b.png"]);
    write(folder.path().join("images.shard"), &[masks("ID1/a", &[]), masks("ID1/b", &[])]);
    decode(&folder, "--images images.shard --out out.shard --summary s.json").complete();
    let records = read(folder.path().join("out.shard"));
    assert_eq!(records.iter().map(|record| record.key.as_str()).collect::<Vec<_>>(), ["ID1/b"]);
    assert_eq!(records[0].attributes["patient"], "ID1");
    assert_eq!(planes::masks(&records[0]).unwrap(), drawn());
    let summary = fs::read_to_string(folder.path().join("s.json")).unwrap();
    assert!(summary.contains("\"images without rows\": 1"), "{summary}");

    let folder = submission(&["b.png", "c.png"]);
    write(folder.path().join("images.shard"), &[masks("ID1/b", &[])]);
    let told = decode(&folder, "--images images.shard --out out.shard").refused(65);
    assert!(told.contains("record c: the submission has it, but --images has not"), "{told}");
}

#[test]
fn outlines_are_laid_out_as_annotations() {
    let folder = submission(&["b.png"]);
    write(folder.path().join("images.shard"), &[masks("ID1/b", &[])]);
    decode(&folder, "--emit outlines --images images.shard --out drawn").complete();
    let file = fs::read(folder.path().join("drawn/outputs_json/ID1/b.json")).unwrap();
    let file: serde_json::Value = serde_json::from_slice(&file).unwrap();
    let radius = &file["annotations"][27];
    assert_eq!(radius["label"], "Radius");
    assert_eq!(radius["points"], serde_json::json!([[2, 1], [7, 1]]));
    // A shard of masks is drawn too.
    decode(&folder, "--width 16 --height 8 --out masks.shard").complete();
    decode(&folder, "masks.shard --emit outlines --out again").complete();
    let again = fs::read(folder.path().join("again/outputs_json/b.json")).unwrap();
    let again: serde_json::Value = serde_json::from_slice(&again).unwrap();
    assert_eq!(again["annotations"], file["annotations"]);
}

#[test]
fn bad_submissions_are_named() {
    let folder = submission(&["a.png"]);
    let text = fs::read_to_string(folder.path().join("in.csv")).unwrap();
    let row = "a.png,Radius,1 2\n";
    fs::write(folder.path().join("in.csv"), format!("{text}{row}")).unwrap();
    let told = decode(&folder, "--out out.shard").refused(65);
    assert!(told.contains("standard input: lines 29 and 31 both give `Radius` of `a.png`"), "{told}");
    assert!(!folder.path().join("out.shard").exists());
}

#[test]
fn what_a_submission_has_no_opinion_on_travels_with_its_masks() {
    let folder = submission(&[]);
    let csv = "image_name,class,rle\na.png,Radius,1 2\nb.png,Ulna,\nb.png,Radius,3 1\n";
    fs::write(folder.path().join("in.csv"), csv).unwrap();
    let ended = decode(&folder, "--width 16 --height 8 --out out.shard").complete();
    assert!(ended.stderr.contains("no opinion on 27 of 29 bones (finger-1, "), "{}", ended.stderr);
    assert!(ended.stderr.contains("standard input: 1 rows are left out"), "{}", ended.stderr);
    for record in read(folder.path().join("out.shard")) {
        assert_eq!(record.attributes["opinion"], "Radius Ulna");
    }
    // Those of the images say nothing about the submission.
    write(folder.path().join("images.shard"), &read(folder.path().join("out.shard")));
    fs::write(folder.path().join("in.csv"), fs::read(submission(&["a.png"]).path().join("in.csv")).unwrap())
        .unwrap();
    let ended = decode(&folder, "--images images.shard --out all.shard").complete();
    assert!(ended.stderr.contains("1 images have no row in the submission"), "{}", ended.stderr);
    let records = read(folder.path().join("all.shard"));
    assert_eq!((records.len(), records[0].attributes.get("opinion")), (1, None));
}

#[test]
fn images_without_labels_tell_keys_and_sizes() {
    let folder = submission(&["a.png"]);
    let mut image = masks("ID1/a", &[]);
    image.take_plane("masks");
    let size = Size::new(samples::SIZE.0, samples::SIZE.1).unwrap();
    planes::set_image(&mut image, planes::Image::new(size, vec![0; 128]).unwrap());
    let header = shard::Header { classes: Vec::new(), ..samples::header(vec![planes::image_spec()]) };
    let mut unlabelled = shard::Writer::create(folder.path().join("images.shard"), header).unwrap();
    unlabelled.push(&image).unwrap();
    unlabelled.commit().unwrap();
    decode(&folder, "--images images.shard --out out.shard").complete();
    let records = read(folder.path().join("out.shard"));
    assert_eq!((records[0].key.as_str(), planes::masks(&records[0]).unwrap()), ("ID1/a", drawn()));
}

#[test]
fn what_outlines_lose_is_told() {
    let folder = submission(&["a.png"]);
    let csv = "image_name,class,rle\na.png,Radius,1 3 17 1 19 1 33 3 8 2\n";
    fs::write(folder.path().join("in.csv"), csv).unwrap();
    let ended = decode(&folder, "--width 16 --height 8 --emit outlines --out drawn").complete();
    let lost =
        "in 1 files 1 smaller pieces of bones (2 pixels) are left out, and holes of 1 pixels are filled";
    assert!(ended.stderr.contains(lost), "{}", ended.stderr);
}

#[test]
fn records_can_not_write_one_file_or_through_another() {
    let folder = tempfile::tempdir().unwrap();
    for keys in [
        ["ID1/a", "ID1/a.json/b"],
        ["ID1/a.json/b", "ID1/a"],
        ["ID1/a", "ID1/./a"],
        ["ID1//a", "ID1/a"],
        ["ID1/a", "../a"],
        ["ID1/a", "/a"],
    ] {
        let records = keys.map(|key| masks(key, &[("Radius", 0..4)]));
        write(folder.path().join("in.shard"), &records);
        let told = samples::run(
            env!("CARGO_BIN_EXE_decode-rle"),
            folder.path(),
            "in.shard --emit outlines --out drawn",
            None,
        );
        let told = told.refused(65);
        let other = format!("that of record {}:", keys[0]);
        assert!(told.contains(&format!("record {}: ", keys[1])), "{told}");
        assert!(told.contains(&other) || told.contains("leads out of the output folder"), "{told}");
        assert!(!folder.path().join("drawn").exists());
    }
}
