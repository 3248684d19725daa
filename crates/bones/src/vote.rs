//! The hard vote: a bone covers a pixel where at least `k` of `n` masks say so.

use thiserror::Error;

use crate::bone_set::BoneSet;
use crate::mask::{Mask, MaskBuilder, Run, Size};

/// Why masks can't vote.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum VoteError {
    /// No mask at all.
    #[error("a vote needs at least one mask")]
    NoMasks,
    /// `k` that no count of votes can mean.
    #[error("{k} of {masks} votes can't be asked for; choose 1 … {masks}")]
    Votes {
        /// The votes asked for.
        k: usize,
        /// How many masks there are.
        masks: usize,
    },
    /// Masks of different sizes.
    #[error("mask {index} is {found}, the first is {expected}; masks that vote must have one size")]
    Size {
        /// Which mask, counted from 1.
        index: usize,
        /// The first mask's size.
        expected: Size,
        /// This mask's size.
        found: Size,
    },
}

/// The bones that at least `k` of the masks have, pixel by pixel.
///
/// One sweep over the runs of all masks. The votes for the 29 bones are counted together: bit `b` of the words
/// of the counter is the binary count of bone `b` (bit slicing), so that adding a mask's set is a ripple-carry
/// addition of `log2(n)` word operations.
pub fn hard(masks: &[&Mask], k: usize) -> Result<Mask, VoteError> {
    let (first, others) = masks.split_first().ok_or(VoteError::NoMasks)?;
    if k == 0 || k > masks.len() {
        return Err(VoteError::Votes { k, masks: masks.len() });
    }
    if let Some(index) = others.iter().position(|mask| mask.size() != first.size()) {
        let found = others[index].size();
        return Err(VoteError::Size { index: index + 2, expected: first.size(), found });
    }
    let mut result = MaskBuilder::new(first.size());
    let counter = Counter::new(masks.len(), k);
    let mut rests: Vec<&[Run]> = masks.iter().map(|mask| mask.runs()).collect();
    let mut position = 0;
    while position < first.size().pixels() {
        position = rests.iter().filter_map(|rest| rest.first()).map(|run| run.end).min().unwrap_or(u32::MAX);
        result.fill_to(
            position,
            counter.winners(rests.iter().filter_map(|rest| rest.first()).map(|run| run.set)),
        );
        for rest in &mut rests {
            if let Some((run, after)) = rest.split_first()
                && run.end == position
            {
                *rest = after;
            }
        }
    }
    Ok(result.finish())
}

/// Counts votes for 29 bones at once against a fixed number that wins.
struct Counter {
    /// Binary digits that the sum of a start value and all votes needs, less the top one.
    levels: usize,
    /// What counts begin at: `2^levels − k`, so that the digit `levels` is set exactly from the `k`-th vote on.
    start: [u32; usize::BITS as usize],
}

impl Counter {
    fn new(masks: usize, k: usize) -> Counter {
        // 2^levels ≥ masks ≥ k, so start + votes < 2^(levels + 1): nothing is carried out of the top digit.
        let levels = masks.next_power_of_two().trailing_zeros() as usize;
        let offset = (1usize << levels) - k;
        let mut start = [0; usize::BITS as usize];
        for (level, word) in start.iter_mut().enumerate() {
            *word = if offset >> level & 1 == 1 { u32::MAX } else { 0 };
        }
        Counter { levels, start }
    }

    /// The bones with at least `k` votes.
    #[inline]
    fn winners(&self, votes: impl Iterator<Item = BoneSet>) -> BoneSet {
        let mut digits = self.start;
        for vote in votes {
            let mut carry = vote.bits();
            for digit in &mut digits[..=self.levels] {
                (*digit, carry) = (*digit ^ carry, *digit & carry);
            }
        }
        BoneSet::from_bits_truncate(digits[self.levels])
    }
}
