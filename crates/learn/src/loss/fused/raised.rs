//! Bilinear upsampling, and its transpose: pixels between coarse logits, and their gradient back to these.

use std::mem::MaybeUninit;
use std::ops::Range;

use bones::bone::COUNT;

use super::number::{Real, Stored};
use super::pixels::{LANES, Lanes, Sink, Source, write};

/// Where a row or column of pixels lies between two of the coarse ones.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place<R> {
    /// The one before, or the pixel itself.
    before: usize,
    /// The one after; at the end, the same.
    after: usize,
    /// How much the one before counts.
    of_before: R,
    /// How much the one after counts.
    of_after: R,
}

/// Places along one side, as PyTorch's `upsample_bilinear2d` computes them without scale factors, in the same precision.
fn places<R: Real>(coarse: usize, fine: usize, align_corners: bool) -> Vec<Place<R>> {
    let number = |index: usize| R::count(index as u32);
    let (zero, one, half) = (R::default(), R::of(1.0), R::of(0.5));
    let scale = match align_corners {
        true if fine > 1 => number(coarse - 1) / number(fine - 1),
        true => zero,
        false => number(coarse) / number(fine),
    };
    let place = |index: usize| {
        let at = if align_corners { number(index) * scale } else { (number(index) + half) * scale - half };
        let at = if at > zero { at } else { zero };
        let before = at.floor().min(coarse - 1);
        let of_after = at - number(before);
        let of_after = if of_after > one { one } else { of_after };
        Place { before, after: (before + 1).min(coarse - 1), of_before: one - of_after, of_after }
    };
    (0..fine).map(place).collect()
}

/// Where the pixels of an image lie between coarse ones.
#[derive(Debug)]
pub(super) struct Grid<R> {
    rows: Vec<Place<R>>,
    columns: Vec<Place<R>>,
    /// Coarse columns.
    width: usize,
}

impl<R: Real> Grid<R> {
    /// From `[height, width]` of coarse pixels to those of an image.
    pub(super) fn new(coarse: [usize; 2], fine: [usize; 2], align_corners: bool) -> Self {
        Grid {
            rows: places(coarse[0], fine[0], align_corners),
            columns: places(coarse[1], fine[1], align_corners),
            width: coarse[1],
        }
    }

    /// The rows of pixels that lie beside any of some coarse rows.
    pub(super) fn beside(&self, coarse: &Range<usize>) -> Range<usize> {
        // Both grow with the row.
        let first = self.rows.partition_point(|place| place.after < coarse.start);
        let end = self.rows.partition_point(|place| place.before < coarse.end);
        first..end.max(first)
    }
}

/// Between coarse logits `[height, width, 29]` of an image.
pub(super) struct Raised<'a, S: Stored> {
    logits: &'a [S],
    grid: &'a Grid<S::Real>,
    /// The coarse columns of this row.
    row: Vec<Lanes<S::Real>>,
}

impl<'a, S: Stored> Raised<'a, S> {
    pub(super) fn new(logits: &'a [S], grid: &'a Grid<S::Real>) -> Self {
        Raised { logits, grid, row: vec![[S::Real::default(); LANES]; grid.width] }
    }
}

impl<S: Stored> Source<S::Real> for Raised<'_, S> {
    #[inline(always)]
    fn enter(&mut self, y: usize) {
        let Place { before, after, of_before, of_after } = self.grid.rows[y];
        let length = self.grid.width * COUNT;
        let row = |index: usize| self.logits[index * length..][..length].as_chunks::<COUNT>().0;
        for ((lanes, before), after) in self.row.iter_mut().zip(row(before)).zip(row(after)) {
            for ((lane, before), after) in lanes.iter_mut().zip(before).zip(after) {
                *lane = before.real() * of_before + after.real() * of_after;
            }
        }
    }

    #[inline(always)]
    fn read(&self, x: usize, logits: &mut [Lanes<S::Real>]) {
        for (lanes, place) in logits.iter_mut().zip(&self.grid.columns[x..]) {
            let (before, after) = (&self.row[place.before], &self.row[place.after]);
            for lane in 0..LANES {
                lanes[lane] = before[lane] * place.of_before + after[lane] * place.of_after;
            }
        }
    }
}

/// The gradient of some coarse rows, which grows pixel by pixel.
pub(super) struct Lowered<'a, R> {
    grid: &'a Grid<R>,
    rows: Range<usize>,
    /// Of the coarse columns, from this row of pixels.
    row: Vec<Lanes<R>>,
    /// `[rows, width]`, from all of them.
    sums: Vec<Lanes<R>>,
}

impl<'a, R: Real> Lowered<'a, R> {
    pub(super) fn new(grid: &'a Grid<R>, rows: Range<usize>) -> Self {
        let none = [R::default(); LANES];
        Lowered { grid, row: vec![none; grid.width], sums: vec![none; rows.len() * grid.width], rows }
    }

    /// Writes it as `[rows, width, 29]`.
    pub(super) fn write<S: Stored<Real = R>>(&self, gradient: &mut [MaybeUninit<S>]) {
        for (pixel, lanes) in gradient.as_chunks_mut::<COUNT>().0.iter_mut().zip(&self.sums) {
            write(pixel, lanes);
        }
    }
}

impl<R: Real> Sink<R> for Lowered<'_, R> {
    #[inline(always)]
    fn take(&mut self, x: usize, gradient: &[Lanes<R>]) {
        for (lanes, place) in gradient.iter().zip(&self.grid.columns[x..]) {
            add(&mut self.row[place.before], lanes, place.of_before);
            add(&mut self.row[place.after], lanes, place.of_after);
        }
    }

    #[inline(always)]
    fn leave(&mut self, y: usize) {
        let place = self.grid.rows[y];
        for (coarse, share) in [(place.before, place.of_before), (place.after, place.of_after)] {
            if !self.rows.contains(&coarse) {
                continue;
            }
            let sums = &mut self.sums[(coarse - self.rows.start) * self.grid.width..];
            for (sums, lanes) in sums.iter_mut().zip(&self.row) {
                add(sums, lanes, share);
            }
        }
        self.row.fill([R::default(); LANES]);
    }
}

#[inline(always)]
fn add<R: Real>(sums: &mut Lanes<R>, lanes: &Lanes<R>, share: R) {
    for lane in 0..LANES {
        sums[lane] += lanes[lane] * share;
    }
}
