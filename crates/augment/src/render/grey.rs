//! Grey values between pixels.

use planes::Image;
use pulp::{Arch, NullaryFnOnce};

use super::positions::FRACTION;

/// A row-major image.
#[derive(Clone, Copy)]
pub(super) struct Grey<'a> {
    pub(super) pixels: &'a [u8],
    pub(super) width: usize,
    pub(super) height: usize,
}

const ONE: i32 = 1 << FRACTION;

/// Positions that are worked on together.
const TOGETHER: usize = 64;

impl Grey<'_> {
    /// Of an image.
    pub(super) fn of(image: &Image) -> Grey<'_> {
        let [width, height] = [image.size().width(), image.size().height()].map(|side| side as usize);
        Grey { pixels: image.pixels(), width, height }
    }

    /// The grey values at positions: bilinear between the four nearest pixels, black beyond the image, with weights of
    /// 1/4096, rounded once.
    pub(super) fn at(&self, xs: &[i32], ys: &[i32], row: &mut [u8]) {
        Arch::new().dispatch(At { grey: *self, xs, ys, row });
    }

    /// Some of them: where pixels are, then the pixels, then what is between them, so that all but the middle step is done
    /// for many at once.
    #[inline(always)]
    fn some(&self, xs: &[i32], ys: &[i32], row: &mut [u8]) {
        let (width, last_x, last_y) = (self.width as u32, self.width as u32 - 1, self.height as u32 - 1);
        let mut places = [0u32; TOGETHER];
        for ((place, &x), &y) in places.iter_mut().zip(xs).zip(ys) {
            let (left, top) = ((x >> FRACTION) as u32, (y >> FRACTION) as u32);
            let inside = (left < last_x) & (top < last_y);
            *place = if inside { top.wrapping_mul(width).wrapping_add(left) } else { u32::MAX };
        }
        let mut corners = [0u32; TOGETHER];
        for (((corners, &place), &x), &y) in corners.iter_mut().zip(&places).zip(xs).zip(ys) {
            let at = place as usize;
            let pair = |at: usize| self.pixels.get(at..at + 2).map(|pair| [pair[0], pair[1]]);
            *corners = match (pair(at), pair(at + self.width)) {
                (Some([a, b]), Some([c, d])) => u32::from_le_bytes([a, b, c, d]),
                _ => self.border(x >> FRACTION, y >> FRACTION),
            };
        }
        for (((grey, &corners), &x), &y) in row.iter_mut().zip(&corners).zip(xs).zip(ys) {
            *grey = between(corners, x & (ONE - 1), y & (ONE - 1));
        }
    }

    /// The four pixels where not all are of the image.
    #[cold]
    fn border(&self, left: i32, top: i32) -> u32 {
        let at = |right: i32, down: i32| self.pixel(left.saturating_add(right), top.saturating_add(down));
        u32::from_le_bytes([at(0, 0), at(1, 0), at(0, 1), at(1, 1)])
    }

    fn pixel(&self, x: i32, y: i32) -> u8 {
        let within = x >= 0 && y >= 0 && (x as usize) < self.width && (y as usize) < self.height;
        if within { self.pixels[y as usize * self.width + x as usize] } else { 0 }
    }
}

/// The work of [`Grey::at`], a type of its own because closures of this size are not compiled for the processor at hand.
struct At<'a> {
    grey: Grey<'a>,
    xs: &'a [i32],
    ys: &'a [i32],
    row: &'a mut [u8],
}

impl NullaryFnOnce for At<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let positions = self.xs.chunks(TOGETHER).zip(self.ys.chunks(TOGETHER));
        for ((xs, ys), row) in positions.zip(self.row.chunks_mut(TOGETHER)) {
            self.grey.some(xs, ys, row);
        }
    }
}

/// Between the pixels left and right above, left and right below: the bytes of `corners`, lowest first.
#[inline(always)]
fn between(corners: u32, right_share: i32, low_share: i32) -> u8 {
    let byte = |place: u32| (corners >> (8 * place) & 255) as i32;
    let (a, b, c, d) = (byte(0), byte(1), byte(2), byte(3));
    // 8 + 12 bits, one dropped, so that 12 more fit.
    let upper = ((a << FRACTION) + (b - a) * right_share) >> 1;
    let lower = ((c << FRACTION) + (d - c) * right_share) >> 1;
    let sum = (upper << FRACTION) + (lower - upper) * low_share;
    ((sum + (1 << (2 * FRACTION - 2))) >> (2 * FRACTION - 1)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lies_between_four_pixels() {
        let between =
            |corners: [u8; 4], right: i32, low: i32| super::between(u32::from_le_bytes(corners), right, low);
        assert_eq!(between([0, 255, 0, 255], 0, ONE / 3), 0);
        assert_eq!(between([255; 4], ONE / 7, ONE - 1), 255);
        assert_eq!(between([10, 20, 30, 40], ONE / 2, ONE / 2), 25);
        assert_eq!(between([0, 1, 0, 1], ONE / 2, 0), 1);
    }

    #[test]
    fn beyond_the_image_is_black() {
        let image = Grey { pixels: &[100; 6], width: 3, height: 2 };
        let mut row = [7; 6];
        let at = |pixels: f64| (pixels * f64::from(ONE)) as i32;
        image.at(
            &[at(-0.5), at(0.0), at(2.0), at(2.5), at(3.0), at(1.0)],
            &[at(0.0), at(0.0), at(1.0), at(0.0), at(0.0), at(-1.5)],
            &mut row,
        );
        assert_eq!(row, [50, 100, 100, 50, 0, 0]);
    }
}
