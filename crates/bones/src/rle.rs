//! Run-length text: `start length` pairs, row-major and 1-based, joined by single spaces.
//!
//! The mask `[[0,1,1,0],[0,0,0,1],[1,0,0,0]]` is `2 2 8 2`; a run goes on over the end of a row. An empty mask is
//! the empty string. This is the form in which Kaggle competitions exchange masks.

use std::ops::Range;

use thiserror::Error;

use crate::bone::{Bone, COUNT};
use crate::bone_set::BoneSet;
use crate::mask::{Mask, MaskBuilder, Size};
use crate::toggles::Toggles;

/// Why a text is no run-length text. Pairs are counted from 1.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RleError {
    /// Something else than digits and blanks.
    #[error(
        "`{text}` in pair {pair} is no number from 0 to {}; write `start length` pairs in digits",
        u32::MAX
    )]
    NotANumber {
        /// Which pair.
        pair: usize,
        /// The word, at most 20 characters of it.
        text: String,
    },
    /// A start without a length.
    #[error("pair {pair} has the start {start} but no length: the count of numbers is odd")]
    OddCount {
        /// Which pair.
        pair: usize,
        /// Its start.
        start: u32,
    },
    /// A start of zero.
    #[error("pair {pair} starts at 0; pixels are counted from 1")]
    ZeroStart {
        /// Which pair.
        pair: usize,
    },
    /// A length of zero.
    #[error("pair {pair} (start {start}) has the length 0")]
    ZeroLength {
        /// Which pair.
        pair: usize,
        /// Its start.
        start: u32,
    },
    /// A run that leaves the image.
    #[error(
        "pair {pair} (`{start} {length}`) goes beyond the last pixel, {}, of an image of {size}; \
         was the text made at another size?",
        size.pixels()
    )]
    BeyondImage {
        /// Which pair.
        pair: usize,
        /// Its start.
        start: u32,
        /// Its length.
        length: u32,
        /// The image's size.
        size: Size,
    },
    /// Two runs that share pixels.
    #[error("pair {pair} (start {start}) covers pixels that another pair covers too")]
    Overlap {
        /// Which pair, of the two the one with the greater start.
        pair: usize,
        /// Its start.
        start: u32,
    },
}

/// Appends `number` in decimal digits.
#[inline]
fn push_number(text: &mut Vec<u8>, number: u32) {
    let mut digits = [0; 10];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    text.extend_from_slice(&digits[at..]);
}

/// Appends the pair of `range`, with a blank before it where it is not the first.
#[inline]
fn push_pair(text: &mut Vec<u8>, range: Range<u32>) {
    if !text.is_empty() {
        text.push(b' ');
    }
    push_number(text, range.start + 1);
    text.push(b' ');
    push_number(text, range.end - range.start);
}

fn into_string(digits: Vec<u8>) -> String {
    String::from_utf8(digits).expect("digits and blanks are UTF-8")
}

/// The text of one bone.
pub fn encode(mask: &Mask, bone: Bone) -> String {
    let mut text = Vec::new();
    for range in mask.ranges(bone) {
        push_pair(&mut text, range);
    }
    into_string(text)
}

/// The texts of all bones in canonical order, from one sweep over the runs.
pub fn encode_all(mask: &Mask) -> [String; COUNT] {
    let mut texts: [Vec<u8>; COUNT] = Default::default();
    let mut starts = [0; COUNT];
    let mut before = BoneSet::EMPTY;
    let background = std::iter::once((mask.size().pixels()..mask.size().pixels(), BoneSet::EMPTY));
    for (range, set) in mask.spans().chain(background) {
        for bone in (before - set).iter() {
            push_pair(&mut texts[bone.index()], starts[bone.index()]..range.start);
        }
        for bone in (set - before).iter() {
            starts[bone.index()] = range.start;
        }
        before = set;
    }
    texts.map(into_string)
}

/// The pixel ranges of a text, sorted, those that touch joined.
///
/// Readers are lenient where no pixel is in doubt: pairs may come in any order, touch, and be parted by any ASCII
/// white space. They are strict elsewhere: a number too few, a start or length of zero, a run beyond the image
/// and overlapping runs are errors that name the pair.
pub fn decode(text: &str, size: Size) -> Result<Vec<Range<u32>>, RleError> {
    let mut numbers = Numbers { bytes: text.as_bytes(), at: 0 };
    let mut ranges: Vec<Range<u32>> = Vec::with_capacity(text.len() / 10);
    let mut gaps = true;
    while let Some(start) = numbers.next(ranges.len() + 1)? {
        let pair = ranges.len() + 1;
        let length = numbers.next(pair)?.ok_or(RleError::OddCount { pair, start })?;
        if start == 0 {
            return Err(RleError::ZeroStart { pair });
        }
        if length == 0 {
            return Err(RleError::ZeroLength { pair, start });
        }
        let begin = start - 1;
        match begin.checked_add(length) {
            Some(end) if end <= size.pixels() => {
                gaps &= ranges.last().is_none_or(|last| last.end < begin);
                ranges.push(begin..end);
            }
            _ => return Err(RleError::BeyondImage { pair, start, length, size }),
        }
    }
    if gaps { Ok(ranges) } else { join(ranges) }
}

