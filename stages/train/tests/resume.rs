//! Runs that are stopped, killed, changed and prolonged, through the program.
#![allow(clippy::unwrap_used)]

mod bench;

use std::fs;
use std::time::Duration;

use bench::{Bench, words};
use checkpoint::{Extent, Line, file};

/// Everything that has a memory: an average of weights, a plateau that drops at once, dropout's generator.
const MEMORY: [&str; 8] = [
    "--set",
    "average.decay=0.9",
    "--set",
    "schedule={name = 'plateau', patience = 0, factor = 0.5, min-delta = 0.2}",
    "--lr",
    "3e-3",
    "--keep-best",
    "2",
];

fn with<'a>(more: &[&'a str], rest: &[&'a str]) -> Vec<&'a str> {
    [more, rest].concat()
}

#[test]
fn stopped_runs_that_go_on_end_as_one_that_was_not() {
    let bench = Bench::new();
    let whole = bench.trained("whole", &with(&MEMORY, &["--epochs", "4"]));
    bench.trained("first", &with(&MEMORY, &["--epochs", "4", "--until", "1"]));
    // The recipe and the seed are those of the run that goes on.
    let output = bench
        .command("train.shard", "second", &["--resume", "first", "--until", "3", "--seed", "0"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", words(&output));
    let third = bench.trained("third", &["--resume", "second", "--set", "run.epochs=4"]);
    bench.assert_same("third", "whole");
    assert_eq!(third.summary.output_digest, whole.summary.output_digest);
    assert_eq!(third.checkpoint.trained, Some(Extent { epochs: 4, steps: 8 }));
    assert!(third.checkpoint.legs.is_empty());
    // Moments and averages are some hundred megabytes a run.
    ["second", "third"].iter().for_each(|out| fs::remove_dir_all(bench.path(out)).unwrap());
    // In its own place too.
    let again = bench.run("first", &with(&MEMORY, &["--epochs", "4", "--resume", "first", "--replace"]));
    assert!(again.status.success(), "{}", words(&again));
    bench.assert_same("first", "whole");
}

#[test]
fn kills_at_any_moment_change_nothing() {
    let bench = Bench::new();
    let arguments = with(&MEMORY, &["--epochs", "5"]);
    let whole = bench.trained("whole", &arguments);
    bench.trained("begun", &with(&arguments, &["--until", "1"]));
    let arguments = with(&arguments, &["--resume", "begun"]);
    // Sooner or later it is killed in each of its states; in the end it is let be.
    for round in 0..40 {
        let mut child = bench.command("train.shard", "killed", &arguments).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(150 + 40 * round));
        let over = child.try_wait().unwrap().is_some();
        let _ = child.kill();
        child.wait().unwrap();
        if over {
            break;
        }
    }
    if !bench.path("killed").exists() {
        bench.trained("killed", &arguments);
    }
    bench.assert_same("killed", "whole");
    assert_eq!(bench.result("killed").summary.output_digest, whole.summary.output_digest);
}

#[test]
fn a_finished_run_is_prolonged_and_says_what_was_before() {
    let bench = Bench::new();
    let short = bench.trained("short", &["--epochs", "2"]);
    let long = bench.trained("long", &["--resume", "short", "--epochs", "4", "--lr", "1e-4"]);
    assert_eq!(long.checkpoint.recipe["run"]["epochs"], 4);
    assert_eq!(long.lines[..short.lines.len()], short.lines);
    let [leg] = &long.checkpoint.legs[..] else { panic!("{:?}", long.checkpoint.legs) };
    assert_eq!(leg.end, Extent { epochs: 2, steps: 4 });
    assert_eq!((&leg.had["run.epochs"], &leg.had["optimizer.lr"]), (&2.into(), &0.001.into()));
    let rates = long.lines.iter().filter_map(|line| match line {
        Line::Step { epoch, learning_rate, .. } if *epoch > 2 => Some(*learning_rate),
        _ => None,
    });
    assert!(
        rates.clone().count() == 4 && rates.clone().all(|rate| rate <= 1e-4),
        "{:?}",
        rates.collect::<Vec<_>>()
    );

    let told = bench.refused(2, &["--resume", "short", "--epochs", "4", "--set", "optimizer=sgd"]);
    assert!(told.contains("--resume short was trained otherwise: optimizer.name: adamw → sgd"), "{told}");
    let told = bench.refused(2, &["--resume", "short", "--epochs", "2"]);
    assert!(told.contains("nothing is left to do: the run has done 2 epochs of 4 steps"), "{told}");
    fs::remove_dir_all(bench.path("short").join(file::STATE)).unwrap();
    let told = bench.refused(65, &["--resume", "short", "--epochs", "4"]);
    assert!(told.contains("holds no state to go on from") && told.contains("--start"), "{told}");
}

#[test]
fn an_unfinished_run_goes_on_with_another_rate_as_a_leg() {
    let bench = Bench::new();
    bench.kill_after("epoch-00002", "out", &["--epochs", "90"]);
    let output = bench.run("out", &["--epochs", "90", "--lr", "1e-4", "--until", "9"]);
    assert!(output.status.success(), "{}", words(&output));
    assert!(words(&output).contains("on otherwise: optimizer.lr: 0.001 → 0.0001"), "{}", words(&output));
    let trained = bench.result("out");
    assert_eq!(trained.checkpoint.legs[0].had["optimizer.lr"], 0.001);
    assert_eq!(trained.checkpoint.trained.unwrap().epochs, 9);
}

#[test]
fn without_validation_the_last_weights_are_the_best() {
    let bench = Bench::new();
    let command = bench.command("train.shard", "out", &["--epochs", "2"]);
    let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    let at = arguments.iter().position(|argument| argument == "--validation").unwrap();
    let mut plain = std::process::Command::new(command.get_program());
    plain.current_dir(bench.folder.path()).args(&arguments[..at]).args(&arguments[at + 2..]);
    let output = plain.output().unwrap();
    assert!(output.status.success(), "{}", words(&output));
    let trained = bench.result("out");
    assert_eq!((&trained.checkpoint.best, &trained.checkpoint.validation), (&None, &None));
    assert_eq!(bench.bytes("out", file::BEST), bench.bytes("out", file::LAST));
    // A validation only looks.
    bench.trained("seen", &["--epochs", "2"]);
    assert_eq!(bench.bytes("out", file::LAST), bench.bytes("seen", file::LAST));
    for (more, expected) in
        [("--patience=3", "--patience goes by validations"), ("--keep-best=2", "--keep-best goes by")]
    {
        let output = std::process::Command::new(command.get_program())
            .current_dir(bench.folder.path())
            .args(&arguments[..at])
            .args(&arguments[at + 2..])
            .args([more, "--replace"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", words(&output));
        assert!(words(&output).contains(expected), "{}", words(&output));
    }
}

#[test]
fn steps_end_a_run_within_an_epoch() {
    let bench = Bench::new();
    let trained = bench.trained("out", &["--steps", "5", "--keep-every", "2"]);
    assert_eq!(trained.checkpoint.trained, Some(Extent { epochs: 3, steps: 5 }));
    assert_eq!(trained.checkpoint.last.as_ref().unwrap().step, 5);
    let rates = trained.lines.iter().filter_map(|line| match line {
        Line::Step { learning_rate, .. } => Some(*learning_rate),
        Line::Epoch { .. } => None,
    });
    let rates: Vec<f64> = rates.collect();
    // Its cosine comes down over these steps.
    assert!(rates.len() == 5 && rates[4] < 0.2 * rates[1], "{rates:?}");
    assert_eq!(trained.checkpoint.kept.iter().map(|kept| kept.epoch).collect::<Vec<_>>(), [2]);
    assert!(bench.path("out/kept/epoch-00002.safetensors").exists());
    let longer = bench.trained("longer", &["--resume", "out", "--steps", "8"]);
    assert_eq!(longer.checkpoint.trained.unwrap().steps, 8);
    assert!(bench.path("longer/kept/epoch-00002.safetensors").exists());
    let epochs = bench.trained("epochs", &["--resume", "out", "--epochs", "4"]);
    assert_eq!(epochs.checkpoint.trained.unwrap().epochs, 4);
}

#[test]
fn a_stop_between_validations_is_refused() {
    let bench = Bench::new();
    let told = bench.refused(2, &["--epochs", "9", "--until", "3", "--validate-every", "2"]);
    assert!(told.contains("--until 3: the run is validated every 2 epochs; give a multiple"), "{told}");
}
