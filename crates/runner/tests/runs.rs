//! What runs, what is found, and what is told of it.
#![allow(clippy::unwrap_used)]

mod workshop;

use std::fs;
use std::io::Write;

use workshop::Workshop;

const CHAIN: &str = "
[input.lines]
path = \"lines.txt\"

[node.numbers]
run = \"count\"
from = { lines = \"lines\" }

[node.doubled]
run = \"double\"
from = \"numbers\"
args = { trace = \"trace.txt\", limit = 100 }

[node.sum]
run = \"total\"
from = \"doubled\"
export = \"out/sum.txt\"
show = true
";

fn chain() -> Workshop {
    let workshop = Workshop::new(CHAIN);
    workshop.write("lines.txt", "a 1\nb 2\nc 3\n");
    workshop
}

#[test]
fn runs_once_and_finds_it_again() {
    let workshop = chain();
    let first = workshop.runner(&["p.toml"]);
    assert_eq!(first.states(), ["numbers ran", "doubled ran", "sum ran"], "{first:?}");
    assert!(first.stdout.ends_with("\ntotal of 3: 12\nout/sum.txt\n"), "{first:?}");
    assert_eq!(workshop.read("out/sum.txt"), "total of 3: 12\n");
    let again = workshop.runner(&["p.toml"]);
    assert_eq!(again.states(), ["numbers hit", "doubled hit", "sum hit"]);
    assert!(again.stdout.ends_with("\ntotal of 3: 12\nout/sum.txt\n"), "{again:?}");
    assert_eq!(workshop.read("trace.txt").lines().count(), 3);
}

#[test]
fn equal_output_cuts_off_what_follows() {
    let workshop = chain();
    workshop.states(&["p.toml"]);
    // The stage is another program, its output is the same.
    let mut binary = fs::File::options().append(true).open(workshop.path("stages/double")).unwrap();
    binary.write_all(b"rebuilt").unwrap();
    drop(binary);
    let why = workshop.runner(&["why", "p.toml", "doubled"]).stdout;
    assert_eq!(why, "doubled runs: the double binary changed\n");
    assert_eq!(workshop.states(&["p.toml"]), ["numbers hit", "doubled ran", "sum hit"]);
}

#[test]
fn what_is_damaged_or_gone_is_made_again() {
    let workshop = chain();
    workshop.states(&["p.toml"]);
    let key = workshop.report("p")["steps"][1]["key"].as_str().unwrap().to_owned();
    let out = workshop.path(format!("runs/objects/{key}/out"));
    let mut bytes = fs::read(&out).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&out, &bytes).unwrap();
    assert_eq!(workshop.runner(&["verify"]).code, Some(65));
    let why = workshop.runner(&["why", "p.toml", "doubled"]).stdout;
    assert_eq!(why, "doubled runs: its result is damaged\n");
    assert_eq!(workshop.states(&["p.toml"]), ["numbers hit", "doubled ran", "sum hit"]);
    fs::remove_dir_all(workshop.path(format!("runs/objects/{key}"))).unwrap();
    let why = workshop.runner(&["why", "p.toml", "doubled"]).stdout;
    assert_eq!(why, "doubled runs: its result is not in the store\n");
    assert_eq!(workshop.states(&["p.toml"]), ["numbers hit", "doubled ran", "sum hit"]);
    assert_eq!(workshop.runner(&["verify", "p.toml"]).stdout, "3 results, 0 damaged\n");
}

#[test]
fn map_stages_run_on_changed_records_alone() {
    let workshop = chain();
    workshop.states(&["p.toml"]);
    workshop.write("trace.txt", "");
    workshop.write("lines.txt", "d 4\na 1\nb 7\n");
    let why = workshop.runner(&["why", "p.toml", "numbers"]).stdout;
    assert_eq!(why, "numbers runs: lines: it changed\n");
    let ended = workshop.runner(&["p.toml"]);
    assert!(ended.stderr.contains("2 of 3 records changed"), "{ended:?}");
    let trace = workshop.read("trace.txt");
    let mut traced: Vec<&str> = trace.lines().collect();
    traced.sort_unstable();
    assert_eq!(traced, ["b", "d"]);
    assert!(ended.stdout.contains("total of 3: 24"), "{ended:?}");

    // The merged stream is the one that a run on everything writes.
    let other = chain();
    other.write("lines.txt", "d 4\na 1\nb 7\n");
    other.states(&["p.toml"]);
    assert_eq!(workshop.digests("p"), other.digests("p"));
    assert_eq!(counts(&workshop, 1), counts(&other, 1));
    // An argument that changes leaves nothing to keep.
    workshop.write("trace.txt", "");
    workshop.states(&["p.toml", "--set", "doubled.limit=5"]);
    assert_eq!(workshop.read("trace.txt").lines().count(), 3);
}

/// The counts and records in the summary of a step's result.
fn counts(workshop: &Workshop, step: usize) -> String {
    let key = workshop.report("p")["steps"][step]["key"].as_str().unwrap().to_owned();
    let summary = workshop.read(&format!("runs/objects/{key}/summary.json"));
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    format!("{} {} {}", summary["counts"], summary["records"], summary["notes"])
}

#[test]
fn the_summary_of_changed_records_counts_all() {
    for (lines, again) in [
        // Only added to: the counts of both add up.
        ("a 100\nb 2\nc 3\nd 500\n", vec!["d"]),
        // What the old `a` added is not known, so that all run.
        ("a 2\nb 2\nc 3\n", vec!["a", "b", "c"]),
        ("b 2\nc 3\nd 500\n", vec!["b", "c", "d"]),
    ] {
        let workshop = chain();
        workshop.write("lines.txt", "a 100\nb 2\nc 3\n");
        workshop.states(&["p.toml"]);
        workshop.write("trace.txt", "");
        workshop.write("lines.txt", lines);
        workshop.states(&["p.toml"]);
        let trace = workshop.read("trace.txt");
        let mut traced: Vec<&str> = trace.lines().collect();
        traced.sort_unstable();
        assert_eq!(traced, again);
        let fresh = chain();
        fresh.write("lines.txt", lines);
        fresh.states(&["p.toml"]);
        assert_eq!(counts(&workshop, 1), counts(&fresh, 1));
        assert_eq!(workshop.digests("p"), fresh.digests("p"));
    }
}

const EXPANDED: &str = "
[params]
models = [\"unet\", \"segformer\"]

[node.numbers]
run = \"count\"

[node.doubled]
run = \"double\"
from = \"numbers\"

[node.trained]
run = \"learn\"
from = \"doubled\"
for = { model = \"{models}\", epochs = [1, 2] }
args = { model = \"{model}\", epochs = \"{epochs}\" }

[node.sum]
run = \"total\"
from = { in = \"doubled\", model = \"trained\" }
for = { model = [\"unet\", \"segformer\"], epochs = [2] }
args = { label = \"{model} {epochs}\" }
export = \"out/{model}.txt\"

[node.part]
run = \"count\"
from = { lines = \"trained/epoch-1.txt\" }
for = { model = [\"unet\"], epochs = [2] }
";

#[test]
fn names_one_instance_of_a_node() {
    let named = "
[node.best]
run = \"count\"
from = { lines = \"trained[unet,{best}]/epoch-1.txt\" }

[params]
best = 2
models = [\"unet\", \"segformer\"]
";
    let text = EXPANDED.replace("[params]\nmodels = [\"unet\", \"segformer\"]\n", "") + named;
    let workshop = Workshop::new(&text);
    let graph = workshop.runner(&["graph", "p.toml"]).stdout;
    assert!(graph.contains("best                  count → "), "{graph}");
    assert!(graph.contains("lines: trained[unet,2]/epoch-1.txt"), "{graph}");

    workshop.pipeline(&text.replace("best = 2", "best = 3"));
    let refused = workshop.runner(&["p.toml", "-n"]);
    let only = "only trained[unet,1], trained[unet,2], trained[segformer,1], trained[segformer,2]";
    assert!(
        refused.stderr.contains("there is no `trained[unet,3]`, ") && refused.stderr.contains(only),
        "{refused:?}"
    );
}

#[test]
fn expands_nodes_and_matches_instances() {
    let workshop = Workshop::new(EXPANDED);
    let graph = workshop.runner(&["graph", "p.toml"]).stdout;
    assert!(
        graph.contains("sum[unet,2]           total → sum  ← doubled; model: trained[unet,2]\n"),
        "{graph}"
    );
    let states = workshop.states(&["p.toml"]);
    assert_eq!(states.len(), 9, "{states:?}");
    assert_eq!(workshop.read("out/segformer.txt"), "segformer 2 of 3: 6\n");
    // `part` reads a file of the folder.
    assert_eq!(workshop.report("p")["steps"][8]["records"], 1);
    assert_eq!(workshop.states(&["p.toml", "sum[unet,2]"]).len(), 4);
    let fewer = workshop.runner(&["p.toml", "-n", "--set", "models=[\"unet\"]"]);
    assert!(fewer.stderr.contains("no instance of `trained` matches `sum[segformer,2]`"), "{fewer:?}");
}

#[test]
fn selections() {
    let workshop = chain();
    assert_eq!(workshop.states(&["p.toml", "doubled"]), ["numbers ran", "doubled ran"]);
    assert_eq!(workshop.states(&["p.toml", "sum", "--only"]), ["numbers hit", "doubled hit", "sum ran"]);
    assert_eq!(workshop.states(&["p.toml", "numbers", "--downstream"]).len(), 3);
    workshop.write("lines.txt", "a 5\n");
    let frozen = workshop.runner(&["p.toml", "doubled", "--from"]);
    assert_eq!(frozen.code, Some(2));
    assert!(frozen.stderr.contains("not in the store: numbers"), "{frozen:?}");
    workshop.states(&["p.toml", "numbers"]);
    assert_eq!(workshop.states(&["p.toml", "doubled", "--from"]), ["numbers hit", "doubled ran", "sum ran"]);
}

#[test]
fn the_dry_run_plans_what_the_run_does() {
    let workshop = chain();
    let plan = workshop.runner(&["p.toml", "-n"]).stdout;
    assert_eq!(
        plan,
        "numbers  run    it has not been run before\n\
         doubled  waits  after numbers: it has not been run before\n\
         sum      waits  after doubled: it has not been run before\n"
    );
    assert!(!workshop.path("runs").exists());
    workshop.states(&["p.toml"]);
    let plan =
        workshop.runner(&["p.toml", "-n", "--set", "sum.label=all", "--set", "doubled.limit=7"]).stdout;
    assert_eq!(
        plan,
        "numbers  hit\ndoubled  run    limit 100 → 7\nsum      waits  after doubled: label total → all\n"
    );
    let json = workshop.runner(&["p.toml", "-n", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["steps"][2]["state"], "hit");
}

#[test]
fn pipe_groups_run_as_one() {
    let piped = CHAIN.replace("run = \"count\"", "run = \"count\"\npipe = true");
    let piped = piped.replace("run = \"double\"", "run = \"double\"\npipe = true");
    let workshop = chain();
    workshop.states(&["p.toml"]);
    let (sum, results) = (workshop.read("out/sum.txt"), workshop.digests("p"));

    let workshop = chain();
    workshop.pipeline(&piped);
    assert_eq!(workshop.states(&["p.toml"]), ["numbers ran", "doubled ran", "sum ran"]);
    assert_eq!(workshop.read("out/sum.txt"), sum);
    assert_eq!(workshop.digests("p"), results);
    assert_eq!(fs::read_dir(workshop.path("runs/objects")).unwrap().count(), 1);
    assert_eq!(workshop.states(&["p.toml"]), ["numbers hit", "doubled hit", "sum hit"]);
    let why = workshop.runner(&["why", "p.toml", "--set", "doubled.by=3", "sum"]).stdout;
    assert_eq!(why, "sum runs: doubled: by 2 → 3\n");
}

#[test]
fn every_member_of_a_pipe_group_counts() {
    let piped = CHAIN.replace("run = \"double\"", "run = \"double\"\npipe = true");
    let workshop = chain();
    workshop.pipeline(&piped);
    let failed = workshop.runner(&["p.toml", "--set", "doubled.fail_at=b"]);
    assert_eq!(failed.code, Some(65), "{failed:?}");
    assert_eq!(failed.states(), ["numbers ran", "doubled failed", "sum skipped"]);
    assert!(failed.stderr.contains("record b: it is the one to fail at"), "{failed:?}");
    assert!(!workshop.path("out/sum.txt").exists());

    // A reader that leaves early with exit 0 has not read what its writer wrote.
    let many: String = (0..20_000).map(|index| format!("{index} {index}\n")).collect();
    workshop.write("lines.txt", &many);
    let left = workshop.runner(&["p.toml", "--set", "sum.leave_after=1"]);
    assert_eq!(left.code, Some(70), "{left:?}");
    assert!(left.stderr.contains("what reads its output left before the end"), "{left:?}");
}

const TWO: &str = "
[node.good]
run = \"count\"

[node.bad]
run = \"double\"
from = \"good\"
args = { fail_at = \"p/00001\" }

[node.after]
run = \"total\"
from = \"bad\"

[node.other]
run = \"double\"
from = \"good\"
";

#[test]
fn a_failure_stops_the_run_unless_it_keeps_going() {
    let workshop = Workshop::new(TWO);
    let stopped = workshop.runner(&["p.toml"]);
    assert_eq!(stopped.code, Some(65), "{stopped:?}");
    assert_eq!(stopped.states(), ["good ran", "bad failed", "after skipped", "other skipped"]);
    assert!(stopped.stderr.contains("bad    error: "), "{stopped:?}");
    let going = workshop.runner(&["p.toml", "--keep-going", "-j", "2"]);
    assert_eq!(going.code, Some(65));
    assert_eq!(going.states(), ["good hit", "bad failed", "after skipped", "other ran"]);
}

#[test]
fn reports_and_collects() {
    let workshop = chain();
    workshop.states(&["p.toml"]);
    let told = workshop.runner(&["report", "p.toml", "-o", "timeline.html"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    let html = workshop.read("timeline.html");
    assert!(html.contains("doubled") && html.contains("class=\"bar\"") && !html.contains("http"), "{html}");
    let json = workshop.runner(&["p.toml", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["exit"], &json["steps"][0]["state"]), (&0.into(), &"hit".into()));

    workshop.states(&["p.toml", "--set", "doubled.by=3"]);
    workshop.states(&["p.toml"]);
    let count = || fs::read_dir(workshop.path("runs/objects")).unwrap().count();
    assert_eq!(count(), 5);
    let told = workshop.runner(&["gc", "p.toml", "-n"]).stdout;
    assert!(told.starts_with("would remove 2 results") && told.ends_with("kept 3\n"), "{told}");
    assert_eq!(count(), 5);
    workshop.runner(&["gc", "p.toml"]);
    assert_eq!(count(), 3);
    assert_eq!(workshop.states(&["p.toml"]), ["numbers hit", "doubled hit", "sum hit"]);
}

#[test]
fn of_two_nodes_with_one_key_one_runs() {
    let twin = |name: &str| {
        format!(
            "[node.{name}]\nrun = \"double\"\nfrom = \"numbers\"\nargs = {{ trace = \"trace.txt\", slowly = 50 }}\n"
        )
    };
    let numbers = "[node.numbers]\nrun = \"count\"\nargs = { count = 6 }\n";
    let workshop = Workshop::new(&[numbers, &twin("one"), &twin("other")].concat());
    let mut states = workshop.states(&["p.toml", "-j", "2"]);
    assert_eq!(workshop.read("trace.txt").lines().count(), 6);
    // Which of the two begins is chance.
    states.iter_mut().for_each(|state| *state = state.replace("one", "twin").replace("other", "twin"));
    states.sort_unstable();
    assert_eq!(states, ["numbers ran", "twin hit", "twin ran"]);
    let digests = workshop.digests("p");
    assert_eq!(digests[1].1, digests[2].1);
}
