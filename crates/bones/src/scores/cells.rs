//! Sorting cells: which are inside, which outside, and which straddle the threshold.
//!
//! Rows of logits become rows of bits, 64 to a word, and all further steps are word operations.

use std::ops::{Range, RangeInclusive};

use half::f16;

use super::sigmoid::Limits;
use super::{Logits, Values};
use crate::bone::{Bone, COUNT};

/// A number format of logits, compared through integers that order floats as their values do: integer minima
/// and maxima vectorise everywhere, and infinities and NaN lie beyond all finite numbers.
trait Score: Copy {
    type Key: Copy + Ord;

    /// The keys of the finite numbers.
    const FINITE: RangeInclusive<Self::Key>;

    fn key(self) -> Self::Key;

    /// The key of the greatest number of this format that is not greater than `limit`.
    fn floor(limit: f32) -> Self::Key;
}

impl Score for f16 {
    type Key = i16;

    const FINITE: RangeInclusive<i16> = -0x7c00..=0x7bff;

    #[inline]
    fn key(self) -> i16 {
        let bits = self.to_bits() as i16;
        bits ^ (bits >> 15 & i16::MAX)
    }

    fn floor(limit: f32) -> i16 {
        let nearest = f16::from_f32(limit);
        nearest.key() - i16::from(nearest.to_f32() > limit)
    }
}

impl Score for f32 {
    type Key = i32;

    const FINITE: RangeInclusive<i32> = -0x7f80_0000..=0x7f7f_ffff;

    #[inline]
    fn key(self) -> i32 {
        let bits = self.to_bits() as i32;
        bits ^ (bits >> 31 & i32::MAX)
    }

    fn floor(limit: f32) -> i32 {
        limit.key()
    }
}

/// One row of a model's 29 maps as bits.
#[derive(Debug)]
pub(super) struct Row {
    /// Which row it is.
    y: Option<usize>,
    /// Words for one map.
    words: usize,
    /// Bit x of a map: the logit is not clearly below the threshold.
    over: Vec<u64>,
    /// Bit x of a map: the logit is clearly above the threshold.
    inside: Vec<u64>,
    /// Whether any bit of a map is set in `over`.
    any: [bool; COUNT],
}

/// A logit that is no finite number: its bone, column and row.
pub(super) struct NotFinite(pub(super) Bone, pub(super) usize, pub(super) usize);

impl Row {
    /// No row yet, of maps `width` pixels wide.
    pub(super) fn new(width: usize) -> Row {
        let words = width.div_ceil(64);
        Row {
            y: None,
            words,
            over: vec![0; COUNT * words],
            inside: vec![0; COUNT * words],
            any: [false; COUNT],
        }
    }

    /// Whether this is row `y`.
    pub(super) fn is(&self, y: usize) -> bool {
        self.y == Some(y)
    }

    /// Becomes row `y` of `logits`.
    pub(super) fn load(
        &mut self,
        logits: &Logits<'_>,
        y: usize,
        limits: &[Limits; COUNT],
    ) -> Result<(), NotFinite> {
        self.y = None;
        for bone in Bone::ALL {
            let words = self.map(bone);
            let (over, inside) = (&mut self.over[words.clone()], &mut self.inside[words]);
            let row = logits.row(bone, y);
            let limits = &limits[bone.index()];
            let sorted = match logits.values {
                Values::F16(values) => sort(&values[row], limits, over, inside),
                Values::F32(values) => sort(&values[row], limits, over, inside),
            };
            self.any[bone.index()] = sorted.map_err(|x| NotFinite(bone, x, y))?;
        }
        self.y = Some(y);
        Ok(())
    }

    fn map(&self, bone: Bone) -> Range<usize> {
        bone.index() * self.words..(bone.index() + 1) * self.words
    }
}

