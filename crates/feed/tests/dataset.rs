//! Data sets and epochs over real shards.
#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::path::Path;

use augment::Recipe;
use augment::render::LabelForm;
use bones::{BoneSet, Mask, Size};
use feed::{Batch, Dataset, Epoch, Sample, Shares, Source, Tail, Training, TrainingForm, Validation};
use pixels::{Filter, Fit, Resized, View, Windows};
use planes::{Extent, Image, attribute};
use shard::{Header, Producer, Record, Writer};
use stage::Failure;

const VIEW: View = View { size: 32, filter: Filter::Linear, fit: Fit::Pad, windows: None, clahe: None };
const FORM: TrainingForm = TrainingForm { labels: LabelForm::Coverage, enlargement: 1.2 };

fn record(number: u32) -> Record {
    let size = Size::new(80, 64).unwrap();
    let mut record = Record { key: format!("ID{number:03}/a"), ..Record::default() };
    record.attributes.insert(attribute::PATIENT.to_owned(), format!("ID{number:03}"));
    Extent { size, window: None }.write(&mut record);
    let grey = (0..size.pixels()).map(|at| (at * (number + 3) / 7 % 256) as u8).collect();
    let sets: Vec<BoneSet> = (0..size.pixels())
        .map(|at| BoneSet::from_bits_truncate(1 << ((at / 80 / 3 + number) % 29)))
        .collect();
    planes::set_image(&mut record, Image::new(size, grey).unwrap());
    planes::set_masks(&mut record, &Mask::from_dense(size, &sets).unwrap());
    record
}

fn write(path: &Path, records: impl Iterator<Item = Record>, resized: Option<Resized>) -> Source {
    let mut header = Header {
        producer: Producer { stage: "rasterize-labels".to_owned(), version: String::new() },
        planes: vec![planes::image_spec(), planes::masks_spec()],
        classes: planes::classes(),
        attributes: Default::default(),
    };
    if let Some(resized) = resized {
        resized.write(&mut header);
    }
    let mut writer = Writer::new(File::create(path).unwrap(), header).unwrap();
    records.for_each(|record| writer.push(&record).unwrap());
    writer.finish().unwrap();
    Source::from(path)
}

fn open<S: Sample>(
    sources: &[Source],
    view: View,
    form: S::Form,
    budget: usize,
) -> Result<Dataset<S>, Failure> {
    Dataset::open(sources, view, form, budget, 2, |file, record, reason| {
        Err(Failure::record(file, record, reason))
    })
}

fn training(sources: &[Source], budget: usize) -> Dataset<Training> {
    open(sources, VIEW, FORM, budget).unwrap()
}

/// How an epoch is gone over: which, and what is made ahead on how many threads.
fn batches(data: &Dataset<Training>, number: u64, [ahead, threads]: [usize; 2]) -> Vec<Batch> {
    let (recipe, shares) = (Recipe::builtin("field").unwrap(), Shares::once(data.len()));
    let mut batches = Vec::new();
    let epoch = Epoch {
        seed: 3,
        number,
        batch: 4,
        tail: Tail::Keep,
        batches: None,
        shares: &shares,
        recipe: &recipe,
        on_small_bones: 0.5,
        ahead,
        threads,
    };
    data.epoch(&epoch, |batch| {
        batches.push(batch);
        Ok(())
    })
    .unwrap();
    batches
}

#[test]
fn an_epoch_is_all_samples_once_in_an_order_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let one = write(&folder.path().join("one"), (0..7).map(record), None);
    let two = write(&folder.path().join("two"), (7..10).map(record), None);
    let data = training(&[one, two], usize::MAX);
    assert_eq!(data.len(), 10);
    assert_eq!(data.inputs(), [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
    let first = batches(&data, 1, [usize::MAX, 2]);
    assert_eq!(first.iter().map(|batch| batch.samples.len()).collect::<Vec<_>>(), [4, 4, 2]);
    let order = |batches: &[Batch]| -> Vec<usize> {
        batches.iter().flat_map(|batch| batch.samples.iter().map(|sample| sample.sample)).collect()
    };
    let mut sorted = order(&first);
    sorted.sort_unstable();
    assert_eq!(sorted, (0..10).collect::<Vec<_>>());
    assert_ne!(order(&first), sorted);
    assert_ne!(order(&first), order(&batches(&data, 2, [0, 1])));
    for sample in first.iter().flat_map(|batch| &batch.samples) {
        assert_eq!([sample.image.len(), sample.labels.len()], [32 * 32, 3 * 32 * 32]);
    }
}

#[test]
fn memory_and_what_is_made_ahead_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let source = [write(&folder.path().join("one"), (0..9).map(record), None)];
    let kept = training(&source, usize::MAX);
    let some = training(&source, kept.bytes_in_memory() / 2);
    let none = training(&source, 0);
    assert!(some.bytes_in_memory() > 0 && some.bytes_in_memory() <= kept.bytes_in_memory() / 2);
    assert_eq!(none.bytes_in_memory(), 0);
    let expected = batches(&kept, 5, [0, 1]);
    assert_eq!(batches(&some, 5, [1 << 20, 4]), expected);
    assert_eq!(batches(&none, 5, [usize::MAX, 2]), expected);
}

