//! Connected components of a bone: its separate pieces, the largest of them, and the holes inside.

use std::ops::Range;

use crate::bone::Bone;
use crate::bone::COUNT;
use crate::bone_set::BoneSet;
pub use crate::connected::Connectivity;
use crate::connected::connect;
use crate::mask::Mask;
use crate::rle;
use crate::rows::{Segment, segments};

/// One connected piece of a bone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Component {
    /// Its row-major pixel ranges, in order, none going over the end of a row.
    pub ranges: Vec<Range<u32>>,
    /// Its pixels.
    pub area: u32,
}

/// The connected pieces of `bone`, in the order of their first pixels (the order of the labels of
/// `scipy.ndimage.label`).
pub fn components(mask: &Mask, bone: Bone, connectivity: Connectivity) -> Vec<Component> {
    let segments = segments(mask, bone);
    let width = mask.size().width();
    let mut numbers = vec![None; segments.len()];
    let mut components: Vec<Component> = Vec::new();
    let roots = connect(&segments, connectivity);
    for (segment, root) in segments.iter().zip(roots) {
        let number = *numbers[root].get_or_insert_with(|| {
            components.push(Component { ranges: Vec::new(), area: 0 });
            components.len() - 1
        });
        let range = segment.y * width + segment.start..segment.y * width + segment.end;
        components[number].area += range.end - range.start;
        components[number].ranges.push(range);
    }
    components
}

/// The mask in which each bone of `bones` keeps only its largest piece, of equal ones the first; other bones stay
/// as they are.
pub fn largest(mask: &Mask, bones: BoneSet, connectivity: Connectivity) -> Mask {
    replace(mask, bones, |bone| {
        let pieces = components(mask, bone, connectivity);
        // `max_by_key` takes the last of equal ones, hence the reversal.
        pieces.into_iter().rev().max_by_key(|piece| piece.area).map_or_else(Vec::new, |piece| piece.ranges)
    })
}

/// The mask in which the holes of each bone of `bones` are filled: background pixels from which no path of
/// background pixels that share edges leads to the image's border, as `scipy.ndimage.binary_fill_holes` has it.
pub fn fill_holes(mask: &Mask, bones: BoneSet) -> Mask {
    let size = mask.size();
    replace(mask, bones, |bone| {
        let covered = segments(mask, bone);
        let gaps = gaps(&covered, size.width());
        let roots = connect(&gaps, Connectivity::Four);
        // Rows above the first and below the last segment are open, and so is what reaches their neighbours.
        let (Some(first), Some(last)) = (covered.first().map(|s| s.y), covered.last().map(|s| s.y)) else {
            return Vec::new();
        };
        let mut open = vec![false; gaps.len()];
        for (gap, &root) in gaps.iter().zip(&roots) {
            open[root] |= gap.start == 0 || gap.end == size.width() || gap.y == first || gap.y == last;
        }
        let holes = gaps.iter().zip(&roots).filter(|&(_, &root)| !open[root]).map(|(gap, _)| gap);
        let mut ranges: Vec<Range<u32>> = covered
            .iter()
            .chain(holes)
            .map(|piece| piece.y * size.width() + piece.start..piece.y * size.width() + piece.end)
            .collect();
        ranges.sort_unstable_by_key(|range| range.start);
        ranges
    })
}

/// The mask in which `ranges` says what each bone of `bones` covers.
fn replace(mask: &Mask, bones: BoneSet, ranges: impl Fn(Bone) -> Vec<Range<u32>>) -> Mask {
    let mut lists: [Vec<Range<u32>>; COUNT] = Default::default();
    for bone in Bone::ALL {
        lists[bone.index()] = if bones.contains(bone) { ranges(bone) } else { mask.ranges(bone).collect() };
    }
    rle::merge_united(mask.size(), lists)
}

/// What the segments leave free in the rows from the first to the last of them, in order.
fn gaps(segments: &[Segment], width: u32) -> Vec<Segment> {
    let mut gaps = Vec::new();
    let mut rest = segments;
    while let Some(first) = rest.first() {
        let (row, after) = rest.split_at(rest.partition_point(|segment| segment.y == first.y));
        let mut start = 0;
        for segment in row {
            if segment.start > start {
                gaps.push(Segment { y: first.y, start, end: segment.start });
            }
            start = segment.end;
        }
        if start < width {
            gaps.push(Segment { y: first.y, start, end: width });
        }
        if let Some(next) = after.first() {
            gaps.extend((first.y + 1..next.y).map(|y| Segment { y, start: 0, end: width }));
        }
        rest = after;
    }
    gaps
}
