//! What the network sees of radiographs, through the program: placements, windows, equalisation, and how often it sees
//! each input.
#![allow(clippy::unwrap_used)]

mod bench;

use std::fs::File;
use std::process::Stdio;

use bench::{Bench, Trained, record_of, words};
use checkpoint::{Line, file};
use pixels::{Clahe, Filter, Fit, Resized, Windows};
use shard::Record;

const SHORT: [&str; 4] = ["--epochs", "2", "--lr", "3e-3"];

fn trained(bench: &Bench, out: &str, more: &[&str]) -> Trained {
    bench.trained(out, &[&SHORT[..], more].concat())
}

fn steps(trained: &Trained) -> usize {
    trained.lines.iter().filter(|line| matches!(line, Line::Step { .. })).count()
}

fn dice(trained: &Trained) -> f64 {
    trained.checkpoint.last.as_ref().unwrap().dice
}

#[test]
fn placements_are_recorded_and_make_a_difference() {
    let bench = Bench::new();
    let plain = trained(&bench, "plain", &[]);
    let pad = trained(&bench, "pad", &["--placement", "pad"]);
    assert_eq!(plain.summary.output_digest, pad.summary.output_digest);
    assert_eq!((pad.checkpoint.input.placement, pad.checkpoint.format), (Fit::Pad, 2));
    assert_eq!(pad.checkpoint.recipe["input"]["placement"], "pad");
    let stretch = trained(&bench, "stretch", &["--placement", "stretch"]);
    assert_eq!(stretch.checkpoint.input.placement, Fit::Stretch);
    assert_ne!(bench.bytes("pad", file::LAST), bench.bytes("stretch", file::LAST));
    // A start hands on how it sees radiographs, but that may change.
    let on = trained(&bench, "on", &["--start", "stretch"]);
    assert_eq!(on.checkpoint.input.placement, Fit::Stretch);
    let changed = trained(&bench, "changed", &["--start", "stretch", "--placement", "pad"]);
    assert_eq!(changed.checkpoint.input.placement, Fit::Pad);

    // Squares are placed one way.
    let bench = Bench::of([96, 96]);
    for placement in ["pad", "stretch"] {
        trained(&bench, placement, &["--placement", placement]);
    }
    assert_eq!(bench.bytes("pad", file::LAST), bench.bytes("stretch", file::LAST));
    assert_eq!(bench.bytes("pad", file::METRICS), bench.bytes("stretch", file::METRICS));
}

/// Records as `decode --size 64` leaves them with a placement.
fn resized(bench: &Bench, name: &str, fit: Fit) {
    let form = Resized { size: 64, filter: Filter::Linear, fit };
    let records = ["ID001/a", "ID001/b", "ID002/a", "ID002/b", "ID003/a"].iter().zip(0..).map(|(key, at)| {
        let mut record = record_of(key, at, [96, 80]);
        let image = planes::take_image(&mut record).unwrap();
        let image = form.apply(image, planes::Extent::of(&record).unwrap().size).unwrap();
        let masks = record.planes.pop().unwrap();
        planes::set_image(&mut record, image);
        record.planes.push(masks);
        record
    });
    bench.write_with(name, &records.collect::<Vec<Record>>(), |header| form.write(header));
}

#[test]
fn images_that_were_resized_otherwise_are_refused_with_what_to_do() {
    let bench = Bench::new();
    // What is scaled up shows more of a radiograph that was not resized.
    let still = ["--augment", "none"];
    let whole = trained(&bench, "whole", &still);
    resized(&bench, "train.shard", Fit::Pad);
    let before = trained(&bench, "before", &still);
    assert_eq!(before.lines, whole.lines, "resized before or now: the same pixels");
    assert_eq!(bench.bytes("before", file::LAST), bench.bytes("whole", file::LAST));
    resized(&bench, "train.shard", Fit::Stretch);
    let said = bench.refused(65, &["--epochs", "1"]);
    let remedy = "`decode --size 64 --filter linear --placement pad`, or `decode` without `--size`";
    assert!(said.contains("train.shard: record ID001/a: its image of 64×64"), "{said}");
    assert!(said.contains(remedy), "{said}");
    trained(&bench, "stretched", &["--placement", "stretch"]);
    let said = bench.refused(65, &["--window", "64"]);
    assert!(said.contains("`decode` without `--size`"), "{said}");
}

