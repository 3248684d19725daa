//! Predictions through the program, by a small network whose weights were drawn.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use bones::Size;
use checkpoint::{Checkpoint, Data, Input, Normalisation, Validation, Versions, file};
use half::f16;
use planes::{Extent, Image};
use samples::Ended;
use shard::Record;
use tch::{Device, Kind, Tensor};
use tempfile::TempDir;
use zoo::{ModelSpec, Placement, Segmenter};

const SIDE: u32 = 64;

/// A folder with `checkpoint/`, whose two sets of weights differ.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn of(model: &str) -> Bench {
        tch::set_num_threads(1);
        let bench = Bench { folder: tempfile::tempdir().unwrap() };
        let spec = ModelSpec::named(model, 29).unwrap();
        let folder = bench.folder.path().join("checkpoint");
        fs::create_dir(&folder).unwrap();
        for (seed, name) in [(1, file::BEST), (2, file::LAST)] {
            let model = Segmenter::new(&spec, Placement::cpu(), seed).unwrap();
            // A step in training mode moves running statistics to where they matter.
            let images = Tensor::rand([2, 3, 64, 64], (Kind::Float, Device::Cpu));
            let _ = tch::no_grad(|| model.forward_t(&images, true)).unwrap();
            model.weights().save(&folder.join(name)).unwrap();
        }
        let data = Data { digests: Vec::new(), records: 1, patients: 1 };
        let validation = Validation { epoch: 1, step: 1, dice: 0.5, classes: vec![0.5; 29] };
        let checkpoint = Checkpoint {
            format: checkpoint::FORMAT,
            model: learn::model::described(&spec),
            classes: planes::classes(),
            input: Input {
                size: SIDE,
                filter: pixels::Filter::Linear,
                normalisation: Normalisation::Imagenet,
            },
            recipe: serde_json::json!({}),
            seed: 0,
            start: None,
            pretrained: None,
            training: data.clone(),
            validation: data,
            best: validation.clone(),
            last: validation,
            stopped_early: false,
            versions: Versions { train: String::new(), libtorch: String::new() },
        };
        fs::write(folder.join(file::DESCRIPTION), checkpoint.to_json().unwrap()).unwrap();
        bench
    }

    fn write(&self, name: &str, records: &[Record]) {
        samples::write(self.folder.path().join(name), records);
    }

    fn run(&self, input: &str, out: &str, more: &str) -> Ended {
        let precision = if more.contains("--precision") { "" } else { "--precision f32" };
        let arguments = format!(
            "--in {input} --checkpoint checkpoint --out {out} --threads 1 --device cpu {precision} {more}"
        );
        samples::run(env!("CARGO_BIN_EXE_predict"), self.folder.path(), &arguments, None)
    }

    fn predicted(&self, input: &str, more: &str) -> Vec<Record> {
        self.run(input, "out.shard", &format!("{more} --replace")).complete();
        samples::read(self.folder.path().join("out.shard"))
    }

    fn checkpoint(&self) -> PathBuf {
        self.folder.path().join("checkpoint")
    }
}

/// A radiograph of the network's size, with something else in each.
fn radiograph(number: u32) -> Record {
    let size = Size::new(SIDE, SIDE).unwrap();
    let grey = (0..SIDE * SIDE).map(|at| {
        let (x, y) = (at % SIDE, at / SIDE);
        (x * 3 + y * (number + 2) + (x * y * (number + 1)) / 17) as u8
    });
    let mut record = Record { key: format!("ID{number:03}/a"), ..Record::default() };
    Extent { size, window: None }.write(&mut record);
    planes::set_image(&mut record, Image::new(size, grey.collect()).unwrap());
    record
}

/// The radiograph mirrored left to right.
fn mirrored(mut record: Record) -> Record {
    let image = planes::take_image(&mut record).unwrap();
    let rows = image.pixels().chunks(SIDE as usize);
    let grey = rows.flat_map(|row| row.iter().rev()).copied().collect();
    let image = Image::new(image.size(), grey).unwrap();
    planes::set_image(&mut record, image);
    record
}

/// The scores of the first record.
fn first(records: &[Record]) -> Vec<f16> {
    planes::scores(&records[0]).unwrap().logits().to_vec()
}

/// Scores mirrored left to right.
fn back(scores: &[f16]) -> Vec<f16> {
    scores.chunks(SIDE as usize).flat_map(|row| row.iter().rev()).copied().collect()
}

#[test]
fn a_records_bits_do_not_depend_on_the_records_around_it() {
    for (model, more, picks) in [
        // The first four, of whose batches the second is another one; the last alone in its batch; another order.
        ("unet/resnet18", "--batch 3", [&[0, 1, 2, 3][..], &[4, 1]]),
        ("segformer/mit_b0", "--batch 4 --precision bf16 --tta-hflip", [&[0], &[4, 1]]),
    ] {
        let bench = Bench::of(model);
        let all: Vec<Record> = (0..5).map(radiograph).collect();
        bench.write("all.shard", &all);
        let expected = bench.predicted("all.shard", &format!("{more} --exact"));
        assert_eq!(expected.len(), 5);
        for picked in picks {
            let some: Vec<Record> = picked.iter().map(|&index: &usize| all[index].clone()).collect();
            bench.write("some.shard", &some);
            let found = bench.predicted("some.shard", &format!("{more} --exact"));
            for (&index, found) in picked.iter().zip(found) {
                assert_eq!(found, expected[index], "{model} {more}: record {index} of {picked:?}");
            }
        }
    }
}

