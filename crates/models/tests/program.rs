//! The program: what it prints, writes and refuses.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tch::{Device, Kind, Tensor};
use zoo::{ModelSpec, Placement, Segmenter, weights};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_models"));
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{}", words(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn write(path: &Path, tensors: &[(&str, &Tensor)]) {
    weights::write(path, tensors.iter().copied()).unwrap();
}

#[test]
fn every_pair_is_listed_with_the_figures_of_the_reference() {
    let listing: serde_json::Value = serde_json::from_str(&printed(&["list", "--json"])).unwrap();
    let models = listing["models"].as_array().unwrap();
    let refused = listing["refused"].as_array().unwrap();
    // torch.utils.flop_counter.FlopCounterMode on segmentation-models-pytorch 0.6 with 29 classes.
    for (name, operations, parameters) in [
        ("unet/resnet50", 87_174_414_336u64, 32_525_165),
        ("segformer/mit_b0", 15_760_621_568, 3_721_597),
        ("linknet/resnet18", 21_382_561_792, 11_664_701),
        ("unet/mit_b0", 27_471_118_336, 5_553_549),
        ("manet/resnet50", 150_936_913_920, 147_444_053),
        ("pspnet/resnet50", 24_346_099_712, 24_430_045),
        ("deeplabv3plus/resnet50", 73_357_328_384, 26_684_781),
    ] {
        let model = models.iter().find(|model| model["name"] == name).unwrap();
        assert_eq!(model["flops_512"], operations, "{name}");
        assert_eq!(model["parameters"], parameters, "{name}");
    }
    let pairs = zoo::catalog::architectures().len() * zoo::catalog::encoders().len();
    assert_eq!(models.len() + refused.len(), pairs);
    assert!(refused.iter().all(|pair| !pair["reason"].as_str().unwrap().is_empty()));
    assert_eq!(printed(&["list"]).lines().count(), 1 + models.len());
}

#[test]
fn a_model_is_described_as_a_tree() {
    let tree = printed(&["describe", "unet/resnet50", "--classes", "29", "--in-channels", "1"]);
    let mut lines = tree.lines();
    assert_eq!(lines.next(), Some("unet/resnet50: 32,518,893 parameters"));
    for line in ["    conv1: 3,136", "      weight [64, 1, 7, 7]", "      running_mean [64] buffer"] {
        assert!(tree.lines().any(|other| other == line), "{line}\n{tree}");
    }
    let short = printed(&["describe", "unet/resnet50", "--depth", "1"]);
    let names: Vec<&str> = short.lines().skip(1).map(|line| line.trim().split(':').next().unwrap()).collect();
    assert_eq!(names, ["encoder", "decoder", "segmentation_head"]);
}

#[test]
fn logits_and_gradients_are_those_of_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let text = |name: &str| path(name).display().to_string();
    let model = Segmenter::new(&ModelSpec::named("unet/resnet18", 3).unwrap(), Placement::cpu(), 5).unwrap();
    model.weights().save(&path("w.safetensors")).unwrap();
    let images = Tensor::rand([2, 3, 64, 64], (Kind::Float, Device::Cpu));
    let cotangent = Tensor::rand([2, 3, 64, 64], (Kind::Float, Device::Cpu));
    write(&path("in.safetensors"), &[("input", &images), ("cotangent", &cotangent)]);
    let (weights_file, input) = (text("w.safetensors"), text("in.safetensors"));
    let forward = |out: &str, more: &[&str]| -> BTreeMap<String, Tensor> {
        let out = text(out);
        let fixed = ["forward", "--model", "unet/resnet18", "--classes", "3", "--weights", &weights_file];
        printed(&[&fixed[..], &["--input", &input, "--output", &out], more].concat());
        weights::read(Path::new(&out)).unwrap()
    };
    let expected = model.infer(&images).unwrap();
    let error = |logits: &Tensor| ((logits - &expected).norm() / expected.norm()).double_value(&[]);
    let grads = text("grads.safetensors");
    assert!(error(&forward("out", &["--train-grads", &grads])["logits"]) < 1e-6);
    assert!(error(&forward("frozen", &["--freeze"])["logits"]) < 1e-5);
    let half = error(&forward("half", &["--bf16"])["logits"]);
    assert!(half > 1e-6 && half < 0.1, "{half}");
    let double =
        &forward("double", &["--double", "--checkpoint-activations", "--train-grads", &text("d")])["logits"];
    assert_eq!(double.kind(), Kind::Double);
    assert!(error(double) < 1e-5);

    let loss = (model.forward_t(&images, true).unwrap() * cotangent).mean(Kind::Float);
    loss.backward();
    let written = weights::read(Path::new(&grads)).unwrap();
    assert!((written["loss"].double_value(&[]) - loss.double_value(&[])).abs() < 1e-6);
    assert_eq!(written.len(), 1 + model.weights().parameters().count());
    let head = model.weights().get("segmentation_head.0.weight").unwrap().tensor.grad();
    let difference = (&written["segmentation_head.0.weight"] - &head).norm() / head.norm();
    assert!(difference.double_value(&[]) < 1e-4);
}

