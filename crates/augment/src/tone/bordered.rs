//! A copy of an image with a border around it, so that kernels need no special cases.

use bones::Size;
use pixels::reflect_101;

use super::LANES;

/// What stands outside an image.
#[derive(Clone, Copy)]
pub(super) enum Border {
    /// The image mirrored about its end pixels: BORDER_REFLECT_101.
    Mirrored,
    /// The nearest pixel: BORDER_REPLICATE.
    Repeated,
}

/// Rows of pixels with a border of `margin` pixels on all sides.
///
/// Rows are `margin` + width + `margin` long and then filled up, so that from any multiple of [`LANES`] below the width
/// on, `LANES` + 2·`margin` pixels can be read.
#[derive(Default)]
pub(super) struct Bordered {
    stride: usize,
    pixels: Vec<u8>,
}

impl Bordered {
    /// Takes a copy of the image; it has pixels.
    pub(super) fn fill(&mut self, size: Size, pixels: &[u8], margin: usize, border: Border) {
        let [width, height] = [size.width(), size.height()].map(|side| side as usize);
        let outside = |at: usize, side: usize| {
            let at = at as isize - margin as isize;
            match border {
                Border::Mirrored => reflect_101(at, side),
                Border::Repeated => at.clamp(0, side as isize - 1) as usize,
            }
        };
        self.stride = (width.next_multiple_of(LANES) + 2 * margin).next_multiple_of(LANES);
        self.pixels.resize(self.stride * (height + 2 * margin), 0);
        for (y, target) in self.pixels.chunks_exact_mut(self.stride).enumerate() {
            let row = &pixels[outside(y, height) * width..][..width];
            target[margin..margin + width].copy_from_slice(row);
            for x in (0..margin).chain(margin + width..2 * margin + width) {
                target[x] = row[outside(x, width)];
            }
        }
    }

    /// Length of rows; a multiple of [`LANES`].
    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    /// Row `y`; row 0 is the first one of the border, as pixel 0 of a row is.
    pub(super) fn row(&self, y: usize) -> &[u8] {
        &self.pixels[y * self.stride..][..self.stride]
    }
}

/// [`LANES`] values of a row from `x` on.
pub(super) fn lanes<T>(row: &[T], x: usize) -> &[T; LANES] {
    row[x..].first_chunk().expect("rows are filled up")
}

/// Puts pixels where they belong; those beyond the row's end are left out.
pub(super) fn put(lanes: [u8; LANES], row: &mut [u8], x: usize) {
    match row[x..].first_chunk_mut() {
        Some(target) => *target = lanes,
        None => row[x..].iter_mut().zip(lanes).for_each(|(target, pixel)| *target = pixel),
    }
}
