//! Contrast-limited adaptive histogram equalisation (CLAHE): the very bytes of OpenCV 4.10's `cv2.createCLAHE(…).apply`
//! on 8-bit images.

use std::ops::RangeInclusive;

use bones::Size;
use planes::Image;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

use crate::reflect_101;

/// Contrast-limited adaptive histogram equalisation: `cv2.createCLAHE(clipLimit, tileGridSize)` (Zuiderveld, "Contrast
/// limited adaptive histogram equalization", Graphics Gems IV, 1994).
///
/// Every tile equalises its own histogram; a pixel lies between the curves of the four tiles around it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clahe {
    /// How many times the mean count a bin of a histogram may have; what is above is spread evenly. 0: no limit.
    pub clip_limit: f64,
    /// Tiles in a row and in a column.
    #[serde(deserialize_with = "checked_tiles")]
    pub tiles: [u32; 2],
}

/// What becomes of each grey value in one tile.
type Curve = [u8; 256];

/// For each grey value what it becomes in the tiles above left, above right, below left and below right.
type Cell = [[u8; 4]; 256];

impl Clahe {
    /// Clip limits that make sense: above 256 none limits.
    pub const CLIP_LIMITS: RangeInclusive<f64> = 0.0..=256.0;

    /// How many tiles may lie along a side.
    pub const TILES: RangeInclusive<u32> = 1..=256;

    /// The image equalised.
    pub fn apply(&self, image: Image) -> Image {
        let size = image.size();
        let mut pixels = image.into_pixels();
        self.apply_to(size, &mut pixels);
        Image::new(size, pixels).expect("as many pixels as there were")
    }

    /// Equalises grey values of an image of `size`, row-major, in place.
    ///
    /// # Panics
    /// Where `pixels` is not width × height long.
    pub fn apply_to(&self, size: Size, pixels: &mut [u8]) {
        assert_eq!(pixels.len(), size.pixels() as usize, "grey values of {size}");
        if pixels.is_empty() {
            return;
        }
        let [width, height] = [size.width(), size.height()].map(|side| side as usize);
        let [across, down] = self.tiles.map(|tiles| tiles.max(1) as usize);
        // OpenCV pads both sides where one of them is no multiple, the other one by a whole row or column of tiles.
        let whole = width.is_multiple_of(across) && height.is_multiple_of(down);
        let tile = |side: usize, tiles: usize| side / tiles + usize::from(!whole);
        let [x, y] =
            [(width, across), (height, down)].map(|(side, tiles)| Axis::new(side, tiles, tile(side, tiles)));
        let curves = self.curves(&x, &y, pixels);

        let mut cells = vec![[[0; 4]; 256]; x.spans.len()];
        let mut found = vec![[0; 4]; width];
        for band in &y.spans {
            let [above, below] = band.tiles.map(|row| &curves[row * across..][..across]);
            for (cell, span) in cells.iter_mut().zip(&x.spans) {
                let [left, right] = span.tiles;
                *cell = between([&above[left], &above[right], &below[left], &below[right]]);
            }
            let rows = pixels[band.start * width..band.end * width].chunks_exact_mut(width);
            for (row, &low) in rows.zip(&y.weights[band.start..]) {
                for (cell, span) in cells.iter().zip(&x.spans) {
                    for (found, &grey) in
                        found[span.start..span.end].iter_mut().zip(&row[span.start..span.end])
                    {
                        *found = cell[usize::from(grey)];
                    }
                }
                interpolate(&found, &x.weights, low, row);
            }
        }
    }

    /// The curve of every tile, row-major.
    fn curves(&self, x: &Axis, y: &Axis, pixels: &[u8]) -> Vec<Curve> {
        let area = x.tile * y.tile;
        // As OpenCV: the limit is a whole number, at least 1.
        let limit = (self.clip_limit > 0.0).then(|| (self.clip_limit * area as f64 / 256.0).max(1.0) as u32);
        let scale = 255.0 / area as f32;
        let mut curves = Vec::with_capacity(x.tiles * y.tiles);
        for row in 0..y.tiles {
            for column in 0..x.tiles {
                let mut counts = histogram(x, y, [column, row], pixels);
                if let Some(limit) = limit {
                    clip(&mut counts, limit);
                }
                let mut sum = 0;
                curves.push(counts.map(|count| {
                    sum += count;
                    nearest(sum as f32 * scale)
                }));
            }
        }
        curves
    }
}

/// One side of an image in tiles.
struct Axis {
    /// Pixels of the side.
    length: usize,
    /// Tiles along the side.
    tiles: usize,
    /// Pixels of a tile's side; the last tiles may reach beyond the image.
    tile: usize,
    /// For each pixel the weight of the latter of its two tiles.
    weights: Vec<f32>,
    /// The pixels that lie between the same two tiles, in order.
    spans: Vec<Span>,
}