#[test]
fn faults_have_their_exit_codes_and_say_what_would_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write(&path("odd"), &[("input", &Tensor::zeros([1, 3, 70, 64], (Kind::Float, Device::Cpu)))]);
    write(&path("other"), &[("images", &Tensor::zeros([1], (Kind::Float, Device::Cpu)))]);
    fs::write(path("text"), "no weights").unwrap();
    let [odd, other, text, out] =
        ["odd", "other", "text", "out"].map(|name| path(name).display().to_string());
    let absent = path("absent").display().to_string();
    let folder_itself = folder.path().display().to_string();
    let forward = |model: &str, input: &str, weights: Option<&str>| {
        let mut command = command(&["forward", "--model", model, "--input", input, "--output", &out]);
        weights.map(|weights| command.args(["--weights", weights]));
        // Nothing listens there.
        command.env("HF_HOME", path("hub")).env("HF_ENDPOINT", "http://127.0.0.1:9");
        command
    };
    for (mut command, code, expected) in [
        (forward("unet/resnet81", &odd, None), 2, "nearest: resnet18"),
        (forward("unet/resnet18", &odd, None), 65, "next legal size is 96x64"),
        (forward("unet/resnet18", &other, None), 65, "it has no tensor `input`"),
        (forward("unet/resnet18", &absent, None), 74, "absent"),
        (forward("unet/resnet18", &odd, Some(&text)), 65, "expected safetensors, or what torch.save writes"),
        (forward("unet/resnet18", &odd, Some(&folder_itself)), 65, "name a file in it"),
        (forward("unet/resnet18", &odd, Some("hf://a/b")), 2, "hf://owner/name[@revision]/file"),
        (forward("unet/resnet18", &odd, Some("hf://a/b/c")), 74, "fetching it failed"),
    ] {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", words(&output));
        assert!(words(&output).contains(expected), "{expected}: {}", words(&output));
    }
    assert!(!path("out").exists());
}

#[test]
fn what_was_done_to_weights_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let model =
        Segmenter::new(&ModelSpec::named("segformer/mit_b0", 29).unwrap(), Placement::cpu(), 5).unwrap();
    let halves: Vec<(String, Tensor)> = (model.weights().entries().iter())
        .map(|entry| {
            let float = entry.tensor.kind() == Kind::Float;
            let kind = if float { Kind::Half } else { entry.tensor.kind() };
            (format!("_orig_mod.module.{}", entry.key), entry.tensor.detach().to_kind(kind))
        })
        .collect();
    let halves: Vec<(&str, &Tensor)> = halves.iter().map(|(key, tensor)| (key.as_str(), tensor)).collect();
    write(Path::new(&path("w")), &halves);
    let images = Tensor::rand([1, 3, 64, 64], (Kind::Float, Device::Cpu));
    write(Path::new(&path("in")), &[("input", &images)]);
    let (weights, input, out) = (path("w"), path("in"), path("out"));
    let fixed = ["forward", "--model", "segformer/mit_b0", "--weights", &weights];
    let output = run(&[&fixed[..], &["--input", &input, "--output", &out]].concat());
    let words = words(&output);
    assert!(output.status.success(), "{words}");
    for expected in [
        "every key begins with `_orig_mod.module.`, which was taken off",
        "of half precision were cast to single precision",
        "under which licence, is unknown",
    ] {
        assert!(words.contains(&format!("models: {weights}: ")) && words.contains(expected), "{words}");
    }
    let logits = &zoo::weights::read(Path::new(&out)).unwrap()["logits"];
    let expected = model.infer(&images).unwrap();
    assert!(((logits - &expected).norm() / expected.norm()).double_value(&[]) < 1e-2);
}

#[test]
fn the_hubs_cache_is_used_and_nothing_is_fetched_offline() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let repository = path("hub/models--owner--name");
    let snapshot = repository.join("snapshots/0123456789abcdef");
    fs::create_dir_all(&snapshot).unwrap();
    fs::create_dir_all(repository.join("refs")).unwrap();
    fs::write(repository.join("refs/main"), "0123456789abcdef").unwrap();
    let model =
        Segmenter::new(&ModelSpec::named("segformer/mit_b0", 29).unwrap(), Placement::cpu(), 5).unwrap();
    model.weights().save(&snapshot.join("model.safetensors")).unwrap();
    let images = Tensor::rand([1, 3, 64, 64], (Kind::Float, Device::Cpu));
    write(&path("in"), &[("input", &images)]);
    let (input, out) = (path("in").display().to_string(), path("out").display().to_string());
    let run = |source: &str| {
        let mut command = command(&["forward", "--model", "segformer/mit_b0", "--weights", source]);
        command.args(["--input", &input, "--output", &out]);
        command.env("HF_HOME", folder.path()).env("HF_HUB_OFFLINE", "1").output().unwrap()
    };
    let output = run("hf://owner/name/model.safetensors");
    assert!(output.status.success(), "{}", words(&output));
    let logits = &weights::read(Path::new(&out)).unwrap()["logits"];
    let expected = model.infer(&images).unwrap();
    assert!(((logits - &expected).norm() / expected.norm()).double_value(&[]) < 1e-6);

    let output = run("hf://owner/name@v2/model.safetensors");
    assert_eq!(output.status.code(), Some(74));
    assert!(words(&output).contains("HF_HUB_OFFLINE is set"), "{}", words(&output));
}
