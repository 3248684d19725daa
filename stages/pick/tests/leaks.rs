//! Nothing derived from a held-out patient reaches training.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;

use folds::{Patient, deal};
use planes::attribute;
use samples::{Ended, masks, read, write};
use shard::Record;
use tempfile::TempDir;

fn pick(folder: &TempDir, arguments: &str) -> Ended {
    samples::run(env!("CARGO_BIN_EXE_pick"), folder.path(), arguments, Some("all.shard"))
}

/// A record derived from `parent`.
fn derived(key: &str, patient: Option<&str>, parent: &str) -> Record {
    let mut record = masks(key, &[]);
    match patient {
        Some(patient) => record.attributes.insert(attribute::PATIENT.to_owned(), patient.to_owned()),
        None => record.attributes.remove(attribute::PATIENT),
    };
    record.attributes.insert(attribute::PARENT.to_owned(), parent.to_owned());
    record
}

/// Two hands, a crop, a pseudo label and a posed phantom of each of 11 patients, in three folds.
fn data_set() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let ids: Vec<String> = (0..11).map(|n| format!("ID{n:03}")).collect();
    let records: Vec<Record> = ids
        .iter()
        .flat_map(|id| {
            let hand = format!("{id}/a");
            [
                masks(&hand, &[]),
                masks(&format!("{id}/b"), &[]),
                derived(&format!("{hand}#wrist"), Some(id), &hand),
                derived(&format!("{id}/a-pseudo"), None, &hand),
                derived(&format!("P{id}/posed"), Some(&format!("P{id}")), &hand),
            ]
        })
        .collect();
    write(folder.path().join("all.shard"), &records);
    let patients = ids.into_iter().map(|id| Patient { id, stratum: String::new() });
    fs::create_dir(folder.path().join("folds")).unwrap();
    let folds = serde_json::to_string(&deal(patients, 3, 0)).unwrap();
    fs::write(folder.path().join("folds").join(folds::FILE), folds).unwrap();
    folder
}

/// The patients whose radiographs, or what was derived from them, are in a shard.
fn patients(records: &[Record]) -> BTreeSet<String> {
    let origin = |record: &Record| {
        let parent = record.attributes.get(attribute::PARENT).unwrap_or(&record.key).clone();
        parent.split('/').next().unwrap().to_owned()
    };
    records.iter().map(origin).collect()
}

#[test]
fn nothing_derived_from_a_validation_patient_is_trained_on() {
    let folder = data_set();
    let side = |fold: usize, side: &str| {
        let arguments = format!("--folds folds --fold {fold} --side {side} --out {side}.shard");
        pick(&folder, &arguments).complete();
        read(folder.path().join(format!("{side}.shard")))
    };
    let mut held_out = 0;
    for fold in 0..3 {
        let (train, validation) = (side(fold, "train"), side(fold, "validation"));
        assert_eq!(train.len() + validation.len(), 55);
        assert!(patients(&train).is_disjoint(&patients(&validation)));
        assert!(patients(&validation).len() >= 3);
        held_out += validation.len();
    }
    assert_eq!(held_out, 55);
}

#[test]
fn the_file_of_folds_does_as_well_as_its_folder() {
    let folder = data_set();
    let [whole, file] = ["folds", "folds/folds.json"].map(|folds| {
        pick(&folder, &format!("--folds {folds} --side train --out out.shard")).complete();
        patients(&read(folder.path().join("out.shard")))
    });
    assert!(!whole.is_empty() && whole == file, "{whole:?} {file:?}");
}

#[test]
fn a_list_of_ids_holds_out_whom_it_names() {
    let folder = data_set();
    fs::write(folder.path().join("list.txt"), "ID003\nID007\n").unwrap();
    pick(&folder, "--ids list.txt --side validation --out out.shard").complete();
    let found = patients(&read(folder.path().join("out.shard")));
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["ID003", "ID007"]);
}

#[test]
fn a_patient_of_no_fold_is_refused() {
    let folder = data_set();
    write(folder.path().join("all.shard"), &[masks("ID999/a", &[])]);
    let told = pick(&folder, "--folds folds --side train --out out.shard").refused(65);
    assert!(told.contains("ID999/a") && told.contains("`ID999` is in no fold"), "{told}");
    assert!(!folder.path().join("out.shard").exists());
    let told = pick(&folder, "--folds folds --fold 3 --side train --out out.shard").refused(65);
    assert!(told.contains("there is no fold 3; there are 3"), "{told}");
    pick(&folder, "--side train --out out.shard").refused(2);
    pick(&folder, "--folds folds --ids list.txt --side train").refused(2);
}
