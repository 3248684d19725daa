//! Events say what PyTorch's and TensorBoard's own say; see `tests/golden/logbook/make.py`.

#![allow(clippy::unwrap_used, reason = "a test that can't set itself up should panic")]

mod reading;

use logbook::event::What;
use logbook::hparams::{Told, flatten};
use logbook::picture::Picture;
use logbook::{Ending, Event, Histogram};
use reading::{Message, events};
use serde_json::json;

const GOLDEN: &[u8] = include_bytes!("../../../tests/golden/logbook/golden.tfevents");
const TIME: f64 = 1_764_540_000.25;

/// The summary's only value.
fn value(event: &Message) -> Message {
    let values = event.message(5).messages(1);
    assert_eq!(values.len(), 1);
    values[0].clone()
}

fn golden(at: usize) -> Message {
    events(GOLDEN)[at].clone()
}

fn ours(step: u64, what: What) -> Message {
    let event = Message::read(&Event { wall_time: TIME, step, what }.encode());
    assert_eq!(event.double(1), golden(0).double(1));
    event
}

#[test]
fn files_and_starts_say_what_tensorboards_say() {
    let (version, start) = (ours(0, What::Version), ours(7, What::Start));
    assert_eq!(version.text(3), golden(0).text(3));
    assert_eq!(start.varint(2), golden(1).varint(2));
    assert_eq!(start.message(7), golden(1).message(7));
}

#[test]
fn scalars_are_those_of_pytorch() {
    let told =
        [(4, "loss/train", 10, 0.41), (5, "dice/validation", 300, 0.93), (6, "loss/train", 300, f32::NAN)];
    for (at, tag, step, number) in told {
        let event = ours(step, What::Scalar { tag: tag.to_owned(), value: number });
        assert_eq!(event.varint(2), golden(at).varint(2));
        let (ours, theirs) = (value(&event), value(&golden(at)));
        assert_eq!(ours.text(1), theirs.text(1));
        assert!(theirs.has(2), "a simple_value");
        assert_eq!(ours.float(2).to_bits(), theirs.float(2).to_bits());
    }
}

#[test]
fn the_image_is_that_of_tensorboard() {
    let theirs = value(&golden(7));
    let picture = Picture::new(theirs.message(4).bytes(4).to_vec()).unwrap();
    let ours = value(&ours(300, What::Image { tag: "worst".to_owned(), picture }));
    assert_eq!(ours.text(1), theirs.text(1));
    let [ours, theirs] = [ours.message(4), theirs.message(4)];
    assert_eq!([1, 2, 3].map(|field| ours.varint(field)), [2, 3, 1]);
    assert_eq!([1, 2, 3].map(|field| theirs.varint(field)), [2, 3, 1]);
    assert_eq!(ours.bytes(4), theirs.bytes(4));
}

#[test]
fn the_histogram_is_that_of_pytorch() {
    let values: Vec<f32> =
        (0..1000).map(|n| (-1_f32).powi(n) * (n % 37) as f32 * 0.25_f32.powi(n % 11)).collect();
    let told = What::Histogram { tag: "gradient".to_owned(), histogram: Histogram::of(&values) };
    let [ours, theirs] = [value(&ours(300, told)), value(&golden(8))].map(|value| value.message(5));
    for field in 1..=3 {
        assert_eq!(ours.double(field), theirs.double(field), "field {field}");
    }
    for field in 4..=5 {
        // Sums in another order.
        let off = (ours.double(field) / theirs.double(field) - 1.0).abs();
        assert!(off < 1e-12, "field {field} is off by {off}");
    }
    // PyTorch keeps empty buckets between others.
    let [ours, theirs] = [ours, theirs].map(|histogram| {
        let (limits, buckets) = (histogram.doubles(6), histogram.doubles(7));
        assert_eq!(limits.len(), buckets.len());
        let counted = limits.into_iter().zip(buckets).filter(|(_, count)| *count > 0.0);
        counted.map(|(limit, count)| (limit.to_bits(), count)).collect::<Vec<_>>()
    });
    assert!(ours.len() > 100);
    assert_eq!(ours, theirs);
}

#[test]
fn hyperparameters_are_those_of_tensorboard() {
    let hparams = flatten(&json!({"optimizer": {"name": "adamw", "lr": 0.001}, "amp": true, "seed": 7}));
    let metrics = vec!["dice/validation".to_owned()];
    let told = [
        (2, Told::Experiment { hparams: hparams.clone(), metrics }),
        (3, Told::Start { hparams, seconds: TIME }),
        (9, Told::End { ending: Ending::Success, seconds: TIME }),
    ];
    for (at, told) in told {
        let (ours, theirs) = (value(&ours(0, What::Hparams(told))), value(&golden(at)));
        assert_eq!(ours.text(1), theirs.text(1));
        assert_eq!(ours.message(8), theirs.message(8), "a tensor without data");
        let [ours, theirs] = [ours, theirs].map(|value| value.message(9).message(1));
        assert_eq!(ours.text(1), theirs.text(1));
        // `content`, then whichever of the three it is.
        let [ours, theirs] = [ours, theirs].map(|plugin| plugin.message(2));
        let field = at.min(4) as u64;
        assert!(theirs.has(field), "{theirs:?}");
        let [ours, theirs] = [ours, theirs].map(|content| content.message(field));
        match at {
            2 => {
                let infos = |of: &Message| {
                    let named = |info: Message| (info.text(1), info.varint(4));
                    of.messages(4).into_iter().map(named).collect::<Vec<_>>()
                };
                assert_eq!(infos(&ours), infos(&theirs));
                let tags = |of: &Message| {
                    let tag = |info: Message| info.message(1).text(2);
                    of.messages(5).into_iter().map(tag).collect::<Vec<_>>()
                };
                assert_eq!(tags(&ours), tags(&theirs));
            }
            3 => {
                // A map has no order.
                let entries = |of: &Message| {
                    let entry = |entry: Message| (entry.text(1), entry.message(2).0);
                    let mut entries: Vec<_> = of.messages(1).into_iter().map(entry).collect();
                    entries.sort_by(|one, other| one.0.cmp(&other.0));
                    entries
                };
                assert_eq!(entries(&ours), entries(&theirs));
                assert_eq!(ours.double(5), theirs.double(5));
            }
            _ => assert_eq!((ours.varint(1), ours.double(2)), (theirs.varint(1), theirs.double(2))),
        }
    }
}
