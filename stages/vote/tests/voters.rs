//! Voters of all kinds through the binary.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::process::Command;

use bones::submission::Writer;
use bones::{Bone, Mask, Size};
use planes::{Frame, Scores, ScoresKind, attribute};
use samples::{Ended, mask, masks, read, write};
use shard::Record;
use tempfile::TempDir;

fn vote(folder: &TempDir, arguments: &str) -> Ended {
    samples::run(env!("CARGO_BIN_EXE_vote"), folder.path(), arguments, None)
}

fn size() -> Size {
    Size::new(samples::SIZE.0, samples::SIZE.1).unwrap()
}

fn masks_of(record: &Record) -> Mask {
    planes::masks(record).unwrap()
}

/// Three voters: two shards, in different orders, and a submission.
fn three() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write(path("a.shard"), &[masks("ID1/x", &[("Radius", 0..8)]), masks("ID2/y", &[("Ulna", 0..8)])]);
    write(path("b.shard"), &[masks("ID2/y", &[("Ulna", 2..9)]), masks("ID1/x", &[("Radius", 4..9)])]);
    let mut csv = Writer::new(Vec::new()).unwrap();
    csv.push("y.png", &Mask::empty(size())).unwrap();
    csv.push("x.png", &mask(size(), &[("Radius", 5..9)])).unwrap();
    fs::write(path("c.csv"), csv.finish().unwrap()).unwrap();
    folder
}

#[test]
fn shards_and_submissions_vote_by_key_in_any_order() {
    let folder = three();
    let out = folder.path().join("out.shard");
    vote(&folder, "a.shard b.shard c.csv --out out.shard").complete();
    let records = read(&out);
    let keys: Vec<&str> = records.iter().map(|record| record.key.as_str()).collect();
    assert_eq!(keys, ["ID1/x", "ID2/y"]);
    assert_eq!(records[0].attributes[attribute::PATIENT], "ID1");
    assert_eq!(masks_of(&records[0]), mask(size(), &[("Radius", 4..9)]));
    assert_eq!(masks_of(&records[1]), mask(size(), &[("Ulna", 2..8)]));
    vote(&folder, "a.shard b.shard c.csv --min-votes 1 --out out.shard").complete();
    assert_eq!(masks_of(&read(&out)[0]), mask(size(), &[("Radius", 0..9)]));
    vote(&folder, "a.shard b.shard c.csv --min-votes 3 --out out.shard").complete();
    assert_eq!(masks_of(&read(&out)[0]), mask(size(), &[("Radius", 5..8)]));
}

#[test]
fn submissions_alone_take_their_keys_from_images() {
    let folder = three();
    let keys = |arguments: &str| {
        vote(&folder, &format!("c.csv c.csv {arguments} --out out.shard")).complete();
        read(folder.path().join("out.shard")).into_iter().map(|record| record.key).collect::<Vec<_>>()
    };
    assert_eq!(keys("--width 16 --height 8"), ["x", "y"]);
    assert_eq!(keys("--images b.shard"), ["ID2/y", "ID1/x"]);
    let told = vote(&folder, "c.csv --images b.shard --min-votes 2").refused(2);
    assert!(told.contains("--min-votes 2 can't be reached by 1 inputs"), "{told}");
}

#[test]
fn a_missing_record_is_named_or_counted() {
    let folder = three();
    let path = |name: &str| folder.path().join(name);
    write(path("b.shard"), &[masks("ID1/x", &[("Radius", 4..9)]), masks("ID3/z", &[])]);
    let told = vote(&folder, "a.shard b.shard --out out.shard").refused(65);
    assert!(told.contains("ID2/y is in `a.shard`, not in `b.shard`"), "{told}");
    assert!(told.contains("ID3/z is in `b.shard`, not in `a.shard`"), "{told}");
    assert!(!path("out.shard").exists());
    vote(&folder, "a.shard b.shard --allow-missing --out out.shard --summary s.json").complete();
    assert_eq!(read(path("out.shard")).len(), 3);
    let summary: serde_json::Value = serde_json::from_slice(&fs::read(path("s.json")).unwrap()).unwrap();
    assert_eq!(summary["counts"]["incomplete"], 2);
    assert_eq!(summary["inputs"].as_array().unwrap().len(), 2);
}

