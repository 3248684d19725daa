//! Training through the program: what it leaves, what it refuses, and that a kill changes nothing.
#![allow(clippy::unwrap_used)]

mod bench;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use bench::{Bench, record, words};
use checkpoint::{Checkpoint, Line};
use planes::attribute;

fn listed(folder: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

#[test]
fn leaves_a_checkpoint_that_the_seed_alone_decides() {
    let bench = Bench::new();
    let arguments = ["--epochs", "3", "--lr", "3e-3"];
    let one = bench.trained("one", &arguments);
    assert_eq!(
        listed(&bench.path("one")),
        ["checkpoint.json", "last.safetensors", "metrics.jsonl", "model.safetensors", "state"]
    );
    assert!(!bench.path("one.partial").exists());
    let Checkpoint { training, validation, best, last, stopped_early, .. } = &one.checkpoint;
    let validation = validation.as_ref().unwrap();
    let (best, last) = (best.as_ref().unwrap(), last.as_ref().unwrap());
    assert_eq!((training.records, training.patients), (5, 3));
    assert_eq!((validation.records, validation.patients), (2, 1));
    assert!(!stopped_early && best.dice >= last.dice);
    assert_eq!((last.epoch, last.classes.len()), (3, 29));

    // Five records in batches of two: the fifth is left out.
    let steps = |epoch| {
        one.lines.iter().filter(|line| matches!(line, Line::Step { epoch: of, .. } if *of == epoch)).count()
    };
    assert_eq!([steps(1), steps(2), steps(3)], [2, 2, 2]);
    let loss = |line: &Line| if let Line::Epoch { loss, .. } = line { Some(*loss) } else { None };
    let losses: Vec<f64> = one.lines.iter().filter_map(loss).collect();
    assert!(losses[2] < losses[0], "{losses:?}");

    let again = bench.trained("again", &arguments);
    assert_eq!(again.summary.output_digest, one.summary.output_digest);
    let other = bench.trained("other", &[&arguments[..], &["--seed", "6"]].concat());
    assert_ne!(other.summary.output_digest, one.summary.output_digest);

    // From a pipe, and with nothing kept in memory.
    let mut command = bench.command("-", "piped", &[&arguments[..], &["--cache-mb", "0"]].concat());
    let (input, mut pipe) = std::io::pipe().unwrap();
    let child = command.stdin(input).stderr(Stdio::piped()).spawn().unwrap();
    std::io::copy(&mut File::open(bench.path("train.shard")).unwrap(), &mut pipe).unwrap();
    drop((command, pipe));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", words(&output));
    assert_eq!(bench.result("piped").summary.output_digest, one.summary.output_digest);
}

#[test]
fn a_killed_run_ends_as_an_undisturbed_one() {
    let bench = Bench::new();
    let arguments = ["--epochs", "6", "--lr", "3e-3"];
    let whole = bench.trained("whole", &arguments);
    bench.kill_after("epoch-00001", "killed", &arguments);
    bench.kill_after("epoch-00004", "killed", &arguments);
    let output = bench.run("killed", &arguments);
    assert!(output.status.success(), "{}", words(&output));
    assert!(words(&output).contains("goes on after epoch"), "{}", words(&output));
    let killed = bench.result("killed");
    assert_eq!(killed.lines, whole.lines);
    assert_eq!(killed.summary.output_digest, whole.summary.output_digest);
}

#[test]
fn an_unfinished_run_of_other_settings_is_kept_unless_it_may_be_replaced() {
    let bench = Bench::new();
    bench.kill_after("epoch-00002", "out", &["--epochs", "90"]);
    let state = bench.path("out.partial/state");
    let before = listed(&state);
    assert!(before.iter().any(|name| name.starts_with("best-")), "{before:?}");
    for (more, expected) in [
        (&["--epochs", "90", "--size", "96"][..], "input.size: 64 → 96;"),
        (&["--epochs", "90", "--set", "optimizer=sgd"], "optimizer.name: adamw → sgd;"),
        (&["--epochs", "90"], "training.digests: xxh3:"),
    ] {
        if expected.starts_with("training") {
            bench.shard("train.shard", &["ID001/a", "ID002/a"]);
        }
        let output = bench.run("out", more);
        assert_eq!(output.status.code(), Some(2), "{}", words(&output));
        let said = words(&output);
        assert!(said.contains("holds an unfinished run (after epoch ") && said.contains(" of 90"), "{said}");
        assert!(said.contains(expected) && said.contains("or --replace to give it up"), "{said}");
        assert_eq!(listed(&state), before);
    }
    let output = bench.run("out", &["--epochs", "1", "--replace"]);
    assert!(output.status.success(), "{}", words(&output));
    assert_eq!(bench.result("out").lines.len(), 2);
}

#[test]
fn a_run_that_diverges_says_how_to_keep_what_it_came_to() {
    let bench = Bench::new();
    let output = bench.run("out", &["--lr", "1e30", "--warmup", "0", "--grad-clip", "0"]);
    assert_eq!(output.status.code(), Some(65), "{}", words(&output));
    let said = words(&output);
    assert!(said.contains("training diverged") && said.contains("with another --out"), "{said}");
}

#[test]
fn a_log_that_cannot_be_written_never_ends_a_run() {
    let bench = Bench::new();
    let plain = bench.trained("plain", &["--epochs", "2"]);
    // No file can take this folder's place.
    fs::create_dir_all(bench.path("log/curves.svg/in the way")).unwrap();
    let output = bench.run("out", &["--epochs", "2", "--log", "log"]);
    assert!(output.status.success(), "{}", words(&output));
    let said = words(&output);
    assert_eq!(said.matches("some of the log is missing; training goes on").count(), 1, "{said}");
    assert!(said.contains("curves.svg"), "{said}");
    let logged = bench.result("out");
    assert_eq!(logged.summary.output_digest, plain.summary.output_digest);
    // What can't be begun is told before anything is trained.
    fs::write(bench.path("file"), "").unwrap();
    let said = bench.refused(74, &["--epochs", "2", "--log", "file"]);
    assert!(said.contains("file"), "{said}");
}

#[test]
fn a_last_batch_of_one_is_dropped_or_filled_or_refused_before_the_first_step() {
    let bench = Bench::new();
    let pooling = ["--model", "deeplabv3/resnet18", "--epochs", "1"];
    for tail in ["drop", "fill"] {
        let trained = bench.trained(tail, &[&pooling[..], &["--tail", tail]].concat());
        assert_eq!(trained.checkpoint.recipe["run"]["tail"], tail);
        let steps = trained.lines.iter().filter(|line| matches!(line, Line::Step { .. })).count();
        assert_eq!(steps, if tail == "drop" { 2 } else { 3 });
    }
    for (more, expected) in [
        (&["--tail", "keep"][..], "5 record(s) in batches of 2 leave deeplabv3/resnet18 a batch of 1"),
        (&["--batch", "1"], "a training batch of 1 image(s) of 64x64 leaves batch normalisation one value"),
        (&["--batch", "4", "--tail", "keep"], "leave deeplabv3/resnet18 a batch of 1"),
    ] {
        let output = bench.run("refused", &[&pooling[..], more].concat());
        assert_eq!(output.status.code(), Some(2), "{}", words(&output));
        assert!(words(&output).contains(expected), "{}", words(&output));
        assert!(!bench.path("refused.partial").exists());
    }
    // A single record cannot be dropped.
    bench.shard("train.shard", &["ID001/a"]);
    let output = bench.run("refused", &pooling);
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    assert!(words(&output).contains("--tail fill fills it"), "{}", words(&output));
    bench.trained("single", &[&pooling[..], &["--tail", "fill"]].concat());
}

#[test]
fn a_start_hands_on_how_its_weights_see_images() {
    let bench = Bench::new();
    bench.trained("one", &["--epochs", "1", "--normalisation", "imagenet", "--filter", "area"]);
    let two = bench.trained("two", &["--epochs", "1", "--start", "one"]);
    assert_eq!(two.checkpoint.input.normalisation, checkpoint::Normalisation::Imagenet);
    assert_eq!(two.checkpoint.input.filter, pixels::Filter::Area);
    let output = bench.run("three", &["--epochs", "1", "--start", "one", "--normalisation", "unit"]);
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    let expected =
        "--normalisation unit contradicts --start, which was trained with --normalisation imagenet";
    assert!(words(&output).contains(expected), "{}", words(&output));
}

/// Runs with less memory than a step takes, also where it is computed again in the backward pass.
#[test]
#[cfg(target_os = "linux")]
fn too_little_memory_may_do_later_and_says_what_to_do() {
    let bench = Bench::new();
    for more in [&[][..], &["--checkpoint-activations"]] {
        let more = [&["--model", "unet/resnet18", "--size", "1024", "--batch", "4"][..], more].concat();
        let train = bench.command("train.shard", "out", &more);
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -v 1600000; exec \"$0\" \"$@\""]).arg(train.get_program());
        let output = limited.args(train.get_args()).current_dir(bench.folder.path()).output().unwrap();
        let said = words(&output);
        assert_eq!(output.status.code(), Some(75), "{said}");
        assert!(said.contains("out of memory (not enough memory: a tensor of"), "{said}");
        assert!(said.contains("--batch or --size, or --checkpoint-activations"), "{said}");
        assert!(!said.contains("frame #") && !said.contains("Exception raised"), "{said}");
    }
}

