//! A mask of a whole radiograph as runs of [`BoneSet`]: some tens of kilobytes instead of 29 dense planes.

use std::ops::Range;

use thiserror::Error;

use crate::bone::{Bone, COUNT};
use crate::bone_set::BoneSet;

/// Width and height in pixels. Both may be zero; their product fits a `u32`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Size {
    width: u32,
    height: u32,
}

impl Size {
    /// A size, or `None` where it has more than `u32::MAX` pixels.
    pub const fn new(width: u32, height: u32) -> Option<Size> {
        match width.checked_mul(height) {
            Some(_) => Some(Size { width, height }),
            None => None,
        }
    }

    /// Width in pixels.
    pub const fn width(self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub const fn height(self) -> u32 {
        self.height
    }

    /// Width × height.
    pub const fn pixels(self) -> u32 {
        self.width * self.height
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}×{}", self.width, self.height)
    }
}

/// The pixels from the end of the run before (0 for the first) up to `end`, all covered by the bones `set`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Run {
    /// One past the last row-major pixel index of the run.
    pub end: u32,
    /// The bones that cover every pixel of the run.
    pub set: BoneSet,
}

/// Why a list of runs is no mask.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum MaskError {
    /// A run ends at or before the end of the run before it.
    #[error("run {index} ends at pixel {end}, not after the run before it")]
    NotIncreasing {
        /// Which run.
        index: usize,
        /// Where it ends.
        end: u32,
    },
    /// The last run does not end at the last pixel.
    #[error("the runs end at pixel {end}, the mask has {pixels}")]
    WrongLength {
        /// Where the last run ends.
        end: u32,
        /// Width × height.
        pixels: u32,
    },
}

/// For every pixel of an image the set of bones that cover it, as row-major runs.
///
/// Invariant (held by every constructor): ends strictly increase, the last one is `size.pixels()`, and
/// neighbouring runs differ in their set. So two masks are equal exactly if all their pixels are. A mask of no
/// pixels has no runs.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Mask {
    size: Size,
    runs: Vec<Run>,
}

impl Mask {
    /// All background.
    pub fn empty(size: Size) -> Mask {
        let mut builder = MaskBuilder::new(size);
        builder.fill_to(size.pixels(), BoneSet::EMPTY);
        builder.finish()
    }

    /// Checks `runs` and joins equal neighbours.
    pub fn from_runs(size: Size, runs: impl IntoIterator<Item = Run>) -> Result<Mask, MaskError> {
        let mut builder = MaskBuilder::new(size);
        let mut last = 0;
        for (index, run) in runs.into_iter().enumerate() {
            if run.end <= last {
                return Err(MaskError::NotIncreasing { index, end: run.end });
            }
            if run.end > size.pixels() {
                return Err(MaskError::WrongLength { end: run.end, pixels: size.pixels() });
            }
            last = run.end;
            builder.fill_to(run.end, run.set);
        }
        if last != size.pixels() {
            return Err(MaskError::WrongLength { end: last, pixels: size.pixels() });
        }
        Ok(builder.finish())
    }

    /// From one [`BoneSet`] a pixel, row-major; `None` where `pixels` is not width × height long.
    pub fn from_dense(size: Size, pixels: &[BoneSet]) -> Option<Mask> {
        if pixels.len() != size.pixels() as usize {
            return None;
        }
        let mut builder = MaskBuilder::new(size);
        for (index, &set) in pixels.iter().enumerate() {
            builder.fill_to(index as u32 + 1, set);
        }
        Some(builder.finish())
    }

    /// One [`BoneSet`] a pixel, row-major: the plane that training warps.
    pub fn to_dense(&self) -> Vec<BoneSet> {
        let mut pixels = vec![BoneSet::EMPTY; self.size.pixels() as usize];
        for (range, set) in self.spans() {
            if !set.is_empty() {
                pixels[range.start as usize..range.end as usize].fill(set);
            }
        }
        pixels
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The runs in pixel order.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The runs as pixel ranges with their sets, background included.
    pub fn spans(&self) -> impl Iterator<Item = (Range<u32>, BoneSet)> + '_ {
        let mut start = 0;
        self.runs.iter().map(move |run| {
            let range = start..run.end;
            start = run.end;
            (range, run.set)
        })
    }

    /// The maximal pixel ranges of one bone, in order; ranges that wrap over row ends stay joined.
    pub fn ranges(&self, bone: Bone) -> impl Iterator<Item = Range<u32>> + '_ {
        let mut spans =
            self.spans().filter(move |(_, set)| set.contains(bone)).map(|(range, _)| range).peekable();
        std::iter::from_fn(move || {
            let mut range = spans.next()?;
            while let Some(next) = spans.next_if(|next| next.start == range.end) {
                range.end = next.end;
            }
            Some(range)
        })
    }

    /// The bones that cover no pixel.
    pub fn absent(&self) -> BoneSet {
        self.runs.iter().fold(BoneSet::ALL, |absent, run| absent - run.set)
    }

    /// How many pixels each bone covers.
    pub fn areas(&self) -> [u32; COUNT] {
        let mut areas = [0; COUNT];
        for (range, set) in self.spans() {
            for bone in set.iter() {
                areas[bone.index()] += range.end - range.start;
            }
        }
        areas
    }
}

/// Appends runs in pixel order and keeps the invariant of [`Mask`].
#[derive(Debug)]
pub struct MaskBuilder {
    size: Size,
    runs: Vec<Run>,
}

impl MaskBuilder {
    /// A mask of `size` with no pixel given yet.
    pub fn new(size: Size) -> MaskBuilder {
        MaskBuilder { size, runs: Vec::new() }
    }

    /// Covers the pixels up to `end` with `set`; nothing where `end` is not past what is given already.
    ///
    /// # Panics
    /// In debug builds, where `end` is past the last pixel.
    #[inline]
    pub fn fill_to(&mut self, end: u32, set: BoneSet) {
        debug_assert!(end <= self.size.pixels());
        match self.runs.last_mut() {
            Some(last) if end <= last.end => {}
            Some(last) if last.set == set => last.end = end,
            None if end == 0 => {}
            _ => self.runs.push(Run { end, set }),
        }
    }

    /// How many pixels are given.
    pub fn end(&self) -> u32 {
        self.runs.last().map_or(0, |run| run.end)
    }

    /// The mask; pixels that were not given are background.
    pub fn finish(mut self) -> Mask {
        self.fill_to(self.size.pixels(), BoneSet::EMPTY);
        Mask { size: self.size, runs: self.runs }
    }
}
