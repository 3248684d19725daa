//! Intervals are over the patients that folds are dealt by.
#![allow(clippy::unwrap_used)]

use std::fs;

use samples::{LINEAGES, Lineage, write};

#[test]
fn the_patient_of_an_image_is_the_one_that_folds_know() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("all.shard"), &LINEAGES.iter().map(Lineage::record).collect::<Vec<_>>());
    let arguments = "all.shard --truth all.shard --resamples 10 --out scores";
    samples::run(env!("CARGO_BIN_EXE_score"), folder.path(), arguments, None).complete();
    let images = fs::read_to_string(folder.path().join("scores/images.csv")).unwrap();
    for Lineage { key, patients, .. } in LINEAGES {
        let row = format!("{key},{},Radius,", patients[0]);
        assert!(images.lines().any(|line| line.starts_with(&row)), "{row}\n{images}");
    }
}
