//! Predictions through the program, by a small network whose weights were drawn.
#![allow(clippy::unwrap_used)]

mod bench;

use std::fs;
use std::process::Command;

use bench::{Bench, SIDE, first, radiograph};
use bones::Size;
use checkpoint::file;
use half::f16;
use planes::Image;
use shard::Record;

/// The radiograph mirrored left to right.
fn mirrored(mut record: Record) -> Record {
    let image = planes::take_image(&mut record).unwrap();
    let rows = image.pixels().chunks(SIDE as usize);
    let grey = rows.flat_map(|row| row.iter().rev()).copied().collect();
    let image = Image::new(image.size(), grey).unwrap();
    planes::set_image(&mut record, image);
    record
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
