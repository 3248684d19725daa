//! The README's shell pipes: stages that it chains must fit, by the cards that they print.

#![allow(clippy::unwrap_used, reason = "a test that can't set itself up should panic")]

use std::fs;
use std::path::Path;

use ossa_tests::run_ok;
use shard::PlaneSpec;
use stage::{Artefact, Card};

/// The programs of a line such as `./a x | ./b --c > d`, each with its arguments.
fn pipe(line: &str) -> Vec<Vec<&str>> {
    line.split('|').map(|part| part.split('>').next().unwrap().split_whitespace().collect()).collect()
}

fn card(words: &[&str]) -> Card {
    let name = words[0].trim_start_matches("./");
    let output = run_ok(name, &[&words[1..], &["--describe"]].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Whether the main input of `card` accepts records of these planes.
fn accepts(card: &Card, planes: &[PlaneSpec]) -> bool {
    let has = |name: &String| planes.iter().any(|plane| plane.name == *name);
    let port = card.inputs.iter().find(|port| port.name == "in").unwrap();
    port.accepts.iter().any(|artefact| match artefact {
        Artefact::Shard { planes } => planes.iter().all(has),
        _ => false,
    })
}

#[test]
fn stages_of_a_pipe_fit() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let lines: Vec<&str> =
        readme.lines().filter(|line| line.starts_with("    ./") && line.contains(" | ")).collect();
    assert!(lines.len() >= 3, "the README shows no pipes any more: {lines:?}");
    for line in lines {
        let mut planes: Vec<PlaneSpec> = Vec::new();
        for (position, words) in pipe(line).iter().enumerate() {
            if words[0] == "./shard" {
                break; // It takes any records, and ends every pipe that it is in.
            }
            let card = card(words);
            assert!(
                position == 0 || accepts(&card, &planes),
                "`{}` does not read what comes to it: {line}",
                words[0]
            );
            planes = card.output.resolve(&planes);
        }
    }
}
