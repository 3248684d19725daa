//! The contract: every stage × every rule, one table.

#![allow(clippy::unwrap_used, reason = "a test that can't set itself up should panic")]

use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::OnceLock;

use ossa_tests::{add_scores, command, record, run, run_ok, words, write_shard};
use serde_json::Value;
use stage::{Artefact, Card, Summary};

/// What a stage reads in this table.
#[derive(Clone, Copy, PartialEq)]
enum Reads {
    /// A shard with these planes.
    Shard(&'static [&'static str]),
    /// A folder of radiographs.
    Folder,
    /// A submission.
    Csv,
    /// Nothing.
    Nothing,
}

/// What a stage writes in this table.
#[derive(Clone, Copy, PartialEq)]
enum Writes {
    Shard,
    Text,
    Folder,
}

/// A stage and arguments that it can run with on small data; `@name` stands for a prepared file.
struct Row {
    stage: &'static str,
    arguments: &'static [&'static str],
    reads: Reads,
    writes: Writes,
}

const fn row(stage: &'static str, arguments: &'static [&'static str], reads: Reads, writes: Writes) -> Row {
    Row { stage, arguments, reads, writes }
}

/// Every stage of the workspace; `every_stage_is_in_the_table` holds it complete.
const TABLE: &[Row] = &[
    row("phantom", &["--count", "2", "--size", "128", "--seed", "3"], Reads::Nothing, Writes::Folder),
    row("decode", &[], Reads::Folder, Writes::Shard),
    row("rasterize-labels", &[], Reads::Shard(&["image", "polygons"]), Writes::Shard),
    row("offline-crop", &["--region", "wrist"], Reads::Shard(&["image", "masks"]), Writes::Shard),
    row("vote", &[], Reads::Shard(&["masks"]), Writes::Shard),
    row("vote", &[], Reads::Shard(&["scores"]), Writes::Shard),
    row("encode-rle", &[], Reads::Shard(&["masks"]), Writes::Text),
    row("decode-rle", &["--width", "64", "--height", "64"], Reads::Csv, Writes::Shard),
    row("score", &["--truth", "@truth"], Reads::Shard(&["masks"]), Writes::Folder),
    row("split", &["--folds", "2"], Reads::Shard(&[]), Writes::Folder),
    row("pick", &["--ids", "@held-out.txt", "--side", "train"], Reads::Shard(&[]), Writes::Shard),
    row("overlay", &[], Reads::Shard(&["image", "masks"]), Writes::Folder),
    row("train", TRAIN, Reads::Shard(&["image", "masks"]), Writes::Folder),
    row("predict", &["--checkpoint", "@checkpoint"], Reads::Shard(&["image"]), Writes::Shard),
    row(
        "predict",
        &["--checkpoint", "@checkpoint", "--emit", "masks", "--keep", "--tta-hflip"],
        Reads::Shard(&["image"]),
        Writes::Shard,
    ),
];

/// The smallest network for as short as can be.
const TRAIN: &[&str] = &[
    "--validation",
    "@validation.shard",
    "--model",
    "segformer/mit_b0",
    "--size",
    "64",
    "--epochs",
    "1",
    "--batch",
    "4",
    "--device",
    "cpu",
];

struct Data {
    folder: PathBuf,
}

/// Small inputs of every kind, made once.
fn data() -> &'static Data {
    static DATA: OnceLock<Data> = OnceLock::new();
    DATA.get_or_init(|| {
        let folder =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("contract-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let records: Vec<_> = (0..6)
            .map(|number| {
                let mut record = record(number);
                add_scores(&mut record);
                record
            })
            .collect();
        for planes in
            [&["image", "polygons"][..], &["image", "masks"], &["masks"], &["scores"], &["image"], &[]]
        {
            write_shard(&folder.join(name_of(planes)), planes, &records);
            write_shard(&folder.join(format!("empty-{}", name_of(planes))), planes, &[]);
        }
        write_shard(&folder.join("truth"), &["masks"], &records);
        fs::write(folder.join("held-out.txt"), "ID001\n").unwrap();
        let csv =
            run_ok("encode-rle", &["--progress", "off", folder.join(name_of(&["masks"])).to_str().unwrap()]);
        fs::write(folder.join("submission.csv"), csv.stdout).unwrap();
        let out = folder.join("radiographs");
        run_ok("phantom", &["--count", "2", "--size", "128", "--out", out.to_str().unwrap()]);
        write_shard(&folder.join("validation.shard"), &["image", "masks"], &[6, 7].map(ossa_tests::record));
        let data = Data { folder };
        let row = TABLE.iter().find(|row| row.stage == "train").unwrap();
        let trained = data.run(row, data.input(row).as_deref(), &data.folder.join("checkpoint"), &[]);
        assert_eq!(code(&trained), Some(0), "{}", words(&trained));
        data
    })
}

fn name_of(planes: &[&str]) -> String {
    format!("{}.shard", if planes.is_empty() { "bare".to_owned() } else { planes.join("-") })
}

impl Data {
    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    /// The arguments of a row with its files put in, and the paths of its input.
    fn arguments(&self, row: &Row) -> Vec<String> {
        row.arguments
            .iter()
            .map(|text| text.strip_prefix('@').map_or((*text).to_owned(), |name| self.path(name)))
            .collect()
    }

    fn input(&self, row: &Row) -> Option<String> {
        match row.reads {
            Reads::Shard(planes) => Some(self.path(&name_of(planes))),
            Reads::Folder => Some(self.path("radiographs")),
            Reads::Csv => Some(self.path("submission.csv")),
            Reads::Nothing => None,
        }
    }

    /// Runs a row on `input`, into `out` (a fresh name).
    fn run(&self, row: &Row, input: Option<&str>, out: &Path, more: &[&str]) -> Output {
        let mut arguments = self.arguments(row);
        arguments.extend(input.map(str::to_owned));
        arguments.extend([
            "--out".to_owned(),
            out.to_str().unwrap().to_owned(),
            "--progress".into(),
            "off".into(),
        ]);
        arguments.extend(more.iter().map(|&text| text.to_owned()));
        command(row.stage).args(arguments).output().unwrap()
    }

    fn fresh(&self, row: &Row, rule: &str) -> PathBuf {
        let number = TABLE.iter().position(|other| std::ptr::eq(other, row)).unwrap();
        self.folder.join(format!("{rule}-{number}-{}", row.stage))
    }
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

#[test]
fn every_stage_is_in_the_table() {
    let stages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stages");
    let mut missing = Vec::new();
    for entry in fs::read_dir(stages).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().join("Cargo.toml").is_file() && !TABLE.iter().any(|row| row.stage == name) {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "stages without a row in this table: {missing:?}");
}

#[test]
fn describe_prints_a_card_that_its_schema_accepts() {
    let schema: Value = serde_json::to_value(schemars::schema_for!(Card)).unwrap();
    for row in TABLE {
        let output = run_ok(row.stage, &["--describe"]);
        let card: Value = serde_json::from_slice(&output.stdout).unwrap();
        if let Err(error) = jsonschema::validate(&schema, &card) {
            panic!("{}: {error}", row.stage);
        }
        let card: Card = serde_json::from_value(card).unwrap();
        assert_eq!(card.stage, row.stage);
        let described = card.arguments["properties"].as_object().cloned().unwrap_or_default();
        for (name, property) in described {
            assert!(
                property["description"].is_string() || property["$ref"].is_string(),
                "{}: argument {name} is not documented",
                row.stage
            );
        }
    }
}

#[test]
fn the_summary_says_what_was_read_and_written() {
    let schema = serde_json::to_value(schemars::schema_for!(Summary)).unwrap();
    for row in TABLE {
        let data = data();
        let out = data.fresh(row, "summary");
        let summary = out.with_extension("json");
        let output =
            data.run(row, data.input(row).as_deref(), &out, &["--summary", summary.to_str().unwrap()]);
        assert_eq!(code(&output), Some(0), "{}: {}", row.stage, words(&output));
        let text: Value = serde_json::from_slice(&fs::read(&summary).unwrap()).unwrap();
        if let Err(error) = jsonschema::validate(&schema, &text) {
            panic!("{}: {error}", row.stage);
        }
        let summary: Summary = serde_json::from_value(text).unwrap();
        assert_eq!(summary.stage, row.stage);
        assert!(!summary.output_digest.is_empty(), "{}", row.stage);
        if row.reads != Reads::Nothing {
            assert!(
                !summary.inputs.is_empty() && summary.inputs.iter().all(|input| !input.digest.is_empty()),
                "{}: its inputs are not in the summary",
                row.stage
            );
        }
        assert!(summary.records.skipped.is_empty());
    }
}

/// What a stage does where nothing is said is written once: the card says what the command line does.
#[test]
fn the_defaults_of_a_card_are_those_of_the_command_line() {
    for row in TABLE {
        let data = data();
        let output = run_ok(row.stage, &["--describe"]);
        let card: Card = serde_json::from_slice(&output.stdout).unwrap();
        let properties = card.arguments["properties"].as_object().cloned().unwrap_or_default();
        assert_eq!(card.arguments.get("required"), None, "{}: nothing is required for a card", row.stage);
        let out = data.fresh(row, "defaults");
        let summary = out.with_extension("json");
        let output =
            data.run(row, data.input(row).as_deref(), &out, &["--summary", summary.to_str().unwrap()]);
        assert_eq!(code(&output), Some(0), "{}: {}", row.stage, words(&output));
        let summary: Summary = serde_json::from_slice(&fs::read(&summary).unwrap()).unwrap();
        let said = |name: &str| {
            let flag = format!("--{}", name.replace('_', "-"));
            row.arguments.iter().any(|argument| *argument == flag)
        };
        let used = summary.arguments.as_object().unwrap();
        assert!(used.keys().eq(properties.keys()), "{}: {used:?}", row.stage);
        for (name, property) in properties.iter().filter(|(name, _)| !said(name)) {
            let default = property.get("default");
            assert_eq!(default, Some(&used[name]), "{}: --{}", row.stage, name.replace('_', "-"));
        }
    }
}

#[test]
fn an_unknown_flag_is_a_usage_error() {
    for row in TABLE {
        let output = run(row.stage, &["--no-such-flag"]);
        assert_eq!(code(&output), Some(2), "{}", row.stage);
        assert!(words(&output).contains("--no-such-flag"), "{}", row.stage);
        assert!(output.stdout.is_empty(), "{}: words on standard output", row.stage);
    }
}

#[test]
fn a_truncated_input_is_bad_data_and_names_the_last_good_record() {
    for row in TABLE {
        let (data, Reads::Shard(planes)) = (data(), row.reads) else { continue };
        let whole = fs::read(data.path(&name_of(planes))).unwrap();
        let cut = data.fresh(row, "truncated").with_extension("shard");
        fs::write(&cut, &whole[..whole.len() * 2 / 3]).unwrap();
        let out = data.fresh(row, "truncated-out");
        let output = data.run(row, cut.to_str(), &out, &[]);
        assert_eq!(code(&output), Some(65), "{}: {}", row.stage, words(&output));
        let words = words(&output);
        assert!(
            words.contains("last good record is ID00") && words.contains(cut.to_str().unwrap()),
            "{}: {words}",
            row.stage
        );
        assert!(!out.exists(), "{}: an output appeared", row.stage);
    }
}

#[test]
fn a_missing_plane_is_bad_data_and_names_plane_and_producer() {
    for row in TABLE {
        let (data, Reads::Shard(planes)) = (data(), row.reads) else { continue };
        if planes.is_empty() {
            continue; // Takes records of any planes.
        }
        let out = data.fresh(row, "missing");
        let output = data.run(row, Some(&data.path("bare.shard")), &out, &[]);
        assert_eq!(code(&output), Some(65), "{}: {}", row.stage, words(&output));
        let words = words(&output);
        assert!(words.contains("contract-test"), "{}: {words}", row.stage);
        assert!(planes.iter().any(|plane| words.contains(&format!("`{plane}`"))), "{}: {words}", row.stage);
        assert!(!out.exists(), "{}: an output appeared", row.stage);
    }
}

#[test]
fn an_empty_stream_gives_an_empty_complete_output() {
    for row in TABLE {
        let (data, Reads::Shard(planes)) = (data(), row.reads) else { continue };
        if ["score", "split", "train"].contains(&row.stage) {
            continue; // Nothing can be scored, dealt or learned from no records; their own tests pin the message.
        }
        let out = data.fresh(row, "empty");
        let output = data.run(row, Some(&data.path(&format!("empty-{}", name_of(planes)))), &out, &[]);
        assert_eq!(code(&output), Some(0), "{}: {}", row.stage, words(&output));
        match row.writes {
            Writes::Shard => assert!(ossa_tests::read_shard(&out).is_empty()),
            Writes::Text => assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 1, "{}", row.stage),
            Writes::Folder => assert!(out.is_dir()),
        }
    }
}

#[test]
fn a_reader_that_leaves_ends_the_stage_in_silence() {
    for row in TABLE {
        if row.writes == Writes::Folder {
            continue;
        }
        let data = data();
        let mut arguments = data.arguments(row);
        arguments.extend(data.input(row));
        arguments.extend(["--progress".into(), "off".into()]);
        let mut child =
            command(row.stage).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut words = String::new();
        child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(141), "{}: {words}", row.stage);
        assert_eq!(words, "", "{}", row.stage);
    }
}

