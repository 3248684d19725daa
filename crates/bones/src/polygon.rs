//! Fills outlines: polygon → mask, pixel for pixel as `cv2.fillPoly(mask, [ring], 1)` of OpenCV 4.10 does it
//! (8-connected, no shift), and straight to runs.
//!
//! The fill of a ring is the union of two things:
//!
//! * **Strokes.** Every side, cut to the image (Cohen–Sutherland; the coordinate that follows from a cut is the old
//!   one plus a change truncated to whole pixels), is drawn with Bresenham's algorithm from its left end; where the
//!   ideal line passes midway between two pixels, the one nearer to the left end's row or column is taken.
//! * **Interior.** In each row the sides with `top ≤ row < bottom` are sorted by where they meet the row and taken
//!   in pairs (even–odd rule): all pixels from the column of the left one to that of the right one. Where a side
//!   meets a row is kept in 16.16 fixed point, with a slope truncated once and added row by row; its column is the
//!   nearest one for a side that lies inside the image, and the floor for one that was cut.
//!
//! Later versions of OpenCV round otherwise and so draw other boundary pixels.
//!
//! # Where OpenCV 4.10 itself is not defined
//! All `i32` coordinates are allowed. Where the ends of one side are 2³¹ or more rows apart, OpenCV's arithmetic
//! overflows; here the side has its true height. An empty ring crashes OpenCV and covers nothing here.

use crate::bone::{Bone, COUNT};
use crate::bone_set::BoneSet;
use crate::mask::{Mask, MaskBuilder, Size};

/// One bone's outline in an annotation.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Outline {
    /// Whose outline it is.
    pub bone: Bone,
    /// The corners (x, y) in pixels, pixel centres on the integers; the last is joined to the first. Corners
    /// may repeat, lie outside the image, and sides may cross. No corner: no pixel.
    pub ring: Vec<[i32; 2]>,
}

/// The mask of `size` in which each bone covers the fill of its outline; of several outlines of one bone, the
/// union of their fills.
///
/// Takes time in proportion to the length of the sides inside the image, and memory in proportion to the runs of
/// one bone.
pub fn fill(outlines: &[Outline], size: Size) -> Mask {
    let mut raster = Raster::new(size);
    let toggles = Bone::ALL.map(|bone| {
        for outline in outlines.iter().filter(|outline| outline.bone == bone) {
            raster.draw(&outline.ring);
        }
        raster.spans.take_toggles(size.width())
    });
    overlay(&toggles, size)
}

/// A coordinate as an annotation gives it → pixels, rounded toward zero as `numpy.array(points).astype(int32)`
/// does. `None` where it is not finite or does not fit.
pub fn truncate(coordinate: f64) -> Option<i32> {
    let whole = coordinate.trunc();
    (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&whole).then_some(whole as i32)
}

/// Lays the bones over each other: `toggles` are each bone's increasing pixel indices at which it begins or ends.
fn overlay(toggles: &[Vec<u32>; COUNT], size: Size) -> Mask {
    let mut rest = toggles.each_ref().map(|positions| positions.iter());
    // Each bone's next toggle, the soonest last. Toggles of one bone lie close together, so that the next one
    // seldom has far to go to its place.
    let mut queue: Vec<(u32, Bone)> =
        Bone::ALL.into_iter().filter_map(|bone| Some((*rest[bone.index()].next()?, bone))).collect();
    queue.sort_unstable_by(|one, other| other.cmp(one));
    let mut mask = MaskBuilder::new(size);
    let mut set = BoneSet::EMPTY;
    while let Some((position, bone)) = queue.pop() {
        mask.fill_to(position, set);
        set = set ^ BoneSet::of(bone);
        if let Some(&next) = rest[bone.index()].next() {
            queue.push((next, bone));
            let mut place = queue.len() - 1;
            while place > 0 && queue[place - 1] < queue[place] {
                queue.swap(place - 1, place);
                place -= 1;
            }
        }
    }
    mask.finish()
}

type Point = [i64; 2];
const X: usize = 0;
const Y: usize = 1;

/// Bits after the binary point of an abscissa.
const FRACTION: u32 = 16;

/// A side that is not horizontal, as the interior's scan needs it.
#[derive(Clone, Copy)]
struct Side {
    /// The first row inside the image that the side meets.
    row: i64,
    /// One past the last row that it meets.
    bottom: i64,
    /// Where it meets `row`, 16.16 fixed point; its whole part is the column.
    x: i64,
    /// What `x` gains per row.
    slope: i64,
}

