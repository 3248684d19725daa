//! What is put where a pipeline file says, and what stays there.
#![allow(clippy::unwrap_used)]

mod workshop;

use std::fs;
use std::os::unix::fs::symlink;

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
export = \"out/doubled.shard\"

[node.sum]
run = \"total\"
from = \"doubled\"
export = \"out/sum.txt\"
";

fn chain(text: &str) -> Workshop {
    let workshop = Workshop::new(text);
    workshop.write("lines.txt", "a 1\nb 2\nc 3\n");
    workshop
}

#[test]
fn an_export_that_somebody_edited_stays_unless_it_is_to_be_replaced() {
    let workshop = chain(CHAIN);
    workshop.states(&["p.toml"]);
    workshop.write("out/doubled.shard", "edited");
    let kept = workshop.runner(&["p.toml", "--set", "sum.label=all"]);
    // Everything but that export is done, also what follows from it.
    assert_eq!(kept.code, Some(2), "{kept:?}");
    assert_eq!(kept.states(), ["numbers hit", "doubled hit", "sum ran"]);
    assert_eq!(workshop.read("out/doubled.shard"), "edited");
    assert_eq!(workshop.read("out/sum.txt"), "all of 3: 12\n");
    let told = "not exported: out/doubled.shard was not put there by this store (runs/), or was changed since, \
                so out/doubled.shard stays as it is: move it away, or give --replace\n";
    assert!(kept.stdout.ends_with(&format!("out/sum.txt\n{told}")), "{kept:?}");
    assert!(kept.stderr.contains("doubled.shard was not put there"), "{kept:?}");
    let report = workshop.report("p");
    assert_eq!((&report["exit"], report["kept"].as_array().unwrap().len()), (&2.into(), 1));

    workshop.states(&["p.toml", "--replace"]);
    assert_ne!(workshop.read("out/doubled.shard"), "edited");
    // What the store put there itself needs no flag, and neither does what is gone.
    workshop.states(&["p.toml", "--set", "doubled.by=3"]);
    assert_eq!(workshop.read("out/sum.txt"), "total of 3: 18\n");
    fs::remove_dir_all(workshop.path("out")).unwrap();
    workshop.states(&["p.toml"]);
    assert_eq!(workshop.read("out/sum.txt"), "total of 3: 12\n");
    assert_eq!(workshop.runner(&["verify"]).code, Some(0));
}

#[test]
fn what_was_there_before_stays_too() {
    let workshop = chain(CHAIN);
    fs::create_dir(workshop.path("out")).unwrap();
    workshop.write("out/sum.txt", "a thesis");
    let kept = workshop.runner(&["p.toml"]);
    assert_eq!((kept.code, kept.states().len()), (Some(2), 3), "{kept:?}");
    assert_eq!(workshop.read("out/sum.txt"), "a thesis");
    // What another store put there is the same as nothing only where it is the same.
    workshop.states(&["p.toml", "--replace"]);
    workshop.states(&["p.toml", "--store", "other"]);
    workshop.states(&["p.toml", "--store", "other", "--set", "sum.label=all"]);
    assert_eq!(workshop.read("out/sum.txt"), "all of 3: 12\n");
}

#[test]
fn a_folder_of_somebody_elses_is_not_replaced() {
    let text = CHAIN.replace(
        "[node.sum]",
        "[node.model]\nrun = \"learn\"\nfrom = \"doubled\"\nexport = \"home\"\n\n[node.sum]",
    );
    let workshop = chain(&text);
    fs::create_dir(workshop.path("home")).unwrap();
    workshop.write("home/letter.txt", "dear all");
    let kept = workshop.runner(&["p.toml"]);
    assert_eq!(kept.code, Some(2), "{kept:?}");
    assert!(kept.stderr.contains("home/letter.txt was not put there by this store"), "{kept:?}");
    assert_eq!(workshop.read("home/letter.txt"), "dear all");

    fs::remove_dir_all(workshop.path("home")).unwrap();
    workshop.states(&["p.toml"]);
    // Its own export is replaced by a later one of another content.
    workshop.states(&["p.toml", "--set", "model.epochs=2"]);
    assert!(workshop.read("home/epoch-1.txt").starts_with("unet"));
    assert!(!workshop.path("home/epoch-2.txt").exists());
    workshop.write("home/notes.txt", "mine");
    assert_eq!(workshop.runner(&["p.toml"]).code, Some(2));
    assert_eq!(workshop.read("home/notes.txt"), "mine");
    workshop.states(&["p.toml", "--replace"]);
    assert!(!workshop.path("home/notes.txt").exists());
    assert!(!workshop.path("home.partial").exists() && !workshop.path("home.replaced").exists());
}