#[test]
fn the_same_seed_gives_the_same_digest_at_any_thread_count() {
    for row in TABLE {
        let data = data();
        // libtorch sums in another order on other numbers of threads.
        let numeric = ["train", "predict"].contains(&row.stage);
        let digest = |round: usize| {
            let threads = if numeric { "2" } else { ["1", "3"][round] };
            let out = data.fresh(row, &format!("digest-{round}"));
            let summary = out.with_extension("json");
            let more = ["--seed", "7", "--threads", threads, "--summary", summary.to_str().unwrap()];
            // The seed may be in the row's own arguments already.
            let more = if row.arguments.contains(&"--seed") { &more[2..] } else { &more[..] };
            let output = data.run(row, data.input(row).as_deref(), &out, more);
            assert_eq!(code(&output), Some(0), "{}: {}", row.stage, words(&output));
            let summary: Summary = serde_json::from_slice(&fs::read(&summary).unwrap()).unwrap();
            summary.output_digest
        };
        assert_eq!(digest(0), digest(1), "{}", row.stage);
    }
}

#[test]
fn binary_data_is_refused_on_a_terminal() {
    for row in TABLE.iter().filter(|row| row.writes == Writes::Shard) {
        let data = data();
        let mut arguments = data.arguments(row);
        arguments.extend(data.input(row));
        let output = command(row.stage).args(arguments).stdout(terminal()).output().unwrap();
        assert_eq!(code(&output), Some(2), "{}: {}", row.stage, words(&output));
        assert!(words(&output).contains("terminal"), "{}: {}", row.stage, words(&output));
    }
}

/// The far end of a fresh pseudo-terminal. The near end stays open until the process ends, as a terminal's does.
fn terminal() -> OwnedFd {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&near).unwrap();
    unlockpt(&near).unwrap();
    let name = ptsname(&near, Vec::new()).unwrap();
    std::mem::forget(near);
    let far = fs::OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    far.into()
}

#[test]
fn a_card_names_what_its_stage_reads() {
    for row in TABLE {
        let (data, Reads::Shard(planes)) = (data(), row.reads) else { continue };
        let mut arguments = data.arguments(row);
        arguments.push("--describe".to_owned());
        let output = command(row.stage).args(arguments).output().unwrap();
        let card: Card = serde_json::from_slice(&output.stdout).unwrap();
        let port = card.inputs.iter().find(|port| port.name == "in").unwrap();
        let covered = port.accepts.iter().any(|artefact| match artefact {
            Artefact::Shard { planes: needed } => needed.iter().all(|plane| planes.contains(&plane.as_str())),
            _ => false,
        });
        assert!(covered, "{}: the card asks for more than the stage needed", row.stage);
    }
}
