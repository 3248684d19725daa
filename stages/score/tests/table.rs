//! The score table through the binary.
#![allow(clippy::unwrap_used)]

use std::fs;

use bones::submission::Writer;
use bones::{Bone, Size};
use samples::{Ended, masks, read, write};
use score::ScoreTable;
use tempfile::TempDir;

fn score(folder: &TempDir, arguments: &str) -> Ended {
    samples::run(env!("CARGO_BIN_EXE_score"), folder.path(), arguments, None)
}

/// Two images of one patient and one of another; the Radius of one of them is half missing in the prediction.
fn compared() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let [a, b, c] = ["ID1/a", "ID1/b", "ID2/c"];
    let whole = || [("Radius", 0..10)];
    write(path("truth.shard"), &[masks(a, &whole()), masks(b, &whole()), masks(c, &whole())]);
    write(path("same.shard"), &[masks(c, &whole()), masks(b, &whole()), masks(a, &whole())]);
    let half = [("Radius", 0..5), ("Ulna", 20..25)];
    write(path("half.shard"), &[masks(a, &whole()), masks(b, &whole()), masks(c, &half)]);
    folder
}

#[test]
fn the_table_goes_to_standard_output_and_ends_with_the_mean() {
    let folder = compared();
    let same = score(&folder, "same.shard --truth truth.shard").complete();
    assert_eq!(same.text().lines().last(), Some("mean Dice 1.0000 [1.0000, 1.0000]"));
    assert!(same.text().starts_with("3 images of 2 patients;"), "{}", same.text());
    // The Radius of c has 2·5 / 15, its Ulna 0: 1 − (1/3 + 1) / 29 / 3.
    let half = score(&folder, "half.shard --truth truth.shard").complete();
    let last = half.text().lines().last().unwrap();
    assert!(last.starts_with("mean Dice 0.9847 [0.9540, 1.0000]"), "{last}");
}

