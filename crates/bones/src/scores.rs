//! Scores to a mask: logits at the network's resolution are upsampled to the radiograph's size, averaged over
//! models and thresholded, without a dense array of either.

use half::f16;
use thiserror::Error;

use crate::bone::{Bone, COUNT};
use crate::bone_set::BoneSet;
use crate::mask::{Mask, MaskBuilder, Size};

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

    /// The logit of `bone` at column `x`, row `y`.
    fn at(&self, bone: Bone, x: usize, y: usize) -> f32 {
        let (width, height) = (self.size.width() as usize, self.size.height() as usize);
        let index = (bone.index() * height + y) * width + x;
        match self.values {
            Values::F16(values) => values[index].to_f32(),
            Values::F32(values) => values[index],
        }
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
/// For every pixel and bone: each model's logits are interpolated bilinearly (half-pixel centres, no antialiasing:
/// `align_corners=False` of PyTorch's `interpolate`) and put through the sigmoid; the weighted mean must be
/// strictly greater than the bone's threshold.
pub fn to_mask(maps: &[(Logits<'_>, f32)], size: Size, thresholds: &Thresholds) -> Result<Mask, ScoresError> {
    if let Some(model) = maps.iter().position(|&(_, weight)| !weight.is_finite() || weight < 0.0) {
        return Err(ScoresError::Weight { model: model + 1, weight: maps[model].1 });
    }
    let total: f32 = maps.iter().map(|&(_, weight)| weight).sum();
    if total <= 0.0 {
        return Err(ScoresError::NoModels);
    }
    let axes: Vec<[Vec<Tap>; 2]> = maps
        .iter()
        .map(|(logits, _)| {
            [
                taps(logits.size.width() as usize, size.width() as usize),
                taps(logits.size.height() as usize, size.height() as usize),
            ]
        })
        .collect();
    let mut mask = MaskBuilder::new(size);
    for y in 0..size.height() as usize {
        for x in 0..size.width() as usize {
            let mut set = BoneSet::EMPTY;
            for bone in Bone::ALL {
                let mut sum = 0.0;
                for ((logits, weight), [columns, rows]) in maps.iter().zip(&axes) {
                    sum += weight * sigmoid(interpolate(logits, bone, columns[x], rows[y]));
                }
                if sum / total > thresholds.of(bone) {
                    set = set | BoneSet::of(bone);
                }
            }
            mask.fill_to(mask.end() + 1, set);
        }
    }
    Ok(mask.finish())
}

/// The two source pixels of one output pixel, and the weight of the second.
#[derive(Clone, Copy)]
struct Tap {
    first: usize,
    second: usize,
    weight: f32,
}

/// The taps of all output pixels along one axis.
fn taps(source: usize, target: usize) -> Vec<Tap> {
    let scale = source as f32 / target as f32;
    (0..target)
        .map(|i| {
            if source == target {
                return Tap { first: i, second: i, weight: 0.0 };
            }
            let position = (scale * (i as f32 + 0.5) - 0.5).max(0.0);
            let first = (position as usize).min(source - 1);
            Tap {
                first,
                second: (first + 1).min(source - 1),
                weight: (position - first as f32).clamp(0.0, 1.0),
            }
        })
        .collect()
}

fn interpolate(logits: &Logits<'_>, bone: Bone, column: Tap, row: Tap) -> f32 {
    let across = |y| {
        logits.at(bone, column.first, y) * (1.0 - column.weight)
            + logits.at(bone, column.second, y) * column.weight
    };
    across(row.first) * (1.0 - row.weight) + across(row.second) * row.weight
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}
