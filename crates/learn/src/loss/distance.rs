//! Distance transform: how far each pixel is from a set of pixels, exactly.
//!
//! Felzenszwalb and Huttenlocher, "Distance transforms of sampled functions", Theory of Computing 2012: along columns the
//! distance is counted, along rows the lower envelope of parabolas is taken. Squares are whole numbers, so it is exact.

use std::ops::Range;

/// Writes the signed Euclidean distance of each pixel of a mask, row-major, to its outline, in pixels: outside the distance to
/// the nearest pixel inside, inside 1 − the distance to the nearest pixel outside; 0 everywhere where the mask is empty or full.
///
/// Both distances are SciPy's `distance_transform_edt`.
pub(super) fn signed(inside: &[bool], width: usize, distances: &mut [f64]) {
    let Some(Region { rows, columns }) = bounds(inside, width).filter(|_| inside.contains(&false)) else {
        return distances.fill(0.0);
    };
    let height = inside.len() / width;
    // What is nearest inside stands in the columns of the mask, however far away one looks.
    let within = Region { rows: 0..height, columns: columns.clone() };
    nearest(inside, true, width, within, 0..width, |index, square| distances[index] = square.sqrt());
    // What is nearest outside stands beside the mask at most.
    let grown = |range: Range<usize>, end: usize| range.start.saturating_sub(1)..(range.end + 1).min(end);
    let around = Region { rows: grown(rows, height), columns: grown(columns.clone(), width) };
    nearest(inside, false, width, around, columns, |index, square| {
        if inside[index] {
            distances[index] = 1.0 - square.sqrt();
        }
    });
}

/// A rectangle of pixels.
struct Region {
    rows: Range<usize>,
    columns: Range<usize>,
}

/// The least rectangle that holds all of a mask; none where it is empty.
fn bounds(inside: &[bool], width: usize) -> Option<Region> {
    let mut bounds: Option<Region> = None;
    for (y, row) in inside.chunks_exact(width).enumerate() {
        let first = row.iter().position(|&pixel| pixel);
        let last = row.iter().rposition(|&pixel| pixel);
        if let (Some(first), Some(last)) = (first, last) {
            let Region { rows, columns } = bounds.unwrap_or(Region { rows: y..y, columns: first..last + 1 });
            let columns = columns.start.min(first)..columns.end.max(last + 1);
            bounds = Some(Region { rows: rows.start..y + 1, columns });
        }
    }
    bounds
}

/// Tells for each pixel of the region's rows and of the columns `places` its index and the square of its distance to the nearest
/// pixel of the region that is `wanted`; there must be one.
fn nearest(
    mask: &[bool],
    wanted: bool,
    width: usize,
    region: Region,
    places: Range<usize>,
    mut tell: impl FnMut(usize, f64),
) {
    let squares = columns(mask, wanted, width, &region);
    let mut envelope = Envelope::default();
    let Region { rows, columns } = region;
    for (y, heights) in rows.zip(squares.chunks_exact(columns.len())) {
        envelope.cover(heights, columns.start);
        envelope.follow(places.clone(), |x, least| tell(y * width + x, least));
    }
}

/// The squared distance of each pixel of the region to the nearest wanted one of its column there; infinite where it has none.
fn columns(mask: &[bool], wanted: bool, width: usize, region: &Region) -> Vec<f64> {
    let (rows, across) = (region.rows.clone(), region.columns.len());
    let mut distances = vec![f64::INFINITY; rows.len() * across];
    let mut last = vec![f64::INFINITY; across];
    let mut pass = |row: usize| {
        let pixels = &mask[(rows.start + row) * width..][region.columns.clone()];
        let distances = &mut distances[row * across..][..across];
        for ((distance, last), &pixel) in distances.iter_mut().zip(&mut last).zip(pixels) {
            *last = if pixel == wanted { 0.0 } else { *last + 1.0 };
            *distance = distance.min(*last);
        }
    };
    (0..rows.len()).for_each(&mut pass);
    // Upward, what the last row has found goes on growing and hides nothing that is nearer.
    (0..rows.len()).rev().for_each(&mut pass);
    distances.iter().map(|distance| distance * distance).collect()
}

/// The lower envelope of parabolas (x − at)² + height, kept to be filled again.
#[derive(Default)]
struct Envelope {
    /// The parabolas that are lowest somewhere, from left to right: from where on, at, height.
    parabolas: Vec<(f64, f64, f64)>,
}

impl Envelope {
    /// Takes the parabolas of these heights at `first`, `first` + 1, …, those of infinite height aside.
    fn cover(&mut self, heights: &[f64], first: usize) {
        self.parabolas.clear();
        for (at, &height) in (first..).zip(heights).filter(|(_, height)| height.is_finite()) {
            let at = at as f64;
            let mut from = f64::NEG_INFINITY;
            while let Some(&(begin, other, lower)) = self.parabolas.last() {
                from = ((height + at * at) - (lower + other * other)) / (2.0 * (at - other));
                if from > begin {
                    break;
                }
                self.parabolas.pop();
                from = f64::NEG_INFINITY;
            }
            self.parabolas.push((from, at, height));
        }
    }

    /// Tells the least of the parabolas at each place.
    fn follow(&self, places: Range<usize>, mut tell: impl FnMut(usize, f64)) {
        let mut index = 0;
        for place in places {
            let x = place as f64;
            while self.parabolas.get(index + 1).is_some_and(|&(from, ..)| from < x) {
                index += 1;
            }
            let (_, at, height) = self.parabolas[index];
            tell(place, (x - at) * (x - at) + height);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, pixel by pixel.
    fn slow(inside: &[bool], width: usize) -> Vec<f64> {
        let place = |index: usize| [index / width, index % width].map(|side| side as f64);
        let nearest = |index: usize, wanted: bool| {
            let others = (0..inside.len()).filter(|&other| inside[other] == wanted);
            let square = others.map(|other| {
                let ([y, x], [v, u]) = (place(index), place(other));
                (y - v) * (y - v) + (x - u) * (x - u)
            });
            square.fold(f64::INFINITY, f64::min).sqrt()
        };
        let signed =
            |index: usize| if inside[index] { 1.0 - nearest(index, false) } else { nearest(index, true) };
        (0..inside.len()).map(signed).collect()
    }

    #[test]
    fn distances_are_those_of_the_definition_to_the_last_digit() {
        let mut random = 29u64;
        let mut draw = |rare: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 33).is_multiple_of(rare)
        };
        for [width, height] in [[1, 7], [9, 1], [13, 11], [20, 17], [2, 2]] {
            for rare in [2, 5, 40, 1000] {
                let mut inside: Vec<bool> = (0..width * height).map(|_| draw(rare)).collect();
                (inside[width * height / 2], inside[width * height - 1]) = (true, false);
                let turned = inside.iter().map(|pixel| !pixel).collect();
                for inside in [inside, turned] {
                    let mut distances = vec![f64::NAN; inside.len()];
                    signed(&inside, width, &mut distances);
                    assert_eq!(distances, slow(&inside, width), "{width} x {height}, one in {rare}");
                }
            }
        }
    }

    #[test]
    fn without_an_outline_all_distances_are_0() {
        for all in [false, true] {
            let mut distances = [f64::NAN; 6];
            signed(&[all; 6], 3, &mut distances);
            assert_eq!(distances, [0.0; 6]);
        }
    }
}
