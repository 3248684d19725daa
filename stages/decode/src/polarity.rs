//! Polarity: whether a plate shows bones bright on dark ground, as radiographs are read, or the other way round, as
//! prints and some detectors give them.

use planes::Image;

/// How far from the border the rings lie along which the ground is looked for, in shares of the shorter side. More
/// than one, so that a narrow frame of any brightness (collimation, a scanned margin) does not decide.
const INSETS: [f64; 3] = [0.01, 0.04, 0.08];
/// The share of each ring that must be bright.
const BRIGHT: f64 = 0.6;
/// Means of dark and bright pixels that lie closer together than this are no contrast to judge by.
const LEAST_CONTRAST: f64 = 24.0;

/// Whether the ground on which the hand lies is the brightest part of the image.
///
/// Otsu's threshold ("A threshold selection method from gray-level histograms", 1979) parts the pixels into dark and
/// bright ones. The plate is taken as inverted where along each of three rings near the border at least 60 % of the
/// pixels are bright, and the outermost ring's median is also as bright as the bright half's (less an eighth of the
/// contrast): ground is brighter than anything on it, while a close-up of a wrist has its brightest part inside.
/// In doubt the answer is no.
pub(crate) fn is_inverted(image: &Image) -> bool {
    let rings = INSETS.map(|inset| Histogram::of(ring(image, inset)));
    let whole = Histogram::of(image.pixels().iter().copied());
    let Some(split) = whole.otsu() else { return false };
    let contrast = split.bright_mean - split.dark_mean;
    let ground = f64::from(rings[0].median_above(0));
    let brightest = f64::from(whole.median_above(split.threshold + 1));
    contrast >= LEAST_CONTRAST
        && rings.iter().all(|ring| ring.share_above(split.threshold) >= BRIGHT)
        && ground >= brightest - contrast / 8.0
}

/// The image with 255 − v for each grey value v.
pub(crate) fn negative(image: Image) -> Image {
    let size = image.size();
    let mut pixels = image.into_pixels();
    pixels.iter_mut().for_each(|pixel| *pixel = !*pixel);
    Image::new(size, pixels).expect("as many pixels as before")
}

/// The pixels of the rectangle that lies `inset` of the shorter side inside the border; corners count twice.
fn ring(image: &Image, inset: f64) -> impl Iterator<Item = u8> + '_ {
    let [width, height] = [image.size().width(), image.size().height()].map(|side| side as usize);
    let inset = (inset * width.min(height) as f64) as usize;
    let rows = [inset, height.saturating_sub(1 + inset)];
    let columns = [inset, width.saturating_sub(1 + inset)];
    let across = (inset..width - inset).flat_map(move |x| rows.map(|y| y * width + x));
    let down = (inset..height - inset).flat_map(move |y| columns.map(|x| y * width + x));
    across.chain(down).filter_map(|index| image.pixels().get(index).copied())
}

/// How many pixels have each grey value.
struct Histogram {
    counts: [u64; 256],
    total: u64,
}

/// Dark pixels, up to the threshold, and bright ones.
struct Split {
    threshold: u8,
    dark_mean: f64,
    bright_mean: f64,
}

impl Histogram {
    fn of(pixels: impl Iterator<Item = u8>) -> Histogram {
        let mut histogram = Histogram { counts: [0; 256], total: 0 };
        for pixel in pixels {
            histogram.counts[usize::from(pixel)] += 1;
            histogram.total += 1;
        }
        histogram
    }

    /// The split with the largest variance between its halves; `None` where all pixels are equal.
    fn otsu(&self) -> Option<Split> {
        let moment = |(value, &count): (usize, &u64)| value as f64 * count as f64;
        let all: f64 = self.counts.iter().enumerate().map(moment).sum();
        let (mut dark, mut dark_moment) = (0, 0.0);
        let mut best: Option<(f64, Split)> = None;
        for (value, count) in self.counts.iter().enumerate() {
            dark += count;
            dark_moment += moment((value, count));
            let bright = self.total - dark;
            if dark == 0 || bright == 0 {
                continue;
            }
            let dark_mean = dark_moment / dark as f64;
            let bright_mean = (all - dark_moment) / bright as f64;
            let between = dark as f64 * bright as f64 * (bright_mean - dark_mean).powi(2);
            if best.as_ref().is_none_or(|(most, _)| between > *most) {
                best = Some((between, Split { threshold: value as u8, dark_mean, bright_mean }));
            }
        }
        best.map(|(_, split)| split)
    }

    fn share_above(&self, threshold: u8) -> f64 {
        let above: u64 = self.counts[usize::from(threshold) + 1..].iter().sum();
        above as f64 / self.total.max(1) as f64
    }

    /// The median of the pixels that are `from` or brighter.
    fn median_above(&self, from: u8) -> u8 {
        let counts = self.counts.iter().enumerate().skip(from.into());
        let half = counts.clone().map(|(_, count)| count).sum::<u64>().div_ceil(2);
        let mut below = 0;
        let median = counts.clone().find(|(_, count)| {
            below += **count;
            below >= half
        });
        median.map_or(from, |(value, _)| value as u8)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use bones::Size;

    /// A disc of tissue with a brighter disc of bone in it, on dark ground; `frame` pixels of margin, `margin` grey.
    fn plate(frame: u32, margin: u8) -> Image {
        let (width, height) = (160, 200);
        let pixel = |x: u32, y: u32| {
            let radius = (f64::from(x) - 80.0).hypot(f64::from(y) - 100.0);
            match () {
                () if x < frame || y < frame || x >= width - frame || y >= height - frame => margin,
                () if radius < 30.0 => 220,
                () if radius < 60.0 => 140,
                () => 8 + (x * 7 + y * 3) as u8 % 5,
            }
        };
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| pixel(x, y))).collect();
        Image::new(Size::new(width, height).unwrap(), pixels).unwrap()
    }

    #[test]
    fn bright_ground_is_inverted_and_dark_ground_is_not() {
        assert!(!is_inverted(&plate(0, 0)));
        assert!(is_inverted(&negative(plate(0, 0))));
    }

    #[test]
    fn a_white_frame_is_not_bright_ground() {
        assert!(!is_inverted(&plate(8, 255)));
        assert!(is_inverted(&negative(plate(8, 0))));
    }

    #[test]
    fn images_without_contrast_or_pixels_are_left_alone() {
        for (width, height) in [(0, 0), (1, 1), (3, 1), (50, 40)] {
            let size = Size::new(width, height).unwrap();
            assert!(!is_inverted(&Image::new(size, vec![250; size.pixels() as usize]).unwrap()));
        }
    }
}
