//! Data sets and epochs over real shards.
#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::path::Path;

use bones::{BoneSet, Mask, Size};
use feed::{Augmentation, Batch, Dataset, Epoch, Labels, Source, Tail};
use pixels::{Filter, Resized};
use planes::{Extent, Image, attribute};
use shard::{Header, Producer, Record, Writer};
use stage::Failure;

const FORM: Resized = Resized { size: 32, filter: Filter::Linear };

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

fn open(sources: &[Source], labels: Labels, budget: usize) -> Result<Dataset, Failure> {
    Dataset::open(sources, FORM, labels, budget, 2, |file, record, reason| {
        Err(Failure::record(file, record, reason))
    })
}

fn batches(data: &Dataset, number: u64, ahead: usize) -> Vec<Batch> {
    let augmentation = Augmentation::default();
    let mut batches = Vec::new();
    let epoch = Epoch { seed: 3, number, batch: 4, tail: Tail::Keep, augmentation: &augmentation, ahead };
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
    let data = open(&[one, two], Labels::Network, usize::MAX).unwrap();
    assert_eq!(data.len(), 10);
    let first = batches(&data, 1, 3);
    assert_eq!(first.iter().map(|batch| batch.samples.len()).collect::<Vec<_>>(), [4, 4, 2]);
    let order = |batches: &[Batch]| -> Vec<usize> {
        batches.iter().flat_map(|batch| batch.samples.clone()).collect()
    };
    let mut sorted = order(&first);
    sorted.sort_unstable();
    assert_eq!(sorted, (0..10).collect::<Vec<_>>());
    assert_ne!(order(&first), sorted);
    assert_ne!(order(&first), order(&batches(&data, 2, 3)));
    assert!(first.iter().all(|batch| batch.images.len() == batch.samples.len() * 32 * 32));
    assert!(first.iter().all(|batch| batch.bones.len() == batch.images.len()));
}

#[test]
fn memory_and_what_is_made_ahead_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let source = [write(&folder.path().join("one"), (0..9).map(record), None)];
    let kept = open(&source, Labels::Network, usize::MAX).unwrap();
    let some = open(&source, Labels::Network, kept.bytes_in_memory() / 2).unwrap();
    let none = open(&source, Labels::Network, 0).unwrap();
    assert!(some.bytes_in_memory() > 0 && some.bytes_in_memory() <= kept.bytes_in_memory() / 2);
    assert_eq!(none.bytes_in_memory(), 0);
    let expected = batches(&kept, 5, 1);
    assert_eq!(batches(&some, 5, 4), expected);
    assert_eq!(batches(&none, 5, 2), expected);
}

#[test]
fn images_are_resized_once_and_masks_stay_where_dice_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let source = write(&folder.path().join("whole"), (0..2).map(record), None);
    let data = open(std::slice::from_ref(&source), Labels::Radiograph, 0).unwrap();
    let sample = data.sample(1).unwrap();
    let mut original = record(1);
    assert_eq!(sample.mask, planes::masks(&original).unwrap());
    assert_eq!(sample.image, FORM.apply(planes::take_image(&mut original).unwrap()));
    let data = open(&[source], Labels::Network, 0).unwrap();
    assert_eq!(data.sample(1).unwrap().mask.size(), data.size());

    let other = Resized { size: 64, filter: Filter::Linear };
    let source = write(&folder.path().join("other"), (0..2).map(record), Some(other));
    let refusal = open(&[source], Labels::Network, 0).unwrap_err();
    assert_eq!(refusal.code(), 65);
    assert!(refusal.to_string().contains("resized to 64 (linear) already"), "{refusal}");
}

#[test]
fn a_truncated_shard_names_its_last_good_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut");
    write(&path, (0..5).map(record), None);
    let length = path.metadata().unwrap().len();
    File::options().write(true).open(&path).unwrap().set_len(length / 2).unwrap();
    let refusal = open(&[Source::from(path.as_path())], Labels::Network, 0).unwrap_err();
    assert_eq!(refusal.code(), 65);
    assert!(refusal.to_string().contains("last good record is ID00"), "{refusal}");
}
