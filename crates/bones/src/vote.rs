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
/// addition of `log2(n)` steps.
pub fn hard(masks: &[&Mask], k: usize) -> Result<Mask, VoteError> {
    let (first, others) = masks.split_first().ok_or(VoteError::NoMasks)?;
    if k == 0 || k > masks.len() {
        return Err(VoteError::Votes { k, masks: masks.len() });
    }
    if let Some(index) = others.iter().position(|mask| mask.size() != first.size()) {
        let found = others[index].size();
        return Err(VoteError::Size { index: index + 2, expected: first.size(), found });
    }
    // Only masks without pixels have no runs.
    let Some(cursors) = masks.iter().map(|mask| Cursor::new(mask.runs())).collect::<Option<Vec<_>>>() else {
        return Ok(Mask::empty(first.size()));
    };
    let size = first.size();
    // The usual numbers of masks as arrays, so that the loops over them unroll: half the time of the general case.
    Ok(match *cursors {
        [a] => sweep::<1>([a], size, k),
        [a, b] => sweep::<2>([a, b], size, k),
        [a, b, c] => sweep::<3>([a, b, c], size, k),
        [a, b, c, d] => sweep::<3>([a, b, c, d], size, k),
        [a, b, c, d, e] => sweep::<4>([a, b, c, d, e], size, k),
        _ if cursors.len() <= 16 => sweep::<5>(cursors, size, k),
        _ => sweep::<{ usize::BITS as usize }>(cursors, size, k),
    })
}

/// Where the sweep stands in one mask.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    runs: &'a [Run],
    at: usize,
    run: Run,
}

impl<'a> Cursor<'a> {
    fn new(runs: &'a [Run]) -> Option<Cursor<'a>> {
        Some(Cursor { runs, at: 0, run: *runs.first()? })
    }
}

/// The vote of masks of one size, at most `2^(DIGITS - 1)` of them.
fn sweep<'a, const DIGITS: usize>(mut cursors: impl AsMut<[Cursor<'a>]>, size: Size, k: usize) -> Mask {
    let cursors = cursors.as_mut();
    let counter = Counter::<DIGITS>::new(k);
    let mut result = MaskBuilder::new(size);
    let mut set = BoneSet::EMPTY;
    let mut position = 0;
    while position < size.pixels() {
        let winners = counter.winners(cursors.iter().map(|cursor| cursor.run.set));
        if winners != set {
            result.fill_to(position, set);
            set = winners;
        }
        position = cursors.iter().fold(u32::MAX, |end, cursor| end.min(cursor.run.end));
        // Without branches: which masks change where is nothing that a processor could predict.
        for cursor in &mut *cursors {
            cursor.at = (cursor.at + usize::from(cursor.run.end == position)).min(cursor.runs.len() - 1);
            cursor.run = cursor.runs[cursor.at];
        }
    }
    result.fill_to(position, set);
    result.finish()
}

/// Counts votes for 29 bones at once against a fixed number that wins.
struct Counter<const DIGITS: usize> {
    /// What counts begin at: `2^(DIGITS - 1) − k`, so that the top digit is set exactly from the `k`-th vote on.
    start: [u32; DIGITS],
}

impl<const DIGITS: usize> Counter<DIGITS> {
    fn new(k: usize) -> Counter<DIGITS> {
        let offset = (1usize << (DIGITS - 1)) - k;
        Counter { start: std::array::from_fn(|digit| if offset >> digit & 1 == 1 { u32::MAX } else { 0 }) }
    }

    /// The bones with at least `k` votes.
    #[inline]
    fn winners(&self, votes: impl Iterator<Item = BoneSet>) -> BoneSet {
        let mut digits = self.start;
        for vote in votes {
            let mut carry = vote.bits();
            for digit in &mut digits {
                (*digit, carry) = (*digit ^ carry, *digit & carry);
            }
        }
        BoneSet::from_bits_truncate(digits[DIGITS - 1])
    }
}
