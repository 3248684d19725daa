//! Cells: the bones of a radiograph on a fine grid, ready to be looked up at any point.

use bones::resize::NearestRows;
use bones::{BoneSet, Mask, Size};

use super::form::LabelForm;

/// Cells of a block's side.
const BLOCK: usize = 4;

/// The bones of a radiograph on a grid over the whole of it: of `coverage` labels two cells for each pixel across and
/// down, else one.
///
/// A radiograph has some dozens of different sets of bones, so a cell is a byte, the number of its set. Behind the last
/// cell stands one more without bones, for what is beyond the grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells {
    pub(super) size: Size,
    sets: Sets,
    /// For each block of cells how far around it, in cells, all have the same set.
    calm: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Sets {
    /// The number of each cell's set, and the sets.
    Numbered(Vec<u8>, Vec<u32>),
    /// More than 256 sets: each cell's own.
    Own(Vec<u32>),
}

impl Cells {
    /// Those of a mask for a radiograph that the network sees at the size `scaled`.
    pub fn new(mask: &Mask, scaled: Size, form: LabelForm) -> Cells {
        let fold = form.cells() as u32;
        let size = Size::new(scaled.width() * fold, scaled.height() * fold).unwrap_or(scaled);
        let rows = match form {
            LabelForm::Coverage => NearestRows::halves(mask, size),
            LabelForm::Centre => NearestRows::centred(mask, size),
            LabelForm::Legacy => NearestRows::new(mask, size),
        };
        let mut row = vec![BoneSet::EMPTY; size.width() as usize];
        let mut sets = Sets::Numbered(Vec::with_capacity(size.pixels() as usize), Vec::new());
        for y in 0..size.height() {
            rows.row(y, &mut row);
            // Most cells have the set of the one before.
            row.chunk_by(|one, next| one == next).for_each(|run| sets.push(run[0].bits(), run.len()));
        }
        let calm = calm(&sets, size.width() as usize);
        sets.push(0, 1);
        Cells { size, sets, calm }
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        let sets = match &self.sets {
            Sets::Numbered(numbers, sets) => numbers.len() + size_of_val(&**sets),
            Sets::Own(sets) => size_of_val(&**sets),
        };
        sets + size_of_val(&*self.calm)
    }

    /// How to look cells up.
    pub(super) fn look_up(&self) -> LookUp<'_> {
        match &self.sets {
            Sets::Numbered(numbers, sets) => LookUp::Numbered(numbers, sets),
            Sets::Own(sets) => LookUp::Own(sets),
        }
    }

    /// The number of the block with the cell (x, y) of a grid of `size`; anything for what is beyond.
    #[inline(always)]
    pub(super) fn block(size: Size, x: u32, y: u32) -> u32 {
        (y / BLOCK as u32).wrapping_mul(size.width().div_ceil(BLOCK as u32)).wrapping_add(x / BLOCK as u32)
    }

    /// How far around any cell of a block, across and down, all cells have its set, at least; 0 where the block itself has
    /// several.
    #[inline(always)]
    pub(super) fn calm(&self, block: u32) -> u32 {
        self.calm[block as usize].into()
    }
}

impl Sets {
    /// Puts `count` cells with a set behind the others.
    fn push(&mut self, set: u32, count: usize) {
        let (numbers, known) = match self {
            Sets::Own(own) => return own.resize(own.len() + count, set),
            Sets::Numbered(numbers, known) => (numbers, known),
        };
        let found = known.iter().position(|one| *one == set).unwrap_or_else(|| {
            known.push(set);
            known.len() - 1
        });
        match u8::try_from(found) {
            Ok(number) => numbers.resize(numbers.len() + count, number),
            Err(_) => {
                let mut own: Vec<u32> = Vec::with_capacity(numbers.capacity());
                own.extend(numbers.iter().map(|number| known[usize::from(*number)]));
                *self = Sets::Own(own);
                self.push(set, count);
            }
        }
    }
}

/// Cells by their place, row-major.
#[derive(Clone, Copy)]
pub(super) enum LookUp<'a> {
    Numbered(&'a [u8], &'a [u32]),
    Own(&'a [u32]),
}

/// For each block how far around it all cells have the same set.
fn calm(sets: &Sets, width: usize) -> Vec<u8> {
    match sets {
        Sets::Numbered(numbers, _) => alike(numbers, width),
        Sets::Own(sets) => alike(sets, width),
    }
}

fn alike<T: Copy + PartialEq>(cells: &[T], width: usize) -> Vec<u8> {
    if cells.is_empty() {
        return Vec::new();
    }
    let columns = width.div_ceil(BLOCK);
    // Each block by itself.
    let mut own: Vec<Option<T>> = Vec::new();
    for rows in cells.chunks(BLOCK * width) {
        let first: Vec<T> = (0..columns).map(|column| rows[column * BLOCK]).collect();
        let mut even = vec![true; columns];
        for row in rows.chunks_exact(width) {
            for ((block, first), even) in row.chunks(BLOCK).zip(&first).zip(&mut even) {
                *even &= block.iter().fold(true, |all, cell| all & (cell == first));
            }
        }
        own.extend(first.into_iter().zip(even).map(|(first, even)| even.then_some(first)));
    }
    // In how many rings of blocks around a block, itself counted, all have its set (a chessboard distance): in two passes,
    // each from the neighbours before. Beyond the grid there are no bones, so that its border ends a ring.
    let rows = own.len() / columns;
    let mut rings = vec![0u8; own.len()];
    let ring = |rings: &[u8], at: usize, neighbours: [usize; 4]| {
        let nearest = neighbours.map(|other| if own[other] == own[at] { rings[other] } else { 0 });
        nearest.into_iter().min().unwrap_or(0).saturating_add(1)
    };
    for row in 0..rows {
        for column in 0..columns {
            let at = row * columns + column;
            let border = row == 0 || column == 0 || row + 1 == rows || column + 1 == columns;
            rings[at] = match own[at] {
                None => 0,
                Some(_) if border => 1,
                Some(_) => ring(&rings, at, [at - 1, at - columns - 1, at - columns, at - columns + 1]),
            };
        }
    }
    for row in (1..rows.saturating_sub(1)).rev() {
        for column in (1..columns.saturating_sub(1)).rev() {
            let at = row * columns + column;
            if own[at].is_some() {
                let behind = ring(&rings, at, [at + 1, at + columns + 1, at + columns, at + columns - 1]);
                rings[at] = rings[at].min(behind);
            }
        }
    }
    // All of a block's own ring is its own set; a cell at its edge has as many cells around as there are rings more.
    rings.iter().map(|rings| rings.saturating_sub(1).saturating_mul(BLOCK as u8)).collect()
}
