//! Work on scores: to masks, to bytes and back.

use bones::scores::{Logits, ScoresError, Thresholds, Values, to_mask};
use bones::{Mask, Size};
use half::f16;
use planes::Scores;
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

fn records(inputs: &Inputs) -> Result<Vec<Record>> {
    let size = Size::new(SCORES, SCORES).ok_or("no size")?;
    let record = |logits| {
        let mut record = Record { key: "scores".to_owned(), ..Record::default() };
        let scores = Scores::new(size, logits).ok_or("scores of another size")?;
        planes::set_scores(&mut record, &scores);
        Ok(record)
    };
    inputs.scores(0)?.into_iter().map(record).collect()
}

/// Scores → a record of a shard.
pub(crate) fn write_scores(inputs: &Inputs) -> Result<Work> {
    Ok(Work::new(records(inputs)?, |record| Written(RawRecord::encode(record))))
}

/// A record of a shard → scores.
pub(crate) fn read_scores(inputs: &Inputs) -> Result<Work> {
    let written =
        records(inputs)?.iter().map(RawRecord::encode).collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(Work::new(written, |raw| Read(raw.decode().ok().and_then(|record| planes::scores(&record).ok()))))
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
