//! Random numbers of a draw: a sequence of its own for each transform.

use bones::statistics::SplitMix64;

/// The sequence of one transform, which depends on nothing but its key.
#[derive(Clone, Debug)]
pub(super) struct Random {
    key: u64,
    sequence: SplitMix64,
}

impl Random {
    /// The sequence of `key`.
    pub(super) fn new(key: u64) -> Random {
        Random { key, sequence: SplitMix64::new(key) }
    }

    /// The sequence of the transform number `index` inside: it depends on this one's key and on `index`, not on what was
    /// drawn before.
    pub(super) fn inside(&self, index: usize) -> Random {
        // Two rounds: the keys of neighbours must not be steps of one sequence.
        let place = SplitMix64::new(index as u64).next_u64();
        Random::new(SplitMix64::new(self.key ^ place).next_u64())
    }

    /// A key for random numbers that are drawn later, as those of noise.
    pub(super) fn key(&mut self) -> u64 {
        self.sequence.next_u64()
    }

    /// A number from 0 to below 1, of 53 random bits.
    pub(super) fn unit(&mut self) -> f64 {
        (self.sequence.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform from `low` to `high`.
    pub(super) fn within(&mut self, [low, high]: [f64; 2]) -> f64 {
        (low + (high - low) * self.unit()).clamp(low, high.max(low))
    }

    /// A whole number from `low` to `high`, both included.
    pub(super) fn whole(&mut self, [low, high]: [u32; 2]) -> u32 {
        let choices = u64::from(high.saturating_sub(low)) + 1;
        low + self.sequence.below(choices as usize) as u32
    }

    /// An odd number from `low` to `high`, of which both are odd.
    pub(super) fn odd(&mut self, [low, high]: [u32; 2]) -> u32 {
        low + 2 * self.whole([0, high.saturating_sub(low) / 2])
    }

    /// Whether something of this probability happens: never at 0, always at 1.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Nearly normal of mean 0 and standard deviation 1, never beyond ±3: the sum of twelve uniform numbers less 6, plain
    /// arithmetic that is the same on every machine.
    pub(super) fn normal(&mut self) -> f64 {
        ((0..12).map(|_| self.unit()).sum::<f64>() - 6.0).clamp(-3.0, 3.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_numbers_are_normal() {
        let mut random = Random::new(7);
        let drawn: Vec<f64> = (0..40_000).map(|_| random.normal()).collect();
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / drawn.len() as f64;
        assert!(mean.abs() < 0.02 && (variance - 0.98).abs() < 0.03, "{mean}, {variance}");
    }

    #[test]
    fn whole_and_odd_numbers_reach_both_ends() {
        let mut random = Random::new(1);
        let whole: std::collections::BTreeSet<u32> = (0..200).map(|_| random.whole([2, 5])).collect();
        assert_eq!(whole.into_iter().collect::<Vec<_>>(), [2, 3, 4, 5]);
        let odd: std::collections::BTreeSet<u32> = (0..200).map(|_| random.odd([3, 7])).collect();
        assert_eq!(odd.into_iter().collect::<Vec<_>>(), [3, 5, 7]);
        assert_eq!([random.whole([4, 4]), random.odd([3, 3])], [4, 3]);
    }

    #[test]
    fn what_is_inside_has_other_keys() {
        let outer = Random::new(0);
        let mut keys: Vec<u64> = (0..1000).map(|index| outer.inside(index).key).collect();
        keys.extend((1..1000).map(|key| Random::new(key).inside(0).key));
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 1999);
    }
}
