//! Scores in a byte each: steps that are even in the logarithm of the logit, and nothing of what is sure.

use std::sync::LazyLock;

use bones::Size;
use half::f16;

use crate::around;

/// Levels to a doubling of 1 + 4·|logit|.
const LEVELS: f64 = 21.0;
/// Where steps turn from even to even in the logarithm, in logits.
const KNEE: f64 = 0.25;
/// From this level on, 6.1 logits, a network is sure: its probability is within 0.0023 of 0 or 1.
const SURE: u8 = 98;
/// The level of what is sure all around, 6.8 logits: half as far from 0 or 1.
const SETTLED: u8 = 101;
/// The first byte of a positive logit. Level n of the negative ones is the n-th byte before it.
const POSITIVE: u8 = 128;

/// The bytes of maps `[classes, height, width]`.
pub(crate) fn bytes(logits: &[f16], size: Size) -> Vec<u8> {
    let mut bytes: Vec<u8> = logits.iter().map(|logit| BYTES[usize::from(logit.to_bits())]).collect();
    let mut memory = <[Vec<u8>; 2]>::default();
    for map in bytes.chunks_exact_mut(size.pixels() as usize) {
        settle(map, size.width() as usize, &mut memory);
    }
    bytes
}

/// The logit that a byte stands for.
pub(crate) fn logit(byte: u8) -> f16 {
    LOGITS[usize::from(byte)]
}

/// Gives one byte to all pixels that are sure, and whose eight neighbours are sure of the same: they are most of a map,
/// how sure they are decides nothing, and what a network says there is noise, which does not compress.
fn settle(map: &mut [u8], width: usize, [shared, spare]: &mut [Vec<u8>; 2]) {
    // Bit by bit: sure to be outside, sure to be inside.
    let sure = |byte: u8| u8::from(byte < POSITIVE - SURE) | u8::from(byte >= POSITIVE + SURE) << 1;
    shared.clear();
    shared.extend(map.iter().map(|&byte| sure(byte)));
    around::share(shared, width, spare);
    for (byte, shared) in map.iter_mut().zip(shared) {
        *byte = match *shared {
            1 => POSITIVE - 1 - SETTLED,
            2 => POSITIVE + SETTLED,
            _ => *byte,
        };
    }
}

/// The byte of each half precision number, by its bits.
static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let byte = |bits| {
        let logit = f16::from_bits(bits).to_f64();
        // `as` saturates, and turns a NaN into 0.
        let level = ((LEVELS * (1.0 + logit.abs() / KNEE).log2()) as u8).min(u8::MAX - POSITIVE);
        if logit > 0.0 { POSITIVE + level } else { POSITIVE - 1 - level }
    };
    (0..=u16::MAX).map(byte).collect()
});

