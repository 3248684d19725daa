//! Work on scores: to masks, to bytes and back.

use bones::scores::{Logits, ScoresError, Thresholds, Values, to_mask};
use bones::{Mask, Size};
use half::f16;
use planes::{Scores, ScoresKind};
use shard::{RawRecord, Record};

use super::{Outcome, Work};
use crate::Result;
use crate::inputs::{Inputs, SCORES, SIDE};

/// One model's scores → mask.
pub(crate) fn one_model(inputs: &Inputs) -> Result<Work> {
    models(inputs, 1)
}

/// Three models' scores → the mask of their mean.
pub(crate) fn three_models(inputs: &Inputs) -> Result<Work> {
    models(inputs, 3)
}

fn models(inputs: &Inputs, models: usize) -> Result<Work> {
    let maps = (0..models).map(|model| inputs.scores(model)).collect::<Result<Vec<_>>>()?;
    let images = inputs.radiographs()?.len();
    let items: Vec<Vec<Vec<f16>>> =
        (0..images).map(|image| maps.iter().map(|maps| maps[image].clone()).collect()).collect();
    drop(maps);
    let (network, full) = Size::new(SCORES, SCORES).zip(Size::new(SIDE, SIDE)).ok_or("no size")?;
    Ok(Work::new(items, move |maps| Upsampled(upsample(maps, network, full))))
}

fn upsample(maps: &[Vec<f16>], network: Size, full: Size) -> std::result::Result<Mask, ScoresError> {
    let maps = maps
        .iter()
        .map(|map| Ok((Logits::new(Values::F16(map), network)?, 1.0)))
        .collect::<std::result::Result<Vec<_>, ScoresError>>()?;
    to_mask(&maps, full, &Thresholds::default())
}

/// The mask of scores, or why there is none.
struct Upsampled(std::result::Result<Mask, ScoresError>);

impl Outcome for Upsampled {
    fn check(&self) -> Vec<f64> {
        let areas = self.0.as_ref().map(Mask::areas);
        areas.map(|areas| areas.map(f64::from).to_vec()).unwrap_or_default()
    }
}

fn scores(inputs: &Inputs) -> Result<Vec<Scores>> {
    let size = Size::new(SCORES, SCORES).ok_or("no size")?;
    let scores = |logits| Ok(Scores::new(size, logits).ok_or("scores of another size")?);
    inputs.scores(0)?.into_iter().map(scores).collect()
}

fn written(scores: &Scores, kind: ScoresKind) -> std::result::Result<RawRecord, shard::Error> {
    let mut record = Record { key: "scores".to_owned(), ..Record::default() };
    planes::set_scores(&mut record, scores, kind);
    RawRecord::encode(&record)
}

fn write(inputs: &Inputs, kind: ScoresKind) -> Result<Work> {
    Ok(Work::new(scores(inputs)?, move |scores| Written(written(scores, kind))))
}

fn read(inputs: &Inputs, kind: ScoresKind) -> Result<Work> {
    let raws =
        scores(inputs)?.iter().map(|scores| written(scores, kind)).collect::<std::result::Result<_, _>>()?;
    Ok(Work::new(raws, |raw: &RawRecord| {
        Read(raw.decode().ok().and_then(|record| planes::scores(&record).ok()))
    }))
}

/// Scores → a record of a shard.
pub(crate) fn write_scores(inputs: &Inputs) -> Result<Work> {
    write(inputs, ScoresKind::Rounded)
}

/// A record of a shard → scores.
pub(crate) fn read_scores(inputs: &Inputs) -> Result<Work> {
    read(inputs, ScoresKind::Rounded)
}

/// Every bit of scores → a record of a shard.
pub(crate) fn write_exact(inputs: &Inputs) -> Result<Work> {
    write(inputs, ScoresKind::Exact)
}

/// A record of a shard → every bit of scores.
pub(crate) fn read_exact(inputs: &Inputs) -> Result<Work> {
    read(inputs, ScoresKind::Exact)
}

/// Scores → a record of a shard with a byte each.
pub(crate) fn write_quantised(inputs: &Inputs) -> Result<Work> {
    write(inputs, ScoresKind::Quantised)
}

/// A record of a shard with a byte each → scores.
pub(crate) fn read_quantised(inputs: &Inputs) -> Result<Work> {
    read(inputs, ScoresKind::Quantised)
}

struct Written(std::result::Result<RawRecord, shard::Error>);

impl Outcome for Written {
    fn check(&self) -> Vec<f64> {
        Vec::new()
    }

    fn stored(&self) -> Option<u64> {
        self.0.as_ref().ok().map(RawRecord::stored_length)
    }
}

struct Read(Option<Scores>);

impl Outcome for Read {
    fn check(&self) -> Vec<f64> {
        let sum = |scores: &Scores| scores.logits().iter().map(|logit| f64::from(logit.to_bits())).sum();
        self.0.iter().map(sum).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bones::polygon::{Outline, fill};
    use bones::{Bone, dice};

    use super::*;
    use crate::logits;

    /// The bones as overlapping ellipses in a radiograph.
    fn hand() -> Mask {
        let outline = |bone: Bone| {
            let at = bone.index() as i32;
            let centre = [at % 6 * 320 + 220, at / 6 * 390 + 220];
            let corner = |step: i32| {
                let angle = f64::from(step) * std::f64::consts::TAU / 90.0;
                [centre[0] + (angle.cos() * 170.0) as i32, centre[1] + (angle.sin() * 200.0) as i32]
            };
            Outline { bone, ring: (0..90).map(corner).collect() }
        };
        fill(&Bone::ALL.map(outline), Size::new(SIDE, SIDE).unwrap())
    }

    #[test]
    fn rounded_and_quantised_scores_are_small_and_give_the_masks() {
        let [network, full] = [SCORES, SIDE].map(|side| Size::new(side, side).unwrap());
        let drawn = Scores::new(network, logits::draw(&hand(), network, 7)).unwrap();
        let kinds = [ScoresKind::Exact, ScoresKind::Rounded, ScoresKind::Quantised];
        let [exact, rounded, quantised] = kinds.map(|kind| written(&drawn, kind).unwrap());
        for (small, bar) in [(&rounded, 4_000_000), (&quantised, 1_000_000)] {
            assert!(small.stored_length() <= bar, "{} of {bar} bytes", small.stored_length());
        }
        let mask = |raw: &RawRecord| {
            let scores = planes::scores(&raw.decode().unwrap()).unwrap();
            upsample(&[scores.logits().to_vec()], network, full).unwrap()
        };
        // One model's masks at the threshold ½ do not change by rounding.
        assert!(mask(&exact) == mask(&rounded));
        for (small, bar) in [(&rounded, 0.9999), (&quantised, 0.9995)] {
            let overlaps = dice::overlaps(&mask(&exact), &mask(small)).unwrap();
            for (bone, overlap) in Bone::ALL.iter().zip(overlaps) {
                assert!(overlap.both > 10_000, "{bone}: {overlap:?}");
                assert!(overlap.dice() >= bar, "{bone}: {overlap:?} {}", overlap.dice());
            }
        }
    }
}
