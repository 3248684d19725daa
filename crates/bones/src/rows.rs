//! Rows: the runs of a [`Mask`] cut at the ends of the image's rows.

use std::ops::Range;

use crate::bone::Bone;
use crate::bone_set::BoneSet;
use crate::mask::Mask;

/// The columns of row `y` as ranges with their sets, left to right, background included.
///
/// Finding the first run is a binary search; nothing is allocated.
pub(crate) fn row(mask: &Mask, y: u32) -> impl Iterator<Item = (Range<u32>, BoneSet)> + '_ {
    let width = mask.size().width();
    let row_start = y * width;
    let row_end = row_start + width;
    let first = mask.runs().partition_point(|run| run.end <= row_start);
    let mut start = row_start;
    mask.runs()[first..].iter().map_while(move |run| {
        if start >= row_end {
            return None;
        }
        let end = run.end.min(row_end);
        let columns = start - row_start..end - row_start;
        start = end;
        Some((columns, run.set))
    })
}

/// A maximal horizontal piece of one bone in one row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Segment {
    /// The row.
    pub(crate) y: u32,
    /// The first column.
    pub(crate) start: u32,
    /// One past the last column.
    pub(crate) end: u32,
}

/// The segments of one bone, row by row and left to right.
pub(crate) fn segments(mask: &Mask, bone: Bone) -> Vec<Segment> {
    let width = mask.size().width();
    let mut segments = Vec::new();
    for range in mask.ranges(bone) {
        let mut start = range.start;
        while start < range.end {
            let y = start / width;
            let row_start = y * width;
            let end = range.end.min(row_start + width);
            segments.push(Segment { y, start: start - row_start, end: end - row_start });
            start = end;
        }
    }
    segments
}