#[test]
fn stops_early_where_nothing_is_gained() {
    let bench = Bench::new();
    let stopped = bench.trained("out", &["--epochs", "9", "--patience", "2", "--min-delta", "1"]);
    assert!(stopped.checkpoint.stopped_early);
    assert_eq!(stopped.checkpoint.last.unwrap().epoch, 3);
}

#[test]
fn patients_of_the_validation_are_refused() {
    let bench = Bench::new();
    bench.shard("train.shard", &["ID001/a", "ID009/c"]);
    let output = bench.run("out", &["--epochs", "1"]);
    assert_eq!(output.status.code(), Some(65), "{}", words(&output));
    let expected = "patient ID009 is in training (record ID009/c) and in validation (record ID009/a)";
    assert!(words(&output).contains(expected), "{}", words(&output));
    assert!(!bench.path("out").exists());
}

#[test]
fn wrong_usage_is_told_before_anything_is_read() {
    let bench = Bench::new();
    fs::remove_file(bench.path("train.shard")).unwrap();
    for (arguments, expected) in [
        (["--model", "unet/resnet81"], "there is no encoder \"resnet81\"; nearest: resnet18"),
        (["--model", "unett/resnet18"], "nearest: unet"),
        (["--size", "72"], "72x72 does not fit segformer/mit_b0"),
        (["--device", "gpu"], "not a device's name"),
        (["--lr", "0"], "`0` is no number above 0"),
    ] {
        let output = bench.run("out", &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", words(&output));
        assert!(words(&output).contains(expected), "{arguments:?}: {}", words(&output));
    }
}

#[test]
fn bad_records_are_named_or_skipped() {
    let bench = Bench::new();
    let mut records = [record("ID001/a", 0), record("ID001/b", 1), record("ID002/a", 2)];
    // Nothing tells its patient.
    records[1].key = "b".to_owned();
    records[1].attributes.remove(attribute::PATIENT);
    bench.write("train.shard", &records);
    let output = bench.run("out", &["--epochs", "1"]);
    assert_eq!(output.status.code(), Some(65), "{}", words(&output));
    assert!(
        words(&output).contains("record b: it has neither an attribute `patient` nor"),
        "{}",
        words(&output)
    );
    let skipped = bench.trained("out", &["--epochs", "1", "--skip-bad", "1"]);
    assert_eq!(skipped.checkpoint.training.records, 2);
    assert_eq!(skipped.summary.records.skipped[0].record, "b");
}

#[test]
fn no_records_are_nothing_to_learn_from() {
    let bench = Bench::new();
    bench.shard("train.shard", &[]);
    let output = bench.run("out", &[]);
    assert_eq!(output.status.code(), Some(65), "{}", words(&output));
    assert!(words(&output).contains("train.shard: no record to train on"), "{}", words(&output));
    assert!(!bench.path("out").exists());
}
