//! One pass over all samples.

use bones::Size;
use bones::statistics::SplitMix64;
use stage::Failure;

use crate::{Augmentation, Dataset, warp};

/// How to go over a data set once.
#[derive(Clone, Debug)]
pub struct Epoch<'a> {
    /// Seed of the order and of what is drawn.
    pub seed: u64,
    /// Which epoch it is; each has an order of its own.
    pub number: u64,
    /// Samples in a batch, at least 1; the last batch has what is left over.
    pub batch: usize,
    /// How samples are varied.
    pub augmentation: &'a Augmentation,
    /// How many batches are made ahead, at least 1.
    pub ahead: usize,
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

impl Dataset {
    /// Goes over all samples once, in the epoch's order, and hands each batch to `sink` on the calling thread while
    /// rayon's threads make the next ones. The calling thread must not be one of rayon's.
    pub fn epoch(
        &self,
        epoch: &Epoch<'_>,
        sink: impl FnMut(Batch) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let order = epoch.order(self.len());
        let batches = order.chunks(epoch.batch.max(1)).map(|samples| Ok(samples.to_vec()));
        shard::ordered::map(batches, epoch.ahead, |samples| self.batch(epoch, samples), sink)
    }

    fn batch(&self, epoch: &Epoch<'_>, samples: Vec<usize>) -> Result<Batch, Failure> {
        let size = self.size();
        let pixels = size.pixels() as usize;
        let mut images = vec![0; samples.len() * pixels];
        let mut bones = vec![0; samples.len() * pixels];
        let out = images.chunks_exact_mut(pixels.max(1)).zip(bones.chunks_exact_mut(pixels.max(1)));
        for (&index, (image, bones)) in samples.iter().zip(out) {
            let sample = self.sample(index)?;
            let labels = bones::resize::nearest_dense(&sample.mask, size);
            let mut random = epoch.random(index as u64);
            let draw = epoch.augmentation.draw([size.width(), size.height()], &mut random);
            warp(size, &draw, sample.image.pixels(), &labels, image, bones);
        }
        Ok(Batch { samples, size, images, bones })
    }
}
