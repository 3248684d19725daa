#![allow(clippy::unwrap_used)]

use checkpoint::{Checkpoint, Normalisation};
use pixels::{Clahe, Filter, Fit};
use tch::Device;

use super::*;

fn start() -> Checkpoint {
    let of = samples::checkpoint();
    Checkpoint {
        model: checkpoint::Model {
            architecture: "segformer".to_owned(),
            encoder: "mit_b0".to_owned(),
            in_channels: 1,
            ..of.model
        },
        input: checkpoint::Input {
            filter: Filter::Area,
            normalisation: Normalisation::Imagenet,
            placement: Fit::Stretch,
            clahe: Some(Clahe { clip_limit: 2.0, tiles: [8, 8] }),
            ..of.input
        },
        ..of
    }
}

fn seen(input: Input) -> Recipe {
    Recipe { input, ..Recipe::default() }
}

#[test]
fn a_start_decides_what_its_weights_are_for() {
    let recipe = Recipe::default().begun_from(&start()).unwrap();
    assert_eq!(recipe.model.spec().unwrap().name(), "segformer/mit_b0");
    assert_eq!(recipe.model.spec().unwrap().in_channels, 1);
    assert_eq!(
        (recipe.input.filter(), recipe.input.normalisation()),
        (Filter::Area, Normalisation::Imagenet)
    );
    let view = recipe.input.view();
    assert_eq!((view.fit, view.clahe), (Fit::Stretch, start().input.clahe));
    // What a radiograph looks like may change.
    let input = Input { placement: Some(Fit::Pad), clahe: Some(0.0), ..Input::default() };
    let view = seen(input).begun_from(&start()).unwrap().input.view();
    assert_eq!((view.fit, view.clahe), (Fit::Pad, None));
    // Windows keep proportions, though the start stretched.
    let input = Input { window: Some(1024), ..Input::default() };
    let view = seen(input).begun_from(&start()).unwrap().input.view();
    assert_eq!((view.fit, view.windows.map(|windows| windows.stride)), (Fit::Pad, Some(512)));
    // Neither weights nor a default change it.
    let run = Run { precision: crate::Precision::F32, ..Run::default() };
    let recipe = Recipe { run, ..recipe };
    assert_eq!(recipe.clone().settled(Some(Normalisation::Unit), Device::Cpu).unwrap(), recipe);
    assert_eq!(recipe.clone().begun_from(&start()), Ok(recipe));
}

#[test]
fn what_contradicts_a_start_is_refused() {
    let plain = Input::default;
    let model = |name: Option<&str>, in_channels| {
        let model = Network { name: name.map(str::to_owned), in_channels };
        Recipe { model, ..Recipe::default() }
    };
    for (recipe, expected) in [
        (
            seen(Input { normalisation: Some(Normalisation::Unit), ..plain() }),
            "--normalisation unit contradicts --start, which was trained with --normalisation imagenet: leave \
             --normalisation out",
        ),
        (seen(Input { filter: Some(Filter::Linear), ..plain() }), "--filter linear contradicts"),
        (model(None, Some(3)), "trained with --in-channels 1"),
        (model(Some(Network::DEFAULT), None), "trained with --model segformer/mit_b0"),
    ] {
        let refusal = recipe.begun_from(&start()).unwrap_err();
        assert!(refusal.contains(expected), "{refusal}");
    }
}

#[test]
fn what_is_given_goes_before_what_weights_want_and_that_before_unit() {
    let settled = |normalisation, known| {
        let recipe = seen(Input { normalisation, ..Input::default() });
        recipe.settled(known, Device::Cpu).unwrap().input.normalisation()
    };
    let [unit, imagenet] = [Normalisation::Unit, Normalisation::Imagenet].map(Some);
    assert_eq!(settled(unit, imagenet), Normalisation::Unit);
    assert_eq!(settled(None, imagenet), Normalisation::Imagenet);
    assert_eq!(settled(None, None), Normalisation::Unit);
}

/// What flags come to.
fn flagged(words: &[&str]) -> Result<Recipe, Failure> {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        flags: Flags,
    }
    Recipe::of_flags(&<Line as clap::Parser>::parse_from(["train"].iter().chain(words)).flags)
}

fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recipe.toml");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn flags_go_before_set_and_that_before_the_file() {
    assert_eq!(flagged(&[]).unwrap(), Recipe::default());
    let (_folder, path) =
        file("[run]\nbatch = 2\nepochs = 3\n[optimizer]\nlr = 0.5\n[loss]\nlabel-smoothing = 0.1\n");
    let words = ["--recipe", &path, "--set", "run.batch=4", "--set", "optimizer.lr = 0.25", "--lr", "0.125"];
    let recipe = flagged(&words).unwrap();
    assert_eq!((recipe.run.epochs, recipe.run.batch, recipe.optimizer.lr()), (3, 4, 0.125));
    assert_eq!(recipe.loss.label_smoothing, 0.1);
    let recipe = flagged(&["--recipe", &path, "--dice-weight", "0.75"]).unwrap();
    assert_eq!(recipe.loss.terms, Objective::of_flags(crate::Loss::BceDice, 0.75).terms);
    assert_eq!(recipe.loss.label_smoothing, 0.1);
}

