//! Folds through the binary.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use folds::Folds;
use rust_xlsxwriter::Workbook;
use samples::{Ended, masks, write};
use serde::Deserialize;

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
    fs::create_dir(folder.path().join("DCM")).unwrap();
    let told = split(folder.path(), ". --out folds").refused(65);
    assert!(told.contains("0 patients can't fill 5 folds"), "{told}");
    assert!(!folder.path().join("folds").exists());
}

/// `tests/golden/folds/folds.json`: a table, and how its patients are dealt by each rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    /// Number, age, sex, weight and height.
    people: Vec<(u32, u32, String, u32, u32)>,
    patients: Vec<String>,
    count: usize,
    seed: u64,
    rules: BTreeMap<String, Vec<Vec<String>>>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../tests/golden/folds/folds.json")).unwrap()
}

/// How a table writes an ID.
enum Cell {
    Number(u32),
    Text(String),
}

/// Writes `meta_data.xlsx` into `folder`, with the IDs of its patients as `id` writes them.
fn table(folder: &Path, id: impl Fn(u32) -> Cell) {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, name) in (0..).zip(["ID", "나이", "성별", "체중(몸무게)", "키(신장)"]) {
        sheet.write(0, column, name).unwrap();
    }
    for (n, age, sex, weight, height) in golden().people {
        match id(n) {
            Cell::Number(number) => sheet.write(n, 0, number).unwrap(),
            Cell::Text(text) => sheet.write(n, 0, text).unwrap(),
        };
        let sex = ["", " ", "_x0008_"][n as usize % 3].to_owned() + &sex;
        sheet.write(n, 1, age).unwrap().write(n, 2, sex).unwrap();
        sheet.write(n, 3, weight).unwrap().write(n, 4, height).unwrap();
    }
    workbook.save(folder.join("meta_data.xlsx")).unwrap();
}

/// They must stay what they are for ever: whoever changes them changes every published fold.
#[test]
fn folds_of_a_table_are_pinned_however_it_writes_its_ids() {
    let Golden { patients, count, seed, rules, .. } = golden();
    let folder = tempfile::tempdir().unwrap();
    // The last patient has no row.
    for patient in &patients {
        fs::create_dir_all(folder.path().join("train/DCM").join(patient)).unwrap();
    }
    let spellings: [fn(u32) -> Cell; 5] = [
        |n| Cell::Text(format!("ID{n:03}")),
        Cell::Number,
        |n| Cell::Text(format!("{n}")),
        |n| Cell::Text(format!("{n}.0")),
        |n| Cell::Text(format!("_x0008_ id{n:03}\u{a0}")),
    ];
    for (number, spelling) in spellings.into_iter().enumerate() {
        table(folder.path(), spelling);
        let deal = |input: &str, more: &str| {
            let arguments = format!("{input} --folds {count} --seed {seed} --out folds --replace {more}");
            (split(folder.path(), &arguments).complete().stderr, read(folder.path()))
        };
        let (told, folds) = deal(".", "");
        assert_eq!((&folds.rule[..], &folds.folds), ("stratified-xxh3-1", &rules["stratified-xxh3-1"]));
        assert!(told.contains("no row of 1 of 25 patients (ID025)"), "spelling {number}: {told}");
        assert_eq!(deal(".", "--stratify sex,age").1, folds);
        let (_, folds) = deal(".", "--stratify sex,age,height");
        let rule = "stratified-sex-age-height-xxh3-1";
        assert_eq!((&folds.rule[..], &folds.folds), (rule, &rules[rule]), "spelling {number}");
        // The table alone names the same patients.
        let mut ids = deal("meta_data.xlsx", "").1.folds.concat();
        ids.sort();
        let lower = number == 4;
        let name = |n: u32| if lower { format!("id{n:03}") } else { format!("ID{n:03}") };
        assert_eq!(ids, (1..=24).map(name).collect::<Vec<_>>(), "spelling {number}");
    }
}

