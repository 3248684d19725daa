//! A network learns two radiographs by heart: everything from a shard to the Dice coefficient works together.
#![allow(clippy::unwrap_used)]

use bones::{BoneSet, Mask, Size};
use feed::{Dataset, Shares, Source, Training, Validation};
use learn::optimizer::AdamW;
use learn::recipe::{Input, Network, Run};
use learn::{Augmentation, OptimizerConfig, Recipe, Trainer, model};
use planes::{Extent, Image, attribute};
use shard::Record;
use tch::Device;

const SIDE: u32 = 64;

/// A hand of a bright bar for each of four bones, elsewhere in each record.
fn record(number: u32) -> Record {
    let size = Size::new(SIDE, SIDE).unwrap();
    let bars = [(0u32, 4u32), (1, 18), (2, 32), (28, 46)];
    let (mut grey, mut sets) = (Vec::new(), Vec::new());
    for (y, x) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (y, x))) {
        let inside =
            |top: u32| (top + number..top + number + 9).contains(&y) && (8 + 5 * number..50).contains(&x);
        let bits = bars.iter().filter(|(_, top)| inside(*top)).fold(0, |bits, (bone, _)| bits | 1 << bone);
        let shade =
            bars.iter().filter(|(_, top)| inside(*top)).map(|(bone, _)| 60 + 5 * *bone as u8).sum::<u8>();
        grey.push(20 + shade + ((x * 7 + y * 13) % 11) as u8);
        sets.push(BoneSet::from_bits(bits).unwrap());
    }
    let mut record = Record { key: format!("ID00{number}/a"), ..Record::default() };
    record.attributes.insert(attribute::PATIENT.to_owned(), format!("ID00{number}"));
    Extent { size, window: None }.write(&mut record);
    planes::set_image(&mut record, Image::new(size, grey).unwrap());
    planes::set_masks(&mut record, &Mask::from_dense(size, &sets).unwrap());
    record
}

#[test]
fn two_radiographs_are_learnt_by_heart() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.shard");
    samples::write(&path, &[record(0), record(1)]);
    let recipe = Recipe {
        model: Network { name: Some("linknet/resnet18".to_owned()), in_channels: None },
        input: Input { size: SIDE, ..Input::default() },
        run: Run { batch: 2, epochs: 120, ..Run::default() },
        optimizer: OptimizerConfig::AdamW(AdamW { lr: 3e-3, ..AdamW::default() }),
        augment: Augmentation::none(),
        ..Recipe::default()
    };
    let mut trainer = Trainer::new(model::fresh(&recipe, Device::Cpu, 1).unwrap(), &recipe, 1, 1).unwrap();
    let (source, form) = ([Source::from(path.as_path())], trainer.training_form());
    let refuse = |file: &str, key: &str, reason| Err(stage::Failure::record(file, key, reason));
    let view = *trainer.view();
    let training = Dataset::<Training>::open(&source, view, form, usize::MAX, 1, refuse).unwrap();
    let truth = Dataset::<Validation>::open(&source, view, (), usize::MAX, 1, refuse).unwrap();
    let shares = Shares::once(training.len());
    // The bones that are there: the others have a Dice of 1 where nothing is found of them.
    let dice = |trainer: &mut Trainer| {
        let all = trainer.validate(&truth, 0).unwrap().classes;
        [0, 1, 2, 28].map(|bone| all[bone]).iter().sum::<f64>() / 4.0
    };
    assert!(dice(&mut trainer) < 0.5, "nothing was left to learn");
    let mut learnt = 0.0;
    for epoch in 1..=recipe.run.epochs {
        trainer.epoch(&training, &shares, epoch, |_| Ok(())).unwrap();
        if epoch % 10 == 0 {
            learnt = dice(&mut trainer);
            if learnt >= 0.95 {
                return;
            }
        }
    }
    panic!("Dice {learnt} after {} epochs", recipe.run.epochs);
}
