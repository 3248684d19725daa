//! Training input: records of a shard → augmented batches at the network's size.

use bones::Size;
use feed::{Augmentation, Batch, Dataset, Epoch, Labels, Source, Tail};
use pixels::{Filter, Resized};
use stage::Failure;

use super::{Outcome, Work};
use crate::Result;
use crate::inputs::Inputs;

/// Samples in a batch.
const BATCH: usize = 8;

/// An epoch over a shard of which nothing is kept in memory: each sample is read, decompressed, warped as the
/// default augmentation draws it, and put into its batch.
pub(crate) fn training_input(inputs: &Inputs) -> Result<Work> {
    let form = Resized { size: 512, filter: Filter::Linear };
    let source = Source::from(inputs.training().as_path());
    let refuse = |file: &str, record: &str, reason: stage::Reason| {
        Err(Failure::Internal(format!("{file}: {record}: {reason}")))
    };
    let keep = 0;
    let data = Dataset::open(&[source], form, Labels::Network, keep, 2, refuse)
        .map_err(|error| format!("training shard: {error:?}"))?;
    let images = data.len();
    Ok(Work::new(vec![data], |data| Epoched(epoch(data))).of_images(images))
}

/// The pixels of an epoch's batches.
fn epoch(data: &Dataset) -> std::result::Result<u64, Failure> {
    let augmentation = Augmentation::default();
    let epoch =
        Epoch { seed: 1, number: 1, batch: BATCH, tail: Tail::Keep, augmentation: &augmentation, ahead: 2 };
    let mut pixels = 0;
    data.epoch(&epoch, |batch: Batch| {
        let size: Size = batch.size;
        pixels += batch.samples.len() as u64 * u64::from(size.pixels());
        std::hint::black_box(&batch.bones);
        Ok(())
    })?;
    Ok(pixels)
}

struct Epoched(std::result::Result<u64, Failure>);

impl Outcome for Epoched {
    /// Both sides draw at random, so that only the number of pixels can agree.
    fn check(&self) -> Vec<f64> {
        self.0.as_ref().map(|&pixels| vec![pixels as f64]).unwrap_or_default()
    }
}
