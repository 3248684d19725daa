//! Polarity: whether a plate shows bones bright on dark ground, as radiographs are read, or the other way round, as
//! prints and some detectors give them.

use bones::Size;
use pixels::{Filter, resize};
use planes::Image;

/// Sides of the square to which images are shrunk: film grain and the dots of prints vanish.
const SIDE: usize = 64;
/// Pixels at each border that are not looked at: collimation, margins, and markers lie there.
const MARGIN: usize = 8;
/// Where the square in the middle begins, a third of the image wide, where a hand is.
const CENTRE: usize = 22;
/// The least share of dark pixels in the middle of an inverted plate.
const DARK_CENTRE: f64 = 0.4;
/// How much more the dark pixels of an inverted plate differ among themselves than the bright ones do.
const UNEVENNESS: f64 = 1.5;
/// Means of dark and bright pixels that lie closer together than this are no contrast to judge by.
const LEAST_CONTRAST: f64 = 24.0;

/// Whether bones are dark and the ground is bright.
///
/// Otsu's threshold ("A threshold selection method from gray-level histograms", 1979) parts the pixels of the shrunk
/// image, less a margin, into dark and bright ones. Two signs must come together: the middle of the image, where the
/// hand is, is dark (at least 40 % of it); and the dark pixels, away from the edge between the two, are at least 1.5
/// times as uneven (by their standard deviation) as the bright ones: a hand has bones and flesh, the ground is even.
/// One alone does not do: between two hands the middle is dark, and a close-up has no even ground. The brightness
/// of the border says nothing, as collimated borders are as often bright as dark. In doubt the answer is no.
pub fn is_inverted(image: &Image) -> bool {
    const INNER: usize = SIDE - 2 * MARGIN;
    let size = Size::new(SIDE as u32, SIDE as u32).expect("a square of few pixels");
    let small = resize(image.clone(), size, Filter::Area);
    let rows = small.pixels().chunks_exact(SIDE).skip(MARGIN).take(INNER);
    let pixels: Vec<u8> = rows.flat_map(|row| &row[MARGIN..SIDE - MARGIN]).copied().collect();
    let Some(Halves { threshold, contrast }) = otsu(&pixels) else { return false };

    // Pixels whose neighbours, as far as there are any, are all on their side of the threshold.
    let is_dark = |x: usize, y: usize| pixels[y * INNER + x] <= threshold;
    let (mut dark, mut bright) = (Vec::new(), Vec::new());
    for (y, x) in (0..INNER).flat_map(|y| (0..INNER).map(move |x| (y, x))) {
        let mut around = (y.saturating_sub(1)..(y + 2).min(INNER))
            .flat_map(|y| (x.saturating_sub(1)..(x + 2).min(INNER)).map(move |x| (x, y)));
        if around.all(|(near_x, near_y)| is_dark(near_x, near_y) == is_dark(x, y)) {
            if is_dark(x, y) { &mut dark } else { &mut bright }.push(pixels[y * INNER + x]);
        }
    }
    let centre = CENTRE - MARGIN..SIDE - CENTRE - MARGIN;
    let dark_centre = centre.clone().flat_map(|y| centre.clone().map(move |x| (x, y)));
    let dark_centre = dark_centre.filter(|&(x, y)| is_dark(x, y)).count() as f64 / centre.len().pow(2) as f64;
    let unevenness = deviation(&dark).zip(deviation(&bright));
    contrast >= LEAST_CONTRAST
        && dark_centre >= DARK_CENTRE
        && unevenness.is_some_and(|(dark, bright)| dark > 0.0 && dark >= UNEVENNESS * bright)
}

/// The image with 255 − v for each grey value v.
pub fn negative(image: Image) -> Image {
    let size = image.size();
    let mut pixels = image.into_pixels();
    pixels.iter_mut().for_each(|pixel| *pixel = !*pixel);
    Image::new(size, pixels).expect("as many pixels as before")
}

/// Two halves of the grey values: up to the threshold, and above.
struct Halves {
    threshold: u8,
    /// How far the halves' means lie apart.
    contrast: f64,
}

/// The halves with the largest variance between them; `None` where all pixels are equal.
fn otsu(pixels: &[u8]) -> Option<Halves> {
    let mut counts = [0_u32; 256];
    pixels.iter().for_each(|&pixel| counts[usize::from(pixel)] += 1);
    let sum: f64 = pixels.iter().map(|&pixel| f64::from(pixel)).sum();
    let (mut dark, mut dark_sum) = (0.0, 0.0);
    let mut best: Option<(f64, Halves)> = None;
    for (threshold, &count) in (0_u8..=255).zip(&counts) {
        dark += f64::from(count);
        dark_sum += f64::from(count) * f64::from(threshold);
        let bright = pixels.len() as f64 - dark;
        if dark == 0.0 || bright == 0.0 {
            continue;
        }
        let contrast = (sum - dark_sum) / bright - dark_sum / dark;
        let between = dark * bright * contrast.powi(2);
        if best.as_ref().is_none_or(|(most, _)| between > *most) {
            best = Some((between, Halves { threshold, contrast }));
        }
    }
    best.map(|(_, halves)| halves)
}

/// The standard deviation; `None` of nothing.
fn deviation(pixels: &[u8]) -> Option<f64> {
    let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / pixels.len() as f64;
    let centre = mean(&mut pixels.iter().map(|&pixel| f64::from(pixel)));
    let variance = mean(&mut pixels.iter().map(|&pixel| (f64::from(pixel) - centre).powi(2)));
    (!pixels.is_empty()).then(|| variance.sqrt())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A disc of tissue with a brighter disc of bone in it, on dark ground; `frame` pixels at
    /// the borders are a margin, `margin` grey.
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
    fn collimation_decides_nothing() {
        for (frame, margin) in [(8, 255), (8, 0), (30, 180), (30, 255)] {
            assert!(!is_inverted(&plate(frame, margin)), "{frame} {margin}");
            assert!(is_inverted(&negative(plate(frame, margin))), "{frame} {margin}");
        }
    }

    #[test]
    fn images_without_contrast_or_pixels_are_left_alone() {
        for (width, height) in [(0, 0), (1, 1), (3, 1), (50, 40)] {
            let size = Size::new(width, height).unwrap();
            assert!(!is_inverted(&Image::new(size, vec![250; size.pixels() as usize]).unwrap()));
        }
    }
}
