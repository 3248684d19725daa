//! Numbers of the fused loss: exponential and logarithm without branches, so that compilers make vectors of them.
//!
//! Whatever the processor, each operation is rounded on its own (Rust fuses none), so that all make the same bytes.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use half::bf16;
use tch::kind::Element;

/// ln 2 in two parts (W. J. Cody and W. Waite, "Software manual for the elementary functions", 1980): the first has so few
/// digits that its multiples are exact.
const LN_2: [f32; 2] = [355.0 / 512.0, -2.121_944_4e-4];

/// What the loss is computed in.
pub(super) trait Real:
    Copy
    + Default
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Sum
{
    fn of(number: f64) -> Self;
    fn count(number: u32) -> Self;
    fn f64(self) -> f64;
    /// |x|.
    fn magnitude(self) -> Self;
    /// The largest whole number that is not above it, for numbers from 0.
    fn floor(self) -> usize;
    /// exp(x) of an x that is not above 0.
    fn exp(self) -> Self;
    /// ln(1 + x) of an x from 0.
    fn ln_1p(self) -> Self;
}

/// What logits and gradients are kept in.
pub(super) trait Stored: Element + Copy + Send + Sync + 'static {
    type Real: Real;
    fn real(self) -> Self::Real;
    /// The nearest one, the even one of two.
    fn nearest(real: Self::Real) -> Self;
}

impl Stored for f32 {
    type Real = f32;

    #[inline(always)]
    fn real(self) -> f32 {
        self
    }

    #[inline(always)]
    fn nearest(real: f32) -> f32 {
        real
    }
}

impl Stored for f64 {
    type Real = f64;

    #[inline(always)]
    fn real(self) -> f64 {
        self
    }

    #[inline(always)]
    fn nearest(real: f64) -> f64 {
        real
    }
}

impl Stored for bf16 {
    type Real = f32;

    #[inline(always)]
    fn real(self) -> f32 {
        f32::from_bits(u32::from(self.to_bits()) << 16)
    }

    #[inline(always)]
    fn nearest(real: f32) -> bf16 {
        let bits = real.to_bits();
        let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
        // Adding would carry a NaN into the sign.
        let rounded = if real.is_nan() { 0x7fc0 } else { rounded };
        bf16::from_bits(rounded as u16)
    }
}

impl Real for f32 {
    #[inline(always)]
    fn of(number: f64) -> f32 {
        number as f32
    }

    #[inline(always)]
    fn count(number: u32) -> f32 {
        // Processors convert signed numbers in one step.
        number as i32 as f32
    }

    #[inline(always)]
    fn f64(self) -> f64 {
        self.into()
    }

    #[inline(always)]
    fn magnitude(self) -> f32 {
        self.abs()
    }

    #[inline(always)]
    fn floor(self) -> usize {
        self as usize
    }

    /// x = n·ln 2 + r with |r| ≤ ln 2 / 2; exp(r) is a Taylor polynomial, short of it by less than 6e-9; then n goes into the
    /// exponent. Below -87 it stays at the smallest normal numbers.
    #[inline(always)]
    fn exp(self) -> f32 {
        /// Added to a number below 2²², it leaves the nearest whole number in the lowest bits.
        const ROUND: f32 = 12_582_912.0;
        // A NaN is not below, and stays one.
        let x = if self < -87.0 { -87.0 } else { self };
        let shifted = x * std::f32::consts::LOG2_E + ROUND;
        let n = shifted - ROUND;
        let r = (x - n * LN_2[0]) - n * LN_2[1];
        let mut sum = 1.0 / 5040.0;
        for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5] {
            sum = sum * r + coefficient;
        }
        let sum = sum * r * r + r + 1.0;
        let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127);
        sum * f32::from_bits(exponent << 23)
    }

    /// 1 + x, rounded, is 2ⁿ·m with m from √½ to √2; ln m is 2·artanh((m - 1)/(m + 1)), a series short of it by less than
    /// 3e-9; what rounding took from x comes back as its share of 1 + x.
    #[inline(always)]
    fn ln_1p(self) -> f32 {
        const HALF_ROOT: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();
        let whole = 1.0 + self;
        let lost = self - (whole - 1.0);
        let above = whole.to_bits().wrapping_sub(HALF_ROOT);
        let n = (above as i32 >> 23) as f32;
        let m = f32::from_bits((above & 0x007f_ffff).wrapping_add(HALF_ROOT));
        let f = m - 1.0;
        let s = f / (2.0 + f);
        let square = s * s;
        let mut sum = 1.0 / 9.0;
        for coefficient in [1.0 / 7.0, 0.2, 1.0 / 3.0] {
            sum = sum * square + coefficient;
        }
        // 2·s is f - s·f, of which f is exact.
        let less = s * (f - square * 2.0 * sum) - (n * LN_2[1] + lost / whole);
        n * LN_2[0] + (f - less)
    }
}

impl Real for f64 {
    #[inline(always)]
    fn of(number: f64) -> f64 {
        number
    }

    #[inline(always)]
    fn count(number: u32) -> f64 {
        number.into()
    }

    #[inline(always)]
    fn f64(self) -> f64 {
        self
    }

    #[inline(always)]
    fn magnitude(self) -> f64 {
        self.abs()
    }

    #[inline(always)]
    fn floor(self) -> usize {
        self as usize
    }

    #[inline(always)]
    fn exp(self) -> f64 {
        f64::exp(self)
    }

    #[inline(always)]
    fn ln_1p(self) -> f64 {
        f64::ln_1p(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The distance of `found` from `exact` in units of the last place of an f32.
    fn units(found: f32, exact: f64) -> f64 {
        let exponent = ((exact as f32).to_bits() >> 23) as i32 - 150;
        (f64::from(found) - exact).abs() / f64::from(exponent).exp2()
    }

    #[test]
    fn exp_and_ln_1p_are_good_to_two_units() {
        let (mut exp, mut ln_1p) = (0.0f64, 0.0f64);
        for step in 0..2_000_000 {
            let x = -(step as f32) * (87.0 / 2e6);
            exp = exp.max(units(Real::exp(x), f64::from(x).exp()));
            let x = f64::from(step as f32 * (57.0 / 2e6) - 30.0).exp() as f32;
            ln_1p = ln_1p.max(units(Real::ln_1p(x), f64::from(x).ln_1p()));
        }
        assert!(exp <= 2.0 && ln_1p <= 2.0, "{exp} and {ln_1p}");
        assert_eq!([Real::exp(0.0f32), Real::ln_1p(0.0f32)], [1.0, 0.0]);
        assert!(Real::exp(f32::NAN).is_nan());
        let least = Real::exp(f32::NEG_INFINITY);
        assert!(least > 0.0 && least < 2e-38, "{least}");
    }

    #[test]
    fn bf16_is_rounded_as_half_does() {
        let odd = [f32::NAN, -f32::NAN, f32::INFINITY, f32::MAX, f32::MIN, -0.0, 1e-40];
        let many = (0..1_000_000u32).map(|step| f32::from_bits(step.wrapping_mul(2_654_435_761)));
        for number in odd.into_iter().chain(many) {
            let (ours, theirs) = (<bf16 as Stored>::nearest(number), bf16::from_f32(number));
            let equal = ours.to_bits() == theirs.to_bits() || number.is_nan() && ours.is_nan();
            assert!(equal, "{number}: {ours}, not {theirs}");
        }
    }
}
