//! How samples are varied, through the program: recipes, forms of labels, and pictures of what comes of them.
#![allow(clippy::unwrap_used)]

mod bench;

use std::fs;

use bench::{Bench, words};
use checkpoint::file;
use serde_json::{Value, json};

const ONE: [&str; 2] = ["--epochs", "1"];

fn with(more: &[&str]) -> Vec<String> {
    ONE.iter().chain(more).map(|&word| word.to_owned()).collect()
}

/// The transforms that a checkpoint records.
fn transforms(bench: &Bench, out: &str, more: &[&str]) -> Vec<Value> {
    let more = with(more);
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    let recipe = bench.trained(out, &more).checkpoint.recipe;
    let recipe = &recipe["augment"];
    for flag in ["recipe", "flip", "rotate", "scale", "shift", "brightness", "contrast"] {
        assert!(recipe.get(flag).is_none(), "{flag}: {recipe}");
    }
    recipe["transforms"].as_array().unwrap().clone()
}

fn names(transforms: &[Value]) -> Vec<&str> {
    transforms.iter().map(|transform| transform["name"].as_str().unwrap()).collect()
}

const OWN: &str = "\
[[transforms]]
name = \"HorizontalFlip\"
p = 0.25
";

#[test]
fn a_checkpoint_records_the_transforms_whatever_said_so() {
    let bench = Bench::new();
    assert_eq!(transforms(&bench, "none", &["--augment", "none"]), [Value::Null; 0]);
    let field = transforms(&bench, "field", &["--augment", "field"]);
    assert_eq!(names(&field), ["HorizontalFlip", "ShiftScaleRotate", "OneOf", "OneOf", "OneOf"]);
    fs::write(bench.path("own.toml"), OWN).unwrap();
    let own = transforms(&bench, "own", &["--augment", "own.toml"]);
    assert_eq!(own, [json!({ "name": "HorizontalFlip", "p": 0.25 })]);
    let still = ["--rotate", "0", "--scale", "0", "--shift", "0", "--brightness", "0", "--contrast", "0"];
    let flags = transforms(&bench, "flags", &[&["--flip", "0.25"][..], &still].concat());
    assert_eq!(flags, own);
    // The same recipe is the same checkpoint, whatever said so.
    for name in [file::DESCRIPTION, file::LAST, file::BEST, file::METRICS] {
        assert_eq!(bench.bytes("own", name), bench.bytes("flags", name), "{name}");
    }
    assert_ne!(bench.bytes("own", file::LAST), bench.bytes("none", file::LAST));
    // The file is an input as any other.
    let inputs = bench.result("own").summary.inputs;
    assert!(inputs.iter().any(|input| input.port == "augment" && input.path == "own.toml"), "{inputs:?}");
}

#[test]
fn a_fault_in_a_recipe_is_told_with_its_file_line_and_transform() {
    let bench = Bench::new();
    fs::write(bench.path("own.toml"), format!("{OWN}\n[[transforms]]\nname = \"Rotate\"\nlimit = 720\n"))
        .unwrap();
    let said = bench.refused(65, &["--augment", "own.toml"]);
    for expected in ["own.toml", "line 7", "transforms[1] (Rotate)", "720"] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    fs::create_dir(bench.path("folder")).unwrap();
    fs::write(bench.path("binary"), [0xff, 0xfe, 0, 1, 2, 200]).unwrap();
    fs::write(bench.path("empty.toml"), "").unwrap();
    for (named, code, expected) in [
        ("misisng.toml", 74, "(a TOML file was expected, or one of none, field, radiograph)"),
        ("Field", 74, "Field"),
        ("folder", 65, "folder: is a folder"),
        ("binary", 65, "binary: "),
        ("train.shard", 65, "train.shard: "),
    ] {
        let said = bench.refused(code, &["--augment", named]);
        assert!(said.contains(expected) && said.contains("none, field, radiograph"), "{named}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{named}: {said}");
    }
    assert_eq!(transforms(&bench, "empty", &["--augment", "empty.toml"]), [Value::Null; 0]);
}

#[test]
fn flags_beside_a_recipe_contradict_it() {
    let bench = Bench::new();
    for flag in ["--flip", "--rotate", "--scale", "--shift", "--brightness", "--contrast"] {
        let said = bench.refused(2, &["--augment", "field", flag, "0.3"]);
        assert!(
            said.contains("--augment field: ") && said.contains("field says how samples are varied"),
            "{said}"
        );
    }
}