/// Pixels `start..end` of a side, which lie between two tiles; beyond the outer tiles' middles both are the same one.
struct Span {
    start: usize,
    end: usize,
    tiles: [usize; 2],
}

impl Axis {
    fn new(length: usize, tiles: usize, tile: usize) -> Axis {
        let share = 1.0 / tile as f32;
        let mut spans: Vec<Span> = Vec::new();
        let weights = (0..length).map(|at| {
            // In OpenCV's steps of 32-bit floats: they decide where a value is rounded to.
            let position = at as f32 * share - 0.5;
            let before = position.floor();
            let last = tiles as isize - 1;
            let pair = [before as isize, before as isize + 1].map(|tile| tile.clamp(0, last) as usize);
            match spans.last_mut() {
                Some(span) if span.tiles == pair => span.end = at + 1,
                _ => spans.push(Span { start: at, end: at + 1, tiles: pair }),
            }
            position - before
        });
        let weights = weights.collect();
        Axis { length, tiles, tile, weights, spans }
    }

    /// The pixels of a tile within the image, and those mirrored into it.
    fn tile(&self, number: usize) -> (std::ops::Range<usize>, impl Iterator<Item = usize> + use<'_>) {
        let [start, end] = [number, number + 1].map(|number| number * self.tile);
        let inside = start.min(self.length)..end.min(self.length);
        (inside, (start.max(self.length)..end).map(|at| reflect_101(at as isize, self.length)))
    }
}

/// How often each grey value is in a tile.
fn histogram(x: &Axis, y: &Axis, [column, row]: [usize; 2], pixels: &[u8]) -> [u32; 256] {
    // Four histograms in turn: equal neighbours needn't wait for each other.
    let mut counts = [[0_u32; 256]; 4];
    let (rows, mirrored) = y.tile(row);
    for row in rows.chain(mirrored) {
        let row = &pixels[row * x.length..][..x.length];
        let (columns, mirrored) = x.tile(column);
        let (fours, rest) = row[columns].as_chunks::<4>();
        for four in fours {
            for (counts, &grey) in counts.iter_mut().zip(four) {
                counts[usize::from(grey)] += 1;
            }
        }
        rest.iter().for_each(|&grey| counts[0][usize::from(grey)] += 1);
        mirrored.for_each(|column| counts[0][usize::from(row[column])] += 1);
    }
    let [a, b, c, d] = counts;
    std::array::from_fn(|grey| a[grey] + b[grey] + c[grey] + d[grey])
}

/// Takes what is above the limit and gives it to all bins evenly; what is left goes to bins evenly spaced.
fn clip(counts: &mut [u32; 256], limit: u32) {
    let mut clipped = 0;
    for count in counts.iter_mut() {
        clipped += count.saturating_sub(limit);
        *count = (*count).min(limit);
    }
    counts.iter_mut().for_each(|count| *count += clipped / 256);
    let rest = clipped as usize % 256;
    let step = 256_usize.checked_div(rest).unwrap_or(1);
    counts.iter_mut().step_by(step).take(rest).for_each(|count| *count += 1);
}

/// Four curves side by side, so that a pixel needs one look-up.
fn between(curves: [&Curve; 4]) -> Cell {
    std::array::from_fn(|grey| curves.map(|curve| curve[grey]))
}

/// Between the four tiles, along the row first, in OpenCV's steps of 32-bit floats. `low` is the weight of the tiles
/// below, `right` those of the tiles to the right.
fn interpolate(found: &[[u8; 4]], right: &[f32], low: f32, row: &mut [u8]) {
    let high = 1.0 - low;
    for ((grey, found), &right) in row.iter_mut().zip(found).zip(right) {
        let left = 1.0 - right;
        let found = u32::from_le_bytes(*found);
        let [a, b, c, d] = [0, 8, 16, 24].map(|shift| (found >> shift & 0xff) as i32 as f32);
        *grey = nearest((a * left + b * right) * high + (c * left + d * right) * low);
    }
}

/// The nearest whole number, halves to even, of a number from 0 to 255.5: the sum has no bits for fractions.
fn nearest(value: f32) -> u8 {
    (value + 8_388_608.0).to_bits().min(0x4b00_00ff) as u8
}

/// Reads numbers of tiles that are in range.
fn checked_tiles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u32; 2], D::Error> {
    let tiles = <[u32; 2]>::deserialize(deserializer)?;
    match tiles.iter().all(|tiles| Clahe::TILES.contains(tiles)) {
        true => Ok(tiles),
        false => Err(D::Error::custom(format!(
            "tiles = {tiles:?}; expected the tiles in a row and in a column, each from {} to {}",
            Clahe::TILES.start(),
            Clahe::TILES.end()
        ))),
    }
}