#[test]
fn a_pipe_must_keep_the_order() {
    let folder = three();
    let piped = |first: &str, second: &str| {
        let script = format!("cat {first} | \"$0\" - {second} --out out.shard");
        let mut bash = Command::new("sh");
        bash.args(["-c", &script, env!("CARGO_BIN_EXE_vote")]).current_dir(folder.path());
        bash.output().unwrap()
    };
    assert!(piped("a.shard", "b.shard").status.success());
    assert_eq!(read(folder.path().join("out.shard")).len(), 2);
    let fifo = |first: &str, second: &str| {
        let script = format!(
            "mkfifo pipe; cat {first} > pipe & cat {second} | \"$0\" - pipe --out out.shard; code=$?; rm pipe; exit $code"
        );
        let mut bash = Command::new("sh");
        bash.args(["-c", &script, env!("CARGO_BIN_EXE_vote")]).current_dir(folder.path());
        bash.output().unwrap()
    };
    assert!(fifo("a.shard", "a.shard").status.success());
    let told = fifo("a.shard", "b.shard");
    assert_eq!(told.status.code(), Some(65));
    let told = String::from_utf8(told.stderr).unwrap();
    assert!(told.contains("comes where") && told.contains("the same order"), "{told}");
}

/// Scores of 4×2 with one logit for all of a bone.
fn scores(key: &str, logits: &[(&str, f32)]) -> Record {
    scores_of_kind(ScoresKind::Exact, key, logits)
}

fn scores_of_kind(kind: ScoresKind, key: &str, logits: &[(&str, f32)]) -> Record {
    let mut record = masks(key, &[]);
    record.take_plane("masks");
    let small = Size::new(4, 2).unwrap();
    let mut values = vec![half::f16::from_f32(-8.0); 29 * 8];
    for (name, logit) in logits {
        let index = Bone::from_name(name).unwrap().index();
        values[index * 8..(index + 1) * 8].fill(half::f16::from_f32(*logit));
    }
    planes::set_scores(&mut record, &Scores::new(small, values).unwrap(), kind);
    record
}

#[test]
fn scores_are_averaged_by_weight_and_thresholded_by_bone() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // Sigmoids: 0.88 and 0.12 for the Radius, 0.27 for the Ulna.
    write(path("a.shard"), &[scores("ID1/x", &[("Radius", 2.0), ("Ulna", -1.0)])]);
    write(path("b.shard"), &[scores("ID1/x", &[("Radius", -2.0), ("Ulna", -1.0)])]);
    fs::write(path("t.json"), r#"{"Ulna": 0.2, "Radius": 0.9}"#).unwrap();
    let found = |arguments: &str| {
        vote(&folder, &format!("{arguments} --out out.shard")).complete();
        let areas = masks_of(&read(path("out.shard"))[0]).areas();
        ["Radius", "Ulna"].map(|name| areas[Bone::from_name(name).unwrap().index()])
    };
    assert_eq!(found("a.shard"), [128, 0]);
    assert_eq!(found("a.shard b.shard --weights 3,1"), [128, 0]);
    assert_eq!(found("a.shard b.shard --weights 1,3"), [0, 0]);
    assert_eq!(found("a.shard b.shard --threshold 0.45,Ulna=0.25"), [128, 128]);
    assert_eq!(found("a.shard --thresholds t.json"), [0, 128]);
    assert_eq!(found("a.shard --thresholds t.json --threshold Radius=0.6"), [128, 128]);
    assert_eq!(found("a.shard b.shard --mode hard --min-votes 1"), [128, 0]);
    assert_eq!(found("a.shard b.shard --mode hard"), [0, 0]);
    vote(&folder, "a.shard --weights 1,2").refused(2);
    vote(&folder, "a.shard --min-votes 1").refused(2);
    vote(&folder, "a.shard --threshold Radius=1").refused(2);
}

