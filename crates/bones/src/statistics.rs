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

/// The mean of all values of all `groups`, with its interval: [`bootstrap_of_classes`] for one class.
pub fn bootstrap(groups: &[Vec<f64>], resamples: usize, seed: u64) -> Interval {
    let groups: Vec<Vec<[Option<f64>; 1]>> =
        groups.iter().map(|group| group.iter().map(|&value| [Some(value)]).collect()).collect();
    bootstrap_of_classes(&groups, resamples, seed)
}

/// The mean over classes of the mean of a class's values in all `groups`, with its 95 % percentile bootstrap interval
/// over groups. A class without values takes no part.
///
/// A group holds what was measured on one patient (for each image a value for each class), because images of one
/// patient are not independent: a cluster bootstrap. Each of `resamples` draws takes as many groups as there are,
/// with replacement, and the same mean of their values; the interval goes from the 2.5th to the 97.5th percentile of
/// those means (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, § 13.3), interpolated linearly as
/// `numpy.percentile` does. Groups without values take no part. With one group or no resamples the interval is
/// the mean itself; without any value all three numbers are NaN.
pub fn bootstrap_of_classes<const CLASSES: usize>(
    groups: &[Vec<[Option<f64>; CLASSES]>],
    resamples: usize,
    seed: u64,
) -> Interval {
    let groups: Vec<Sums<CLASSES>> =
        groups.iter().map(|group| Sums::of(group)).filter(|sums| sums.counts != [0; CLASSES]).collect();
    let mut whole = Sums::EMPTY;
    groups.iter().for_each(|group| whole.add(group));
    let mean = whole.mean();
    if groups.len() < 2 || resamples == 0 {
        return Interval { mean, low: mean, high: mean };
    }
    let mut random = SplitMix64::new(seed);
    let mut draw = || {
        let mut drawn = Sums::EMPTY;
        (0..groups.len()).for_each(|_| drawn.add(&groups[random.below(groups.len())]));
        drawn.mean()
    };
    let mut means: Vec<f64> = (0..resamples).map(|_| draw()).collect();
    means.sort_unstable_by(f64::total_cmp);
    let at = |share| percentile(&means, share).expect("there is at least one resample");
    Interval { mean, low: at(0.025), high: at(0.975) }
}

/// Sum and number of the values of each class.
#[derive(Clone, Copy)]
struct Sums<const CLASSES: usize> {
    sums: [f64; CLASSES],
    counts: [usize; CLASSES],
}

impl<const CLASSES: usize> Sums<CLASSES> {
    const EMPTY: Sums<CLASSES> = Sums { sums: [0.0; CLASSES], counts: [0; CLASSES] };

    fn of(group: &[[Option<f64>; CLASSES]]) -> Sums<CLASSES> {
        let mut sums = Sums::EMPTY;
        for values in group {
            for (class, value) in values.iter().enumerate() {
                sums.sums[class] += value.unwrap_or(0.0);
                sums.counts[class] += usize::from(value.is_some());
            }
        }
        sums
    }

    fn add(&mut self, other: &Sums<CLASSES>) {
        for class in 0..CLASSES {
            self.sums[class] += other.sums[class];
            self.counts[class] += other.counts[class];
        }
    }

    /// The mean over classes of their means; NaN where no class has a value.
    fn mean(&self) -> f64 {
        let means = self.sums.iter().zip(&self.counts).filter(|&(_, &count)| count > 0);
        let (sum, classes) =
            means.fold((0.0, 0), |(all, classes), (sum, &count)| (all + sum / count as f64, classes + 1));
        sum / f64::from(classes)
    }
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
