//! A small kernel's sums: `cv2.filter2D(image, -1, kernel)` within 1 grey level.
//!
//! As OpenCV below 11 × 11: products of 32-bit floats are summed up row by row, weights of 0 left out, and the sum is
//! rounded, halves to even. OpenCV fuses multiplications and additions where the processor can; here nothing is fused.

use bones::Size;

use super::bordered::{Border, Bordered, lanes, put};
use super::{LANES, nearest};
use crate::Kernel;

/// Filters in place.
pub(super) fn apply(
    kernel: &Kernel,
    size: Size,
    pixels: &mut [u8],
    bordered: &mut Bordered,
    floats: &mut Vec<f32>,
) {
    let side = kernel.side() as usize;
    bordered.fill(size, pixels, side / 2, Border::Mirrored);
    let stride = bordered.stride();
    // The rows under the kernel as floats; row y lies at y modulo side.
    floats.resize(stride * side, 0.0);
    let taps = kernel.weights().iter().enumerate().filter(|(_, weight)| **weight != 0.0);
    let taps: Vec<_> = taps.map(|(tap, &weight)| (tap / side, tap % side, weight)).collect();
    for (y, target) in pixels.chunks_exact_mut(size.width() as usize).enumerate() {
        let known = if y == 0 { 0 } else { side - 1 };
        for y in y + known..y + side {
            let floats = &mut floats[y % side * stride..][..stride];
            floats.iter_mut().zip(bordered.row(y)).for_each(|(float, &grey)| *float = f32::from(grey));
        }
        for x in (0..target.len()).step_by(LANES) {
            let mut sums = [0.0_f32; LANES];
            for &(row, column, weight) in &taps {
                let row = &floats[(y + row) % side * stride..][..stride];
                for (sum, &grey) in sums.iter_mut().zip(lanes(row, x + column)) {
                    *sum += weight * grey;
                }
            }
            put(sums.map(nearest), target, x);
        }
    }
}