#[test]
fn half_precision_and_quantised_scores_vote_together() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // Sigmoids: 0.88 and 0.27 for the Radius, whose mean is 0.575.
    write(path("a.shard"), &[scores("ID1/x", &[("Radius", 2.0)])]);
    write(path("b.shard"), &[scores_of_kind(ScoresKind::Quantised, "ID1/x", &[("Radius", -1.0)])]);
    let area = |threshold: &str| {
        vote(&folder, &format!("a.shard b.shard --threshold {threshold} --out out.shard")).complete();
        masks_of(&read(path("out.shard"))[0]).areas()[Bone::from_name("Radius").unwrap().index()]
    };
    assert_eq!([area("0.57"), area("0.58")], [128, 0]);
}

#[test]
fn masks_are_no_soft_vote() {
    let told = vote(&three(), "a.shard --mode soft").refused(65);
    assert!(told.contains("a soft vote needs scores"), "{told}");
}

#[test]
fn crops_are_put_back_and_united() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let crop = |name: &str, window: &str, bone: &str| {
        let mut record = masks("ID1/x", &[]);
        let window: bones::crop::Window = window.parse().unwrap();
        Frame { size: window.size(), window: Some(window) }.write(&mut record);
        record.attributes.insert(attribute::PARENT.to_owned(), record.key.clone());
        record.key = format!("ID1/x#{name}");
        planes::set_masks(&mut record, &mask(window.size(), &[(bone, 0..4)]));
        record
    };
    let crops = [crop("wrist", "2 1 4 2 of 16 8", "Lunate"), crop("finger-4", "4 1 4 3 of 16 8", "finger-4")];
    write(path("crops.shard"), &crops);
    vote(&folder, "crops.shard --paste-back --out out.shard").complete();
    let records = read(path("out.shard"));
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].key, "ID1/x");
    assert_eq!(Frame::of(&records[0]).unwrap(), Frame { size: size(), window: None });
    assert!(!records[0].attributes.contains_key(attribute::PARENT));
    assert_eq!(masks_of(&records[0]), mask(size(), &[("Lunate", 18..22), ("finger-4", 20..24)]));
}

/// Submissions of one image: `all.csv` has all 29 rows, with Radius and Ulna; `palm.csv` has rows for Lunate and Ulna
/// alone, the Ulna's empty.
fn partial() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut all = Writer::new(Vec::new()).unwrap();
    all.push("x.png", &mask(size(), &[("Radius", 0..8), ("Ulna", 20..28)])).unwrap();
    fs::write(path("all.csv"), all.finish().unwrap()).unwrap();
    fs::write(path("palm.csv"), "image_name,class,rle\nx.png,Lunate,1 4\nx.png,Ulna,\n").unwrap();
    write(path("images.shard"), &[masks("ID1/x", &[]), masks("ID2/y", &[])]);
    folder
}

fn counts(folder: &TempDir) -> serde_json::Value {
    let summary = fs::read(folder.path().join("s.json")).unwrap();
    serde_json::from_slice::<serde_json::Value>(&summary).unwrap()["counts"].clone()
}

