//! A smooth field of factors, as uneven exposure: bilinear between nodes, the outer ones on the image's edges (not on the
//! middles of its end pixels), multiplied in 32-bit floats and rounded.

use bones::Size;

use super::nearest;
use crate::Illumination;

/// Multiplies in place. A field without nodes leaves the image as it is.
pub(super) fn apply(field: &Illumination, size: Size, pixels: &mut [u8], floats: &mut Vec<f32>) {
    let columns = field.columns as usize;
    let rows = field.factors.len().checked_div(columns).unwrap_or(0);
    if rows == 0 {
        return;
    }
    let [width, height] = [size.width(), size.height()].map(|side| side as usize);
    let positions = floats;
    positions.clear();
    positions.extend((0..width).map(|x| position(x, width, columns) as f32));
    for (y, row) in pixels.chunks_exact_mut(width).enumerate() {
        let y = position(y, height, rows);
        let above = (y as usize).min(rows - 1);
        let below = (above + 1).min(rows - 1);
        let node = |column: usize| {
            let [high, low] = [above, below].map(|row| field.factors[row * columns + column]);
            high + (low - high) * (y - above as f64)
        };
        let mut start = 0;
        for left in 0..(columns - 1).max(1) {
            let right = (left + 1).min(columns - 1);
            let (factor, rise) = (node(left) as f32, (node(right) - node(left)) as f32);
            let before = left as f32;
            let end = positions.partition_point(|&position| position < before + 1.0);
            for (grey, &position) in row[start..end].iter_mut().zip(&positions[start..end]) {
                *grey = nearest(f32::from(*grey) * (factor + rise * (position - before)));
            }
            start = end;
        }
    }
}

/// Where the middle of pixel `at` of a side lies, in nodes.
fn position(at: usize, side: usize, nodes: usize) -> f64 {
    (at as f64 + 0.5) * (nodes - 1) as f64 / side as f64
}