/// Sorts ranges, given in the order of their pairs, and joins those that touch.
fn join(ranges: Vec<Range<u32>>) -> Result<Vec<Range<u32>>, RleError> {
    let mut pairs: Vec<(Range<u32>, usize)> = ranges.into_iter().zip(1..).collect();
    pairs.sort_by_key(|(range, _)| range.start);
    let mut joined: Vec<Range<u32>> = Vec::with_capacity(pairs.len());
    for (range, pair) in pairs {
        match joined.last_mut() {
            Some(last) if range.start < last.end => {
                return Err(RleError::Overlap { pair, start: range.start + 1 });
            }
            Some(last) if range.start == last.end => last.end = range.end,
            _ => joined.push(range),
        }
    }
    Ok(joined)
}

/// The numbers of a text, one after the other.
struct Numbers<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Numbers<'_> {
    /// The next number, one of pair `pair`; `None` at the end.
    #[inline]
    fn next(&mut self, pair: usize) -> Result<Option<u32>, RleError> {
        let blanks = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let word = &self.bytes[self.at + blanks..];
        if word.is_empty() {
            return Ok(None);
        }
        let mut number = 0u64;
        let mut length = 0;
        while let Some(digit) =
            word.get(length).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10)
        {
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
            length += 1;
        }
        let ends = word.get(length).is_none_or(u8::is_ascii_whitespace);
        self.at += blanks + length;
        // Nineteen digits can't wrap a u64.
        match u32::try_from(number) {
            Ok(number) if ends && (1..=19).contains(&length) => Ok(Some(number)),
            _ => {
                let text = String::from_utf8_lossy(word);
                let text = text.split_ascii_whitespace().next().unwrap_or_default();
                Err(RleError::NotANumber { pair, text: text.chars().take(20).collect() })
            }
        }
    }
}

/// How many pixels [`mask_from_ranges`] merges at a time.
const STRIP: u32 = 16384;

/// The mask in which each bone covers its ranges.
///
/// Ranges may come in any order, overlap, and a bone may be listed more than once: it covers the union of all its
/// ranges. What lies beyond the image is cut off.
pub fn mask_from_ranges(size: Size, ranges: &[(Bone, Vec<Range<u32>>)]) -> Mask {
    let mut by_bone: [Vec<Range<u32>>; COUNT] = Default::default();
    for (bone, list) in ranges {
        let inside = list.iter().map(|range| range.start..range.end.min(size.pixels()));
        by_bone[bone.index()].extend(inside.filter(|range| range.start < range.end));
    }
    merge_united(size, by_bone)
}

/// [`merge`] for ranges in any order that may touch or overlap.
pub(crate) fn merge_united(size: Size, mut lists: [Vec<Range<u32>>; COUNT]) -> Mask {
    lists.iter_mut().for_each(unite);
    merge(size, &lists)
}

/// Sorts ranges and joins those that touch or overlap.
fn unite(list: &mut Vec<Range<u32>>) {
    if list.is_sorted_by(|one, next| one.end < next.start) {
        return;
    }
    list.sort_unstable_by_key(|range| range.start);
    list.dedup_by(|next, last| {
        let joined = next.start <= last.end;
        if joined {
            last.end = last.end.max(next.end);
        }
        joined
    });
}

/// The mask of one list of ranges for each bone, sorted and with gaps between them.
pub(crate) fn merge(size: Size, lists: &[Vec<Range<u32>>; COUNT]) -> Mask {
    let mut mask = MaskBuilder::new(size);
    let mut strip = Toggles::new(STRIP as usize);
    // The edges of bone `b` in pixel order: edge 2·i is the start of range i, edge 2·i + 1 its end.
    let edge = |list: &[Range<u32>], at: usize| {
        list.get(at / 2).map(|range| if at.is_multiple_of(2) { range.start } else { range.end })
    };
    let mut cursors = [0; COUNT];
    let mut set = BoneSet::EMPTY;
    let mut origin = 0;
    while origin < size.pixels() {
        let end = size.pixels().min(origin.saturating_add(STRIP));
        for (bone, cursor) in Bone::ALL.into_iter().zip(&mut cursors) {
            let list = &lists[bone.index()];
            while let Some(at) = edge(list, *cursor).filter(|&at| at < end) {
                strip.flip((at - origin) as usize, BoneSet::of(bone));
                *cursor += 1;
            }
        }
        set = strip.sweep(&mut mask, origin, end, set);
        origin = end;
    }
    mask.finish()
}
