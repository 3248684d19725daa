//! Labels: which bones cover how much of each pixel.

use pulp::{Arch, NullaryFnOnce};

use super::cells::{Cells, LookUp};
use super::form::LabelForm;
use super::positions::{Back, FRACTION, Points, Quarters};

/// Pixels that are looked at together first.
const SPAN: usize = 4;

/// Positions of points, x and y.
type Positions = [Vec<i32>; 2];

/// Memory for rows, to be used again.
#[derive(Debug, Default)]
pub(super) struct RowMemory {
    /// Where the corners of spans come from: those above a row, and those below.
    corners: [Positions; 2],
    /// Where the quarters' centres come from: the upper ones, and the lower.
    taps: [Positions; 2],
    middles: Vec<Middle>,
}

/// The middle of a span.
#[derive(Clone, Copy, Debug)]
struct Middle {
    /// The cell that it lies in, and that cell's block.
    cell: u32,
    block: u32,
    /// How many cells any point of the span is from there at most, across or down.
    reach: u32,
}

/// The labels of a plane `width` pixels wide, where `back` leads from its pixels to cells (pixel centres to cell
/// indices with a fraction: a cell i holds the positions i … i + 1). `out` are the words, one plane after the other.
pub(super) fn render(
    cells: &Cells,
    form: LabelForm,
    back: Back<'_>,
    width: usize,
    out: &mut [i32],
    memory: &mut RowMemory,
) {
    match cells.look_up() {
        LookUp::Numbered(numbers, sets) => {
            // All 256, so that no number needs a check.
            let mut all = [0u32; 256];
            all[..sets.len()].copy_from_slice(sets);
            let set = |at: u32| all[usize::from(numbers[at as usize])];
            Labels { cells, form, back, width, set }.render(out, memory);
        }
        LookUp::Own(sets) => {
            let set = |at: u32| sets[at as usize];
            Labels { cells, form, back, width, set }.render(out, memory);
        }
    }
}

struct Labels<'a, S> {
    cells: &'a Cells,
    form: LabelForm,
    back: Back<'a>,
    width: usize,
    /// The set of the cell at a place; behind the last cell stands one without bones.
    set: S,
}

impl<S: Fn(u32) -> u32> Labels<'_, S> {
    fn render(&self, out: &mut [i32], memory: &mut RowMemory) {
        let width = self.width;
        let pixels = out.len() / self.form.words();
        let RowMemory { corners: [above, below], taps, middles } = memory;
        let spans = width.div_ceil(SPAN);
        let corners = |y: f64, corners: &mut Positions| {
            self.locate(Points { first: -0.5, step: SPAN as f64, y }, spans + 1, corners);
        };
        corners(-0.5, below);
        middles.resize(spans, Middle { cell: 0, block: 0, reach: u32::MAX });
        for (y, start) in (0..pixels).step_by(width.max(1)).enumerate() {
            std::mem::swap(above, below);
            corners(y as f64 + 0.5, below);
            self.find_middles(above, below, middles);
            // Where all of a pixel is of one set, only the last word is not 0.
            let words = self.form.words();
            (0..words - 1).for_each(|word| out[word * pixels + start..][..width].fill(0));
            let last = &mut out[(words - 1) * pixels + start..][..width];
            for (pixels, middle) in last.chunks_mut(SPAN).zip(&*middles) {
                if self.cells.calm(middle.block) >= middle.reach {
                    pixels.fill((self.set)(middle.cell) as i32);
                }
            }
            // Spans that differ follow one another mostly: their taps are looked up together.
            let calm = |middle: &Middle| self.cells.calm(middle.block) >= middle.reach;
            let mut span = 0;
            while span < spans {
                let first = span + middles[span..].iter().take_while(|span| calm(span)).count();
                span = first + middles[first..].iter().take_while(|span| !calm(span)).count();
                if first < span {
                    self.tap(first * SPAN..(span * SPAN).min(width), y, out, pixels, start, taps);
                }
            }
        }
    }

    /// The middle of each span of a row, between its four corners.
    fn find_middles(&self, above: &Positions, below: &Positions, middles: &mut [Middle]) {
        let size = self.cells.size;
        let ([xs, ys], [low_xs, low_ys]) = (above, below);
        Arch::new().dispatch(
            #[inline(always)]
            || {
                let corners = xs.windows(2).zip(low_xs.windows(2)).zip(ys.windows(2).zip(low_ys.windows(2)));
                for (found, ((x, low_x), (y, low_y))) in middles.iter_mut().zip(corners) {
                    let (x, reach_x) = middle(x[0], x[1], low_x[0], low_x[1]);
                    let (y, reach_y) = middle(y[0], y[1], low_y[0], low_y[1]);
                    let inside = ((x as u32) < size.width()) & ((y as u32) < size.height());
                    let block = Cells::block(size, x as u32, y as u32);
                    let cell = (y as u32).wrapping_mul(size.width()).wrapping_add(x as u32);
                    // Two cells more for what was cut off, and where the way is bent.
                    let reach = reach_x.max(reach_y) as u32 + 2;
                    let (cell, block, reach) = if inside { (cell, block, reach) } else { (0, 0, u32::MAX) };
                    *found = Middle { cell, block, reach };
                }
            },
        );
    }

    fn locate(&self, points: Points, count: usize, [xs, ys]: &mut Positions) {
        xs.resize(count, 0);
        ys.resize(count, 0);
        self.back.of(points, xs, ys);
    }

    /// Looks up the columns of row `y`, which begins at `start` of each plane of words.
    fn tap(
        &self,
        columns: std::ops::Range<usize>,
        y: usize,
        out: &mut [i32],
        pixels: usize,
        start: usize,
        [upper, lower]: &mut [Positions; 2],
    ) {
        let range = start + columns.start..start + columns.end;
        let (column, row) = (columns.start as f64, y as f64);
        if self.form.words() == 1 {
            self.locate(Points { first: column, step: 1.0, y: row }, columns.len(), upper);
            self.places(upper);
            for (word, &place) in out[range].iter_mut().zip(&upper[0]) {
                *word = (self.set)(place as u32) as i32;
            }
            return;
        }
        let (low, rest) = out.split_at_mut(pixels);
        let (middle, high) = rest.split_at_mut(pixels);
        let words = Words {
            low: &mut low[range.clone()],
            middle: &mut middle[range.clone()],
            high: &mut high[range],
        };
        if let Some(quarters) = self.back.quarters([column, row]) {
            return Arch::new().dispatch(Straight { labels: self, quarters, words });
        }
        for (taps, y) in [(&mut *upper, row - 0.25), (&mut *lower, row + 0.25)] {
            self.locate(Points { first: column - 0.25, step: 0.5, y }, 2 * columns.len(), taps);
            self.places(taps);
        }
        let pairs = upper[0].as_chunks::<2>().0.iter().zip(lower[0].as_chunks::<2>().0);
        let sets = pairs.map(|([a, b], [c, d])| [*a, *b, *c, *d].map(|place| (self.set)(place as u32)));
        words.count(sets);
    }

    /// Puts the place of the cell at each position into the place of its x.
    fn places(&self, [xs, ys]: &mut Positions) {
        let [width, height] = [self.cells.size.width(), self.cells.size.height()];
        let outside = self.cells.size.pixels();
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (x, &y) in xs.iter_mut().zip(&*ys) {
                    let (column, row) = ((*x >> FRACTION) as u32, (y >> FRACTION) as u32);
                    let inside = (column < width) & (row < height);
                    let place = row.wrapping_mul(width).wrapping_add(column);
                    *x = if inside { place } else { outside } as i32;
                }
            },
        );
    }
}

