//! A share of the patients: how many, whose, and what goes with them.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;

use folds::{Folds, patient_of};
use planes::attribute;
use samples::{Ended, masks, read, write};
use shard::Record;
use tempfile::TempDir;

fn pick(folder: &TempDir, arguments: &str) -> Ended {
    samples::run(env!("CARGO_BIN_EXE_pick"), folder.path(), arguments, None)
}

/// `key`, derived from `parent`.
fn derived(key: &str, parent: &str) -> Record {
    let mut record = masks(key, &[]);
    record.attributes.insert(attribute::PARENT.to_owned(), parent.to_owned());
    record
}

/// Two hands of each of 20 patients and what was derived from one: a crop, and a phantom of another name.
fn data_set() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let of = |id: usize| {
        let hand = format!("ID{id:03}/a");
        [
            masks(&hand, &[]),
            derived(&format!("{hand}#wrist"), &hand),
            derived(&format!("P{id}/posed"), &hand),
            masks(&format!("ID{id:03}/b"), &[]),
        ]
    };
    let records: Vec<Record> = (0..20).flat_map(of).collect();
    write(folder.path().join("all.shard"), &records);
    folder
}

/// The keys that pass.
fn passed(folder: &TempDir, arguments: &str) -> Vec<String> {
    pick(folder, &format!("{arguments} --replace --out out.shard --summary summary.json")).complete();
    read(folder.path().join("out.shard")).into_iter().map(|record| record.key).collect()
}

fn patients(folder: &TempDir) -> BTreeSet<String> {
    let records = read(folder.path().join("out.shard"));
    records.iter().map(|record| patient_of(&record.key, &record.attributes).to_owned()).collect()
}

fn counts(folder: &TempDir) -> [u64; 3] {
    let text = fs::read_to_string(folder.path().join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
    ["patients", "patients kept", "of patients left out"]
        .map(|what| summary["counts"][what].as_u64().unwrap_or(0))
}

#[test]
fn a_share_is_of_patients_with_all_that_is_theirs() {
    let folder = data_set();
    let mut before = BTreeSet::new();
    for (share, expected) in [("0.001", 1), ("0.1", 2), ("0.33", 7), ("0.5", 10), ("0.99", 20), ("1", 20)] {
        let keys = passed(&folder, &format!("all.shard --share {share} --seed 5"));
        let found = patients(&folder);
        assert_eq!((found.len(), keys.len()), (expected, 4 * expected), "{share}");
        assert_eq!(counts(&folder), [20, expected as u64, 4 * (20 - expected as u64)], "{share}");
        assert!(found.is_superset(&before), "{share}: {before:?} are not all among {found:?}");
        before = found;
    }
    passed(&folder, "all.shard --share 0.3 --seed 5");
    let found = patients(&folder);
    passed(&folder, "all.shard --share 0.3 --seed 6");
    assert_ne!(found, patients(&folder));
}

#[test]
fn a_pipe_gives_what_a_file_gives() {
    let folder = data_set();
    passed(&folder, "all.shard --share 0.25");
    let file = fs::read(folder.path().join("out.shard")).unwrap();
    let summary = counts(&folder);
    let arguments = "--share 0.25 --replace --out out.shard --summary summary.json";
    samples::run(env!("CARGO_BIN_EXE_pick"), folder.path(), arguments, Some("all.shard")).complete();
    assert_eq!(fs::read(folder.path().join("out.shard")).unwrap(), file);
    assert_eq!(counts(&folder), summary);
}

#[test]
fn a_share_is_of_the_side_that_passes() {
    let folder = data_set();
    let name = |ids: std::ops::Range<usize>| ids.map(|id| format!("ID{id:03}")).collect();
    let folds = Folds { rule: "by hand".to_owned(), seed: 0, folds: vec![name(0..5), name(5..20)] };
    fs::write(folder.path().join("folds.json"), serde_json::to_string(&folds).unwrap()).unwrap();
    for (side, all) in [("train", 15), ("validation", 5)] {
        passed(&folder, &format!("all.shard --folds folds.json --side {side} --share 0.4"));
        let found = patients(&folder);
        assert_eq!(found.len(), all * 2 / 5, "{side}");
        assert!(found.iter().all(|id| folds.folds[usize::from(side == "train")].contains(id)), "{found:?}");
        assert_eq!(counts(&folder)[0], all as u64);
    }
}

#[test]
fn what_shows_two_patients_needs_both() {
    let folder = tempfile::tempdir().unwrap();
    let mixed = derived("ID001/mixed", "ID002/a");
    write(folder.path().join("all.shard"), &[masks("ID001/a", &[]), masks("ID002/a", &[]), mixed]);
    assert_eq!(passed(&folder, "all.shard --share 0.5").len(), 1);
    assert_eq!(passed(&folder, "all.shard --share 1").len(), 3);
}

#[test]
fn shares_that_cannot_be_are_refused() {
    let folder = data_set();
    for share in ["0", "-0.1", "1.01", "NaN", "inf", "", "half"] {
        let told = pick(&folder, &format!("all.shard --share={share} --out out.shard")).refused(2);
        assert!(told.contains("expected a number above 0, and 1 at most"), "{told}");
    }
    let told = pick(&folder, "all.shard --share 0.5 --ids list.txt --out out.shard").refused(2);
    assert!(told.contains("give --side"), "{told}");
    let told = pick(&folder, "all.shard --share 0.5 --side train --out out.shard").refused(2);
    assert!(told.contains("give --folds or --ids"), "{told}");
    write(folder.path().join("all.shard"), &[]);
    assert!(passed(&folder, "all.shard --share 0.5").is_empty());
}