#[test]
fn a_folder_holds_table_json_and_csv() {
    let folder = compared();
    score(&folder, "half.shard --truth truth.shard --out scores").complete();
    let file = |name: &str| fs::read_to_string(folder.path().join("scores").join(name)).unwrap();
    let scores: ScoreTable = serde_json::from_str(&file("scores.json")).unwrap();
    let radius = &scores.classes[Bone::from_name("Radius").unwrap().index()];
    let dice = radius.dice.unwrap();
    assert!((dice.mean - (1.0 + 1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-5, "{dice:?}");
    let ulna = &scores.classes[Bone::from_name("Ulna").unwrap().index()];
    assert_eq!((ulna.one_empty, ulna.hd95), (1, Some(0.0)));
    assert_eq!(file("scores.csv").lines().count(), 1 + 29 + 1);
    let images = file("images.csv");
    assert_eq!(images.lines().count(), 1 + 3 * 29);
    let radius = images.lines().find(|line| line.starts_with("ID2/c,ID2,Radius,0.66666")).unwrap();
    assert!(radius.ends_with(",5,10,5"), "{radius}");
    assert_eq!(file("table.txt").lines().last().unwrap().split(' ').nth(2), Some("0.9847"));
}

#[test]
fn a_submission_is_scored_by_image_name() {
    let folder = compared();
    let mut csv = Writer::new(Vec::new()).unwrap();
    for record in read(folder.path().join("half.shard")) {
        csv.push(&record.attributes["image_name"], &planes::masks(&record).unwrap()).unwrap();
    }
    fs::write(folder.path().join("half.csv"), csv.finish().unwrap()).unwrap();
    let half = score(&folder, "half.csv --truth truth.shard").complete();
    assert!(half.text().contains("mean Dice 0.9847 [0.9540, 1.0000]"), "{}", half.text());
    let both = score(&folder, "half.csv --truth half.csv --width 16 --height 8").complete();
    assert!(both.text().contains("mean Dice 1.0000"), "{}", both.text());
}

#[test]
fn missing_images_and_other_sizes_are_named() {
    let folder = compared();
    let path = |name: &str| folder.path().join(name);
    write(path("less.shard"), &[masks("ID1/a", &[]), masks("ID3/d", &[])]);
    let told = score(&folder, "less.shard --truth truth.shard").refused(65);
    for missing in
        ["ID3/d is in `less.shard`, not in `truth.shard`", "ID2/c is in `truth.shard`", "ID1/b is in"]
    {
        assert!(told.contains(missing), "{told}");
    }
    let mut other = masks("ID1/a", &[]);
    planes::set_masks(&mut other, &bones::Mask::empty(Size::new(4, 4).unwrap()));
    write(path("other.shard"), &[other]);
    write(path("one.shard"), &[masks("ID1/a", &[])]);
    let told = score(&folder, "other.shard --truth one.shard").refused(65);
    assert!(told.contains("ID1/a: the prediction is 4×4, the truth is 16×8"), "{told}");
    score(&folder, "one.shard").refused(2);
}

#[test]
fn who_has_no_attribute_is_the_patient_of_the_folder() {
    let folder = compared();
    let mut records = read(folder.path().join("half.shard"));
    records.iter_mut().for_each(|record| drop(record.attributes.remove("patient")));
    write(folder.path().join("bare.shard"), &records);
    let ended = score(&folder, "bare.shard --truth bare.shard").complete();
    assert!(ended.text().starts_with("3 images of 2 patients;"), "{}", ended.text());
}

/// `palm.csv` has rows for the Lunate and an empty one for the Ulna alone.
#[test]
fn classes_without_an_opinion_are_left_out_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write(path("truth.shard"), &[masks("ID1/a", &[("Radius", 0..9), ("Lunate", 20..29), ("Ulna", 40..49)])]);
    fs::write(path("palm.csv"), "image_name,class,rle\na.png,Lunate,21 9\na.png,Ulna,\n").unwrap();
    let mean = "mean Dice 0.5000 [0.5000, 0.5000] over 2 of 29 classes";
    let scored = |arguments: &str| {
        let ended = score(&folder, arguments).complete();
        assert_eq!(ended.text().lines().last(), Some(mean), "{arguments}");
        assert!(ended.stderr.contains("palm: no opinion on 27 of 29 bones"), "{}", ended.stderr);
        ended.text().to_owned()
    };
    fs::copy(path("palm.csv"), path("palm")).unwrap();
    let table = scored("palm --truth truth.shard");
    let radius = table.lines().find(|line| line.starts_with("Radius")).unwrap();
    assert_eq!(radius.split_whitespace().collect::<Vec<_>>(), ["Radius", "–", "–", "–", "–", "0"]);
    assert!(table.contains("–: not compared"), "{table}");
    scored("truth.shard --truth palm");
    // Masks that say the same score the same.
    let mut record = masks("ID1/a", &[("Lunate", 20..29)]);
    record.attributes.insert("opinion".to_owned(), "Ulna Lunate".to_owned());
    write(path("palm"), &[record]);
    assert_eq!(scored("palm --truth truth.shard"), table);
    score(&folder, "palm --truth truth.shard --out scores").complete();
    let file = |name: &str| fs::read_to_string(path("scores").join(name)).unwrap();
    let scores: ScoreTable = serde_json::from_str(&file("scores.json")).unwrap();
    let radius = Bone::from_name("Radius").unwrap().index();
    assert_eq!((scores.classes[radius].dice, scores.classes[radius].no_opinion), (None, 1));
    assert!(file("scores.csv").contains("\nRadius,,,,,,0,1\n"), "{}", file("scores.csv"));
    assert!(file("images.csv").contains("\nID1/a,ID1,Radius,,,,,,\n"), "{}", file("images.csv"));
}

#[test]
fn draws_have_a_limit() {
    let folder = compared();
    let told = score(&folder, "same.shard --truth truth.shard --resamples 4294967295").refused(2);
    assert!(told.contains("4294967295 is not in 0..=1000000"), "{told}");
    score(&folder, "same.shard --truth truth.shard --resamples 1000000").complete();
}