/// Sets the bits of one row, and says whether any is set in `over`; fails with the column of a logit that is not
/// finite.
fn sort<S: Score>(
    values: &[S],
    limits: &Limits,
    over: &mut [u64],
    inside: &mut [u64],
) -> Result<bool, usize> {
    let (floor, ceiling) = (S::floor(limits.outside), S::floor(limits.inside));
    let mut any = false;
    for (index, chunk) in values.chunks(64).enumerate() {
        let first = chunk[0].key();
        let (low, high) = chunk
            .iter()
            .fold((first, first), |(low, high), value| (low.min(value.key()), high.max(value.key())));
        if !S::FINITE.contains(&low) || !S::FINITE.contains(&high) {
            let bad = chunk.iter().position(|value| !S::FINITE.contains(&value.key()));
            return Err(index * 64 + bad.unwrap_or(0));
        }
        let all = u64::MAX >> (64 - chunk.len());
        let bits_above = |limit: S::Key| {
            if high <= limit {
                return 0;
            }
            if low > limit {
                return all;
            }
            chunk.iter().rev().fold(0, |bits, value| bits << 1 | u64::from(value.key() > limit))
        };
        (over[index], inside[index]) = (bits_above(floor), bits_above(ceiling));
        any |= high > floor;
    }
    Ok(any)
}

/// Whether any cell of `bone` between two rows is not clearly outside.
pub(super) fn any(above: &Row, below: &Row, bone: Bone) -> bool {
    above.any[bone.index()] || below.any[bone.index()]
}

/// Hands out the cells of `bone` between two rows, in ranges: first those that are inside, then those that are
/// not outside.
pub(super) fn ranges(
    above: &Row,
    below: &Row,
    bone: Bone,
    width: usize,
    inside: impl FnMut(Range<usize>),
    over: impl FnMut(Range<usize>),
) {
    let words = above.map(bone);
    let (one, two) = (&above.inside[words.clone()], &below.inside[words.clone()]);
    // A cell has the corners x and x + 1, the last one only x.
    let last = 1 << ((width - 1) % 64);
    let right = |word: u64, next: Option<u64>| match next {
        Some(next) => word >> 1 | next << 63,
        None => word >> 1 | word & last,
    };
    let pair = |at: usize| Some(one.get(at)? & two.get(at)?);
    each_range(
        (0..one.len()).map(|at| {
            let word = pair(at).unwrap_or(0);
            word & right(word, pair(at + 1))
        }),
        inside,
    );
    let (one, two) = (&above.over[words.clone()], &below.over[words]);
    let pair = |at: usize| Some(one.get(at)? | two.get(at)?);
    each_range(
        (0..one.len()).map(|at| {
            let word = pair(at).unwrap_or(0);
            word | right(word, pair(at + 1))
        }),
        over,
    );
}

/// Hands out the maximal ranges of set bits.
pub(super) fn each_range(words: impl Iterator<Item = u64>, mut range: impl FnMut(Range<usize>)) {
    // Where the range began that reaches the end of the word before.
    let mut open = None;
    let mut end = 0;
    for (index, mut word) in words.enumerate() {
        let base = index * 64;
        end = base + 64;
        if let Some(start) = open {
            let ones = word.trailing_ones() as usize;
            if ones == 64 {
                continue;
            }
            range(start..base + ones);
            open = None;
            word &= u64::MAX << ones;
        }
        while word != 0 {
            let start = word.trailing_zeros() as usize;
            let ones = (word >> start).trailing_ones() as usize;
            if start + ones == 64 {
                open = Some(base + start);
                break;
            }
            range(base + start..base + start + ones);
            word &= u64::MAX << (start + ones);
        }
    }
    if let Some(start) = open {
        range(start..end);
    }
}

/// Sets the bits of a range.
pub(super) fn set(words: &mut [u64], range: Range<usize>) {
    if range.is_empty() {
        return;
    }
    let (first, last) = (range.start / 64, (range.end - 1) / 64);
    let head = u64::MAX << (range.start % 64);
    let tail = u64::MAX >> (63 - (range.end - 1) % 64);
    if first == last {
        words[first] |= head & tail;
    } else {
        words[first] |= head;
        words[first + 1..last].fill(u64::MAX);
        words[last] |= tail;
    }
}

/// Sets those bits of a range for which `covered` says so.
#[inline]
pub(super) fn set_where(words: &mut [u64], range: Range<usize>, covered: impl Fn(usize) -> bool) {
    let mut start = range.start;
    while start < range.end {
        let end = range.end.min((start / 64 + 1) * 64);
        words[start / 64] |=
            (start..end).rev().fold(0, |bits, x| bits << 1 | u64::from(covered(x))) << (start % 64);
        start = end;
    }
}
