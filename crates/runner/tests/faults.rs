//! Every bad file in `tests/golden/pipelines` is refused with the faults in the file beside it, all at once.
#![allow(clippy::unwrap_used)]

mod workshop;

use std::fs;
use std::path::Path;

use workshop::Workshop;

#[test]
fn bad_files_are_refused_with_all_their_faults() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/pipelines");
    let mut files: Vec<_> = fs::read_dir(golden).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    assert!(files.len() >= 12, "{files:?}");
    let workshop = Workshop::new("");
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        fs::copy(&path, workshop.path(name)).unwrap();
        let ended = workshop.runner(&[name]);
        let expected = fs::read_to_string(path.with_extension("txt")).unwrap();
        assert_eq!(ended.stderr, expected, "{name}");
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{name}");
        // Nothing is made for a pipeline that does not run.
        assert!(!workshop.path("runs").exists(), "{name}");
    }
}

const PIPELINE: &str = "
[params]
n = 5
data.root = \"lines.txt\"

[input.lines]
path = \"{data.root}\"

[node.numbers]
run = \"count\"
from = { lines = \"lines\" }
args = { count = \"{n}\" }

[node.doubled]
run = \"double\"
from = \"numbers\"
";

#[test]
fn settings_are_checked() {
    let workshop = Workshop::new(PIPELINE);
    workshop.write("lines.txt", "a 1\n");
    let told = |setting: &str| {
        let ended = workshop.runner(&["p.toml", "-n", "--set", setting]);
        assert_eq!(ended.code, Some(2), "{setting}: {ended:?}");
        ended.stderr.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(told("n=x"), "--set n=x: parameter `n` is an integer in the file, so give an integer");
    assert_eq!(
        told("m=3"),
        "--set m=3: no parameter is called `m`; there is `n`, `data.root` and `lines.path`"
    );
    assert_eq!(
        told("data.rot=x"),
        "--set data.rot=x: no parameter is called `data.rot`, and no node or input `data`; did you mean `data.root`?"
    );
    assert_eq!(
        told("doubeld.by=3"),
        "--set doubeld.by=3: no parameter is called `doubeld.by`, and no node or input `doubeld`; \
         did you mean `doubled.by`?"
    );
    assert_eq!(
        told("doubled.bye=3"),
        "--set doubled.bye=3: node `doubled`: `double` has no argument `bye`; did you mean `by`?"
    );
    assert_eq!(
        told("doubled.by=x"),
        "--set doubled.by=x: node `doubled`: `by` is a string; it should be an integer"
    );
    assert_eq!(
        told("lines.root=x"),
        "--set lines.root=x: input `lines` has no `root`; did you mean `lines.path`?"
    );
    assert_eq!(told("n"), "--set n: it should be NAME=VALUE, or NODE.ARGUMENT=VALUE");
    assert_eq!(
        told("data.root=nowhere"),
        "--set data.root=nowhere: input `lines`: nowhere: No such file or directory (os error 2)"
    );
}

#[test]
fn settings_reach_parameters_arguments_and_inputs() {
    let workshop = Workshop::new(PIPELINE);
    workshop.write("lines.txt", "a 1\n");
    workshop.write("other.txt", "a 1\nb 2\n");
    workshop.states(&["p.toml", "--set", "data.root=other.txt", "--set", "doubled.by=7"]);
    assert_eq!(workshop.report("p")["steps"][1]["records"], 2);
    workshop.states(&["p.toml", "--set", "lines.path=lines.txt"]);
    assert_eq!(workshop.report("p")["steps"][1]["records"], 1);
}

#[test]
fn wrong_usage_is_2() {
    let workshop = Workshop::new(PIPELINE);
    workshop.write("lines.txt", "a 1\n");
    let told = |arguments: &[&str]| {
        let ended = workshop.runner(arguments);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        ended.stderr
    };
    assert_eq!(
        told(&["p.toml", "doubel"]),
        "runner: p.toml: no node is called `doubel`; did you mean `doubled`?\n"
    );
    assert_eq!(told(&["p.toml", "--only"]), "runner: --only needs the name of a node\n");
    assert_eq!(told(&["q.toml"]), "runner: q.toml: No such file or directory (os error 2)\n");
    assert_eq!(
        told(&["p.toml", "doubled", "--only"]),
        "runner: not in the store: numbers; run them first: runner p.toml numbers\n"
    );
}