#[test]
fn windows_are_recorded_trained_on_and_validated_by() {
    let bench = Bench::of([128, 120]);
    let windows = trained(&bench, "windows", &["--window", "96"]);
    assert_eq!(windows.checkpoint.input.windows, Some(Windows { side: 96, stride: 48 }));
    assert_eq!(
        (&windows.checkpoint.recipe["input"]["window"], &windows.checkpoint.recipe["input"]["stride"]),
        (&96.into(), &48.into())
    );
    // The stride is for validation alone.
    let close = trained(&bench, "close", &["--window", "96", "--stride", "20"]);
    assert_eq!(bench.bytes("close", file::LAST), bench.bytes("windows", file::LAST));
    assert_ne!(dice(&close), dice(&windows));
    // Where windows lie is drawn, and depends on the bones.
    for share in ["0", "1"] {
        let on = trained(&bench, share, &["--window", "96", "--on-small-bones", share]);
        assert_eq!(on.checkpoint.recipe["augment"]["on-small-bones"], share.parse::<f64>().unwrap());
    }
    assert_ne!(bench.bytes("0", file::LAST), bench.bytes("1", file::LAST));
    // A run goes on by windows too.
    let arguments = [&SHORT[..], &["--window", "96"]].concat();
    bench.kill_after("epoch-00001", "resumed", &arguments);
    bench.trained("resumed", &arguments);
    bench.assert_same("resumed", "windows");
}

/// A line as it is where the network sees windows: a validation has no loss there.
fn without_loss(mut line: Line) -> Line {
    if let Line::Epoch { validation: Some(validation), .. } = &mut line {
        assert!(validation.loss.take().is_some() && !std::mem::take(&mut validation.terms).is_empty());
    }
    line
}

#[test]
fn a_window_over_all_is_the_whole() {
    let bench = Bench::of([96, 96]);
    let whole = trained(&bench, "whole", &[]);
    let window = trained(&bench, "window", &["--window", "96"]);
    assert_eq!(window.lines, whole.lines.into_iter().map(without_loss).collect::<Vec<_>>());
    assert_eq!(bench.bytes("window", file::LAST), bench.bytes("whole", file::LAST));
    // Radiographs smaller than a window are centred in it.
    let small = Bench::of([80, 76]);
    trained(&small, "small", &["--window", "96"]);
}

#[test]
fn equalisation_is_recorded_and_makes_a_difference() {
    let bench = Bench::new();
    let plain = trained(&bench, "plain", &["--clahe", "0"]);
    assert_eq!(plain.checkpoint.input.clahe, None);
    let equalised = trained(&bench, "equalised", &["--clahe", "2"]);
    assert_eq!(equalised.checkpoint.input.clahe, Some(Clahe { clip_limit: 2.0, tiles: [8, 8] }));
    assert_ne!(bench.bytes("plain", file::LAST), bench.bytes("equalised", file::LAST));
    let on = trained(&bench, "on", &["--start", "equalised"]);
    assert_eq!(on.checkpoint.input.clahe, equalised.checkpoint.input.clahe);
    let off = trained(&bench, "off", &["--start", "equalised", "--clahe", "0"]);
    assert_eq!(off.checkpoint.input.clahe, None);
}