/// The words of some pixels: the binary digits of how many quarters each bone covers.
struct Words<'a> {
    low: &'a mut [i32],
    middle: &'a mut [i32],
    high: &'a mut [i32],
}

impl Words<'_> {
    /// From the sets of the four quarters of each.
    #[inline(always)]
    fn count(self, sets: impl Iterator<Item = [u32; 4]>) {
        let words = self.low.iter_mut().zip(self.middle).zip(self.high);
        for (((low, middle), high), [a, b, c, d]) in words.zip(sets) {
            // The digits of the sum of four bits, for all bones at once.
            let (ab, cd) = (a ^ b, c ^ d);
            *low = (ab ^ cd) as i32;
            *middle = ((a & b) ^ (c & d) ^ (ab & cd)) as i32;
            *high = (a & b & c & d) as i32;
        }
    }
}

/// Looks up the quarters of pixels in a row that a map without bends leads back: first where all are, then their sets, so
/// that all but the looking up is done for many at once.
struct Straight<'a, 'b, S> {
    labels: &'b Labels<'a, S>,
    quarters: Quarters,
    words: Words<'b>,
}

/// Pixels that are worked on together.
const TOGETHER: usize = 32;

impl<S: Fn(u32) -> u32> NullaryFnOnce for Straight<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Straight { labels, mut quarters, words } = self;
        let size = labels.cells.size;
        let (width, height, outside) = (size.width(), size.height(), size.pixels());
        let chunks = words.low.chunks_mut(TOGETHER).zip(words.middle.chunks_mut(TOGETHER));
        for ((low, middle), high) in chunks.zip(words.high.chunks_mut(TOGETHER)) {
            let (mut xs, mut ys) = ([0i32; TOGETHER], [0i32; TOGETHER]);
            for (x, y) in xs.iter_mut().zip(&mut ys) {
                (*x, *y) = quarters.next();
            }
            let mut sets = [[0u32; 4]; TOGETHER];
            for (quarter, [right, down]) in quarters.offsets.into_iter().enumerate() {
                let mut places = [0u32; TOGETHER];
                for ((place, &x), &y) in places.iter_mut().zip(&xs).zip(&ys) {
                    let (column, row) = (((x + right) >> FRACTION) as u32, ((y + down) >> FRACTION) as u32);
                    let inside = (column < width) & (row < height);
                    *place = if inside { row.wrapping_mul(width).wrapping_add(column) } else { outside };
                }
                for (sets, &place) in sets.iter_mut().zip(&places).take(low.len()) {
                    sets[quarter] = (labels.set)(place);
                }
            }
            Words { low, middle, high }.count(sets.into_iter());
        }
    }
}

/// The cell in the middle between four positions along an axis, and how many cells they are from there at most.
#[inline(always)]
fn middle(a: i32, b: i32, c: i32, d: i32) -> (i32, i32) {
    let low = a.min(b).min(c.min(d)) >> FRACTION;
    let high = a.max(b).max(c.max(d)) >> FRACTION;
    // No overflow: positions end at 2^(31 − FRACTION) cells.
    ((low + high) >> 1, (high - low + 1) >> 1)
}