#[test]
fn what_the_table_does_not_tell_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for n in 1..=6 {
        fs::create_dir_all(folder.path().join(format!("train/DCM/ID{n:03}"))).unwrap();
    }
    let arguments = ". --out folds --replace";
    let told = split(folder.path(), arguments).complete().stderr;
    assert!(told.contains("no meta_data.xlsx") && told.contains("not in equal shares"), "{told}");
    let told = split(folder.path(), &format!("{arguments} --stratify sex,age,height")).refused(2);
    assert!(told.contains("give --metadata"), "{told}");
    table(folder.path(), |n| Cell::Text(format!("A{n}")));
    let told = split(folder.path(), arguments).refused(65);
    assert!(
        told.contains("meta_data.xlsx") && told.contains("none of the 6 patients (ID001, ID002, ID003, …)"),
        "{told}"
    );
    assert!(told.contains("its 24 rows are of A1, A2, A3, …"), "{told}");
    split(folder.path(), &format!("{arguments} --unstratified")).complete();
    split(folder.path(), &format!("{arguments} --unstratified --stratify sex,age")).refused(2);
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, cells) in (0..).zip([["ID", "나이"], ["1", "30"], ["2", "x"]]) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write(row, column, cell).unwrap();
        }
    }
    workbook.save(folder.path().join("meta_data.xlsx")).unwrap();
    let summarised = format!("{arguments} --summary summary.json");
    let told = split(folder.path(), &summarised).complete().stderr;
    assert!(told.contains("there is no column `성별`"), "{told}");
    let summary = fs::read_to_string(folder.path().join("summary.json")).unwrap();
    for count in [
        "\"patients of unknown sex\": 2",
        "\"patients of unknown age\": 1",
        "\"patients without metadata\": 4",
    ] {
        assert!(summary.contains(count), "{summary}");
    }
    let told = split(folder.path(), &format!("{arguments} --stratify sex,age,height")).refused(65);
    assert!(told.contains("no column `키(신장)`, which --stratify sex,age,height needs"), "{told}");
}

#[test]
fn a_sheet_that_states_a_vast_size_is_read_by_its_cells() {
    let folder = tempfile::tempdir().unwrap();
    for n in 1..=5 {
        fs::create_dir_all(folder.path().join(format!("DCM/ID{n:03}"))).unwrap();
    }
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write(0, 0, "ID").unwrap().write(1, 0, 1).unwrap().write(1_048_575, 16_383, "x").unwrap();
    workbook.save(folder.path().join("vast.xlsx")).unwrap();
    split(folder.path(), ". --metadata vast.xlsx --out folds").complete();
}

#[test]
fn derived_records_add_no_patients() {
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<_> = samples::LINEAGES.iter().map(samples::Lineage::record).collect();
    write(folder.path().join("all.shard"), &records);
    split(folder.path(), "all.shard --folds 2 --out folds").complete();
    let mut ids = read(folder.path()).folds.concat();
    ids.sort();
    let mut expected: Vec<&str> = samples::LINEAGES.iter().map(|lineage| lineage.patients[0]).collect();
    expected.sort();
    expected.dedup();
    assert_eq!(ids, expected);
}

#[test]
fn numbers_that_cannot_be_are_usage_errors() {
    let folder = tempfile::tempdir().unwrap();
    for folds in ["0", "1", "-5", "1001", "65536", "1e1", "inf", "NaN", ""] {
        split(folder.path(), &format!("all.shard --folds={folds} --out folds")).refused(2);
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn folds_of_before_are_read() {
    let old = br#"{"rule": "stratified-xxh3-1", "seed": 3, "folds": [["ID001"], ["ID002"]]}"#;
    let folds = Folds::from_json(old).unwrap();
    assert_eq!((folds.rule.as_str(), folds.folds.len()), ("stratified-xxh3-1", 2));
}
