//! Draws: random numbers that depend on a seed and a key alone.
//!
//! libtorch's generator is one for the whole process, so that a draw from it depends on every other thread and on
//! all earlier draws. Initial weights come from here instead: the same on every run, device and libtorch.

/// An endless stream of draws: splitmix64 (Steele, Lea, Flood 2014), which passes BigCrush.
#[derive(Debug)]
pub(crate) struct Draws(u64);

impl Draws {
    /// The stream of `key` under `seed`.
    pub(crate) fn new(seed: i64, key: &str) -> Self {
        let mut draws = Self(seed as u64);
        for byte in key.bytes() {
            draws.0 = draws.bits() ^ u64::from(byte);
        }
        Self(draws.bits())
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    /// Uniform in (0, 1], in steps of 2⁻⁵³.
    fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// `count` draws, uniform on ±`bound`.
    pub(crate) fn uniform(mut self, bound: f64, count: usize) -> Vec<f32> {
        (0..count).map(|_| (bound * (2.0 * self.unit() - 1.0)) as f32).collect()
    }

    /// `count` Gaussian draws with mean 0, by Box and Muller's transformation.
    pub(crate) fn normal(mut self, std: f64, count: usize) -> Vec<f32> {
        let mut numbers = Vec::with_capacity(count + 1);
        while numbers.len() < count {
            let radius = std * (-2.0 * self.unit().ln()).sqrt();
            let (sin, cos) = (std::f64::consts::TAU * self.unit()).sin_cos();
            numbers.extend([(radius * cos) as f32, (radius * sin) as f32]);
        }
        numbers.truncate(count);
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(numbers: &[f32]) -> [f64; 3] {
        let count = numbers.len() as f64;
        let moment = |power: i32| numbers.iter().map(|&x| f64::from(x).powi(power)).sum::<f64>() / count;
        [moment(1), moment(2), moment(4)]
    }

    #[test]
    fn draws_have_the_moments_of_their_distributions() {
        let [mean, square, fourth] = moments(&Draws::new(1, "a").normal(2.0, 200_001));
        assert!(mean.abs() < 0.02 && (square - 4.0).abs() < 0.06 && (fourth - 48.0).abs() < 2.5);
        let [mean, square, fourth] = moments(&Draws::new(1, "a").uniform(3.0, 200_000));
        assert!(mean.abs() < 0.02 && (square - 3.0).abs() < 0.03 && (fourth - 81.0 / 5.0).abs() < 0.3);
    }

    #[test]
    fn seed_and_key_decide_and_nothing_else() {
        let draw = |seed, key| Draws::new(seed, key).uniform(1.0, 3);
        assert_eq!(draw(1, "a.b"), draw(1, "a.b"));
        assert_ne!(draw(1, "a.b"), draw(2, "a.b"));
        assert_ne!(draw(1, "a.b"), draw(1, "b.a"));
    }
}
