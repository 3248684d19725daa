//! Scores that leave a device: only where a mask's boundary may pass.
//!
//! A bilinear interpolation lies between the scores at the corners of its cell. Where all of them are on one side of
//! the threshold, the mask inside the cell is known, whatever their values: one bit a score is enough. Only scores
//! near a change of side travel as numbers, some per cent of a trained network's.

use bones::bone::COUNT;
use bones::scores::Thresholds;
use bones::{Bone, Size};
use half::f16;
use tch::{Device, Kind, TchError, Tensor};

/// How far from the threshold, in logits, a score must be for its side to stand for it: far above the rounding of an
/// interpolation.
const MARGIN: f64 = 0.01;

/// What stands for a score whose side alone is known: the threshold and this many logits more or less.
const FAR: f64 = 1.0;

/// The scores of one radiograph, `[29, height, width]`, as far as a mask at any size depends on them.
#[derive(Debug)]
pub struct Boundary {
    size: Size,
    thresholds: [f32; COUNT],
    /// Eight scores a byte, the first in the lowest bit: whether they are above their threshold.
    above: Vec<u8>,
    /// Where scores are numbers, counted row-major over all classes, ascending.
    places: Vec<i64>,
    /// Those numbers.
    values: Vec<f16>,
}

impl Boundary {
    /// Of logits `[29, height, width]` in any precision on any device, for masks with these thresholds; all but the
    /// copy of the result is computed on that device.
    ///
    /// # Errors
    /// Where libtorch has none for these tensors, such as too little memory.
    ///
    /// # Panics
    /// Where the logits are not of 29 classes at `size`.
    pub fn of(logits: &Tensor, size: Size, thresholds: &Thresholds) -> Result<Boundary, TchError> {
        let (height, width) = (i64::from(size.height()), i64::from(size.width()));
        assert_eq!(logits.size(), [COUNT as i64, height, width], "logits of 29 classes");
        let device = logits.device();
        let thresholds = Bone::ALL.map(|bone| thresholds.of(bone));
        // Rounded first, as `scores` does: the sides must be those of the numbers that would have travelled.
        let scores = logits.f_clamp(-6e4, 6e4)?.f_to_kind(Kind::Half)?.f_to_kind(Kind::Float)?.contiguous();
        let limits = Tensor::from_slice(&thresholds.map(logit)).to_kind(Kind::Float).to_device(device);
        let distance = &scores - limits.view([-1, 1, 1]);

        // [29, h, w]: whether a score and its eight neighbours are far on one side.
        let far = |side: Tensor| {
            let near = side.logical_not().to_kind(Kind::Float).unsqueeze(0);
            near.f_max_pool2d([3, 3], [1, 1], [1, 1], [1, 1], false).map(|near| near.squeeze_dim(0).eq(0.0))
        };
        let known = far(distance.gt(MARGIN))?.logical_or(&far(distance.lt(-MARGIN))?);
        let places = known.logical_not().flatten(0, -1).f_nonzero()?.flatten(0, -1);
        let values = scores.flatten(0, -1).f_index_select(0, &places)?.to_kind(Kind::Half);

        let above = distance.gt(0.0).flatten(0, -1).to_kind(Kind::Uint8);
        let count = above.numel() as i64;
        let bits = above.constant_pad_nd([0, -count & 7]).view([-1, 8]);
        let weights = Tensor::from_slice(&[1u8, 2, 4, 8, 16, 32, 64, 128]).to_device(device);
        let above = (bits * weights).f_sum_dim_intlist(1, false, Kind::Uint8)?;

        Ok(Boundary {
            size,
            thresholds,
            above: copied(&above, 0)?,
            places: copied(&places, 0)?,
            values: copied(&values, f16::ZERO)?,
        })
    }

    /// Scores, row-major `[29, height, width]`, whose masks at any size are those of all the scores.
    pub fn scores(&self) -> Vec<f16> {
        let pixels = self.size.pixels() as usize;
        let mut scores = Vec::with_capacity(COUNT * pixels);
        for (class, threshold) in self.thresholds.into_iter().enumerate() {
            let sides = [-FAR, FAR].map(|far| f16::from_f64(logit(threshold) + far));
            let side = |index: usize| usize::from(self.above[index / 8] >> (index % 8) & 1);
            scores.extend((class * pixels..(class + 1) * pixels).map(|index| sides[side(index)]));
        }
        for (&place, &value) in self.places.iter().zip(&self.values) {
            scores[place as usize] = value;
        }
        scores
    }

    /// Bytes that came from the device.
    pub fn bytes(&self) -> usize {
        self.above.len() + size_of_val(&*self.places) + size_of_val(&*self.values)
    }
}

/// The logit at which a sigmoid is `threshold`.
fn logit(threshold: f32) -> f64 {
    let threshold = f64::from(threshold);
    (threshold / (1.0 - threshold)).ln()
}

/// The elements of a tensor of `T`s on any device.
fn copied<T: tch::kind::Element + Copy>(tensor: &Tensor, zero: T) -> Result<Vec<T>, TchError> {
    let tensor = tensor.f_to_device(Device::Cpu)?.contiguous();
    let mut values = vec![zero; tensor.numel()];
    tensor.f_copy_data(&mut values, tensor.numel())?;
    Ok(values)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bones::scores::{Logits, Values, to_mask};

    use super::*;
    use crate::tensors;

    /// Smooth logits with a few bones' worth of boundary in each class.
    fn logits(height: i64, width: i64) -> Tensor {
        tch::manual_seed(3);
        let coarse = Tensor::randn([1, COUNT as i64, 6, 5], (Kind::Float, Device::Cpu)) * 8.0;
        coarse.upsample_bicubic2d([height, width], false, None, None).squeeze_dim(0)
    }

    #[test]
    fn masks_are_those_of_all_scores() {
        for (height, width, to) in
            [(64, 48, (512, 300)), (32, 32, (32, 32)), (61, 67, (40, 200)), (3, 1, (9, 9))]
        {
            let (size, to) = (Size::new(width, height).unwrap(), Size::new(to.1, to.0).unwrap());
            let logits = logits(height.into(), width.into());
            for threshold in [0.5, 0.1, 0.97] {
                let thresholds = Thresholds::uniform(threshold).unwrap();
                let mask = |scores: &[f16]| {
                    let logits = Logits::new(Values::F16(scores), size).unwrap();
                    to_mask(&[(logits, 1.0)], to, &thresholds).unwrap()
                };
                let boundary = Boundary::of(&logits, size, &thresholds).unwrap();
                assert_eq!(mask(&boundary.scores()), mask(&tensors::scores(&logits).unwrap()));
            }
        }
    }

    #[test]
    fn little_travels() {
        let size = Size::new(512, 512).unwrap();
        let boundary = Boundary::of(&logits(512, 512), size, &Thresholds::default()).unwrap();
        let all = 2 * COUNT * 512 * 512;
        assert!(boundary.bytes() < all / 5, "{} of {all} bytes", boundary.bytes());
        assert!(!boundary.values.is_empty());
    }

    #[test]
    fn a_score_on_the_threshold_is_a_number() {
        let size = Size::new(2, 2).unwrap();
        let boundary = Boundary::of(
            &Tensor::zeros([COUNT as i64, 2, 2], (Kind::Double, Device::Cpu)),
            size,
            &Thresholds::default(),
        );
        assert_eq!(boundary.unwrap().scores(), vec![f16::ZERO; COUNT * 4]);
    }
}
