//! The sigmoid, and what a threshold on probabilities means for logits.

use std::cmp::Ordering;

/// The logistic function in single precision, `1 / (1 + exp(-x))` rounded at each step as PyTorch does. It never
/// decreases.
#[inline]
pub(super) fn sigmoid(logit: f32) -> f32 {
    let exponential = f64::from(-logit).exp() as f32;
    1.0 / (1.0 + exponential)
}

/// What a threshold means for logits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Limits {
    /// Logits up to this one are below the threshold whatever is rounded on the way.
    pub(super) outside: f32,
    /// The greatest logit whose sigmoid does not exceed the threshold.
    pub(super) exact: f32,
    /// Logits greater than this one exceed the threshold whatever is rounded on the way.
    pub(super) inside: f32,
}

impl Limits {
    /// The limits of a `threshold` strictly between 0 and 1.
    pub(super) fn new(threshold: f32) -> Limits {
        // Interpolation moves a logit x by less than 8 · 2⁻²⁴ · |x|, so a probability p by less than 1e-4 · p · (1 − p)
        // (|x| ≤ 104 where p is not 0 or 1). The weighted mean of 16 models is off by less than 4e-6 · p.
        let p = f64::from(threshold);
        let margin = 1e-4 * p * (1.0 - p) + 4e-6 * p;
        Limits {
            outside: greatest_up_to(p - margin),
            exact: greatest_up_to(p),
            inside: if p + margin < 1.0 { greatest_up_to(p + margin) } else { f32::INFINITY },
        }
    }
}

/// The greatest logit whose sigmoid is at most `probability`, which is ≥ 0 and < 1.
fn greatest_up_to(probability: f64) -> f32 {
    // Bisection over the floats in their order; sigmoid(-128) is 0 and sigmoid(128) is 1.
    let (mut low, mut high) = (key(-128.0), key(128.0));
    while low + 1 < high {
        let middle = low.midpoint(high);
        match f64::from(sigmoid(from_key(middle))).partial_cmp(&probability) {
            Some(Ordering::Greater) => high = middle,
            _ => low = middle,
        }
    }
    from_key(low)
}

/// An integer that orders floats as their values do, −0 just below +0.
fn key(x: f32) -> i32 {
    let bits = x.to_bits() as i32;
    bits ^ (bits >> 31 & i32::MAX)
}

/// The float of a [`key`].
fn from_key(key: i32) -> f32 {
    f32::from_bits((key ^ (key >> 31 & i32::MAX)) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_limit_parts_logits_by_their_sigmoid() {
        for threshold in [1e-40, 1e-30, 1e-6, 0.1, 0.3, 0.5, 0.7, 0.999, 0.999_999, 1.0 - f32::EPSILON / 2.0]
        {
            let Limits { outside, exact, inside } = Limits::new(threshold);
            assert!(sigmoid(exact) <= threshold, "{threshold}");
            assert!(sigmoid(from_key(key(exact) + 1)) > threshold, "{threshold}");
            assert!(outside <= exact && exact <= inside, "{threshold}");
        }
    }

    #[test]
    fn half_is_not_passed_by_logits_that_round_to_it() {
        let Limits { exact, .. } = Limits::new(0.5);
        assert!(exact > 0.0 && exact < 1.2e-7, "{exact}");
    }
}
