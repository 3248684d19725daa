//! The source of all chance: xoshiro256++ streams, each keyed by what it decides, so that no draw depends on how
//! many were made before it elsewhere.
//!
//! Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021 (xoshiro256++); Steele, Lea and
//! Flood, "Fast splittable pseudorandom number generators", 2014 (SplitMix64, which seeds it).

use crate::maths;

/// A stream of pseudorandom numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: [u64; 4],
}

/// SplitMix64's output function: a bijection that scatters every bit.
pub(crate) const fn scatter(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Random {
    /// The stream of `seed` for one purpose, such as `[patient, side, "pose"]` as numbers.
    pub(crate) fn keyed(seed: u64, key: &[u64]) -> Random {
        let mut x = scatter(seed);
        for &part in key {
            x = scatter(x ^ scatter(part));
        }
        let mut state = [0; 4];
        for word in &mut state {
            x = scatter(x);
            *word = x;
        }
        Random { state }
    }

    /// 64 fresh bits.
    pub(crate) fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in [low, high).
    pub(crate) fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in 0 … n − 1.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    /// True with probability `p`.
    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Standard normal (Box and Muller), cut at ±2.5 so that no anatomy is absurd.
    pub(crate) fn normal(&mut self) -> f64 {
        loop {
            let radius = (-2.0 * maths::ln(1.0 - self.unit() * 0.999_999_9)).sqrt();
            let value = radius * maths::cos(2.0 * maths::PI * self.unit());
            if value.abs() <= 2.5 {
                return value;
            }
        }
    }

    /// A factor around 1 with standard deviation `spread`.
    pub(crate) fn factor(&mut self, spread: f64) -> f64 {
        1.0 + spread * self.normal()
    }

    /// Brings `items` into random order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_fixed_for_ever_and_differ_by_key() {
        let mut first = Random::keyed(7, &[1, 2]);
        let mut again = Random::keyed(7, &[1, 2]);
        let mut other = Random::keyed(7, &[2, 1]);
        let draws: Vec<u64> = (0..4).map(|_| first.bits()).collect();
        assert_eq!(draws, (0..4).map(|_| again.bits()).collect::<Vec<_>>());
        assert_ne!(draws, (0..4).map(|_| other.bits()).collect::<Vec<_>>());
    }

    #[test]
    fn normal_has_mean_zero_and_nearly_unit_spread() {
        let mut random = Random::keyed(1, &[]);
        let draws: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| x * x).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.03 && (0.85..1.0).contains(&variance), "{mean} {variance}");
    }
}
