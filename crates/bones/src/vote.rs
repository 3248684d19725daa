//! The hard vote (majority voting): a bone covers a pixel where at least `k` of the masks that have an opinion on it
//! say so.

use thiserror::Error;

use crate::bone::{Bone, COUNT};
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
pub fn hard(masks: &[&Mask], k: usize) -> Result<Mask, VoteError> {
    if !masks.is_empty() && !(1..=masks.len()).contains(&k) {
        return Err(VoteError::Votes { k, masks: masks.len() });
    }
    let voters: Vec<Voter<'_>> = masks.iter().map(|mask| Voter { mask, opinion: BoneSet::ALL }).collect();
    elect(&voters, Needed::AtLeast(k))
}

/// A mask with the bones on which it has an opinion. Of those, no pixel is an opinion too; of the others it has none.
#[derive(Clone, Copy, Debug)]
pub struct Voter<'a> {
    /// Where the bones are.
    pub mask: &'a Mask,
    /// The bones that it votes on.
    pub opinion: BoneSet,
}

/// How many of the voters that have an opinion on a bone must say that it is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Needed {
    /// More than half of them.
    Majority,
    /// So many of them; all where fewer have an opinion.
    AtLeast(usize),
}

impl Needed {
    /// The votes that a bone needs on which `voters` have an opinion.
    fn of(self, voters: usize) -> usize {
        let votes = match self {
            Needed::Majority => voters / 2 + 1,
            Needed::AtLeast(k) => k,
        };
        votes.min(voters).max(1)
    }
}

/// The bones that enough of the voters have, pixel by pixel; none where nobody has an opinion on it.
///
/// One sweep over the runs of all masks. The votes for the 29 bones are counted together: bit `b` of the words
/// of the counter is the binary count of bone `b` (bit slicing), so that adding a mask's set is a ripple-carry
/// addition of `log2(n)` steps.
pub fn elect(voters: &[Voter<'_>], needed: Needed) -> Result<Mask, VoteError> {
    let (first, others) = voters.split_first().ok_or(VoteError::NoMasks)?;
    let size = first.mask.size();
    if let Some(index) = others.iter().position(|voter| voter.mask.size() != size) {
        let found = others[index].mask.size();
        return Err(VoteError::Size { index: index + 2, expected: size, found });
    }
    // Only masks without pixels have no runs.
    let Some(cursors) = voters.iter().map(Cursor::new).collect::<Option<Vec<_>>>() else {
        return Ok(Mask::empty(size));
    };
    let needed =
        Bone::ALL.map(|bone| needed.of(voters.iter().filter(|voter| voter.opinion.contains(bone)).count()));
    // The usual numbers of masks as arrays, so that the loops over them unroll: half the time of the general case.
    Ok(match *cursors {
        [a] => sweep::<1>([a], size, &needed),
        [a, b] => sweep::<2>([a, b], size, &needed),
        [a, b, c] => sweep::<3>([a, b, c], size, &needed),
        [a, b, c, d] => sweep::<3>([a, b, c, d], size, &needed),
        [a, b, c, d, e] => sweep::<4>([a, b, c, d, e], size, &needed),
        _ if cursors.len() <= 16 => sweep::<5>(cursors, size, &needed),
        _ => sweep::<{ usize::BITS as usize }>(cursors, size, &needed),
    })
}

/// Where the sweep stands in one mask.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    runs: &'a [Run],
    at: usize,
    run: Run,
    opinion: BoneSet,
}

impl<'a> Cursor<'a> {
    fn new(voter: &Voter<'a>) -> Option<Cursor<'a>> {
        let runs = voter.mask.runs();
        Some(Cursor { runs, at: 0, run: *runs.first()?, opinion: voter.opinion })
    }

    /// The bones that get its vote where it stands.
    #[inline]
    fn vote(&self) -> BoneSet {
        self.run.set & self.opinion
    }
}

/// The vote of masks of one size, at most `2^(DIGITS - 1)` of them.
fn sweep<'a, const DIGITS: usize>(
    mut cursors: impl AsMut<[Cursor<'a>]>,
    size: Size,
    needed: &[usize; COUNT],
) -> Mask {
    let cursors = cursors.as_mut();
    let counter = Counter::<DIGITS>::new(needed);
    let mut result = MaskBuilder::new(size);
    let mut set = BoneSet::EMPTY;
    let mut position = 0;
    while position < size.pixels() {
        let winners = counter.winners(cursors.iter().map(Cursor::vote));
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

/// Counts votes for 29 bones at once, each against the number that wins.
struct Counter<const DIGITS: usize> {
    /// What counts begin at: `2^(DIGITS - 1)` − the votes needed, so that the top digit is set exactly from the last
    /// of them on.
    start: [u32; DIGITS],
}

impl<const DIGITS: usize> Counter<DIGITS> {
    fn new(needed: &[usize; COUNT]) -> Counter<DIGITS> {
        let mut start = [0; DIGITS];
        for (bone, &votes) in needed.iter().enumerate() {
            let offset = (1usize << (DIGITS - 1)) - votes;
            for (digit, bits) in start.iter_mut().enumerate() {
                *bits |= ((offset >> digit & 1) as u32) << bone;
            }
        }
        Counter { start }
    }

    /// The bones with the votes that they need.
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
