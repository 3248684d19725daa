//! Median blur: the very bytes of `cv2.medianBlur(image, side)`.
//!
//! Values are sorted by exchanges alone, so that a register of pixels goes through at once. The columns under the kernel
//! are sorted (once for all pixels that they lie under), then the rows of equal rank. Of the square sorted both ways, the
//! entry in row a and column b has a·b entries that are not greater, itself among them, and as many that are not
//! less from the other end. Where that is more than half of all, it is not the median; as many fall away at either end,
//! so that the median is the median of what is left.

use bones::Size;

use super::LANES;
use super::bordered::{Border, Bordered, lanes, put};

type Pixels = [u8; LANES];

/// Takes medians in place, over 3 × 3, 5 × 5 or 7 × 7 pixels. A larger `side` is taken as 7.
pub(super) fn apply(side: u32, size: Size, pixels: &mut [u8], bordered: &mut Bordered, bytes: &mut Vec<u8>) {
    match side {
        0 | 1 => {}
        2 | 3 => apply_sized::<3>(size, pixels, bordered, bytes),
        4 | 5 => apply_sized::<5>(size, pixels, bordered, bytes),
        _ => apply_sized::<7>(size, pixels, bordered, bytes),
    }
}

fn apply_sized<const SIDE: usize>(
    size: Size,
    pixels: &mut [u8],
    bordered: &mut Bordered,
    bytes: &mut Vec<u8>,
) {
    bordered.fill(size, pixels, SIDE / 2, Border::Repeated);
    let stride = bordered.stride();
    // SIDE rows: the columns' least values, their second ones, and so on.
    bytes.resize(stride * SIDE, 0);
    for (y, target) in pixels.chunks_exact_mut(size.width() as usize).enumerate() {
        for x in (0..stride).step_by(LANES) {
            let mut column = [[0; LANES]; SIDE];
            column.iter_mut().zip(y..).for_each(|(place, y)| *place = *lanes(bordered.row(y), x));
            sort(&mut column);
            for (ranked, sorted) in bytes.chunks_exact_mut(stride).zip(column) {
                put(sorted, ranked, x);
            }
        }
        for x in (0..target.len()).step_by(LANES) {
            let mut square = [[[0; LANES]; SIDE]; SIDE];
            for (row, ranked) in square.iter_mut().zip(bytes.chunks_exact(stride)) {
                row.iter_mut().enumerate().for_each(|(column, place)| *place = *lanes(ranked, x + column));
                sort(row);
            }
            put(median_of_sorted(&square), target, x);
        }
    }
}

/// The median of a square whose rows and columns are sorted.
fn median_of_sorted<const SIDE: usize>(square: &[[Pixels; SIDE]; SIDE]) -> Pixels {
    let half = SIDE * SIDE / 2 + 1;
    let mut left = [[0; LANES]; 29];
    let mut count = 0;
    for (row, a) in square.iter().zip(1..) {
        for (pixels, b) in row.iter().zip(1..) {
            if a * b <= half && (SIDE + 1 - a) * (SIDE + 1 - b) <= half {
                left[count] = *pixels;
                count += 1;
            }
        }
    }
    median(&mut left[..count])
}

/// The median of an odd number of values, at least 3.
///
/// Of one more than half of them, neither the least nor the greatest is the median: both are forgotten, and the next
/// value takes a place, until three are left.
fn median(values: &mut [Pixels]) -> Pixels {
    let held = values.len() / 2 + 2;
    for first in 0..=values.len() - held {
        extremes_outwards(&mut values[first..held]);
        if let Some(&next) = values.get(held + first) {
            values[held - 1] = next;
        }
    }
    values[values.len() / 2]
}

/// Puts the least value first and the greatest one last.
fn extremes_outwards(values: &mut [Pixels]) {
    let last = values.len() - 1;
    (0..values.len() / 2).for_each(|place| exchange(values, place, last - place));
    (1..values.len().div_ceil(2)).for_each(|place| exchange(values, 0, place));
    (values.len() / 2..last).for_each(|place| exchange(values, place, last));
}

/// Sorts by exchanges, least first.
fn sort<const COUNT: usize>(values: &mut [Pixels; COUNT]) {
    for end in (1..COUNT).rev() {
        for place in 0..end {
            exchange(values, place, place + 1);
        }
    }
}

/// Puts the lesser of two values first, pixel by pixel.
fn exchange(values: &mut [Pixels], first: usize, second: usize) {
    let (one, other) = (values[first], values[second]);
    for (lesser, other) in values[first].iter_mut().zip(other) {
        *lesser = (*lesser).min(other);
    }
    for (greater, one) in values[second].iter_mut().zip(one) {
        *greater = (*greater).max(one);
    }
}