#[test]
fn images_are_resized_once_and_masks_stay_where_dice_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let source = write(&folder.path().join("whole"), (0..2).map(record), None);
    let data: Dataset<Validation> = open(std::slice::from_ref(&source), VIEW, (), 0).unwrap();
    let sample = data.sample(1).unwrap();
    let mut original = record(1);
    let radiograph = Extent::of(&original).unwrap().size;
    assert_eq!(sample.mask, planes::masks(&original).unwrap());
    let image = planes::take_image(&mut original).unwrap();
    assert_eq!(sample.image, VIEW.scale(image.clone(), radiograph).unwrap());
    assert_eq!(sample.image.size(), Size::new(32, 26).unwrap());

    // What was resized before gives the same; what was resized otherwise is refused.
    let resized = |size, fit| {
        let resized = Resized { size, filter: Filter::Linear, fit };
        let records = (0..2).map(move |number| {
            let mut record = record(number);
            let image = planes::take_image(&mut record).unwrap();
            let masks = record.take_plane(planes::name::MASKS).unwrap();
            planes::set_image(&mut record, resized.apply(image, radiograph).unwrap());
            // In the order of the header.
            record.planes.push(masks);
            record
        });
        write(&folder.path().join(format!("{size} {}", fit.name())), records, Some(resized))
    };
    let data: Dataset<Validation> = open(&[resized(32, Fit::Pad)], VIEW, (), 0).unwrap();
    assert_eq!(data.sample(1).unwrap(), sample);
    for (source, words) in [
        (resized(64, Fit::Pad), "resized to 64 (linear) already"),
        (resized(32, Fit::Stretch), "resized with `--placement stretch`"),
    ] {
        let refusal = open::<Training>(&[source], VIEW, FORM, 0).unwrap_err();
        assert_eq!(refusal.code(), 65);
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
}

#[test]
fn labels_of_a_validation_are_those_of_training_that_varies_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let source = [write(&folder.path().join("one"), (0..3).map(record), None)];
    let shares = Shares::once(3);
    let still = Recipe::builtin("none").unwrap();
    let mut seen = Vec::new();
    // 80 × 64 onto 32 × 32: padded it is scaled by 0.4, stretched by 0.4 and 0.5.
    for (fit, labels) in [Fit::Pad, Fit::Stretch].into_iter().flat_map(|fit| {
        [LabelForm::Coverage, LabelForm::Centre, LabelForm::Legacy].map(|labels| (fit, labels))
    }) {
        let view = View { fit, ..VIEW };
        let training: Dataset<Training> =
            open(&source, view, TrainingForm { labels, enlargement: 1.0 }, usize::MAX).unwrap();
        let validation: Dataset<Validation> = open(&source, view, (), usize::MAX).unwrap();
        let epoch = Epoch {
            seed: 1,
            number: 1,
            batch: 3,
            tail: Tail::Keep,
            batches: None,
            shares: &shares,
            recipe: &still,
            on_small_bones: 0.0,
            ahead: 0,
            threads: 1,
        };
        for turn in epoch.turns() {
            let expected = training.rendered(&epoch, turn).unwrap().labels;
            let found = validation.sample(turn.sample).unwrap().labels(&view, labels);
            assert_eq!(found, expected, "{fit:?}, {labels:?}");
            seen.push(found);
        }
    }
    assert!(seen.iter().all(|labels| labels.iter().any(|word| *word != 0)));
}

#[test]
fn windows_are_parts_of_the_radiograph_and_small_bones_are_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = record(0);
    let size = Size::new(80, 64).unwrap();
    // A lunate in a corner, and the radius everywhere.
    let sets: Vec<BoneSet> = (0..size.pixels())
        .map(|at| (at % 80, at / 80))
        .map(|(x, y)| BoneSet::from_bits_truncate(1 << 27 | u32::from(x > 70 && y > 55) << 24))
        .collect();
    planes::set_masks(&mut record, &Mask::from_dense(size, &sets).unwrap());
    let source = write(&folder.path().join("one"), std::iter::once(record), None);
    let view = View { windows: Some(Windows { side: 32, stride: 16 }), ..VIEW };
    let data: Dataset<Training> = open(&[source], view, FORM, 0).unwrap();
    let sample = data.sample(0).unwrap();
    let (recipe, shares) = (Recipe::default(), Shares::once(1));
    let mut seen = [0, 0];
    for number in 0..200 {
        for (place, on_small_bones) in [0.0, 1.0].into_iter().enumerate() {
            let epoch = Epoch {
                seed: 1,
                number,
                batch: 1,
                tail: Tail::Keep,
                batches: None,
                shares: &shares,
                recipe: &recipe,
                on_small_bones,
                ahead: 0,
                threads: 1,
            };
            let [turn] = epoch.turns()[..] else { panic!("one turn") };
            let placement = data.drawn(&epoch, turn, &sample).placement;
            assert_eq!(placement.inside(), [0..32, 0..32], "a window leaves the radiograph");
            let rendered = data.rendered(&epoch, turn).unwrap();
            let lunate = rendered.labels.iter().any(|word| word >> 24 & 1 == 1);
            seen[place] += u32::from(lunate);
        }
    }
    assert_eq!(seen[1], 200);
    assert!(seen[0] < 100, "{seen:?}");
}

#[test]
fn a_truncated_shard_names_its_last_good_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut");
    write(&path, (0..5).map(record), None);
    let length = path.metadata().unwrap().len();
    File::options().write(true).open(&path).unwrap().set_len(length / 2).unwrap();
    let refusal = open::<Training>(&[Source::from(path.as_path())], VIEW, FORM, 0).unwrap_err();
    assert_eq!(refusal.code(), 65);
    assert!(refusal.to_string().contains("last good record is ID00"), "{refusal}");
}