/// Draws the rings of one bone into spans; its buffers are used again for the next bone.
struct Raster {
    width: i64,
    height: i64,
    sides: Vec<Side>,
    active: Vec<Side>,
    spans: Spans,
}

impl Raster {
    fn new(size: Size) -> Raster {
        Raster {
            width: size.width().into(),
            height: size.height().into(),
            sides: Vec::new(),
            active: Vec::new(),
            spans: Spans::new(),
        }
    }

    fn draw(&mut self, ring: &[[i32; 2]]) {
        if self.width == 0 || self.height == 0 {
            return;
        }
        let Some(&last) = ring.last() else { return };
        let mut from = last.map(i64::from);
        for &corner in ring {
            let to = corner.map(i64::from);
            self.draw_side(from, to);
            from = to;
        }
        self.fill_interior();
    }

    /// Strokes one side and notes it for the interior.
    fn draw_side(&mut self, from: Point, to: Point) {
        let (mut a, mut b) = (from, to);
        let is_visible = self.cut(&mut a, &mut b);
        if is_visible {
            self.stroke(a, b);
        }
        let (top, bottom) = (from[Y].min(to[Y]), from[Y].max(to[Y]));
        let row = top.max(0);
        if row >= bottom.min(self.height) {
            return;
        }
        let is_whole = is_visible && (a, b) == (from, to);
        let rounding = if is_whole { 1 << (FRACTION - 1) } else { 0 };
        // A cut that leaves a single row gives no slope.
        if a[Y] == b[Y] {
            (a, b) = (from, to);
        }
        let slope = ((b[X] - a[X]) << FRACTION) / (b[Y] - a[Y]);
        let upper = if from[Y] < to[Y] { a } else { b };
        // A side that was cut to near a corner of the image meets far rows beyond 64 bits. Rows of the image are
        // near again, where the overflows cancel.
        let x = (row - upper[Y]).wrapping_mul(slope).wrapping_add((upper[X] << FRACTION) + rounding);
        self.sides.push(Side { row, bottom, x, slope });
    }

    /// Cuts a side to the image, and says whether any of it is inside. Where none is, the ends may have been
    /// moved or not: the interior depends on where they are left.
    fn cut(&self, a: &mut Point, b: &mut Point) -> bool {
        let last = [self.width - 1, self.height - 1];
        // Where a point is beyond the image along an axis, the border that it is beyond.
        let beyond = |point: &Point, axis: usize| match point[axis] {
            at if at < 0 => Some(0),
            at if at > last[axis] => Some(last[axis]),
            _ => None,
        };
        let is_inside = |point: &Point| beyond(point, X).is_none() && beyond(point, Y).is_none();
        let apart = |a: &Point, b: &Point| {
            [X, Y]
                .into_iter()
                .any(|axis| (a[axis] < 0 && b[axis] < 0) || (a[axis] > last[axis] && b[axis] > last[axis]))
        };
        for axis in [Y, X] {
            if apart(a, b) {
                return false;
            }
            if let Some(border) = beyond(a, axis) {
                slide(a, *b, axis, border);
            }
            if let Some(border) = beyond(b, axis) {
                slide(b, *a, axis, border);
            }
        }
        is_inside(a) && is_inside(b)
    }

    /// The pixels of a side that lies inside the image.
    fn stroke(&mut self, a: Point, b: Point) {
        let ([left, start], [right, end]) = if b[X] < a[X] { (b, a) } else { (a, b) };
        let (across, along) = (right - left, (end - start).abs());
        let down = (end - start).signum();
        let (mut x, mut y) = (left, start);
        if across >= along {
            let mut error = across - 2 * along;
            for next in left + 1..=right {
                if error < 0 {
                    self.spans.push(y, x, next);
                    (x, y) = (next, y + down);
                    error += 2 * across;
                }
                error -= 2 * along;
            }
            self.spans.push(y, x, right + 1);
        } else {
            let mut error = along - 2 * across;
            for _ in 0..=along {
                self.spans.push(y, x, x + 1);
                if error < 0 {
                    x += 1;
                    error += 2 * along;
                }
                error -= 2 * across;
                y += down;
            }
        }
    }

