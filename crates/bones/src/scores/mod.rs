//! Scores to a mask: logits at the network's resolution are upsampled to the radiograph's size, averaged over
//! models and thresholded in one pass, without a dense array of the upsampled scores.
//!
//! Bilinear interpolation cannot leave the range of the four source pixels (the *cell*) that an output pixel lies
//! between. So cells whose corners are all clearly above the threshold are inside, cells whose corners are all
//! clearly below are outside, and only the pixels of cells that straddle it are computed. `cells` sorts the
//! cells, `axis` says which cell an output pixel lies in, `sigmoid` turns thresholds into limits for logits,
//! and `pass` walks over the output.

mod axis;
mod cells;
mod pass;
mod sigmoid;

use half::f16;
use thiserror::Error;

use crate::bone::{Bone, COUNT};
use crate::mask::{Mask, Size};

/// The numbers of a score map.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// Half precision, as shards keep scores.
    F16(&'a [f16]),
    /// Single precision.
    F32(&'a [f32]),
}

/// The logits of one model for one radiograph: `[29, height, width]`, row-major, classes in canonical order.
#[derive(Clone, Copy, Debug)]
pub struct Logits<'a> {
    values: Values<'a>,
    size: Size,
}

impl<'a> Logits<'a> {
    /// Logits of `size`, at least one pixel, with 29 × height × width values.
    pub fn new(values: Values<'a>, size: Size) -> Result<Logits<'a>, ScoresError> {
        let found = match values {
            Values::F16(values) => values.len(),
            Values::F32(values) => values.len(),
        };
        let expected = COUNT * size.pixels() as usize;
        if size.pixels() == 0 || found != expected {
            return Err(ScoresError::Length { size, expected, found });
        }
        Ok(Logits { values, size })
    }

    /// Width and height of the maps.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Where row `y` of the map of `bone` stands among the values.
    fn row(&self, bone: Bone, y: usize) -> std::ops::Range<usize> {
        let (width, height) = (self.size.width() as usize, self.size.height() as usize);
        let start = (bone.index() * height + y) * width;
        start..start + width
    }
}

/// A threshold for each bone, in canonical order, each strictly between 0 and 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Thresholds([f32; COUNT]);

impl Thresholds {
    /// One threshold for each bone.
    pub fn new(thresholds: [f32; COUNT]) -> Result<Thresholds, ScoresError> {
        match Bone::ALL.into_iter().find(|bone| !in_range(thresholds[bone.index()])) {
            Some(bone) => Err(ScoresError::Threshold { bone, threshold: thresholds[bone.index()] }),
            None => Ok(Thresholds(thresholds)),
        }
    }

    /// The same threshold for all bones.
    pub fn uniform(threshold: f32) -> Result<Thresholds, ScoresError> {
        Thresholds::new([threshold; COUNT])
    }

    /// The threshold of `bone`.
    pub fn of(&self, bone: Bone) -> f32 {
        self.0[bone.index()]
    }
}

impl Default for Thresholds {
    /// 0.5 for all bones.
    fn default() -> Thresholds {
        Thresholds([0.5; COUNT])
    }
}

fn in_range(threshold: f32) -> bool {
    threshold > 0.0 && threshold < 1.0
}

/// Why scores give no mask.
#[derive(Debug, Error, PartialEq)]
pub enum ScoresError {
    /// Maps without pixels, or a number of values that does not fit the size.
    #[error("score maps of {size} for 29 bones need {expected} values (at least 29), not {found}")]
    Length {
        /// The size of a map.
        size: Size,
        /// 29 × its pixels.
        expected: usize,
        /// How many values there are.
        found: usize,
    },
    /// A threshold that every score or none passes.
    #[error("the threshold of {bone} is {threshold}; it must lie between 0 and 1, both excluded")]
    Threshold {
        /// Whose threshold.
        bone: Bone,
        /// The threshold.
        threshold: f32,
    },
    /// No model at all, or none with a weight above zero.
    #[error("no model with a weight above zero is given")]
    NoModels,
    /// A weight that is negative, infinite or NaN.
    #[error("the weight of model {model} is {weight}; weights must be finite and not negative")]
    Weight {
        /// Which model, counted from 1.
        model: usize,
        /// Its weight.
        weight: f32,
    },
    /// A logit that is infinite or NaN.
    #[error(
        "the logit of {bone} at column {x}, row {y} of model {model} is not a finite number; \
         did the training diverge, or the scores overflow half precision?"
    )]
    NotFinite {
        /// Which model, counted from 1.
        model: usize,
        /// Whose score.
        bone: Bone,
        /// The column.
        x: u32,
        /// The row.
        y: u32,
    },
}

/// The mask of `size` of one model's logits, or of the weighted soft vote of several.
///
/// For every pixel and bone, each model's logits are interpolated bilinearly (half-pixel centres, no antialiasing)
/// and put through the sigmoid; the mean of the models, weighted, must be strictly greater than the bone's
/// threshold. A model with the weight 0 is left out, and the weight of a single model does not matter.
///
/// The result is that of PyTorch's `interpolate(mode="bilinear", align_corners=False)`, `sigmoid`,
/// `sum(w·p) / sum(w)` and `> threshold` in single precision: the steps are the same ones in the same order, fused
/// where PyTorch's CPU kernels fuse them (2.13, AVX2 and AVX-512, contiguous maps).
///
/// Time goes with the number of logits and with the length of the bones' outlines in the output. Beside the mask
/// it allocates some rows of the input and output.
pub fn to_mask(maps: &[(Logits<'_>, f32)], size: Size, thresholds: &Thresholds) -> Result<Mask, ScoresError> {
    if let Some(model) = maps.iter().position(|&(_, weight)| !weight.is_finite() || weight < 0.0) {
        return Err(ScoresError::Weight { model: model + 1, weight: maps[model].1 });
    }
    if maps.iter().all(|&(_, weight)| weight == 0.0) {
        return Err(ScoresError::NoModels);
    }
    if size.pixels() == 0 {
        return Ok(Mask::empty(size));
    }
    pass::Pass::new(maps, size, thresholds).run()
}
