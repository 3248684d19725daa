//! Who is a patient: the same across stages.

#![allow(clippy::unwrap_used, reason = "a test that can't set itself up should panic")]

use std::fs;

use ossa_tests::run_ok;
use serde_json::{Value, json};

/// The table of drawn patients says `1` where their folders are called `ID001`. These folds were dealt while it said
/// `ID001` too: whoever changes them changes what was trained on drawn hands.
#[test]
fn folds_of_drawn_patients_are_pinned() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let counts = ["--count", "60", "--split", "both", "--test-count", "10", "--size", "16", "--seed", "4"];
    run_ok("phantom", &[&counts[..], &["--out", &path("hands")]].concat());
    let pinned = json!([
        ["ID001", "ID005", "ID017", "ID021", "ID027", "ID033"],
        ["ID007", "ID009", "ID026", "ID029", "ID034", "ID035"],
        ["ID002", "ID003", "ID010", "ID014", "ID018", "ID023"],
        ["ID011", "ID015", "ID019", "ID022", "ID025", "ID030"],
        ["ID006", "ID013", "ID031", "ID037", "ID038", "ID039"],
    ]);
    run_ok("decode", &[&path("hands"), "--split", "train", "--out", &path("hands.shard")]);
    let of_folder = vec![path("hands")];
    let of_shard = vec![path("hands.shard"), "--metadata".to_owned(), path("hands/meta_data.xlsx")];
    for input in [of_folder, of_shard] {
        let out = path("folds");
        let mut arguments: Vec<&str> = input.iter().map(String::as_str).collect();
        arguments.extend(["--folds", "5", "--seed", "1", "--replace", "--out", &out]);
        run_ok("split", &arguments);
        let folds: Value = serde_json::from_slice(&fs::read(path("folds/folds.json")).unwrap()).unwrap();
        assert_eq!(folds, json!({"rule": "stratified-xxh3-1", "seed": 1, "folds": pinned}), "{input:?}");
    }
}
