//! Traces contours: the outer outlines of one bone's connected components, read off the runs.

use crate::bone::Bone;
use crate::connected::{Connectivity, connect};
use crate::mask::Mask;
use crate::rows::{Segment, segments};

/// The outer border of a connected component, clockwise as seen on a screen.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Contour {
    /// The corners (x, y) of the border: centres of pixels of the component between which the border runs
    /// horizontally, vertically or diagonally, from the component's topmost row and its leftmost pixel there.
    /// A component one pixel thick is traced on both sides, to its end and back.
    ///
    /// [`fill`](crate::polygon::fill) of this ring gives the component with its holes filled.
    pub ring: Vec<[i32; 2]>,
    /// How many pixels the component has, holes not counted.
    pub area: u32,
}

/// The contours of the 8-connected components of `bone`, the largest first (of equal ones, the topmost, then the
/// leftmost). A component that lies in a hole of another is listed too.
///
/// Memory is in proportion to the rows, the bone's runs and the corners found; time to that and the length of the
/// borders. Images are at most `i32::MAX` pixels wide and high; corners further out are moved there.
pub fn trace(mask: &Mask, bone: Bone) -> Vec<Contour> {
    let pixels = Pixels::new(mask, bone);
    let mut components = pixels.components();
    components.sort_by_key(|&(first, area)| (std::cmp::Reverse(area), first));
    components.into_iter().map(|(first, area)| Contour { ring: pixels.border(first), area }).collect()
}

/// Drops from `ring` every corner that repeats the one before it, or at which a horizontal, vertical or diagonal
/// side goes straight on. [`fill`](crate::polygon::fill) of the ring stays the same (corners further than
/// 2²⁵ pixels from the image excepted, where cutting a diagonal side rounds).
///
/// Other corners in line stay: OpenCV's slopes are truncated, so a long side and its parts differ.
pub fn simplify(ring: &[[i32; 2]]) -> Vec<[i32; 2]> {
    let mut kept: Vec<[i32; 2]> = Vec::new();
    for &corner in ring {
        if kept.last() == Some(&corner) {
            continue;
        }
        if let [.., before, last] = kept[..]
            && goes_straight(before, last, corner)
        {
            kept.pop();
        }
        kept.push(corner);
    }
    // The same at the seam.
    if kept.len() > 1 && kept.first() == kept.last() {
        kept.pop();
    }
    if let [first, .., before, last] = kept[..]
        && goes_straight(before, last, first)
    {
        kept.pop();
    }
    if let [first, second, .., last] = kept[..]
        && goes_straight(last, first, second)
    {
        kept.remove(0);
    }
    kept
}

fn goes_straight(a: [i32; 2], b: [i32; 2], c: [i32; 2]) -> bool {
    compass(a, b).is_some_and(|direction| compass(b, c) == Some(direction))
}

/// The signs of x and y on the way between two different points, where that is horizontal, vertical or diagonal.
fn compass(from: [i32; 2], to: [i32; 2]) -> Option<[i64; 2]> {
    let [x, y] = [0, 1].map(|axis| i64::from(to[axis]) - i64::from(from[axis]));
    (x == 0 || y == 0 || x.abs() == y.abs()).then_some([x.signum(), y.signum()])
}

/// The eight neighbours, clockwise on a screen from the right.
const STEPS: [[i64; 2]; 8] = [[1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]];

/// One bone's pixels, in order; segments of a row don't touch.
struct Pixels {
    segments: Vec<Segment>,
    /// Where each row's segments begin, from row 0 to one past the last row that has any.
    rows: Vec<usize>,
}

impl Pixels {
    fn new(mask: &Mask, bone: Bone) -> Pixels {
        let segments = segments(mask, bone);
        let mut rows = vec![0];
        for (index, segment) in segments.iter().enumerate() {
            rows.resize(segment.y as usize + 1, index);
        }
        rows.push(segments.len());
        Pixels { segments, rows }
    }

    /// The first segment and the area of each 8-connected component.
    fn components(&self) -> Vec<(usize, u32)> {
        let mut areas = vec![0; self.segments.len()];
        let roots = connect(&self.segments, Connectivity::Eight);
        for (segment, root) in self.segments.iter().zip(roots) {
            areas[root] += segment.end - segment.start;
        }
        areas.into_iter().enumerate().filter(|&(_, area)| area > 0).collect()
    }

    fn contains(&self, [x, y]: [i64; 2]) -> bool {
        let row = usize::try_from(y).ok().and_then(|y| self.rows.get(y..y + 2));
        row.is_some_and(|row| {
            let segments = &self.segments[row[0]..row[1]];
            let after = segments.partition_point(|segment| i64::from(segment.start) <= x);
            after > 0 && x < i64::from(segments[after - 1].end)
        })
    }

    /// The corners of the outer border of the component whose first segment is `first`.
    fn border(&self, first: usize) -> Vec<[i32; 2]> {
        let start = [self.segments[first].start, self.segments[first].y].map(i64::from);
        let step = |[x, y]: [i64; 2], direction: usize| [x + STEPS[direction][0], y + STEPS[direction][1]];
        // The next border pixel is the first one clockwise from where the walk came: the outside is on its left.
        let onward = |pixel: [i64; 2], came: usize| {
            (1..=8).map(|turn| (came + turn) % 8).find(|&direction| self.contains(step(pixel, direction)))
        };
        let mut ring = vec![corner(start)];
        // Nothing is left of the first pixel or above it.
        let Some(departure) = onward(start, 4) else { return ring };
        let (mut pixel, mut direction) = (start, departure);
        loop {
            pixel = step(pixel, direction);
            let Some(next) = onward(pixel, (direction + 4) % 8) else { return ring };
            // The walk may pass its first pixel several times, each time another way.
            if pixel == start && next == departure {
                return ring;
            }
            if next != direction {
                ring.push(corner(pixel));
            }
            direction = next;
        }
    }
}

fn corner(pixel: [i64; 2]) -> [i32; 2] {
    pixel.map(|coordinate| i32::try_from(coordinate).unwrap_or(i32::MAX))
}