#[test]
fn a_changed_recipe_is_a_new_leg_and_other_labels_another_run() {
    let bench = Bench::new();
    fs::write(bench.path("own.toml"), OWN).unwrap();
    let own = ["--epochs", "90", "--augment", "own.toml"];
    bench.kill_after("epoch-00001", "refused", &own);
    let said = bench.refused(2, &[&own[..], &["--label-form", "centre"]].concat());
    assert!(
        said.contains("holds an unfinished run") && said.contains("augment.label-form: coverage → centre"),
        "{said}"
    );
    // Another file that says the same, and says more in comments, is the same run.
    fs::write(bench.path("other.toml"), format!("# as before\n{OWN}")).unwrap();
    bench.kill_after("epoch-00002", "refused", &["--epochs", "90", "--augment", "other.toml"]);
    fs::write(bench.path("own.toml"), OWN.replace("0.25", "0.75")).unwrap();
    let ended = bench.trained("refused", &[&own[..], &["--until", "9"]].concat());
    let [leg] = &ended.checkpoint.legs[..] else { panic!("{:?}", ended.checkpoint.legs) };
    assert_eq!(leg.had["augment.transforms"][0]["p"], 0.25);
}

#[test]
fn forms_of_labels_are_recorded_and_make_a_difference() {
    let bench = Bench::new();
    let mut weights = Vec::new();
    for form in ["coverage", "centre", "legacy"] {
        let arguments = ["--epochs", "2", "--lr", "3e-3", "--augment", "field", "--label-form", form];
        let trained = bench.trained(form, &arguments);
        assert_eq!(trained.checkpoint.recipe["augment"]["label-form"], form);
        weights.push(bench.bytes(form, file::LAST));
        let resumed = format!("{form}-resumed");
        bench.kill_after("epoch-00001", &resumed, &arguments);
        bench.trained(&resumed, &arguments);
        bench.assert_same(&resumed, form);
    }
    assert!(weights[0] != weights[1] && weights[1] != weights[2] && weights[0] != weights[2]);
    let plain = bench.trained("plain", &ONE);
    assert_eq!(plain.checkpoint.recipe["augment"]["label-form"], "coverage");
}

/// Width and height of a PNG file.
fn size_of(png: &[u8]) -> [u32; 2] {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    [16, 20].map(|at| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()))
}

#[test]
fn augmentations_are_shown_and_nothing_is_trained() {
    let bench = Bench::of([128, 96]);
    let show = |out: &str, more: &[&str]| -> (Vec<u8>, Vec<Value>) {
        let output = bench.run(out, &[&["--show-augmentations", "7"], more].concat());
        assert!(output.status.success(), "{}", words(&output));
        let mut names: Vec<_> =
            fs::read_dir(bench.path(out)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["augmentations.png", "plans.jsonl"]);
        let plans = String::from_utf8(bench.bytes(out, "plans.jsonl")).unwrap();
        let plans = plans.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (bench.bytes(out, "augmentations.png"), plans)
    };
    let field = ["--augment", "field"];
    let (png, plans) = show("one", &field);
    assert!(size_of(&png).into_iter().all(|side| (384..4096).contains(&side)), "{:?}", size_of(&png));
    // More pictures than records: some are shown again, varied anew.
    assert_eq!(plans.len(), 7);
    assert!(plans.iter().any(|plan| plan["again"] == 1) && plans[0]["key"].is_string(), "{plans:?}");
    let drawn: Vec<&Value> = plans.iter().map(|plan| &plan["plan"]).collect();
    assert!((1..7).all(|index| drawn[index] != drawn[0]), "{plans:?}");
    assert!(show("again", &field) == (png.clone(), plans.clone()));
    assert!(show("other", &[&field[..], &["--seed", "6"]].concat()).1 != plans);

    // A file of one's own, windows, another form of labels.
    fs::write(bench.path("own.toml"), OWN).unwrap();
    let window = ["--window", "64", "--augment", "own.toml", "--label-form", "centre"];
    let (windowed, plans) = show("windows", &window);
    assert_ne!(windowed, png);
    let corner = |plan: &Value| [0, 1].map(|axis| -plan["origin"][axis].as_i64().unwrap());
    let corners: Vec<[i64; 2]> = plans.iter().map(corner).collect();
    assert!(corners.iter().all(|[x, y]| (0..=64).contains(x) && (0..=32).contains(y)), "{corners:?}");
    assert!(corners.iter().any(|corner| *corner != corners[0]), "{corners:?}");
}

#[test]
fn pictures_need_no_validation_and_no_network() {
    let bench = Bench::new();
    fs::remove_file(bench.path("validation.shard")).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_train"));
    command.current_dir(bench.folder.path()).args(["train.shard", "--show-augmentations", "1"]);
    let output = command.args(["--out", "out", "--size", "100"]).output().unwrap();
    assert!(output.status.success(), "{}", words(&output));
    assert!(bench.path("out/augmentations.png").exists());
}
