//! The invariants of ARCHITECTURE.md, over `cargo metadata` and the tree itself.

#![allow(clippy::unwrap_used, reason = "a test that can't set itself up should panic")]

#[path = "invariants/modules.rs"]
mod modules;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand, PackageId};
use modules::Modules;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The workspace's packages by name: their folder (`crates`, `stages` …) and what they reach by ordinary
/// dependencies, directly and on the way.
struct Graph {
    folder: BTreeMap<String, String>,
    direct: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn read() -> Graph {
        let metadata = MetadataCommand::new()
            .manifest_path(root().join("Cargo.toml"))
            .other_options(["--locked", "--filter-platform", &host()].map(str::to_owned))
            .exec()
            .unwrap();
        let names: BTreeMap<&PackageId, &str> =
            metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
        let mut direct = BTreeMap::new();
        for node in &metadata.resolve.as_ref().unwrap().nodes {
            let ordinary = node.deps.iter().filter(|dependency| {
                dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
            });
            let reached = ordinary.map(|dependency| names[&dependency.pkg].to_owned()).collect();
            direct.insert(names[&node.id].to_owned(), reached);
        }
        let folder = metadata
            .workspace_packages()
            .iter()
            .map(|package| {
                let relative = package.manifest_path.strip_prefix(root().to_str().unwrap()).unwrap();
                (package.name.to_string(), relative.iter().next().unwrap().to_owned())
            })
            .collect();
        Graph { folder, direct }
    }

    fn members(&self, folder: &str) -> Vec<&str> {
        self.folder.iter().filter(|(_, at)| *at == folder).map(|(name, _)| name.as_str()).collect()
    }

    fn reaches(&self, from: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(name) = open.pop() {
            for next in &self.direct[name] {
                if seen.insert(next.as_str()) {
                    open.push(next);
                }
            }
        }
        seen
    }
}

#[test]
fn no_stage_knows_another_and_no_crate_depends_on_a_stage() {
    let graph = Graph::read();
    let stages = graph.members("stages");
    assert!(
        stages.len() >= 12 && graph.members("crates").len() >= 6,
        "the folders were not found: {stages:?}"
    );
    for name in stages.iter().chain(&graph.members("crates")) {
        let reached = graph.reaches(name);
        let known: Vec<_> = stages.iter().filter(|stage| reached.contains(**stage)).collect();
        assert!(known.is_empty(), "{name} depends on the stages {known:?}");
    }
}

#[test]
fn only_what_computes_on_tensors_links_libtorch() {
    let graph = Graph::read();
    let allowed = ["zoo", "learn", "train", "predict", "tune", "models", "schemas"];
    for name in graph.folder.keys() {
        let links = graph.reaches(name).contains("torch-sys");
        let benches = graph.folder[name] == "benches";
        assert!(!links || benches || allowed.contains(&name.as_str()), "{name} links libtorch");
    }
}

#[test]
fn the_runner_and_the_format_know_no_hands() {
    let graph = Graph::read();
    for name in ["runner", "shard", "stage"] {
        let reached = graph.reaches(name);
        assert!(!reached.contains("bones") && !reached.contains("planes"), "{name} knows hands");
    }
}

/// The platform that this test runs on: what others would need has not been fetched.
fn host() -> String {
    let version = std::process::Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(version.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// All Rust sources below a folder of the repository.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    assert!(!found.is_empty(), "no sources below {folder}");
    found
}

#[test]
fn the_class_list_exists_once() {
    let all = ["crates", "stages"].into_iter().flat_map(sources);
    // Two neighbours of the canonical order in one source are the beginnings of a second list.
    let lists: Vec<PathBuf> = all
        .filter(|(_, text)| {
            text.contains("\"Trapezium\"") && text.contains("\"Trapezoid\"") && text.contains("\"Hamate\"")
        })
        .filter(|(_, text)| text.contains("\"Lunate\"") && text.contains("\"Capitate\""))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(lists, [root().join("crates/bones/src/bone.rs")]);
}

#[test]
fn stages_end_no_outputs_themselves() {
    for (path, text) in sources("stages") {
        if path.components().any(|part| part.as_os_str() == "examples" || part.as_os_str() == "tests") {
            continue;
        }
        let library = text.split("#[cfg(test)]").next().unwrap().replace("eprintln!(", "");
        for forbidden in ["println!(", "Writer::create("] {
            assert!(
                !library.contains(forbidden),
                "{} uses {forbidden}: the contract does that",
                path.display()
            );
        }
    }
}

#[test]
fn every_crate_takes_the_workspace_lints() {
    for folder in ["crates", "stages"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let manifest = entry.unwrap().path().join("Cargo.toml");
            if let Ok(text) = fs::read_to_string(&manifest) {
                assert!(
                    text.contains("[lints]\nworkspace = true"),
                    "{} has lints of its own",
                    manifest.display()
                );
            }
        }
    }
}

#[test]
fn modules_of_a_crate_do_not_go_in_circles() {
    let mut circles = BTreeSet::new();
    let members = ["crates", "stages"].into_iter().flat_map(|folder| {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        entries.map(move |entry| format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap()))
    });
    for member in members.chain(["benches", "schemas"].map(str::to_owned)) {
        let sources = root().join(&member).join("src");
        if sources.is_dir() {
            circles
                .extend(Modules::read(&sources).circles().iter().map(|circle| format!("{member}: {circle}")));
        }
    }
    assert!(circles.is_empty(), "modules use each other in a circle: {circles:#?}");
}