/// The logit that each byte stands for: the middle of its step.
static LOGITS: LazyLock<[f16; 256]> = LazyLock::new(|| {
    let of_level = |level: u8| KNEE * (((f64::from(level) + 0.5) / LEVELS).exp2() - 1.0);
    std::array::from_fn(|byte| {
        let byte = byte as u8;
        let logit = byte.checked_sub(POSITIVE).map_or_else(|| -of_level(POSITIVE - 1 - byte), of_level);
        f16::from_f64(logit)
    })
});

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bones::scores::{Logits, Thresholds, Values, to_mask};
    use bones::{Bone, dice};
    use proptest::prelude::*;

    use super::*;

    fn sigmoid(logit: f64) -> f64 {
        1.0 / (1.0 + (-logit).exp())
    }

    /// Numbers one after the other have no neighbours of their kind in this, so that none is settled.
    fn alone(logits: &[f16]) -> Vec<f16> {
        let pairs: Vec<f16> = logits.iter().flat_map(|&logit| [logit, f16::ZERO]).collect();
        let row = Size::new(pairs.len() as u32, 1).unwrap();
        bytes(&pairs, row).into_iter().step_by(2).map(logit).collect()
    }

    #[test]
    fn no_sign_differs_no_probability_by_more_than_said_and_no_logit_by_more_than_a_sixtieth() {
        let all: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).filter(|logit| logit.is_finite()).collect();
        for (logit, found) in all.iter().zip(alone(&all)) {
            assert_eq!(*logit > f16::ZERO, found > f16::ZERO, "{logit} became {found}");
            let (logit, found) = (logit.to_f64(), found.to_f64());
            assert!((sigmoid(logit) - sigmoid(found)).abs() <= 0.0045, "{logit} became {found}");
            let reached = logit.clamp(-16.6, 16.6);
            assert!((reached - found).abs() <= (reached.abs() + KNEE) / 59.0, "{logit} became {found}");
        }
    }

    #[test]
    fn bytes_that_are_read_are_written_again() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        let logits: Vec<f16> = all.iter().map(|&byte| logit(byte)).collect();
        assert!(logits.is_sorted_by(|one, next| one < next), "{logits:?}");
        let back: Vec<u8> = logits.iter().map(|logit| BYTES[usize::from(logit.to_bits())]).collect();
        assert_eq!(back, all);
        assert!((logits[255].to_f64() - 16.6).abs() < 0.05, "{}", logits[255]);
    }

    proptest! {
        /// Whatever lies around it: a pixel is settled just where all that interpolation could see with it is sure of
        /// the same, and its probability moves no further than that of others.
        #[test]
        fn only_what_is_sure_all_around_is_settled(
            width in 1usize..9,
            height in 1usize..9,
            tenths in prop::collection::vec(prop_oneof![3 => -90i16..=-50, 2 => 50i16..=90, 1 => -60i16..=60], 64),
        ) {
            let size = Size::new(width as u32, height as u32).unwrap();
            let logits: Vec<f16> =
                tenths[..width * height].iter().map(|&tenth| f16::from_f32(f32::from(tenth) / 10.0)).collect();
            let found = bytes(&logits, size);
            for (at, &logit) in logits.iter().enumerate() {
                let (x, y) = (at % width, at / width);
                let plain = BYTES[usize::from(logit.to_bits())];
                let around = (y.saturating_sub(1)..height.min(y + 2))
                    .flat_map(|y| (x.saturating_sub(1)..width.min(x + 2)).map(move |x| y * width + x));
                let levels: Vec<u8> = around.map(|at| BYTES[usize::from(logits[at].to_bits())]).collect();
                let expected = if levels.iter().all(|&byte| byte >= POSITIVE + SURE) {
                    POSITIVE + SETTLED
                } else if levels.iter().all(|&byte| byte < POSITIVE - SURE) {
                    POSITIVE - 1 - SETTLED
                } else {
                    plain
                };
                prop_assert_eq!(found[at], expected, "at {},{}", x, y);
                let moved = (sigmoid(logit.to_f64()) - sigmoid(super::logit(found[at]).to_f64())).abs();
                prop_assert!(moved <= 0.0045, "{} moved by {}", logit, moved);
            }
            let again: Vec<f16> = found.iter().map(|&byte| super::logit(byte)).collect();
            prop_assert_eq!(bytes(&again, size), found);
        }
    }

    /// What a step for probabilities, which ends at ±5.5 logits, got wrong: how steeply a network turns from one side to
    /// the other decides where between two pixels an outline lies.
    #[test]
    fn outlines_stay_between_steep_neighbours() {
        let network = Size::new(16, 16).unwrap();
        let full = Size::new(512, 512).unwrap();
        for (inside, outside) in [(12.0, -2.0), (2.0, -12.0), (16.0, -16.0), (0.3, -9.0), (6.0, -1.0)] {
            let disc = |at: usize| {
                let (x, y) = ((at % 16) as f64 - 7.3, (at / 16) as f64 - 7.6);
                f16::from_f64(if x.hypot(y) < 5.2 { inside } else { outside })
            };
            let logits: Vec<f16> = (0..Bone::ALL.len()).flat_map(|_| (0..256).map(disc)).collect();
            let small: Vec<f16> = bytes(&logits, network).into_iter().map(logit).collect();
            let mask = |logits: &[f16]| {
                let logits = Logits::new(Values::F16(logits), network).unwrap();
                to_mask(&[(logits, 1.0)], full, &Thresholds::default()).unwrap()
            };
            let overlap = dice::overlaps(&mask(&logits), &mask(&small)).unwrap()[0];
            assert!(
                overlap.both > 10_000 && overlap.dice() > 0.9985,
                "{inside} {outside}: {}",
                overlap.dice()
            );
        }
    }
}