    /// The pixels between the sides noted, and forgets these.
    fn fill_interior(&mut self) {
        self.sides.sort_unstable_by_key(|side| side.row);
        let mut waiting = self.sides.drain(..).peekable();
        self.active.clear();
        while let Some(first) = waiting.peek() {
            let mut row = first.row;
            loop {
                while let Some(side) = waiting.next_if(|side| side.row == row) {
                    self.active.push(side);
                }
                if self.active.is_empty() || row == self.height {
                    break;
                }
                // Nearly sorted from the row before, which the standard sort is quick at.
                self.active.sort_unstable_by_key(|side| side.x);
                for pair in self.active.chunks_exact(2) {
                    // Columns are 32-bit in OpenCV, which matters to sides at the limits.
                    let [left, right] = [pair[0].x, pair[1].x].map(|x| i64::from((x >> FRACTION) as i32));
                    self.spans.push(row, left.max(0), (right + 1).min(self.width));
                }
                row += 1;
                self.active.retain_mut(|side| {
                    side.x = side.x.wrapping_add(side.slope);
                    side.bottom > row
                });
            }
        }
    }
}

/// Moves `point` along the line to `other`, until its coordinate on `axis` is `border`.
fn slide(point: &mut Point, other: Point, axis: usize, border: i64) {
    let across = 1 - axis;
    let distance = (border - point[axis]) as f64 * (other[across] - point[across]) as f64;
    point[across] += (distance / (other[axis] - point[axis]) as f64) as i64;
    point[axis] = border;
}

/// The pixels `start..end` of a row.
#[derive(Clone, Copy)]
struct Span {
    row: u32,
    start: u32,
    end: u32,
}

/// A union of spans, in any order and overlapping until it is asked for.
struct Spans {
    spans: Vec<Span>,
    by_row: Vec<Span>,
    /// For the sort by row: where each row's spans begin in `by_row`.
    begins: Vec<u32>,
    /// At how many spans they are united, so that a ring that covers the same pixels again and again does not
    /// take more and more memory.
    limit: usize,
}

/// Spans that are kept before any are united: far more than a bone has.
const FEW_SPANS: usize = 1 << 16;

impl Spans {
    fn new() -> Spans {
        Spans { spans: Vec::new(), by_row: Vec::new(), begins: Vec::new(), limit: FEW_SPANS }
    }

    /// Adds a span that lies in the image; an empty one is ignored.
    #[inline]
    fn push(&mut self, row: i64, start: i64, end: i64) {
        if start < end {
            if self.spans.len() >= self.limit {
                self.unite();
                self.limit = FEW_SPANS.max(2 * self.spans.len());
            }
            self.spans.push(Span { row: row as u32, start: start as u32, end: end as u32 });
        }
    }

    /// Brings the spans into pixel order and joins those of a row that overlap or touch.
    fn unite(&mut self) {
        let Some(first) = self.spans.first() else { return };
        let rows = self.spans.iter().fold(first.row..first.row + 1, |rows, span| {
            rows.start.min(span.row)..rows.end.max(span.row + 1)
        });
        let row_of = |span: &Span| (span.row - rows.start) as usize;
        self.begins.clear();
        self.begins.resize(rows.len() + 1, 0);
        for span in &self.spans {
            self.begins[row_of(span) + 1] += 1;
        }
        for row in 0..rows.len() {
            self.begins[row + 1] += self.begins[row];
        }
        self.by_row.clear();
        self.by_row.resize(self.spans.len(), Span { row: 0, start: 0, end: 0 });
        for span in &self.spans {
            let place = &mut self.begins[row_of(span)];
            self.by_row[*place as usize] = *span;
            *place += 1;
        }
        self.spans.clear();
        for row in self.by_row.chunk_by_mut(|one, other| one.row == other.row) {
            row.sort_unstable_by_key(|span| span.start);
            let mut joined = row[0];
            for span in &row[1..] {
                if span.start <= joined.end {
                    joined.end = joined.end.max(span.end);
                } else {
                    self.spans.push(joined);
                    joined = *span;
                }
            }
            self.spans.push(joined);
        }
    }

    /// The increasing row-major pixel indices at which the union begins and ends, in turn; nothing is left.
    fn take_toggles(&mut self, width: u32) -> Vec<u32> {
        self.unite();
        self.limit = FEW_SPANS;
        let mut toggles: Vec<u32> = Vec::with_capacity(2 * self.spans.len());
        for span in self.spans.drain(..) {
            let row = span.row * width;
            if toggles.last() == Some(&(row + span.start)) {
                toggles.pop();
            } else {
                toggles.push(row + span.start);
            }
            toggles.push(row + span.end);
        }
        toggles
    }
}
