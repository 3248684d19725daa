//! The validation loss is the training's, of the records as they are.
#![allow(clippy::unwrap_used)]

use bones::bone::COUNT;
use bones::{BoneSet, Mask, Size};
use checkpoint::Normalisation;
use feed::{Dataset, Source, Validation};
use learn::recipe::{Input, Network, Run};
use learn::{Precision, Recipe, Trainer, model, tensors};
use planes::{Extent, Image, attribute};
use shard::Record;
use tch::{Device, Kind, Tensor};

const SIDE: u32 = 64;

fn bits(number: u32, at: u32) -> u32 {
    let (x, y) = (at % SIDE, at / SIDE);
    u32::from(x > 10 * number && y < 30) | u32::from(x + y < 50 + number) << 28
}

/// A radiograph of the network's own size.
fn record(number: u32) -> Record {
    let size = Size::new(SIDE, SIDE).unwrap();
    let sets: Vec<BoneSet> =
        (0..SIDE * SIDE).map(|at| BoneSet::from_bits(bits(number, at)).unwrap()).collect();
    let mut record = Record { key: format!("ID00{number}/a"), ..Record::default() };
    record.attributes.insert(attribute::PATIENT.to_owned(), format!("ID00{number}"));
    Extent { size, window: None }.write(&mut record);
    planes::set_image(&mut record, Image::new(size, grey(number)).unwrap());
    planes::set_masks(&mut record, &Mask::from_dense(size, &sets).unwrap());
    record
}

fn grey(number: u32) -> Vec<u8> {
    (0..SIDE * SIDE).map(|at| (at * (37 + number) % 251) as u8).collect()
}

#[test]
fn it_is_the_objective_of_each_batch_by_hand() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("three.shard");
    samples::write(&path, &[record(0), record(1), record(2)]);
    let recipe = Recipe {
        model: Network { name: Some("linknet/resnet18".to_owned()), in_channels: None },
        input: Input { size: SIDE, ..Input::default() },
        run: Run { batch: 2, precision: Precision::F32, ..Run::default() },
        ..Recipe::default()
    };
    let mut trainer = Trainer::new(model::fresh(&recipe, Device::Cpu, 1).unwrap(), &recipe, 1, 1).unwrap();
    let refuse = |file: &str, key: &str, reason| Err(stage::Failure::record(file, key, reason));
    let source = [Source::from(path.as_path())];
    let data = Dataset::<Validation>::open(&source, *trainer.view(), (), usize::MAX, 1, refuse).unwrap();
    let found = trainer.validate(&data, 2).unwrap();

    let (channels, normalisation): (i64, Normalisation) =
        (trainer.model().spec().in_channels, recipe.input.normalisation());
    let logits = |number: u32| {
        let plane = Size::new(SIDE, SIDE).unwrap();
        let images = tensors::images(&grey(number), plane, channels, normalisation, Device::Cpu);
        trainer.model().infer(&images).unwrap()
    };
    let targets = |number: u32| {
        let planes = (0..COUNT as u32)
            .flat_map(|bone| (0..SIDE * SIDE).map(move |at| (bits(number, at) >> bone & 1) as f32));
        let side = i64::from(SIDE);
        Tensor::from_slice(&planes.collect::<Vec<f32>>()).view([1, COUNT as i64, side, side])
    };
    let of = |numbers: &[u32]| {
        let all = |each: &dyn Fn(u32) -> Tensor| {
            Tensor::cat(&numbers.iter().map(|number| each(*number)).collect::<Vec<_>>(), 0)
        };
        recipe.loss.of(&all(&logits).to_kind(Kind::Double), &all(&targets).to_kind(Kind::Double))
    };
    let (two, one) = (of(&[0, 1]), of(&[2]));
    let mean = |two: &Tensor, one: &Tensor| (2.0 * two.double_value(&[]) + one.double_value(&[])) / 3.0;
    let (loss, expected) = (found.loss.unwrap(), mean(&two.total, &one.total));
    assert!((loss - expected).abs() < 1e-6, "{loss} {expected}");
    assert_eq!(found.terms.len(), two.terms.len());
    for ((name, two), (_, one)) in two.terms.iter().zip(&one.terms) {
        assert!((found.terms[name] - mean(two, one)).abs() < 1e-6, "{name}");
    }
    assert_eq!(found.worst.len(), 2);
    assert!(found.worst[0].dice <= found.worst[1].dice);
    let again = trainer.validate(&data, 0).unwrap();
    assert_eq!((again.loss, again.terms, again.worst.len()), (found.loss, found.terms, 0));
}
