//! Folds through the binary.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use folds::Folds;
use samples::{Ended, masks, write};

fn split(folder: &Path, arguments: &str) -> Ended {
    samples::run(env!("CARGO_BIN_EXE_split"), folder, arguments, None)
}

fn read(folder: &Path) -> Folds {
    Folds::from_json(&fs::read(folder.join("folds/folds.json")).unwrap()).unwrap()
}

#[test]
fn a_folder_and_a_shard_of_the_same_patients_give_the_same_folds() {
    let folder = tempfile::tempdir().unwrap();
    let ids: Vec<String> = (1..=12).map(|n| format!("ID{n:03}")).collect();
    for id in &ids {
        fs::create_dir_all(folder.path().join("data/train/DCM").join(id)).unwrap();
    }
    let hands = ids.iter().rev().flat_map(|id| ["a", "b"].map(|hand| masks(&format!("{id}/{hand}"), &[])));
    write(folder.path().join("all.shard"), &hands.collect::<Vec<_>>());
    split(folder.path(), "data --folds 3 --out folds").complete();
    let of_folder = read(folder.path());
    split(folder.path(), "all.shard --folds 3 --out folds --replace").complete();
    assert_eq!(read(folder.path()), of_folder);
    assert_eq!(of_folder.folds.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 4]);
    let list = fs::read_to_string(folder.path().join("folds/fold-2.txt")).unwrap();
    assert_eq!(list.lines().collect::<Vec<_>>(), of_folder.folds[2]);
    split(folder.path(), "all.shard --folds 3 --seed 1 --out folds --replace").complete();
    assert_ne!(read(folder.path()).folds, of_folder.folds);
}

#[test]
fn too_few_patients_and_folders_of_something_else_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("all.shard"), &[masks("ID1/a", &[]), masks("ID2/a", &[])]);
    let told = split(folder.path(), "all.shard --out folds").refused(65);
    assert!(told.contains("2 patients can't fill 5 folds"), "{told}");
    let told = split(folder.path(), ". --out folds").refused(65);
    assert!(told.contains("neither train/DCM nor DCM"), "{told}");
    assert!(!folder.path().join("folds").exists());
}
