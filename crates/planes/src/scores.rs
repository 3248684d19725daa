//! Scores: the logits of a network, in half precision or in a byte each.

use bones::Size;
use bones::bone::COUNT;
use half::f16;
use shard::{Dtype, Encoding, Plane, PlaneSpec, Record};

use crate::{PlaneError, check_shape, form, name, quantised, rounded, spec};

/// How the plane `scores` keeps logits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScoresKind {
    /// Half precision, every bit of it: dtype `f16`.
    Exact,
    /// Half precision without the bits that do not matter: dtype `f16`.
    ///
    /// Half precision is finest where a probability hardly depends on the logit any more: at −10 its steps are 0.008
    /// logits, which are 4e-7 of probability. What a network says there is noise, and does not compress. So the last
    /// bits of a logit are rounded away as far as its probability moves by at most 1e-4 and at least four of the ten bits
    /// of its fraction stay; and where a pixel and its eight neighbours are all beyond 9.25 (or all below −9.25), it
    /// becomes ±10. Next to a pixel on the other side of 0, every bit stays.
    ///
    /// # What differs from every bit
    /// No probability at a pixel of the network's output differs by more than 1e-4, nor does any mean of several models
    /// there. Signs stay. The masks of one model at the threshold ½ are the same.
    Rounded,
    /// A byte for each logit: dtype `u8`. Bytes from 128 on are positive, 128 + n for a logit x with
    /// n = ⌊21·log₂(1 + 4·|x|)⌋, at most 127; 127 − n is its negative. A byte stands for the middle of its step,
    /// ±(2^((n + ½) / 21) − 1) / 4.
    ///
    /// Steps are even in the logarithm of the logit, for where an outline lies between two pixels depends on the ratio
    /// of their logits. What is sure all around is one byte: where a pixel and its eight neighbours are all beyond 6.1
    /// (or all below −6.1), nothing is decided, and noise does not compress.
    ///
    /// # What differs from half precision
    /// No logit differs by more than a 59th of |x| + ¼, up to where bytes end, at ±16.6, and but for what is sure all
    /// around, which becomes ±6.8. No probability at a pixel of the network's output differs by more than 0.0045, nor
    /// does any mean of several models there. A logit is positive exactly where its byte stands for a positive one.
    /// Between two pixels on both sides of an outline, within ±16.6 and beyond ±1, it moves by at most a 90th of their
    /// distance. Thresholds below 0.0023 or above 0.9977 can't be told apart. Where models are sure of opposites,
    /// bytes can't tell which of them is surer. The Dice of the masks of trained-like scores, upsampled four times, is
    /// at least 0.9995 (a test of the bench holds it; RESULTS has those of trained networks).
    Quantised,
}

impl ScoresKind {
    /// What a header says of the plane `scores`.
    pub fn spec(self) -> PlaneSpec {
        let dtype = match self {
            ScoresKind::Exact | ScoresKind::Rounded => Dtype::F16,
            ScoresKind::Quantised => Dtype::U8,
        };
        spec(name::SCORES, dtype, Encoding::Dense)
    }
}

/// The logits of a network for one image.
#[derive(Clone, PartialEq, Debug)]
pub struct Scores {
    size: Size,
    logits: Vec<f16>,
}

impl Scores {
    /// Logits `[29, height, width]`; `None` where their number is not 29 × width × height.
    pub fn new(size: Size, logits: Vec<f16>) -> Option<Scores> {
        (logits.len() == COUNT * size.pixels() as usize).then_some(Scores { size, logits })
    }

    /// Width and height of the network's output.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Logits `[29, height, width]`.
    pub fn logits(&self) -> &[f16] {
        &self.logits
    }
}

/// Reads the plane `scores` of either kind.
pub fn scores(record: &Record) -> Result<Scores, PlaneError> {
    let plane = record.plane(name::SCORES).ok_or(PlaneError::Missing(name::SCORES))?;
    let [classes, rest @ ..] = plane.shape.as_slice() else {
        return Err(form(name::SCORES, "it has no shape; [29, height, width] was expected"));
    };
    if *classes != COUNT as u64 {
        return Err(form(name::SCORES, format!("{classes} classes; 29 were expected")));
    }
    let quantised = plane.dtype == ScoresKind::Quantised.spec().dtype;
    let kind = if quantised { ScoresKind::Quantised } else { ScoresKind::Exact };
    let size = check_shape(plane, rest, &kind.spec(), name::SCORES)?;
    let logits = if quantised {
        plane.bytes.iter().map(|&byte| quantised::logit(byte)).collect()
    } else {
        let pairs = plane.bytes.as_chunks::<2>().0.iter();
        pairs.map(|&pair| f16::from_le_bytes(pair)).collect()
    };
    Scores::new(size, logits).ok_or_else(|| form(name::SCORES, "its bytes are not 29 × width × height many"))
}

/// Writes the plane `scores`. A byte can't say that a logit is no number: who quantises looks before.
pub fn set_scores(record: &mut Record, scores: &Scores, kind: ScoresKind) {
    let bytes = match kind {
        ScoresKind::Exact => scores.logits.iter().flat_map(|logit| logit.to_le_bytes()).collect(),
        ScoresKind::Rounded => rounded::bytes(&scores.logits, scores.size),
        ScoresKind::Quantised => quantised::bytes(&scores.logits, scores.size),
    };
    let PlaneSpec { name, dtype, encoding } = kind.spec();
    let shape = vec![COUNT as u64, u64::from(scores.size.height()), u64::from(scores.size.width())];
    record.set_plane(Plane { name, dtype, encoding, shape, bytes });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn through(kind: ScoresKind, scores: &Scores) -> Scores {
        let mut record = Record::default();
        set_scores(&mut record, scores, kind);
        assert_eq!(record.planes[0].dtype, kind.spec().dtype);
        super::scores(&record).unwrap()
    }

    /// All finite numbers in rising order, with what becomes of them.
    fn all_through(kind: ScoresKind) -> Vec<(f16, f16)> {
        let mut all: Vec<f16> =
            (0..=u16::MAX).map(f16::from_bits).filter(|logit| logit.is_finite()).collect();
        all.sort_by(f16::total_cmp);
        // 63488 finite numbers, filled up to whole maps of 29.
        let width = all.len().div_ceil(COUNT);
        let mut logits = all.clone();
        logits.resize(COUNT * width, f16::ZERO);
        let scores = Scores::new(Size::new(width as u32, 1).unwrap(), logits).unwrap();
        all.into_iter().zip(through(kind, &scores).logits().iter().copied()).collect()
    }

    #[test]
    fn half_precision_comes_back_whole() {
        for (logit, found) in all_through(ScoresKind::Exact) {
            assert_eq!(logit.to_bits(), found.to_bits());
        }
    }

    #[test]
    fn other_forms_are_refused() {
        let mut record = Record::default();
        let scores = Scores::new(Size::new(1, 1).unwrap(), vec![f16::ONE; 29]).unwrap();
        set_scores(&mut record, &scores, ScoresKind::Quantised);
        record.planes[0].dtype = Dtype::I32;
        let told = super::scores(&record).unwrap_err().to_string();
        assert!(told.contains("it is I32 Dense; F16 Dense was expected"), "{told}");
        record.planes[0].shape = vec![28, 1, 1];
        assert!(super::scores(&record).unwrap_err().to_string().contains("28 classes"));
    }
}
