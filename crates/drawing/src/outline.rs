//! Outlines: the rows of a mask at a picture's size, and the lines around its bones.

use std::collections::VecDeque;

use bones::resize::NearestRows;
use bones::{BoneSet, Mask, Size};

type Row = Vec<BoneSet>;

/// The rows of a mask at another size, each with the lines that cross it. A pixel shows the bones under its centre; where
/// that lies between pixels of the mask, those that cover at least half of them.
///
/// The middle of a bone's line is those of its pixels that have a neighbour left, right, above or below without the
/// bone; beyond the border there is none. The line reaches as far to all sides of them, so that it leans to none.
///
/// ```text
/// reach 0   · · · · · · · ·     reach 1   · · · · · · · ·
///           · · ■ ■ ■ ■ · ·               · ■ ■ ■ ■ ■ ■ ·
///           · · ■ □ □ ■ · ·               · ■ ■ ■ ■ ■ ■ ·
/// ```
pub(crate) struct OutlinedRows<'a> {
    /// Those of the mask's four pixels around each centre, and a row of each.
    around: [(NearestRows<'a>, Row); 4],
    height: i64,
    reach: usize,
    /// The number of the row, y.
    at: i64,
    /// The bones of the rows y − 1 … y + reach + 1; none beyond the border.
    sets: VecDeque<Row>,
    /// The middles of lines in the rows y − reach … y + reach.
    edges: VecDeque<Row>,
    /// The middles in all these rows, column by column.
    column: Row,
    lines: Row,
}

impl<'a> OutlinedRows<'a> {
    /// Before the first row.
    pub(crate) fn new(mask: &'a Mask, size: Size, reach: usize) -> OutlinedRows<'a> {
        let empty = vec![BoneSet::EMPTY; size.width() as usize];
        let mut rows = OutlinedRows {
            around: NearestRows::around_centres(mask, size).map(|rows| (rows, empty.clone())),
            height: size.height().into(),
            reach,
            // So far above the picture that all rows looked at are.
            at: -2 - reach as i64,
            sets: vec![empty.clone(); reach + 3].into(),
            edges: vec![empty.clone(); 2 * reach + 1].into(),
            column: empty.clone(),
            lines: empty,
        };
        (0..=reach).for_each(|_| rows.advance());
        rows
    }

    /// Goes on to the next row.
    pub(crate) fn advance(&mut self) {
        self.at += 1;
        let ahead = self.at + self.reach as i64 + 1;
        self.sets.rotate_left(1);
        let last = self.sets.back_mut().expect("there are three at least");
        match (0..self.height).contains(&ahead) {
            true => shown(&mut self.around, ahead as u32, last),
            false => last.fill(BoneSet::EMPTY),
        }
        self.edges.rotate_left(1);
        let last = self.edges.back_mut().expect("there is one at least");
        let [above, here, below] = [0, 1, 2].map(|row| &self.sets[self.reach + row]);
        edges(above, here, below, last);
    }

    /// The bones of each pixel of the row.
    pub(crate) fn sets(&self) -> &[BoneSet] {
        &self.sets[1]
    }

    /// The bones whose lines cover each pixel of the row: where the middle of a line is, its alone.
    pub(crate) fn lines(&mut self) -> &[BoneSet] {
        let here = &self.edges[self.reach];
        if self.reach == 0 {
            return here;
        }
        self.column.fill(BoneSet::EMPTY);
        self.edges.iter().for_each(|edges| unite(&mut self.column, edges));
        self.lines.copy_from_slice(&self.column);
        let width = self.column.len();
        for far in 1..=self.reach.min(width.saturating_sub(1)) {
            unite(&mut self.lines[far..], &self.column[..width - far]);
            unite(&mut self.lines[..width - far], &self.column[far..]);
        }
        for (line, &middle) in self.lines.iter_mut().zip(here) {
            *line = if middle.is_empty() { *line } else { middle };
        }
        &self.lines
    }
}

/// The bones of each pixel of row `y`.
fn shown(around: &mut [(NearestRows, Row); 4], y: u32, shown: &mut [BoneSet]) {
    around.iter_mut().for_each(|(rows, row)| rows.row(y, row));
    let [a, b, c, d] = around.each_ref().map(|(_, row)| row.as_slice());
    for (x, set) in shown.iter_mut().enumerate() {
        *set = (a[x] & b[x]) | (c[x] & d[x]) | ((a[x] | b[x]) & (c[x] | d[x]));
    }
}

/// Adds sets to the sets at the same places.
fn unite(sets: &mut [BoneSet], others: &[BoneSet]) {
    for (set, &other) in sets.iter_mut().zip(others) {
        *set = *set | other;
    }
}

/// For each pixel of the row `here` the bones that cover it, but not all of its four neighbours.
fn edges(above: &[BoneSet], here: &[BoneSet], below: &[BoneSet], edges: &mut [BoneSet]) {
    let at = |x: Option<usize>| x.and_then(|x| here.get(x)).copied().unwrap_or(BoneSet::EMPTY);
    for (x, edge) in edges.iter_mut().enumerate() {
        *edge = here[x] - (at(x.checked_sub(1)) & at(Some(x + 1)) & above[x] & below[x]);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bones::resize::{flip_horizontal, flip_vertical};

    use super::*;

    /// The lines of rows of letters, of which each but `.` is a bone.
    fn lines(rows: &[&str], reach: usize) -> Vec<String> {
        let size = Size::new(rows[0].len() as u32, rows.len() as u32).unwrap();
        let set = |letter: u8| match letter {
            b'.' => BoneSet::EMPTY,
            letter => BoneSet::from_bits(1 << (letter - b'a')).unwrap(),
        };
        let sets: Vec<BoneSet> = rows.iter().flat_map(|row| row.bytes().map(set)).collect();
        let mask = Mask::from_dense(size, &sets).unwrap();
        let mut outlined = OutlinedRows::new(&mask, size, reach);
        let letter = |set: &BoneSet| match set.iter().next() {
            None => '.',
            Some(bone) => char::from(b'a' + bone.index() as u8),
        };
        (0..rows.len())
            .map(|y| {
                outlined.advance();
                let own: Vec<BoneSet> = rows[y].bytes().map(set).collect();
                assert_eq!(outlined.sets(), own, "row {y}");
                outlined.lines().iter().map(letter).collect()
            })
            .collect()
    }

    #[test]
    fn lines_are_as_far_on_all_sides_of_a_bones_border() {
        let bone = [
            "..........",
            "..........",
            "..bbbbbb..",
            "..bbbbbb..",
            "..bbbbbb..",
            "..bbbbbb..",
            "..........",
        ];
        let thin = [
            "..........",
            "..........",
            "..bbbbbb..",
            "..b....b..",
            "..b....b..",
            "..bbbbbb..",
            "..........",
        ];
        assert_eq!(lines(&bone, 0), thin);
        let wide = [
            "..........",
            ".bbbbbbbb.",
            ".bbbbbbbb.",
            ".bbbbbbbb.",
            ".bbbbbbbb.",
            ".bbbbbbbb.",
            ".bbbbbbbb.",
        ];
        assert_eq!(lines(&bone, 1), wide);
        // Further than the picture is wide or high.
        assert_eq!(lines(&["a"], 4), ["a"]);
    }

    #[test]
    fn what_is_mirrored_is_drawn_mirrored() {
        let from = Size::new(47, 36).unwrap();
        let bone = |x: i32, y: i32| match ((x - 17).pow(2) + (y - 19).pow(2), x > 30 && y > 9) {
            (..160, _) => BoneSet::from_bits(1).unwrap(),
            (_, true) => BoneSet::from_bits(6).unwrap(),
            _ => BoneSet::EMPTY,
        };
        let pixels: Vec<BoneSet> = (0..47 * 36).map(|at| bone(at % 47, at / 47)).collect();
        let mask = Mask::from_dense(from, &pixels).unwrap();
        let drawn = |mask: &Mask, to: Size, reach| {
            let mut rows = OutlinedRows::new(mask, to, reach);
            let row = |_| {
                rows.advance();
                (rows.sets().to_vec(), rows.lines().to_vec())
            };
            let rows: Vec<(Row, Row)> = (0..to.height()).map(row).collect();
            let (sets, lines): (Vec<Row>, Vec<Row>) = rows.into_iter().unzip();
            [sets, lines].map(|rows| Mask::from_dense(to, &rows.concat()).unwrap())
        };
        for (width, height) in [(47, 36), (23, 18), (24, 9), (11, 12), (94, 72), (61, 50), (1, 1)] {
            let to = Size::new(width, height).unwrap();
            for reach in [0, 1, 3] {
                let whole = drawn(&mask, to, reach);
                for flip in [flip_horizontal, flip_vertical] {
                    assert_eq!(drawn(&flip(&mask), to, reach).map(|mask| flip(&mask)), whole, "{to} {reach}");
                }
            }
        }
    }

    #[test]
    fn of_two_bones_side_by_side_each_keeps_its_border() {
        assert_eq!(lines(&["....aabb....", "....aabb...."], 1), ["...aaabbb...", "...aaabbb..."]);
        assert_eq!(lines(&["....bbaa....", "....bbaa...."], 1), ["...bbbaaa...", "...bbbaaa..."]);
    }
}
