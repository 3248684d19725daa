//! Values of a pipeline file reach stages as they are, whatever they are, and whatever is named after them.
#![allow(clippy::unwrap_used)]

mod workshop;

use workshop::{Workshop, text};

fn summary(workshop: &Workshop, step: usize) -> serde_json::Value {
    let key = text(&workshop.report("p")["steps"][step]["key"]);
    serde_json::from_str(&workshop.read(&format!("runs/objects/{key}/summary.json"))).unwrap()
}

#[test]
fn seeds_are_what_they_say() {
    for seed in [0, 1 << 53, (1 << 53) + 1, 1 << 63, u64::MAX] {
        let workshop = Workshop::new(&format!("[node.numbers]\nrun = \"count\"\nseed = {seed}\n"));
        workshop.states(&["p.toml"]);
        assert_eq!(summary(&workshop, 0)["seed"], seed);
        workshop.states(&["p.toml", "--set", &format!("numbers.seed={}", seed ^ 1)]);
        assert_eq!(summary(&workshop, 0)["seed"], seed ^ 1);
    }
}

#[test]
fn numbers_that_nothing_holds_are_faults_also_where_they_are_set() {
    let file = "[params]\nlr = 0.5\n\n[node.numbers]\nrun = \"count\"\n\n[node.doubled]\nrun = \"double\"\nfrom = \"numbers\"\n\n\
                [node.model]\nrun = \"learn\"\nfrom = \"doubled\"\nargs = { lr = \"{lr}\" }\n";
    let workshop = Workshop::new(file);
    for setting in [
        "numbers.seed=18446744073709551616",
        "numbers.seed=-1",
        "numbers.count=99999999999999999999",
        "numbers.count=4294967296",
        "numbers.threads=0",
        "numbers.threads=18446744073709551615",
        "model.lr=inf",
        "model.lr=nan",
        "model.lr=1e999",
        "lr=inf",
    ] {
        let refused = workshop.runner(&["p.toml", "--set", setting]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        let place = if setting.contains("threads") { "p.toml:5: " } else { &format!("--set {setting}: ") };
        assert!(refused.stderr.starts_with(place), "{setting}: {refused:?}");
        assert!(!workshop.path("runs").exists());
    }
}

#[test]
fn long_and_strange_values_name_files() {
    let long = |last: &str| format!("{}{last}", "x".repeat(260));
    let workshop = Workshop::new(&format!(
        "[pipeline]\nname = \"../{}\\u0000\"\n\n[node.numbers]\nrun = \"count\"\n\n[node.doubled]\nrun = \"double\"\n\
         from = \"numbers\"\n\n[node.sum]\nrun = \"total\"\nfrom = \"doubled\"\n\
         for = {{ label = [\"{}\", \"{}\", \"..\", \"a\\nb\", \"\"] }}\nargs = {{ label = \"{{label}}\" }}\n",
        long("p"),
        long("1"),
        long("2")
    ));
    let first = workshop.runner(&["p.toml"]);
    assert_eq!(first.code, Some(0), "{first:?}");
    // What is remembered of one is not what is remembered of another.
    let why = workshop.runner(&["why", "p.toml"]).stdout;
    assert_eq!(why.matches(" need not run: ").count(), 7, "{why}");
    let report = workshop.runner(&["report", "p.toml", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(report["steps"].as_array().unwrap().len(), 7);
    assert_eq!(workshop.runner(&["gc", "p.toml"]).stdout, "removed 0 results (0.0 MiB), kept 7\n");
}