#[test]
fn absent_rows_are_no_vote_and_empty_fields_are_one() {
    let folder = partial();
    let elected = |arguments: &str| {
        let told =
            vote(&folder, &format!("{arguments} --width 16 --height 8 --out out.shard --summary s.json"));
        let record = read(folder.path().join("out.shard")).remove(0);
        (masks_of(&record), planes::opinion(&record.attributes).unwrap(), told.complete().stderr)
    };
    let set =
        |names: &[&str]| names.iter().map(|name| Bone::from_name(name).unwrap()).collect::<bones::BoneSet>();
    // On the Radius only one has an opinion, the Ulna has a yes and a no, the Lunate a no and a yes.
    let (found, opinion, told) = elected("all.csv palm.csv");
    assert_eq!(found, mask(size(), &[("Radius", 0..8)]));
    assert_eq!(opinion, bones::BoneSet::ALL);
    assert!(
        told.contains("palm.csv: no opinion on 27 of 29 bones (finger-1, finger-2, finger-3, finger-4, …)"),
        "{told}"
    );
    assert_eq!(counts(&folder)["bones without an opinion"], 27);
    assert_eq!(elected("all.csv palm.csv --min-votes 2").0, mask(size(), &[("Radius", 0..8)]));
    let any = mask(size(), &[("Radius", 0..8), ("Ulna", 20..28), ("Lunate", 0..4)]);
    assert_eq!(elected("all.csv palm.csv --min-votes 1").0, any);
    // Nobody has an opinion on the others.
    let (found, opinion, told) = elected("palm.csv palm.csv");
    assert_eq!((found, opinion), (mask(size(), &[("Lunate", 0..4)]), set(&["Lunate", "Ulna"])));
    assert!(told.contains("1 of 2 bones were not found (Ulna)"), "{told}");
    // A vote on a vote is a vote on what that is of.
    fs::rename(folder.path().join("out.shard"), folder.path().join("palm.shard")).unwrap();
    fs::rename(folder.path().join("palm.csv"), folder.path().join("palm")).unwrap();
    assert_eq!(elected("all.csv palm.shard").0, mask(size(), &[("Radius", 0..8)]));
    assert_eq!(counts(&folder)["bones without an opinion"], 27);
}

#[test]
fn rows_left_out_of_a_known_bone_are_no_pixel() {
    let folder = partial();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("sparse.csv"), "image_name,class,rle\nx.png,Ulna,1 4\ny.png,Radius,1 4\n").unwrap();
    let told = vote(&folder, "sparse.csv --width 16 --height 8 --out out.shard --summary s.json").complete();
    assert!(told.stderr.contains("sparse.csv: 2 rows are left out"), "{}", told.stderr);
    assert_eq!(counts(&folder)["rows left out"], 2);
    for record in read(path("out.shard")) {
        assert_eq!(record.attributes[attribute::OPINION], "Radius Ulna");
    }
}

#[test]
fn a_radiograph_that_no_voter_has_is_empty_and_told() {
    let folder = partial();
    let path = |name: &str| folder.path().join(name);
    write(path("scores.shard"), &[scores("ID1/x", &[("Radius", 2.0)])]);
    for voter in ["all.csv", "scores.shard --mode soft", "scores.shard --mode hard"] {
        let ended = vote(
            &folder,
            &format!("{voter} --allow-missing --images images.shard --out out.shard --summary s.json"),
        );
        let told = ended.complete().stderr;
        assert!(told.contains("1 radiographs had no voter at all: their masks are empty"), "{told}");
        assert_eq!(
            (&counts(&folder)["without a voter"], &counts(&folder)["incomplete"]),
            (&1.into(), &1.into())
        );
        let records = read(path("out.shard"));
        assert_eq!((records.len(), masks_of(&records[1])), (2, Mask::empty(size())), "{voter}");
        assert!(masks_of(&records[0]).areas()[27] > 0, "{voter}");
    }
    // A voter without a weight is none.
    write(path("more.shard"), &[scores("ID1/x", &[]), scores("ID2/y", &[("Radius", 2.0)])]);
    let told =
        vote(&folder, "scores.shard more.shard --weights 1,0 --allow-missing --out out.shard").complete();
    assert!(told.stderr.contains("1 radiographs had no voter at all"), "{}", told.stderr);
}

#[test]
fn images_without_labels_tell_keys_and_sizes() {
    let folder = partial();
    let size = Size::new(32, 4).unwrap();
    let mut image = masks("ID1/x", &[]);
    image.take_plane("masks");
    Frame { size, window: None }.write(&mut image);
    planes::set_image(&mut image, planes::Image::new(size, vec![0; 128]).unwrap());
    let spec = planes::image_spec();
    let header = shard::Header { classes: Vec::new(), ..samples::header(vec![spec]) };
    let mut unlabelled = shard::Writer::create(folder.path().join("images.shard"), header).unwrap();
    unlabelled.push(&image).unwrap();
    unlabelled.commit().unwrap();
    vote(&folder, "all.csv --images images.shard --out out.shard").complete();
    let records = read(folder.path().join("out.shard"));
    assert_eq!((records[0].key.as_str(), masks_of(&records[0]).size()), ("ID1/x", size));
}
