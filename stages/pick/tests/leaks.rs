//! Nothing derived from a held-out patient reaches training.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;

use folds::{Folds, Patient, Rule, deal, patient_of};
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
    let folds = serde_json::to_string(&deal(patients, Rule::SexAge, 3, 0)).unwrap();
    fs::write(folder.path().join("folds").join(folds::FILE), folds).unwrap();
    folder
}

/// The patients whose radiographs, or what was derived from them, are in a shard.
fn patients(records: &[Record]) -> BTreeSet<String> {
    records.iter().map(|record| patient_of(&record.key, &record.attributes).to_owned()).collect()
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
    // As the table of patients writes them.
    fs::write(folder.path().join("list.txt"), "3\n7.0\n").unwrap();
    pick(&folder, "--ids list.txt --side validation --out out.shard").complete();
    let found = patients(&read(folder.path().join("out.shard")));
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["ID003", "ID007"]);
    fs::write(folder.path().join("list.txt"), "P3\nP7\n").unwrap();
    let ended = pick(&folder, "--ids list.txt --side validation --out out.shard").complete();
    assert!(ended.stderr.contains("nobody of this list has a record here"), "{}", ended.stderr);
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
    for fold in ["-1", "65536", "1e9", "NaN", "inf", ""] {
        let arguments = format!("--folds folds --fold={fold} --side train --out out.shard");
        pick(&folder, &arguments).refused(2);
    }
    pick(&folder, "--side train --out out.shard").refused(2);
    pick(&folder, "--folds folds --ids list.txt --side train").refused(2);
}

/// Whoever of a record's patients is held out, nothing of it is trained on.
#[test]
fn a_record_goes_with_its_patients() {
    let folder = tempfile::tempdir().unwrap();
    for lineage in samples::LINEAGES {
        write(folder.path().join("all.shard"), &[lineage.record()]);
        let passes = |held_out: &[&str], trained_on: &[&str], side: &str| {
            let folds = [held_out, trained_on].map(|ids| ids.iter().map(|&id| id.to_owned()).collect());
            let folds = Folds { rule: "by hand".to_owned(), seed: 0, folds: folds.to_vec() };
            fs::write(folder.path().join("folds.json"), serde_json::to_string(&folds).unwrap()).unwrap();
            pick(&folder, &format!("--folds folds.json --side {side} --out out.shard")).complete();
            !read(folder.path().join("out.shard")).is_empty()
        };
        let (patient, all) = (&lineage.patients[..1], lineage.patients);
        for (held_out, trained_on, train, validation) in [
            (patient, &["other"][..], false, true),
            (all, &["other"], false, true),
            (&["other"], patient, true, false),
            (&["other"], all, true, false),
            (patient, &all[1..], false, all.len() == 1),
            (&all[1..], patient, all.len() == 1, false),
        ] {
            let found = ["train", "validation"].map(|side| passes(held_out, trained_on, side));
            assert_eq!(found, [train, validation], "{}: {held_out:?} {trained_on:?}", lineage.key);
        }
    }
}
