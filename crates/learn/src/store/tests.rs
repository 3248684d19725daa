#![allow(clippy::unwrap_used)]

use checkpoint::{Data, Validation, Versions};
use tch::{Device, Tensor};

use super::*;
use crate::Recipe;

fn identity(seed: u64) -> Identity {
    let data = Data { digests: vec!["xxh3:0".to_owned()], records: 1, patients: 1 };
    let versions = Versions { train: String::new(), libtorch: String::new() };
    let recipe = serde_json::json!({ "run": { "epochs": 2 } });
    Identity {
        recipe,
        seed,
        start: None,
        pretrained: None,
        training: data.clone(),
        validation: Some(data),
        versions,
    }
}

fn validation(epoch: u64, dice: f64) -> Validation {
    Validation { epoch, step: epoch, dice, classes: vec![dice], loss: None, terms: Default::default() }
}

fn trainer() -> Trainer {
    let model = crate::recipe::Network { name: Some("segformer/mit_b0".to_owned()), in_channels: None };
    let input = crate::recipe::Input { size: 64, ..crate::recipe::Input::default() };
    let recipe = Recipe { model, input, ..Recipe::default() };
    Trainer::new(crate::model::fresh(&recipe, Device::Cpu, 1).unwrap(), &recipe, 1, 1).unwrap()
}

fn open(folder: &Path, seed: u64, give_up: bool) -> Result<Opened, Failure> {
    let patience = Patience::new(None, 0.0005);
    let run = Run {
        identity: identity(seed),
        patience,
        goal: Goal { epochs: 2, steps: u64::MAX },
        resume: None,
        give_up,
    };
    Store::open(folder.to_owned(), run, |_| {})
}

fn growing(folder: &Path, seed: u64) -> (Store, Progress) {
    match open(folder, seed, false).unwrap() {
        Opened::Growing(both) => *both,
        Opened::Complete => panic!("it is complete"),
    }
}

/// A run with a seed of 1 after its first epoch.
fn unfinished(folder: &Path) -> Progress {
    let (mut store, mut progress) = growing(folder, 1);
    let line = Line::Epoch { epoch: 1, step: 1, loss: 0.5, left_out: 0, validation: None, best: false };
    (progress.epoch, progress.step) = (1, 1);
    progress.note(&validation(1, 0.5));
    store.log(&line).unwrap();
    store.keep_best(&mut trainer(), 1).unwrap();
    store.save(&mut trainer(), &mut progress).unwrap();
    store.log(&line).unwrap();
    progress
}

/// Changes every weight in place, as a step does.
fn change(trainer: &Trainer) {
    tch::no_grad(|| {
        for entry in trainer.model().weights().parameters() {
            let _ = entry.tensor.shallow_clone().g_add_scalar_(1.0);
        }
    });
}

fn same(one: &Tensor, other: &Tensor) -> bool {
    one.equal(other)
}

#[test]
fn the_best_weights_are_a_copy_that_later_steps_leave_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, mut progress) = growing(folder.path(), 1);
    let mut trainer = trainer();
    let key = "segmentation_head.0.weight";
    let best = trainer.model().weights().get(key).unwrap().tensor.copy();
    for (epoch, dice) in [(1, 0.5), (2, 0.4)] {
        (progress.epoch, progress.step) = (epoch, epoch);
        if progress.note(&validation(epoch, dice)) {
            store.keep_best(&mut trainer, epoch).unwrap();
        }
        store.save(&mut trainer, &mut progress).unwrap();
        change(&trainer);
    }
    let last = &best + 1.0;
    store.finish(&trainer, &progress).unwrap();
    let read = |name| zoo::weights::read(&folder.path().join(name)).unwrap().remove(key).unwrap();
    assert!(same(&read(file::BEST), &best));
    assert!(same(&read(file::LAST), &last));
    // Killed now, before the folder gets its name, the run is complete.
    assert!(matches!(open(folder.path(), 1, false), Ok(Opened::Complete)));
    let refusal = open(folder.path(), 2, false).err().unwrap();
    assert_eq!(refusal.code(), 2);
    assert!(refusal.to_string().contains("holds a finished run that lacks only its name"), "{refusal}");
    assert!(folder.path().join(file::BEST).exists());
}

#[test]
fn half_written_states_and_lines_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let progress = unfinished(folder.path());
    fs::create_dir(folder.path().join(file::STATE).join("epoch-00002.partial")).unwrap();
    let (_, again) = growing(folder.path(), 1);
    assert_eq!(again, progress);
    let kept = fs::read_to_string(folder.path().join(file::METRICS)).unwrap();
    assert_eq!(kept.lines().count(), 1);
}

#[test]
fn what_another_run_left_is_refused_unless_it_may_be_given_up() {
    let folder = tempfile::tempdir().unwrap();
    unfinished(folder.path());
    let refusal = open(folder.path(), 2, false).err().unwrap();
    assert_eq!(refusal.code(), 2);
    let text = refusal.to_string();
    assert!(text.contains("unfinished run (after epoch 1 of 2, best Dice 0.5000 of epoch 1)"), "{text}");
    assert!(text.contains("seed: 1 → 2;") && text.contains("--replace"), "{text}");
    assert!(folder.path().join(file::STATE).join("best-00001.safetensors").exists());

    let Opened::Growing(both) = open(folder.path(), 2, true).unwrap() else { panic!("it is complete") };
    assert_eq!(both.1.epoch, 0);
    assert_eq!(fs::read_to_string(folder.path().join(file::METRICS)).unwrap(), "");
    assert!(entries(&folder.path().join(file::STATE)).unwrap().is_empty());
}

#[test]
fn what_is_of_no_run_or_of_another_program_stays() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("diary.txt"), "").unwrap();
    let refusal = open(folder.path(), 1, false).err().unwrap();
    assert!(refusal.to_string().contains("diary.txt is of no run"), "{refusal}");
    assert!(folder.path().join("diary.txt").exists());

    let folder = tempfile::tempdir().unwrap();
    unfinished(folder.path());
    fs::write(folder.path().join("state/epoch-00001").join(layout::PROGRESS), "{}").unwrap();
    let refusal = open(folder.path(), 1, false).err().unwrap();
    assert_eq!(refusal.code(), 2);
    assert!(refusal.to_string().contains("progress.json is no state of a run"), "{refusal}");
    assert!(matches!(open(folder.path(), 1, true), Ok(Opened::Growing(_))));
}

#[test]
fn weights_that_cannot_be_written_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = growing(folder.path(), 1);
    fs::remove_dir_all(folder.path().join(file::STATE)).unwrap();
    fs::write(folder.path().join(file::STATE), "no folder").unwrap();
    let failure = store.keep_best(&mut trainer(), 7).unwrap_err();
    assert_eq!(failure.code(), 74);
    assert!(failure.to_string().contains("state/best-00007.safetensors"), "{failure}");
}
