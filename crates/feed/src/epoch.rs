//! One pass over all samples.

use bones::Size;
use bones::statistics::SplitMix64;
use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Serialize;
use stage::Failure;

use crate::{Augmentation, Dataset, warp};

/// How to go over a data set once.
#[derive(Clone, Debug)]
pub struct Epoch<'a> {
    /// Seed of the order and of what is drawn.
    pub seed: u64,
    /// Which epoch it is; each has an order of its own.
    pub number: u64,
    /// Samples in a batch, at least 1.
    pub batch: usize,
    /// What becomes of the last batch where the samples do not fill it.
    pub tail: Tail,
    /// How samples are varied.
    pub augmentation: &'a Augmentation,
    /// How many batches are made ahead, at least 1.
    pub ahead: usize,
}

/// What becomes of the last batch of an epoch where the samples do not fill it (PyTorch's `drop_last`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tail {
    /// Left out, where it is not the only one: other samples are in it in every epoch
    #[default]
    Drop,
    /// Filled from the start of the epoch's order; what is seen again is varied anew
    Fill,
    /// Kept as small as it is
    Keep,
}

impl Tail {
    /// How many samples each batch of an epoch over `samples` samples has, in order; none only of no samples.
    pub fn batches(self, samples: usize, batch: usize) -> impl ExactSizeIterator<Item = usize> {
        let batch = batch.max(1);
        let (full, left) = (samples / batch, samples % batch);
        let last = match self {
            Tail::Drop if full > 0 => 0,
            Tail::Fill if left > 0 => batch,
            Tail::Drop | Tail::Fill | Tail::Keep => left,
        };
        (0..full + usize::from(last > 0)).map(move |index| if index < full { batch } else { last })
    }
}

/// Samples that go through a network together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Which samples.
    pub samples: Vec<usize>,
    /// The size of all of them.
    pub size: Size,
    /// Grey values `[samples, height, width]`.
    pub images: Vec<u8>,
    /// The bits of a [`bones::BoneSet`] for each pixel, `[samples, height, width]`.
    pub bones: Vec<i32>,
}

impl Epoch<'_> {
    /// The order in which this epoch goes over `samples` samples: a Fisher–Yates shuffle.
    pub fn order(&self, samples: usize) -> Vec<usize> {
        let mut random = self.random(u64::MAX);
        let mut order: Vec<usize> = (0..samples).collect();
        for last in (1..samples).rev() {
            order.swap(last, random.below(last + 1));
        }
        order
    }

    /// A sequence of this epoch's own for each `index`.
    fn random(&self, index: u64) -> SplitMix64 {
        let mix = |seed: u64, with: u64| SplitMix64::new(seed ^ SplitMix64::new(with).next_u64()).next_u64();
        SplitMix64::new(mix(mix(self.seed, self.number), index))
    }
}

/// A sample's turn in an epoch.
#[derive(Clone, Copy)]
struct Turn {
    sample: usize,
    /// How often the epoch has shown it before.
    again: usize,
}

impl Epoch<'_> {
    /// The turns of each batch.
    fn turns(&self, samples: usize) -> impl Iterator<Item = Vec<Turn>> {
        let order = self.order(samples);
        let mut shown = 0;
        self.tail.batches(samples, self.batch).map(move |count| {
            let places = shown..shown + count;
            shown += count;
            places.map(|place| Turn { sample: order[place % samples], again: place / samples }).collect()
        })
    }
}

impl Dataset {
    /// Goes over the samples once, in the epoch's order and with the tail that it asks for, and hands each batch to `sink` on the calling thread while
    /// rayon's threads make the next ones. The calling thread must not be one of rayon's.
    pub fn epoch(
        &self,
        epoch: &Epoch<'_>,
        sink: impl FnMut(Batch) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let batches = epoch.turns(self.len()).map(Ok);
        shard::ordered::map(batches, epoch.ahead, |turns| self.batch(epoch, &turns), sink)
    }

    fn batch(&self, epoch: &Epoch<'_>, turns: &[Turn]) -> Result<Batch, Failure> {
        let size = self.size();
        let pixels = size.pixels() as usize;
        let mut images = zeros(turns.len() * pixels)?;
        let mut bones = zeros(turns.len() * pixels)?;
        let out = images.chunks_exact_mut(pixels.max(1)).zip(bones.chunks_exact_mut(pixels.max(1)));
        for (turn, (image, bones)) in turns.iter().zip(out) {
            let sample = self.sample(turn.sample)?;
            let labels = bones::resize::nearest_dense(&sample.mask, size);
            let mut random = epoch.random(turn.sample as u64 | (turn.again as u64) << 32);
            let draw = epoch.augmentation.draw([size.width(), size.height()], &mut random);
            warp(size, &draw, sample.image.pixels(), &labels, image, bones);
        }
        let samples = turns.iter().map(|turn| turn.sample).collect();
        Ok(Batch { samples, size, images, bones })
    }
}

/// Memory for a batch; too little of it is a failure, where a vector's own way would end the process.
fn zeros<T: Clone + Default>(count: usize) -> Result<Vec<T>, Failure> {
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| {
        let bytes = count * size_of::<T>();
        Failure::TryAgain(format!(
            "not enough memory for a batch of {bytes} bytes: give a smaller --batch or --size"
        ))
    })?;
    values.resize(count, T::default());
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(tail: Tail, samples: usize, batch: usize) -> Vec<usize> {
        tail.batches(samples, batch).collect()
    }

    #[test]
    fn a_tail_is_dropped_filled_or_kept() {
        for (samples, batch, dropped, filled, kept) in [
            (9, 4, vec![4, 4], vec![4, 4, 4], vec![4, 4, 1]),
            (8, 4, vec![4, 4], vec![4, 4], vec![4, 4]),
            (4, 4, vec![4], vec![4], vec![4]),
            // An epoch never has no steps.
            (3, 4, vec![3], vec![4], vec![3]),
            (1, 4, vec![1], vec![4], vec![1]),
            (2, 1, vec![1, 1], vec![1, 1], vec![1, 1]),
            (0, 4, vec![], vec![], vec![]),
        ] {
            let given = format!("{samples} samples in batches of {batch}");
            assert_eq!(sizes(Tail::Drop, samples, batch), dropped, "{given}, dropped");
            assert_eq!(sizes(Tail::Fill, samples, batch), filled, "{given}, filled");
            assert_eq!(sizes(Tail::Keep, samples, batch), kept, "{given}, kept");
        }
    }

    #[test]
    fn what_fills_a_batch_is_from_the_start_of_the_order() {
        let augmentation = Augmentation::NONE;
        let epoch =
            Epoch { seed: 1, number: 2, batch: 5, tail: Tail::Fill, augmentation: &augmentation, ahead: 1 };
        let turns: Vec<(usize, usize)> =
            epoch.turns(2).flatten().map(|turn| (turn.sample, turn.again)).collect();
        let [one, two] = epoch.order(2)[..] else { panic!("an order of two") };
        assert_eq!(turns, [(one, 0), (two, 0), (one, 1), (two, 1), (one, 2)]);
    }
}