#[test]
fn places_are_compared_as_what_they_lead_to() {
    let workshop = chain(CHAIN);
    for folder in ["out", "deep/er"] {
        fs::create_dir_all(workshop.path(folder)).unwrap();
    }
    symlink("out", workshop.path("way")).unwrap();
    symlink("lines.txt", workshop.path("alias.txt")).unwrap();
    symlink("deep/er", workshop.path("well")).unwrap();
    symlink("nowhere/yet", workshop.path("dangling")).unwrap();
    let absolute = workshop.path("out/doubled.shard").display().to_string();
    let other = "and `doubled` to out/doubled.shard (line 12), which is the same place";
    let input = "which is the input `lines` at lines.txt (line 3)";
    let store = "which overlaps what the store runs/ keeps for itself";
    for (export, told) in [
        ("./out/doubled.shard", other),
        ("way/doubled.shard", other),
        ("well/../../out//doubled.shard", other),
        (absolute.as_str(), other),
        ("out/doubled.shard", "and `doubled` too (line 12)"),
        ("way/doubled.shard/in.txt", "and `doubled` to out/doubled.shard (line 12)"),
        ("way", "and `doubled` to out/doubled.shard (line 12)"),
        ("lines.txt", input),
        ("./deep/../lines.txt", input),
        ("alias.txt", input),
        ("lines.txt/sum.txt", "which overlaps the input `lines` at lines.txt (line 3)"),
        ("runs/objects", "which is what the store runs/ keeps for itself"),
        ("runs/objects/sum.txt", store),
        ("runs", store),
        ("p.toml", "which is this pipeline file"),
    ] {
        let refused = workshop.runner(&["p.toml", "--set", &format!("sum.export={export}")]);
        assert_eq!(refused.code, Some(2), "{export}: {refused:?}");
        let expected = format!("--set sum.export={export}: `sum` exports to {export}, {told}\n");
        assert!(refused.stderr.starts_with(&expected), "{export}: {refused:?}");
        assert_eq!(refused.stderr.lines().count(), 2, "{export}: {refused:?}");
        assert!(!workshop.path("runs").exists(), "{export}");
    }
    assert_eq!(workshop.read("lines.txt"), "a 1\nb 2\nc 3\n");
    // What another pipeline would read, and what nobody keeps, is free.
    for export in ["runs/p/sum.txt", "well/sum.txt", "deep/sum.txt"] {
        workshop.states(&["p.toml", "--set", &format!("sum.export={export}")]);
        assert_eq!(workshop.read(export), "total of 3: 12\n");
    }
}

#[test]
fn a_name_that_no_file_system_takes_is_a_fault() {
    let workshop = chain(CHAIN);
    let long = "x".repeat(250);
    for (export, told) in [
        (format!("out/{long}"), "has a name of 250 bytes in out/xxx"),
        (format!("{long}123456/sum.txt"), "has a name of 256 bytes in xxx"),
        ("out/..".to_owned(), "is no path of a file or folder"),
        ("out/a\nb".to_owned(), "control characters have no place in a path"),
    ] {
        let refused = workshop.runner(&["p.toml", "--set", &format!("sum.export={export}")]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(told), "{refused:?}");
        assert!(!workshop.path("runs").exists());
    }
    let export = format!("out/{}", &long[..246]);
    workshop.states(&["p.toml", "--set", &format!("sum.export={export}")]);
    assert_eq!(workshop.read(&export), "total of 3: 12\n");
}
