//! Elementary functions that give the same bits on every machine.
//!
//! The system's `sin`, `exp` and `ln` differ between C libraries in the last bit, and one such bit may move a pixel.
//! These use `+ − × ÷`, `floor` and bit patterns only, which IEEE 754 defines exactly. Relative error below 1e-12,
//! ample for millimetres.

/// π as an `f64`.
pub(crate) const PI: f64 = std::f64::consts::PI;

/// Sine of an angle in radians.
pub(crate) fn sin(x: f64) -> f64 {
    let turns = (x / PI + 0.5).floor();
    let r = x - turns * PI;
    let r2 = r * r;
    // Taylor's series; |r| ≤ π/2 leaves a remainder below 1e-13.
    let mut sum = 1.0;
    for k in (1..=9).rev() {
        let k = f64::from(2 * k);
        sum = 1.0 - sum * r2 / (k * (k + 1.0));
    }
    if (turns / 2.0).floor() * 2.0 == turns { r * sum } else { -r * sum }
}

/// Cosine of an angle in radians.
pub(crate) fn cos(x: f64) -> f64 {
    sin(x + PI / 2.0)
}

/// e to the power `x`; 0 far below, and never more than e^700.
pub(crate) fn exp(x: f64) -> f64 {
    if x < -700.0 {
        return 0.0;
    }
    let x = x.min(700.0);
    let k = (x / std::f64::consts::LN_2 + 0.5).floor();
    let r = x - k * std::f64::consts::LN_2;
    let mut sum = 1.0;
    for n in (1..=12).rev() {
        sum = 1.0 + sum * r / f64::from(n);
    }
    sum * f64::from_bits(((k as i64 + 1023) as u64) << 52)
}

/// Natural logarithm of a positive, normal number.
pub(crate) fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | (1023 << 52));
    let (m, exponent) = if m > std::f64::consts::SQRT_2 { (m / 2.0, exponent + 1) } else { (m, exponent) };
    // ln m = 2 artanh((m − 1)/(m + 1)), |z| ≤ 0.172
    let z = (m - 1.0) / (m + 1.0);
    let z2 = z * z;
    let mut sum = 0.0;
    for k in (0..10).rev() {
        sum = sum * z2 + 1.0 / f64::from(2 * k + 1);
    }
    2.0 * z * sum + exponent as f64 * std::f64::consts::LN_2
}

/// `x` to the power `y` for `x ≥ 0`.
pub(crate) fn pow(x: f64, y: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { exp(y * ln(x)) }
}

/// Degrees as radians.
pub(crate) fn radians(degrees: f64) -> f64 {
    degrees * PI / 180.0
}

/// 0 up to `from`, 1 from `to` on, and a smooth cubic between them.
pub(crate) fn smoothstep(from: f64, to: f64, x: f64) -> f64 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The bell e^(−x²).
pub(crate) fn bell(x: f64) -> f64 {
    exp(-x * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agree_with_the_standard_library() {
        for i in -400..=400 {
            let x = f64::from(i) * 0.037;
            assert!((sin(x) - x.sin()).abs() < 1e-11, "sin {x}");
            assert!((cos(x) - x.cos()).abs() < 1e-11, "cos {x}");
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-12, "exp {x}");
            let positive = x.exp();
            assert!((ln(positive) - x).abs() < 1e-11, "ln {positive}");
        }
        assert!((pow(2.0, 0.5) - std::f64::consts::SQRT_2).abs() < 1e-12);
        assert_eq!(pow(0.0, 0.5), 0.0);
    }
}
