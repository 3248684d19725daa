//! Resampling of grey images: rows of an image at another size, antialiased by a triangle filter.

use bones::Size;
use planes::Image;

/// What becomes of an image where it grows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Enlarging {
    /// Bilinear.
    Smooth,
    /// Each pixel a block: the pixel under the new one's centre.
    Blocks,
}

/// The rows of an image at another size, with half-pixel centres. Where it shrinks, the triangle of bilinear
/// interpolation is as much wider, so that every pixel counts.
pub(crate) struct GreyRows<'a> {
    image: &'a Image,
    down: Vec<Taps>,
    across: Vec<Taps>,
    /// The weighted sum of the image's rows.
    blended: Vec<f32>,
}

impl<'a> GreyRows<'a> {
    pub(crate) fn new(image: &'a Image, size: Size, enlarging: Enlarging) -> GreyRows<'a> {
        GreyRows {
            image,
            down: taps(image.size().height(), size.height(), enlarging),
            across: taps(image.size().width(), size.width(), enlarging),
            blended: vec![0.0; image.size().width() as usize],
        }
    }

    /// Row `y` of the result; black where the image has no pixels.
    pub(crate) fn row(&mut self, y: usize, row: &mut [u8]) {
        row.fill(0);
        let Some(taps) = self.down.get(y) else { return };
        self.blended.fill(0.0);
        let width = self.blended.len();
        for (source, weight) in taps.pairs() {
            let pixels = &self.image.pixels()[source * width..][..width];
            for (sum, &pixel) in self.blended.iter_mut().zip(pixels) {
                *sum += weight * f32::from(pixel);
            }
        }
        for (pixel, taps) in row.iter_mut().zip(&self.across) {
            *pixel = taps.pairs().map(|(x, weight)| weight * self.blended[x]).sum::<f32>().round() as u8;
        }
    }
}

/// Which source pixels make a pixel of the result, and their weights, whose sum is 1.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

impl Taps {
    fn pairs(&self) -> impl Iterator<Item = (usize, f32)> + '_ {
        (self.first..).zip(self.weights.iter().copied())
    }
}

/// The taps of each of `to` pixels, with half-pixel centres; none where there are no source pixels.
fn taps(from: u32, to: u32, enlarging: Enlarging) -> Vec<Taps> {
    if from == 0 {
        return Vec::new();
    }
    if enlarging == Enlarging::Blocks && to > from {
        let under = |index: u32| (2 * u64::from(index) + 1) * u64::from(from) / (2 * u64::from(to));
        return (0..to).map(|index| Taps { first: under(index) as usize, weights: vec![1.0] }).collect();
    }
    let scale = f64::from(from) / f64::from(to);
    let radius = scale.max(1.0);
    let tap = |index: u32| {
        let centre = (f64::from(index) + 0.5) * scale - 0.5;
        let first = (centre - radius).ceil().max(0.0) as u32;
        let last = ((centre + radius).floor() as u32).min(from - 1);
        let weights: Vec<f64> = (first..=last)
            .map(|source| (1.0 - (f64::from(source) - centre).abs() / radius).max(0.0))
            .collect();
        let sum: f64 = weights.iter().sum();
        Taps { first: first as usize, weights: weights.iter().map(|weight| (weight / sum) as f32).collect() }
    };
    (0..to).map(tap).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn resampled(pixels: &[u8], from: (u32, u32), to: (u32, u32)) -> Vec<u8> {
        enlarged(pixels, from, to, Enlarging::Smooth)
    }

    fn enlarged(pixels: &[u8], from: (u32, u32), to: (u32, u32), enlarging: Enlarging) -> Vec<u8> {
        let image = Image::new(Size::new(from.0, from.1).unwrap(), pixels.to_vec()).unwrap();
        let mut rows = GreyRows::new(&image, Size::new(to.0, to.1).unwrap(), enlarging);
        let mut result = vec![0; (to.0 * to.1) as usize];
        for (y, row) in result.chunks_exact_mut(to.0 as usize).enumerate() {
            rows.row(y, row);
        }
        result
    }

    #[test]
    fn the_same_size_is_the_same_image() {
        let pixels: Vec<u8> = (0..=255).collect();
        assert_eq!(resampled(&pixels, (32, 8), (32, 8)), pixels);
    }

    #[test]
    fn a_smaller_image_keeps_the_mean_and_a_larger_one_is_interpolated() {
        let stripes: Vec<u8> = (0..64 * 64).map(|index| if index % 2 == 0 { 0 } else { 200 }).collect();
        let small = resampled(&stripes, (64, 64), (8, 8));
        assert!(small.iter().all(|&grey| (95..=105).contains(&grey)), "{small:?}");
        assert_eq!(resampled(&[0, 100], (2, 1), (4, 2)), [0, 25, 75, 100, 0, 25, 75, 100]);
        assert_eq!(resampled(&[7; 12], (4, 3), (9, 1)), [7; 9]);
    }

    #[test]
    fn pixels_become_blocks_where_they_are_to_be_told_apart() {
        let blocks = |from, to| enlarged(&[10, 100], from, to, Enlarging::Blocks);
        assert_eq!(blocks((2, 1), (6, 2)), [10, 10, 10, 100, 100, 100, 10, 10, 10, 100, 100, 100]);
        assert_eq!(blocks((1, 2), (1, 5)), [10, 10, 100, 100, 100]);
        assert_eq!(blocks((2, 1), (1, 1)), [55]);
    }

    #[test]
    fn no_image_is_black() {
        assert_eq!(resampled(&[], (0, 3), (2, 1)), [0, 0]);
    }
}
