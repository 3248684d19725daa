//! Surface distances: how far the outlines of one bone in two masks lie apart.
//!
//! A surface pixel is a pixel of the mask that has one of its four direct neighbours outside the mask; beyond the
//! image's border everything is outside. That is `mask XOR binary_erosion(mask)` with SciPy's default cross, as
//! MedPy (`medpy.metric.binary.hd95`) and MONAI (`get_mask_edges`) have it. Distances are Euclidean, exact, in
//! pixels, between pixel centres.

use crate::bone::Bone;
use crate::mask::Mask;
use crate::rows::{Segment, segments};
use crate::statistics::percentile;

/// How far the surfaces of one bone in two masks lie apart.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Surface {
    /// The 95th percentile, in pixels, of the distances from every surface pixel of one mask to the nearest of the
    /// other, both directions pooled, interpolated linearly: MedPy's `hd95`. 0 where both masks are empty, `None`
    /// where only one is.
    pub hd95: Option<f64>,
    /// The share of all surface pixels of both masks that have one of the other mask within the tolerance: MONAI's
    /// `compute_surface_dice`. 1 where both masks are empty, 0 where only one is.
    ///
    /// (Nikolov et al., "Deep learning to achieve clinically applicable segmentation of head and neck anatomy",
    /// 2018, weigh surface elements by their length; here each surface pixel counts once.)
    pub nsd: f64,
}

/// Compares the surfaces of `bone` in two masks, with a `tolerance` in pixels for [`Surface::nsd`]; `None` where
/// the masks' sizes differ.
///
/// Time and memory go with the lengths of the surfaces, not with the size of the image.
pub fn surface(a: &Mask, b: &Mask, bone: Bone, tolerance: f64) -> Option<Surface> {
    if a.size() != b.size() {
        return None;
    }
    let [a, b] = [a, b].map(|mask| Pixels::surface(&segments(mask, bone)));
    match (a.columns.is_empty(), b.columns.is_empty()) {
        (true, true) => return Some(Surface { hd95: Some(0.0), nsd: 1.0 }),
        (false, false) => {}
        _ => return Some(Surface { hd95: None, nsd: 0.0 }),
    }
    let mut squares = Vec::with_capacity(a.columns.len() + b.columns.len());
    a.squared_distances(&b, &mut squares);
    b.squared_distances(&a, &mut squares);
    squares.sort_unstable();
    let distances: Vec<f64> = squares.into_iter().map(|square| (square as f64).sqrt()).collect();
    let near = distances.partition_point(|&distance| distance <= tolerance);
    Some(Surface { hd95: percentile(&distances, 0.95), nsd: near as f64 / distances.len() as f64 })
}

/// Pixels row by row, from the first row that has one to the last.
struct Pixels {
    top: i64,
    /// Where the columns of each row begin; one entry more for the end.
    starts: Vec<usize>,
    columns: Vec<u32>,
}

impl Pixels {
    /// The surface pixels of a bone.
    fn surface(segments: &[Segment]) -> Pixels {
        let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
            return Pixels { top: 0, starts: vec![0], columns: Vec::new() };
        };
        let mut pixels = Pixels { top: i64::from(first.y), starts: vec![0], columns: Vec::new() };
        let mut rest = segments;
        let (mut above, mut row): (&[Segment], &[Segment]) = (&[], &[]);
        // `below` runs one row ahead of the row whose surface is taken.
        for y in first.y..=last.y + 1 {
            let (below, after) = rest.split_at(rest.partition_point(|segment| segment.y <= y));
            rest = after;
            if y > first.y {
                for segment in row {
                    pixels.push_surface(*segment, above, below);
                }
                pixels.starts.push(pixels.columns.len());
            }
            (above, row) = (row, below);
        }
        pixels
    }

    /// Appends the surface pixels of one segment: its ends, and what `above` or `below` does not cover.
    fn push_surface(&mut self, segment: Segment, above: &[Segment], below: &[Segment]) {
        let mut at = segment.start;
        while at < segment.end {
            let covered = |row: &[Segment]| {
                let next = row.partition_point(|piece| piece.end <= at);
                row.get(next).map_or((false, u32::MAX), |piece| match piece.start <= at {
                    true => (true, piece.end),
                    false => (false, piece.start),
                })
            };
            let ((over, over_end), (under, under_end)) = (covered(above), covered(below));
            let end = over_end.min(under_end).min(segment.end);
            if over && under {
                if at == segment.start {
                    self.columns.push(at);
                }
                if end == segment.end && end - 1 > segment.start {
                    self.columns.push(end - 1);
                }
            } else {
                self.columns.extend(at..end);
            }
            at = end;
        }
    }

    /// The columns of the row `y`, which need not be one that has any.
    fn row(&self, y: i64) -> &[u32] {
        usize::try_from(y - self.top)
            .ok()
            .and_then(|row| Some(&self.columns[*self.starts.get(row)?..*self.starts.get(row + 1)?]))
            .unwrap_or(&[])
    }

    /// Appends for each pixel the squared distance to the nearest pixel of `other`, which has at least one.
    fn squared_distances(&self, other: &Pixels, squares: &mut Vec<u64>) {
        let bottom = other.top + other.starts.len() as i64 - 2;
        for (y, row) in (self.top..).zip(self.starts.windows(2)) {
            for &x in &self.columns[row[0]..row[1]] {
                // Rows in order of their distance, until none can hold a nearer pixel.
                let mut nearest = u64::MAX;
                let farthest = (y - other.top).abs().max((y - bottom).abs());
                for down in 0..=farthest {
                    let square = down.unsigned_abs().pow(2);
                    if square >= nearest {
                        break;
                    }
                    for row in [other.row(y - down), other.row(y + down)] {
                        if let Some(across) = nearest_column(row, x) {
                            nearest = nearest.min(square + u64::from(across).pow(2));
                        }
                    }
                }
                squares.push(nearest);
            }
        }
    }
}

/// How far `x` is from the nearest of the sorted `columns`.
fn nearest_column(columns: &[u32], x: u32) -> Option<u32> {
    let next = columns.partition_point(|&column| column < x);
    let right = columns.get(next).map(|&column| column - x);
    let left = next.checked_sub(1).map(|before| x - columns[before]);
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (one, other) => one.or(other),
    }
}
