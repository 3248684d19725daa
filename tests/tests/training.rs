//! From masks to a checkpoint to masks: `train` and `predict` mean the same by every number.

#![allow(clippy::unwrap_used, reason = "a test that can't set itself up should panic")]

use std::fs;
use std::path::PathBuf;

use bones::{Bone, BoneSet, Mask, dice};
use ossa_tests::{read_shard, record, run_ok, write_shard};
use serde_json::Value;
use shard::Record;

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn mean_dice(predicted: &[Record], truth: &[Record]) -> f64 {
    let mut sum = 0.0;
    for (predicted, truth) in predicted.iter().zip(truth) {
        assert_eq!(predicted.key, truth.key);
        let [predicted, truth] = [predicted, truth].map(|record| planes::masks(record).unwrap());
        let overlaps = dice::overlaps(&predicted, &truth).unwrap();
        sum += overlaps.iter().map(|overlap| overlap.dice()).sum::<f64>();
    }
    sum / (Bone::ALL.len() * truth.len()) as f64
}

#[test]
fn predict_gets_the_dice_that_train_measured() {
    let folder = folder("training");
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    write_shard(&folder.join("train"), &["image", "masks"], &[0, 1, 2, 3, 4, 5].map(record));
    let truth: Vec<Record> = (6..9).map(record).collect();
    write_shard(&folder.join("validation"), &["image", "masks"], &truth);
    let alike = ["--batch", "2", "--threads", "1", "--device", "cpu", "--precision", "f32"];
    let (input, validation, out) = (path("train"), path("validation"), path("checkpoint"));
    let mut arguments = vec!["--in", &input, "--validation", &validation, "--out", &out, "--size", "64"];
    arguments.extend(["--model", "segformer/mit_b0", "--epochs", "8", "--lr", "3e-3", "--warmup", "0"]);
    arguments.extend(alike);
    run_ok("train", &arguments);

    let description: Value =
        serde_json::from_slice(&fs::read(folder.join("checkpoint/checkpoint.json")).unwrap()).unwrap();
    for which in ["best", "last"] {
        let predicted = path(&format!("{which}.shard"));
        let mut arguments = vec!["--in", &validation, "--checkpoint", &out, "--weights", which];
        arguments.extend(["--emit", "masks", "--out", &predicted]);
        arguments.extend(alike);
        run_ok("predict", &arguments);
        let found = mean_dice(&read_shard(&folder.join(format!("{which}.shard"))), &truth);
        let measured = description[which]["dice"].as_f64().unwrap();
        assert!((found - measured).abs() < 1e-12, "{which}: {found}, but train measured {measured}");
    }

    // Masks are where the logit is above 0: one sigmoid, no more.
    let scores = path("scores.shard");
    let mut arguments = vec!["--in", &validation, "--checkpoint", &out, "--out", &scores];
    arguments.extend(alike);
    run_ok("predict", &arguments);
    let masks = read_shard(&folder.join("best.shard"));
    for (record, masks) in read_shard(&folder.join("scores.shard")).iter().zip(&masks) {
        let scores = planes::scores(record).unwrap();
        let pixels = scores.size().pixels() as usize;
        let set = |pixel: usize| -> BoneSet {
            let above = |bone: &Bone| scores.logits()[bone.index() * pixels + pixel].to_f32() > 0.0;
            Bone::ALL.into_iter().filter(above).collect()
        };
        let expected: Vec<BoneSet> = (0..pixels).map(set).collect();
        assert_eq!(planes::masks(masks).unwrap(), Mask::from_dense(scores.size(), &expected).unwrap());
    }
    fs::remove_dir_all(folder).unwrap();
}