#[test]
fn mirrored_radiographs_have_mirrored_scores_where_both_are_seen() {
    let bench = Bench::of("linknet/resnet18");
    bench.write("one.shard", &[radiograph(1)]);
    bench.write("other.shard", &[mirrored(radiograph(1))]);
    let scores = |input: &str, more: &str| first(&bench.predicted(input, &format!("--exact {more}")));
    let (one, other) = (scores("one.shard", ""), scores("other.shard", ""));
    assert_ne!(one, back(&other), "a network that is symmetric tells nothing");
    for merge in ["mean", "max"] {
        let both = format!("--tta-hflip --tta-merge {merge}");
        let seen = scores("one.shard", &both);
        assert_eq!(seen, back(&scores("other.shard", &both)), "{merge}");
        // It is what the two predictions by themselves are merged to; the mean was rounded before.
        for ((seen, one), other) in seen.iter().zip(&one).zip(back(&other)) {
            let [one, other, seen] = [*one, other, *seen].map(f32::from);
            let expected = if merge == "max" { one.max(other) } else { (one + other) / 2.0 };
            assert!(
                (seen - expected).abs() <= 2e-3 * (1.0 + expected.abs()),
                "{merge}: {seen}, not {expected}"
            );
        }
    }
}

#[test]
fn the_last_weights_are_those_of_the_last_epoch() {
    let bench = Bench::of("linknet/resnet18");
    bench.write("one.shard", &[radiograph(1)]);
    let scores = |which: &str| first(&bench.predicted("one.shard", &format!("--exact --weights {which}")));
    let (best, last) = (scores("best"), scores("last"));
    assert_ne!(best, last);
    assert_eq!(first(&bench.predicted("one.shard", "--exact")), best);
    fs::copy(bench.checkpoint().join(file::LAST), bench.checkpoint().join(file::BEST)).unwrap();
    assert_eq!(scores("best"), last);
    fs::remove_file(bench.checkpoint().join(file::LAST)).unwrap();
    let refusal = bench.run("one.shard", "none.shard", "--weights last").refused(74);
    assert!(refusal.contains(file::LAST), "{refusal}");
    assert!(!bench.folder.path().join("none.shard").exists());
}

#[test]
fn planes_flow_on_where_they_are_kept() {
    let bench = Bench::of("linknet/resnet18");
    let mut record = radiograph(1);
    let mask = samples::mask(Size::new(SIDE, SIDE).unwrap(), &[("Radius", 0..100)]);
    planes::set_masks(&mut record, &mask);
    bench.write("one.shard", std::slice::from_ref(&record));
    let names = |records: &[Record]| -> Vec<String> {
        let mut names: Vec<String> = records[0].planes.iter().map(|plane| plane.name.clone()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&bench.predicted("one.shard", "")), ["scores"]);
    let kept = bench.predicted("one.shard", "--keep");
    assert_eq!(names(&kept), ["image", "masks", "scores"]);
    assert_eq!(kept[0].plane("image"), record.plane("image"));
    assert_eq!(planes::masks(&kept[0]).unwrap(), mask);
    assert_eq!(first(&kept), first(&bench.predicted("one.shard", "")));
    // Masks that are predicted take the place of those that were there.
    let masks = bench.predicted("one.shard", "--keep --emit masks");
    assert_eq!(names(&masks), ["image", "masks"]);
    assert_ne!(planes::masks(&masks[0]).unwrap(), mask);
    let alone = bench.predicted("one.shard", "--emit masks");
    assert_eq!(planes::masks(&masks[0]).unwrap(), planes::masks(&alone[0]).unwrap());
}

#[test]
#[cfg(target_os = "linux")]
fn too_little_memory_may_do_later_and_says_what_to_do() {
    let bench = Bench::of("unet/resnet18");
    let path = bench.checkpoint().join(file::DESCRIPTION);
    let description = fs::read_to_string(&path).unwrap();
    fs::write(&path, description.replace(&format!("\"size\": {SIDE}"), "\"size\": 4096")).unwrap();
    bench.write("one.shard", &[radiograph(1)]);
    let script = format!(
        "ulimit -v 1600000; exec {} --in one.shard --checkpoint checkpoint --out out.shard --device cpu",
        env!("CARGO_BIN_EXE_predict")
    );
    let output = Command::new("sh").args(["-c", &script]).current_dir(bench.folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("out of memory (not enough memory: a tensor of"), "{said}");
    assert!(!said.contains("frame #") && !said.contains("Exception raised"), "{said}");
}