#[test]
fn weights_say_how_often_inputs_are_seen() {
    let bench = Bench::new();
    bench.shard("a.shard", &["ID001/a", "ID001/b", "ID002/a", "ID002/b"]);
    bench.shard("b.shard", &["ID004/a"]);
    let run = |out: &str, more: &[&str]| {
        let output = bench.command("a.shard@0.5", out, &[&SHORT[..], more].concat()).output().unwrap();
        assert!(output.status.success(), "{}", words(&output));
        bench.result(out)
    };
    // Half of four and twice one: four turns, two steps in each of two epochs.
    let behind = run("behind", &["--in", "b.shard@2"]);
    assert_eq!(steps(&behind), 4);
    assert_eq!(behind.checkpoint.recipe["input_weights"], serde_json::json!([0.5, 2.0]));
    assert_eq!(behind.checkpoint.training.records, 5);
    let paths: Vec<&str> = behind.summary.inputs.iter().map(|input| input.path.as_str()).collect();
    assert_eq!(paths, ["a.shard", "b.shard", "validation.shard"]);
    let listed = |input: &str, out: &str, more: &[&str]| {
        let output = bench.command(input, out, &[&SHORT[..], more].concat()).output().unwrap();
        assert!(output.status.success(), "{}", words(&output));
        bench.result(out)
    };
    let list = listed("a.shard", "list", &["--in", "b.shard", "--input-weights", "0.5,2"]);
    assert_eq!(list.summary.output_digest, behind.summary.output_digest);
    // Without weights nothing is recorded, and weights of one are none.
    let plain = listed("a.shard", "plain", &["--in", "b.shard"]);
    assert!(
        plain.checkpoint.recipe.get("input_weights").is_none_or(|weights| weights == &serde_json::json!([]))
    );
    let ones = listed("a.shard@1", "ones", &["--in", "b.shard"]);
    assert_eq!(ones.summary.output_digest, plain.summary.output_digest);
    assert_eq!(steps(&plain), 4);

    for (more, expected) in [
        (&["--in", "b.shard", "--input-weights", "1"][..], "--input-weights has 1 weights for 2 inputs"),
        (&["--in", "b.shard@0"], "`0` is no weight from 0.001 to 1000"),
        (&["--in", "b.shard@2", "--input-weights", "1,2"], "not both"),
        (&["--in=-@2"], "read one behind the other"),
    ] {
        let said = bench.refused(2, more);
        assert!(said.contains(expected) && !said.contains('\\'), "{said}");
    }
    let said = bench.refused(74, &["--in", "missing.shard@2"]);
    assert!(said.contains("missing.shard: No such file"), "{said}");
}

#[test]
fn a_pipe_has_a_weight_as_a_file_does() {
    let bench = Bench::new();
    let arguments = [&SHORT[..], &["--input-weights", "2"]].concat();
    let file = bench.trained("file", &arguments);
    assert_eq!(steps(&file), 10);
    for (out, input, arguments) in [("listed", "-", &arguments[..]), ("behind", "-@2", &SHORT[..])] {
        let mut command = bench.command(input, out, arguments);
        let shard = File::open(bench.path("train.shard")).unwrap();
        let output = command.stdin(Stdio::from(shard)).output().unwrap();
        assert!(output.status.success(), "{}", words(&output));
        assert_eq!(bench.result(out).summary.output_digest, file.summary.output_digest);
    }
}

#[test]
fn rubbish_is_refused_in_a_line() {
    let bench = Bench::new();
    for (more, expected) in [
        (&["--window", "10"][..], "`10` is no number from 32 to 16384"),
        (&["--window", "-96"], "`-96` is no number from 32 to 16384"),
        (&["--window", "96", "--stride", "0"], "--stride"),
        (
            &["--window", "96", "--stride", "97"],
            "--stride 97: input.stride: 97 is out of range: give 1 to 96: more leaves gaps",
        ),
        (&["--stride", "48"], "--window"),
        (
            &["--window", "96", "--placement", "stretch"],
            "--placement stretch: input.placement: stretch is out of range: give pad",
        ),
        (&["--placement", "crop"], "pad, stretch"),
        (&["--clahe", "-1"], "`-1` is no clip limit from 0 to 256"),
        (&["--clahe", "nan"], "`nan` is no clip limit from 0 to 256"),
        (&["--input-weights", "0"], "`0` is no weight from 0.001 to 1000"),
        (&["--input-weights", "1,x"], "`x` is no weight"),
        (&["--show-augmentations", "0"], "--show-augmentations"),
        (&["--show-augmentations", "401"], "400"),
        (&["--label-form", "exact"], "coverage, centre, legacy"),
        (&["--on-small-bones", "2"], "share from 0 to 1"),
    ] {
        let said = bench.refused(2, more);
        assert!(said.contains(expected), "{more:?}: {said}");
        assert!(said.trim_end().lines().filter(|line| !line.is_empty()).count() <= 5, "{more:?}: {said}");
    }
}
