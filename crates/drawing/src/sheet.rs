//! The contact sheet: all pictures at a glance, with captions, over a legend of the bones' colours.

use bones::Bone;

use crate::canvas::{Canvas, GLYPH};
use crate::caption::{ending, wrapped};
use crate::palette::{Rgb, colour};

const GROUND: Rgb = [18, 20, 24];
const TEXT: Rgb = [232, 232, 228];
const DIMMED: Rgb = [150, 154, 160];
/// Pixels between cells, and around them.
const GAP: usize = 12;
/// Scale of the legend's text, and of captions below squares of [`LARGE`] pixels or more; that of others is 1.
const SCALE: usize = 2;
const LARGE: usize = 384;
/// Pixels of a line of the legend.
const LINE: usize = line(SCALE);

/// Pixels of a line of text.
const fn line(scale: usize) -> usize {
    GLYPH * scale + 6
}

/// A picture with a caption.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The picture.
    pub picture: Canvas,
    /// The first line of its caption; of what is too long the end is shown.
    pub name: String,
    /// The lines below it, see [`Sheet::with_lines`]; `\n` begins a new one.
    pub remark: String,
}

/// A contact sheet that grows by rows of cells, each picture in a square.
#[derive(Debug)]
pub struct Sheet {
    columns: usize,
    /// Pixels of a square's side.
    side: usize,
    /// How many lines a remark has at most.
    lines: usize,
    /// The cells of a row that is not full yet.
    waiting: Vec<Cell>,
    /// The rows that were full.
    rows: Option<Canvas>,
}

impl Sheet {
    /// A sheet of rows of `columns` squares, of `side` × `side` pixels each; remarks have a line.
    pub fn new(columns: usize, side: usize) -> Sheet {
        Sheet { columns: columns.max(1), side, lines: 1, waiting: Vec::new(), rows: None }
    }

    /// The same, with remarks of at most `lines` lines, wrapped at their words. A row of cells is as high as its longest
    /// remark needs.
    pub fn with_lines(self, lines: usize) -> Sheet {
        Sheet { lines, ..self }
    }

    /// Puts a cell behind the others.
    pub fn push(&mut self, cell: Cell) {
        self.waiting.push(cell);
        if self.waiting.len() == self.columns {
            self.lay_row();
        }
    }

    /// The sheet, with the legend below; as wide as its cells where they don't fill a row.
    pub fn finish(mut self) -> Canvas {
        if self.rows.is_none() {
            self.columns = self.columns.min(self.waiting.len().max(1));
        }
        if !self.waiting.is_empty() {
            self.lay_row();
        }
        let width = self.width();
        let mut sheet = self.rows.unwrap_or_else(|| Canvas::new(width, GAP, GROUND));
        let top = sheet.height();
        let legend_columns = ((width - 2 * GAP) / LEGEND_COLUMN).max(1);
        let legend_rows = Bone::ALL.len().div_ceil(legend_columns);
        sheet.extend(legend_rows * LINE + GAP, GROUND);
        for (index, bone) in Bone::ALL.into_iter().enumerate() {
            // Column by column, so that a finger's bones stand below each other.
            let (x, y) = (GAP + index / legend_rows * LEGEND_COLUMN, top + index % legend_rows * LINE);
            sheet.fill(x, y, GLYPH * SCALE, GLYPH * SCALE, colour(bone));
            sheet.write(x + GLYPH * SCALE + 8, y, SCALE, TEXT, bone.name());
        }
        sheet
    }

    /// Pixels of a row, with room for one column of the legend at least.
    fn width(&self) -> usize {
        (GAP + self.columns * (self.side + GAP)).max(LEGEND_COLUMN + 2 * GAP)
    }

    /// Lays the waiting cells out as the next row.
    fn lay_row(&mut self) {
        let (width, side) = (self.width(), self.side);
        let scale = if side < LARGE { 1 } else { SCALE };
        let room = side / (GLYPH * scale);
        let cells: Vec<_> = self
            .waiting
            .drain(..)
            .map(|cell| (cell.picture, ending(&cell.name, room), wrapped(&cell.remark, room, self.lines)))
            .collect();
        let lines = 1 + cells.iter().map(|(.., remark)| remark.len()).fold(1, usize::max);
        let sheet = self.rows.get_or_insert_with(|| Canvas::new(width, GAP, GROUND));
        let y = sheet.height();
        sheet.extend(side + lines * line(scale) + GAP, GROUND);
        for (column, (picture, name, remark)) in cells.into_iter().enumerate() {
            let x = GAP + column * (side + GAP);
            let centred = |extent: usize| (side - extent.min(side)) / 2;
            sheet.paste(x + centred(picture.width()), y + centred(picture.height()), &picture);
            let below = y + side + 6;
            sheet.write(x, below, scale, TEXT, &name);
            for (number, text) in (1..).zip(&remark) {
                sheet.write(x, below + number * line(scale), scale, DIMMED, text);
            }
        }
    }
}

/// Pixels of a legend entry: a patch, and the ten letters of `Triquetrum`.
const LEGEND_COLUMN: usize = GLYPH * SCALE * 11 + 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(count: usize, side: usize) -> Vec<Cell> {
        let picture = Canvas::new(side, side / 2, [250, 0, 0]);
        vec![Cell { picture, name: "image1.png".to_owned(), remark: "Dice 0.9432".to_owned() }; count]
    }

    #[test]
    fn every_picture_and_every_bone_is_on_the_sheet() {
        for (count, columns) in [(0, 4), (1, 4), (5, 2), (4, 9)] {
            let mut sheet = Sheet::new(columns, 64);
            cells(count, 64).into_iter().for_each(|cell| sheet.push(cell));
            let sheet = sheet.finish();
            let pictures = sheet.pixels().iter().filter(|&&pixel| pixel == [250, 0, 0]).count();
            assert_eq!(pictures, count * 64 * 32, "{count} in {columns}");
            // No wider than needed: two columns of cells, or of the legend.
            assert!(sheet.width() <= GAP + columns.min(count.max(4)) * (64 + GAP) + LEGEND_COLUMN, "{count}");
            for bone in Bone::ALL {
                let patch = sheet.pixels().iter().filter(|&&pixel| pixel == colour(bone)).count();
                assert_eq!(patch, (GLYPH * SCALE).pow(2), "{bone}");
            }
        }
    }

    #[test]
    fn rows_are_as_high_as_their_longest_remark() {
        let height = |lines: usize, remarks: &[&str]| {
            let mut sheet = Sheet::new(1, 128).with_lines(lines);
            for (cell, remark) in cells(remarks.len(), 128).into_iter().zip(remarks) {
                sheet.push(Cell { remark: (*remark).to_owned(), ..cell });
            }
            sheet.finish().height()
        };
        let short = height(4, &["flip"]);
        assert_eq!(height(1, &["rotate 12.5 scale 1.08"]), short);
        assert_eq!(height(4, &["rotate 12.5 scale 1.08"]), short + line(1));
        assert_eq!(height(4, &["a\nb\nc\nd\ne"]), short + 3 * line(1));
        assert_eq!(height(4, &["flip", "a\nb"]), height(4, &["flip", "flip"]) + line(1));
    }
}
