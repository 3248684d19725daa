//! Scores in half precision, without the bits that do not matter.

use std::sync::LazyLock;

use bones::Size;
use half::f16;

use crate::around;

/// How far rounding may move a probability: as far as half precision itself does, whose rounding costs most at a logit
/// of 2, 1.0e-4.
const TOLERANCE: f64 = 1e-4;
/// How many of the ten bits of a logit's fraction rounding keeps at least.
const KEPT_BITS: u32 = 4;
/// From here on, in logits, a network is sure: its probability is within 1e-4 of 0 or 1.
const SURE: f16 = f16::from_f32_const(9.25);
/// The logit of what is sure all around: half as far from 0 or 1.
const SETTLED: f16 = f16::from_f32_const(10.0);
const SETTLED_OUTSIDE: f16 = f16::from_f32_const(-10.0);

/// What a pixel may have in common with those around it.
const SURELY_OUTSIDE: u8 = 1;
const SURELY_INSIDE: u8 = 2;
const OUTSIDE: u8 = 4;
const INSIDE: u8 = 8;

/// The bytes of what stands for maps `[classes, height, width]`.
pub(crate) fn bytes(logits: &[f16], size: Size) -> Vec<u8> {
    let (pixels, width) = (size.pixels() as usize, size.width() as usize);
    let mut bytes = vec![0; 2 * logits.len()];
    // Of one map each, so that they stay in a core's cache.
    let (mut map, mut shared, mut spare) = (Vec::new(), Vec::new(), Vec::new());
    for (exact, bytes) in logits.chunks_exact(pixels).zip(bytes.chunks_exact_mut(2 * pixels)) {
        map.clear();
        map.extend(exact.iter().map(|&logit| rounded(logit)));
        shared.clear();
        shared.extend(map.iter().map(|&logit| flags(logit)));
        around::share(&mut shared, width, &mut spare);
        let pixels = map.iter().zip(exact).zip(&shared);
        for (bytes, ((&rounded, &exact), shared)) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(pixels) {
            let settled = if shared & SURELY_INSIDE != 0 { SETTLED } else { SETTLED_OUTSIDE };
            let sure = shared & (SURELY_INSIDE | SURELY_OUTSIDE) != 0;
            let found = if sure { settled } else { rounded };
            *bytes = if *shared == 0 { exact } else { found }.to_le_bytes();
        }
    }
    bytes
}

/// By comparisons of bits, many at a time. A number that is none is on no side, and keeps what is around it.
fn flags(logit: f16) -> u8 {
    const INFINITY: u16 = f16::INFINITY.to_bits();
    let positive = |bits: u16| bits.wrapping_sub(1) < INFINITY;
    let sure = |bits: u16| bits.wrapping_sub(SURE.to_bits()) <= INFINITY - SURE.to_bits();
    let bits = logit.to_bits();
    let negated = bits ^ f16::NEG_ZERO.to_bits();
    let zero = bits << 1 == 0;
    u8::from(positive(negated) | zero) * OUTSIDE
        + u8::from(positive(bits)) * INSIDE
        + u8::from(sure(negated)) * SURELY_OUTSIDE
        + u8::from(sure(bits)) * SURELY_INSIDE
}

fn rounded(logit: f16) -> f16 {
    f16::from_bits(ROUNDED[usize::from(logit.to_bits())])
}

