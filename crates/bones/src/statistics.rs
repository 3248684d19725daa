//! Statistics of scores: the mean with its bootstrap interval over patients.

/// A mean and its 95 % interval.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Interval {
    /// The mean of all values.
    pub mean: f64,
    /// The 2.5th percentile of the resampled means.
    pub low: f64,
    /// The 97.5th percentile of the resampled means.
    pub high: f64,
}

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014).
///
/// Written out here so that intervals are the same on every machine and with every version of every library.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> SplitMix64 {
        SplitMix64(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number from 0 to `bound − 1`: the high word of the product with the next 64 bits, whose bias is below
    /// `bound / 2^64`. Zero where `bound` is.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next_u64()) * bound as u128) >> 64) as usize
    }
}

/// The mean of all values of all `groups`, with its 95 % percentile bootstrap interval over groups.
///
/// A group holds the values of one patient (of all their images), because images of one patient are not
/// independent: a cluster bootstrap. Each of `resamples` draws takes as many groups as there are, with
/// replacement, and the mean of all their values; the interval goes from the 2.5th to the 97.5th percentile of
/// those means (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, § 13.3), interpolated linearly as
/// `numpy.percentile` does. Groups without values take no part. With one group or no resamples the interval is
/// the mean itself; without any value all three numbers are NaN.
pub fn bootstrap(groups: &[Vec<f64>], resamples: usize, seed: u64) -> Interval {
    let sums: Vec<(f64, usize)> = groups
        .iter()
        .filter(|group| !group.is_empty())
        .map(|group| (group.iter().sum(), group.len()))
        .collect();
    let mean_of = |(sum, count): (f64, usize)| sum / count as f64;
    let add = |(sum, count): (f64, usize), (more, n): (f64, usize)| (sum + more, count + n);
    let mean = mean_of(sums.iter().copied().fold((0.0, 0), add));
    if sums.len() < 2 || resamples == 0 {
        return Interval { mean, low: mean, high: mean };
    }
    let mut random = SplitMix64::new(seed);
    let mut means: Vec<f64> = (0..resamples)
        .map(|_| mean_of((0..sums.len()).map(|_| sums[random.below(sums.len())]).fold((0.0, 0), add)))
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    let at = |share| percentile(&means, share).unwrap_or(mean);
    Interval { mean, low: at(0.025), high: at(0.975) }
}

/// The value below which a `share` (0 … 1) of the `sorted` values lie, interpolated linearly between the two
/// nearest ranks: the default method of `numpy.percentile`. `None` for no values.
pub fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let rank = share.clamp(0.0, 1.0) * last as f64;
    let below = rank.floor();
    let (low, high) = (sorted[below as usize], sorted[(below as usize + 1).min(last)]);
    Some(low + (high - low) * (rank - below))
}
