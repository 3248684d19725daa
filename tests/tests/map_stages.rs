//! The law of map stages: run on the changed records alone, they write, byte for byte, what they write of all.

#![allow(clippy::unwrap_used, reason = "a test that can't set itself up should panic")]

use std::fs;
use std::path::{Path, PathBuf};

use ossa_tests::{command, record, run, run_ok, words, write_shard};
use serde_json::Value;
use shard::Record;
use stage::{Card, Relation};

/// A map stage, its arguments in a pipeline, its further sources, and the planes that it reads.
struct Row {
    stage: &'static str,
    arguments: &'static str,
    further: &'static str,
    planes: &'static [&'static str],
}

/// Every map stage of the workspace; `every_map_stage_is_in_the_table` holds it complete.
const TABLE: &[Row] = &[
    Row { stage: "rasterize-labels", arguments: "", further: "", planes: &["image", "polygons"] },
    Row {
        stage: "predict",
        // Five records are a batch and a part of one, four are a batch, one is a part of one.
        arguments: "batch = 4, device = \"cpu\", exact = true",
        further: "checkpoint = \"checkpoint\"",
        planes: &["image"],
    },
];

fn folder(name: &str) -> PathBuf {
    let folder =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("map-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn every_map_stage_is_in_the_table() {
    let stages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stages");
    let folders =
        fs::read_dir(stages).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    for name in folders.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()) {
        let card: Card = serde_json::from_slice(&run_ok(&name, &["--describe"]).stdout).unwrap();
        let listed = TABLE.iter().any(|row| row.stage == name);
        assert_eq!(card.relation == Relation::Map, listed, "{name}");
    }
}

#[test]
fn changed_records_alone_give_the_bytes_of_all() {
    for row in TABLE {
        let folder = folder(row.stage);
        if row.stage == "predict" {
            train(&folder);
        }
        let checkpoint =
            if row.further.is_empty() { "" } else { "[input.checkpoint]\npath = \"checkpoint\"\n" };
        let pipeline = format!(
            "[input.data]\npath = \"data.shard\"\n{checkpoint}\n[node.made]\nrun = \"{}\"\n\
             from = {{ in = \"data\", {} }}\nargs = {{ {} }}\nexport = \"made.shard\"\n",
            row.stage, row.further, row.arguments
        );
        fs::write(folder.join("p.toml"), pipeline.replace(",  }", " }")).unwrap();

        // Four records; then one more in front, one that is gone, and one of other content.
        let records: Vec<Record> = (0..4).map(record).collect();
        let mut other = record(7);
        other.key.clone_from(&records[2].key);
        let later = [record(5), records[0].clone(), other, records[3].clone(), record(6)];
        write_shard(&folder.join("data.shard"), row.planes, &records);
        made(&folder, "runs");
        write_shard(&folder.join("data.shard"), row.planes, &later);
        let (told, incremental) = made(&folder, "runs");
        assert!(told.contains("3 of 5 records changed"), "{}: {told}", row.stage);
        let (_, full) = made(&folder, "fresh");
        assert!(incremental == full, "{}: the bytes differ", row.stage);
        assert_eq!(counts(&folder, "runs"), counts(&folder, "fresh"), "{}", row.stage);
    }
}

/// Runs the pipeline on a store; what it said, and the bytes of the result.
fn made(folder: &Path, store: &str) -> (String, Vec<u8>) {
    let output = command("runner").current_dir(folder).args(["p.toml", "--store", store]).output().unwrap();
    assert!(output.status.success(), "{}", words(&output));
    (words(&output), fs::read(folder.join("made.shard")).unwrap())
}

/// The counts and records in the summary of the last result.
fn counts(folder: &Path, store: &str) -> [Value; 2] {
    let json = |path: PathBuf| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let report = json(folder.join(store).join("reports/p.json"));
    let key = report["steps"][0]["key"].as_str().unwrap().to_owned();
    let summary = json(folder.join(store).join("objects").join(key).join("summary.json"));
    [summary["counts"].clone(), summary["records"].clone()]
}

/// The smallest network, trained as little as can be.
fn train(folder: &Path) {
    for (name, numbers) in [("training.shard", 0..4), ("validation.shard", 8..10)] {
        let records: Vec<Record> = numbers.map(record).collect();
        write_shard(&folder.join(name), &["image", "masks"], &records);
    }
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (training, validation, checkpoint) =
        (path("training.shard"), path("validation.shard"), path("checkpoint"));
    let data = ["--in", &training, "--validation", &validation, "--out", &checkpoint];
    let network =
        ["--model", "segformer/mit_b0", "--size", "64", "--epochs", "1", "--batch", "4", "--device", "cpu"];
    let output = run("train", &[&data[..], &network].concat());
    assert!(output.status.success(), "{}", words(&output));
}