/// The bits of what each half precision number is rounded to, by its bits.
///
/// Numbers that share what is kept at least, a block, lose equally many bits. So the ends of a block stay what they are,
/// and rounding can't change the order of numbers in two blocks.
static ROUNDED: LazyLock<Vec<u16>> = LazyLock::new(|| {
    const FRACTION: u32 = f16::MANTISSA_DIGITS - 1;
    const BLOCK: u16 = 1 << (FRACTION - KEPT_BITS);
    let infinity = f16::INFINITY.to_bits();
    let probability = |bits: u16| 1.0 / (1.0 + (-f16::from_bits(bits).to_f64()).exp());
    // To the nearest multiple of 2^lost, ties upwards, but never to infinity.
    let round = |bits: u16, lost: u32| ((bits + (1 << lost >> 1)) >> lost << lost).min(f16::MAX.to_bits());
    let mut table: Vec<u16> = (0..=u16::MAX).collect();
    // The first block stays whole: its numbers would become zero, which has no sign.
    for start in (BLOCK..infinity).step_by(usize::from(BLOCK)) {
        let block = start..start + BLOCK;
        let close = |&lost: &u32| {
            block.clone().all(|bits| (probability(bits) - probability(round(bits, lost))).abs() <= TOLERANCE)
        };
        // Losing no bit is always close.
        let lost = (0..=FRACTION - KEPT_BITS).rev().find(close).unwrap_or(0);
        for bits in block {
            let negative = f16::NEG_ZERO.to_bits() | bits;
            table[usize::from(bits)] = round(bits, lost);
            table[usize::from(negative)] = f16::NEG_ZERO.to_bits() | round(bits, lost);
        }
    }
    table
});

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bones::bone::COUNT;
    use bones::scores::{Logits, Thresholds, Values, to_mask};
    use proptest::prelude::*;

    use super::*;

    fn logits(logits: &[f16], size: Size) -> Vec<f16> {
        bytes(logits, size).as_chunks::<2>().0.iter().map(|&pair| f16::from_le_bytes(pair)).collect()
    }

    fn sigmoid(logit: f16) -> f64 {
        1.0 / (1.0 + (-logit.to_f64()).exp())
    }

    #[test]
    fn rounding_moves_no_probability_far_and_keeps_order_and_signs() {
        let mut all: Vec<(f16, f16)> = (0..=u16::MAX)
            .map(f16::from_bits)
            .filter(|logit| logit.is_finite())
            .map(|logit| (logit, rounded(logit)))
            .collect();
        all.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        for &(logit, found) in &all {
            assert!((sigmoid(logit) - sigmoid(found)).abs() <= TOLERANCE, "{logit} became {found}");
            assert_eq!(rounded(found).to_bits(), found.to_bits(), "{logit} rounded twice");
            let (logit, found) = (logit.to_f64(), found.to_f64());
            assert_eq!(logit.is_sign_negative(), found.is_sign_negative(), "{logit} became {found}");
            assert_eq!(logit == 0.0, found == 0.0, "{logit} became {found}");
            // Numbers below 2^-14, where half precision has fewer bits, keep a step of that.
            let step = logit.abs().max(2f64.powi(-14)) * 2f64.powi(-(KEPT_BITS as i32) - 1);
            assert!((logit - found).abs() <= step, "{logit} became {found}");
        }
        assert!(all.is_sorted_by(|(_, one), (_, next)| one.total_cmp(next).is_le()));
        // What it is for: hardly any numbers are left of those that a network is sure with.
        let left = |from: f64, to: f64| {
            let mut left: Vec<u16> = all
                .iter()
                .filter(|(x, _)| (from..to).contains(&x.to_f64()))
                .map(|(_, x)| x.to_bits())
                .collect();
            left.dedup();
            left.len()
        };
        assert!(left(8.0, 16.0) <= 17 && left(-1.0, -0.5) > 500, "{} {}", left(8.0, 16.0), left(-1.0, -0.5));
        assert!(sigmoid(-SURE) <= TOLERANCE && SETTLED > SURE);
    }

    #[test]
    fn flags_are_those_of_the_numbers() {
        for logit in (0..=u16::MAX).map(f16::from_bits) {
            let number = logit.to_f64();
            let expected = [number <= -9.25, number >= 9.25, number <= 0.0, number > 0.0];
            let found = [SURELY_OUTSIDE, SURELY_INSIDE, OUTSIDE, INSIDE].map(|flag| flags(logit) & flag != 0);
            assert_eq!(found, expected, "{logit}");
        }
    }

    proptest! {
        /// One model's masks are those of every bit, however rough or steep its scores.
        #[test]
        fn masks_are_the_same_and_no_probability_moves_far(
            width in 2u32..9,
            height in 2u32..9,
            hundredths in prop::collection::vec(
                prop_oneof![3 => -1600i16..=-900, 2 => 900i16..=1600, 2 => -1200i16..=1200, 1 => -30i16..=30],
                64,
            ),
        ) {
            let size = Size::new(width, height).unwrap();
            let exact: Vec<f16> = (0..COUNT)
                .flat_map(|class| (0..size.pixels() as usize).map(move |at| (class * 7 + at) % 64))
                .map(|at| f16::from_f32(f32::from(hundredths[at]) / 100.0))
                .collect();
            let found = logits(&exact, size);
            for (exact, found) in exact.iter().zip(&found) {
                prop_assert!((sigmoid(*exact) - sigmoid(*found)).abs() <= TOLERANCE, "{} became {}", exact, found);
            }
            let mask = |logits: &[f16]| {
                let logits = Logits::new(Values::F16(logits), size).unwrap();
                to_mask(&[(logits, 1.0)], Size::new(50, 41).unwrap(), &Thresholds::default()).unwrap()
            };
            prop_assert_eq!(mask(&exact), mask(&found));
            prop_assert_eq!(logits(&found, size), found);
        }
    }

    #[test]
    fn what_is_sure_all_around_is_one_number_and_what_is_no_number_stays() {
        let size = Size::new(5, 1).unwrap();
        let map = [-9.5, -12.3, -14.8, -11.0, f32::NAN].map(f16::from_f32);
        let found = logits(&map, size);
        assert_eq!(&found[..3], [-10.0; 3].map(f16::from_f32));
        assert!(found[4].is_nan() && found[3] == map[3], "{found:?}");
    }
}
