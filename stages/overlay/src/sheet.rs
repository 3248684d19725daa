//! The contact sheet: all pictures at a glance, with captions, over a legend of the bones' colours.

use bones::Bone;

use crate::canvas::{Canvas, GLYPH, fitted};
use crate::palette::{Rgb, colour};

const GROUND: Rgb = [18, 20, 24];
const TEXT: Rgb = [232, 232, 228];
const DIMMED: Rgb = [150, 154, 160];
/// Pixels between cells, and around them.
const GAP: usize = 12;
/// Scale of text.
const SCALE: usize = 2;
/// Pixels of a line of text.
const LINE: usize = GLYPH * SCALE + 6;

/// A picture with two lines of text.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) picture: Canvas,
    pub(crate) name: String,
    pub(crate) remark: String,
}

/// Lays the cells out in rows of `columns`, each picture in a square of `side` pixels.
pub(crate) fn lay_out(cells: &[Cell], columns: usize, side: usize) -> Canvas {
    let columns = columns.clamp(1, cells.len().max(1));
    let cell_height = side + 2 * LINE + GAP;
    // Room for one column of the legend at least.
    let width = (GAP + columns * (side + GAP)).max(LEGEND_COLUMN + 2 * GAP);
    let top = GAP + cells.len().div_ceil(columns) * cell_height;
    let legend_columns = ((width - 2 * GAP) / LEGEND_COLUMN).max(1);
    let legend_rows = Bone::ALL.len().div_ceil(legend_columns);
    let mut sheet = Canvas::new(width, top + legend_rows * LINE + GAP, GROUND);
    for (index, cell) in cells.iter().enumerate() {
        let x = GAP + index % columns * (side + GAP);
        let y = GAP + index / columns * cell_height;
        let picture = &cell.picture;
        sheet.paste(
            x + (side - picture.width.min(side)) / 2,
            y + (side - picture.height.min(side)) / 2,
            picture,
        );
        sheet.write(x, y + side + 6, SCALE, TEXT, &fitted(&cell.name, side, SCALE));
        sheet.write(x, y + side + 6 + LINE, SCALE, DIMMED, &fitted(&cell.remark, side, SCALE));
    }
    for (index, bone) in Bone::ALL.into_iter().enumerate() {
        // Column by column, so that a finger's bones stand below each other.
        let (x, y) = (GAP + index / legend_rows * LEGEND_COLUMN, top + index % legend_rows * LINE);
        sheet.fill(x, y, GLYPH * SCALE, GLYPH * SCALE, colour(bone));
        sheet.write(x + GLYPH * SCALE + 8, y, SCALE, TEXT, bone.name());
    }
    sheet
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
            let sheet = lay_out(&cells(count, 64), columns, 64);
            let pictures = sheet.pixels().iter().filter(|&&pixel| pixel == [250, 0, 0]).count();
            assert_eq!(pictures, count * 64 * 32, "{count} in {columns}");
            for bone in Bone::ALL {
                let patch = sheet.pixels().iter().filter(|&&pixel| pixel == colour(bone)).count();
                assert_eq!(patch, (GLYPH * SCALE).pow(2), "{bone}");
            }
        }
    }
}