#[test]
fn a_word_names_an_optimizer_with_its_defaults() {
    let recipe = flagged(&["--set", "optimizer=lion", "--set", "optimizer.weight-decay=1"]).unwrap();
    let lion = crate::optimizer::Lion { weight_decay: 1.0, ..crate::optimizer::Lion::default() };
    assert_eq!(recipe.optimizer, OptimizerConfig::Lion(lion));
    let recipe = flagged(&["--set", "schedule.name=poly", "--set", "average={}"]).unwrap();
    assert!(matches!(recipe.schedule, ScheduleConfig::Poly(_)));
    assert_eq!(recipe.average, Some(AverageConfig::default()));
    let recipe = flagged(&["--set", "loss.terms[1].weight=2"]).unwrap();
    assert_eq!(recipe.loss.terms.iter().map(crate::loss::Term::weight).collect::<Vec<_>>(), [0.5, 2.0]);
}

#[test]
fn all_faults_are_told_with_their_places() {
    let (_folder, path) = file(
        "[run]\nepocs = 3\nbatch = \"many\"\n\n[optimiser]\nlr = 1\n\n[schedule]\nname = \"cosin\"\n\n[[loss.terms]]\n\
         name = \"bce\"\ngama = 2\n",
    );
    let told = flagged(&["--recipe", &path, "--set", "groups.grad-clip=high"]).unwrap_err().to_string();
    for line in [
        "line 2, column 1: run: there is no epocs; did you mean epochs?",
        "line 3, column 1: run.batch is \"many\"",
        "line 5, column 2: there is no section optimiser; did you mean optimizer?",
        "line 9, column 1: there is no schedule cosin; did you mean cosine?",
        "unknown field `gama`",
        "--set groups.grad-clip=high: groups.grad-clip is \"high\"",
    ] {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
    let (_folder, path) = file(
        "[run]\nepochs = 0\n[optimizer]\nbetas = [2.0, 0.9]\n[[loss.terms]]\nname = \"focal\"\ngamma = -1\n",
    );
    let told = flagged(&["--recipe", &path, "--stride", "4"]).unwrap_err().to_string();
    for line in [
        "line 2, column 1: run.epochs: 0 is out of range: give a whole number from 1 to 100000",
        "line 4, column 10: optimizer.betas[0]: 2 is out of range",
        "line 7, column 1: loss.terms[0].gamma:",
        "--stride 4: input.stride: 4 is out of range: give nothing, or --window too",
    ] {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
    for (words, expected) in [
        (["--set", "run.epochs"], "KEY=VALUE was expected"),
        (["--set", "run=3"], "run is 3; a table was expected"),
        (["--set", "loss.terms[3].weight=1"], "`terms` has 2 entries"),
        (["--set", "model.name=unet/resnet19"], "model.name:"),
    ] {
        let told = flagged(&words).unwrap_err().to_string();
        assert!(told.contains(expected), "{words:?}: {told}");
    }
}

#[test]
fn what_a_checkpoint_records_is_a_recipe_again() {
    let recipe =
        flagged(&["--augment", "field", "--set", "optimizer=sgd", "--set", "average.decay=0.9"]).unwrap();
    let augmentation = recipe.augment.read().unwrap();
    let recorded = recipe.recorded(&augmentation).unwrap();
    let again = read::recipe(&mut Document::of(recorded.as_object().unwrap().clone())).unwrap();
    assert_eq!(again.augment.read().unwrap(), augmentation);
    assert_eq!(again.recorded(&augmentation).unwrap(), recorded);
    assert_eq!(again.optimizer, recipe.optimizer);
}

#[test]
fn flags_lead_to_values_and_say_their_defaults() {
    let plain = serde_json::to_value(Recipe::default()).unwrap();
    let value = |path: &str| path.split('.').fold(&plain, |value, key| &value[key]).clone();
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        flags: Flags,
    }
    let command = <Line as clap::CommandFactory>::command();
    for (field, path) in flags::PATHS {
        let argument = command.get_arguments().find(|argument| argument.get_id() == field).expect(field);
        let help = argument.get_help().unwrap().to_string();
        let told = help.split_once("[default: ").map(|(_, rest)| rest.trim_end_matches(']').to_owned());
        match value(path) {
            Value::Null => assert_eq!(told, None, "{field}"),
            Value::String(word) => assert_eq!(told, Some(word), "{field}"),
            number => assert_eq!(told.unwrap().parse::<f64>().ok(), number.as_f64(), "{field}"),
        }
    }
}
