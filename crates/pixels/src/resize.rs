//! Resizes grey images exactly as `cv2.resize` of OpenCV 4.10 does on 8-bit images, fixed-point steps included.
//!
//! Both filters have pixel centres at half pixels. Linear does not antialias: where the image shrinks, it skips
//! pixels. Area averages all pixels under a target pixel where both sides shrink, and interpolates otherwise.

use bones::Size;
use clap::ValueEnum;
use planes::Image;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How pixels of another size come about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// Between the four nearest pixels, as cv2.INTER_LINEAR
    Linear,
    /// Average over the area of the new pixel, as cv2.INTER_AREA
    Area,
}

impl Filter {
    /// `linear` or `area`: the header's attribute.
    pub fn name(self) -> &'static str {
        match self {
            Filter::Linear => "linear",
            Filter::Area => "area",
        }
    }
}

/// The image at another size. A target without pixels gives none; an image without pixels gives black.
pub fn resize(image: Image, size: Size, filter: Filter) -> Image {
    if image.size() == size {
        return image;
    }
    let mut pixels = vec![0; size.pixels() as usize];
    if image.size().pixels() > 0 && size.pixels() > 0 {
        let [x, y] = [(Size::width as fn(Size) -> u32), Size::height]
            .map(|side| Axis { source: side(image.size()) as usize, target: side(size) as usize });
        match (filter, x.whole_scale().zip(y.whole_scale())) {
            // OpenCV takes the average for both filters here: it is the same but for rounding.
            (_, Some((2, 2))) => halve(image.pixels(), x, y, &mut pixels),
            (Filter::Area, Some(scales)) => average_blocks(image.pixels(), scales, x, &mut pixels),
            (Filter::Area, None) if x.scale() >= 1.0 && y.scale() >= 1.0 => {
                average(image.pixels(), x, y, &mut pixels)
            }
            (filter, _) => interpolate(image.pixels(), x, y, filter, &mut pixels),
        }
    }
    Image::new(size, pixels).expect("width × height pixels")
}

/// Pixels along one side, before and after.
#[derive(Clone, Copy)]
struct Axis {
    source: usize,
    target: usize,
}

/// Two neighbouring source pixels and their weights in 1/2048.
#[derive(Clone, Copy)]
struct Taps {
    at: isize,
    weights: [i32; 2],
}

/// One source pixel's share of a target pixel.
struct Share {
    source: usize,
    target: usize,
    weight: f32,
}

impl Axis {
    fn inverse_scale(self) -> f64 {
        self.target as f64 / self.source as f64
    }

    /// Source pixels per target pixel, in OpenCV's floating-point steps.
    fn scale(self) -> f64 {
        1.0 / self.inverse_scale()
    }

    /// The scale where it is a whole number.
    fn whole_scale(self) -> Option<usize> {
        let whole = self.scale().round_ties_even();
        ((self.scale() - whole).abs() < f64::EPSILON && whole >= 1.0).then_some(whole as usize)
    }

    /// The two source pixels that the target pixel `i` lies between.
    fn taps(self, i: usize, filter: Filter) -> Taps {
        let (at, between) = match filter {
            Filter::Linear => {
                let position = ((i as f64 + 0.5) * self.scale() - 0.5) as f32;
                (position.floor() as isize, position - position.floor())
            }
            Filter::Area => {
                let at = (i as f64 * self.scale()).floor();
                let position = ((i + 1) as f64 - (at + 1.0) * self.inverse_scale()) as f32;
                (at as isize, if position <= 0.0 { 0.0 } else { position - position.floor() })
            }
        };
        Taps {
            at,
            weights: [1.0 - between, between].map(|weight: f32| (weight * 2048.0).round_ties_even() as i32),
        }
    }

    /// As [`Axis::taps`], but at and beyond the ends the whole weight is the end pixel's.
    fn clamped_taps(self, i: usize, filter: Filter) -> Taps {
        let last = self.source as isize - 1;
        match self.taps(i, filter) {
            taps if taps.at < 0 => Taps { at: 0, weights: [2048, 0] },
            taps if taps.at >= last => Taps { at: last, weights: [2048, 0] },
            taps => taps,
        }
    }

    /// The source pixel `at`, or the end pixel beyond an end.
    fn clamp(self, at: isize) -> usize {
        at.clamp(0, self.source as isize - 1) as usize
    }

    /// The shares of all target pixels, in their order (`computeResizeAreaTab`).
    fn shares(self) -> Vec<Share> {
        let scale = self.scale();
        let mut shares = Vec::new();
        for target in 0..self.target {
            let start = target as f64 * scale;
            let end = start + scale;
            let width = scale.min(self.source as f64 - start);
            let last = (end.floor() as usize).min(self.source - 1);
            let first = (start.ceil() as usize).min(last);
            let mut share =
                |source, weight: f64| shares.push(Share { source, target, weight: weight as f32 });
            if first as f64 - start > 1e-3 {
                share(first - 1, (first as f64 - start) / width);
            }
            (first..last).for_each(|source| share(source, 1.0 / width));
            if end - last as f64 > 1e-3 {
                share(last, (end - last as f64).min(1.0).min(width) / width);
            }
        }
        shares
    }
}

/// Linear interpolation in fixed point: 11 bits along a row, of which 4 are dropped before the columns' 11.
fn interpolate(source: &[u8], x: Axis, y: Axis, filter: Filter, target: &mut [u8]) {
    let taps: Vec<[(usize, i32); 2]> = (0..x.target)
        .map(|i| {
            let taps = x.clamped_taps(i, filter);
            [(x.clamp(taps.at), taps.weights[0]), (x.clamp(taps.at + 1), taps.weights[1])]
        })
        .collect();
    let across = |row: usize, sums: &mut Vec<i32>| {
        let row = &source[row * x.source..][..x.source];
        sums.clear();
        sums.extend(
            taps.iter()
                .map(|[(a, one), (b, other)]| (i32::from(row[*a]) * one + i32::from(row[*b]) * other) >> 4),
        );
    };
    // The two rows that the last target row lay between; the next one often needs them again.
    let mut rows = [(usize::MAX, Vec::new()), (usize::MAX, Vec::new())];
    for (i, target) in target.chunks_exact_mut(x.target).enumerate() {
        // Unlike columns, rows beyond the ends keep both weights: they round otherwise.
        let Taps { at, weights: [one, other] } = y.taps(i, filter);
        let needed = [y.clamp(at), y.clamp(at + 1)];
        if rows[1].0 == needed[0] {
            rows.swap(0, 1);
        }
        for ((number, sums), needed) in rows.iter_mut().zip(needed) {
            if *number != needed {
                across(needed, sums);
                *number = needed;
            }
        }
        for ((target, above), below) in target.iter_mut().zip(&rows[0].1).zip(&rows[1].1) {
            *target = ((((one * above) >> 16) + ((other * below) >> 16) + 2) >> 2) as u8;
        }
    }
}

/// Averages of 2 × 2 pixels, halves rounded up.
fn halve(source: &[u8], x: Axis, y: Axis, target: &mut [u8]) {
    debug_assert_eq!((x.source, y.source), (2 * x.target, 2 * y.target));
    for (target, rows) in target.chunks_exact_mut(x.target).zip(source.chunks_exact(2 * x.source)) {
        let (upper, lower) = rows.split_at(x.source);
        let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
        for (target, (upper, lower)) in target.iter_mut().zip(pairs) {
            let sum: u16 = upper.iter().chain(lower).map(|&pixel| u16::from(pixel)).sum();
            *target = ((sum + 2) >> 2) as u8;
        }
    }
}

/// Averages of whole blocks of pixels, halves rounded to even.
fn average_blocks(source: &[u8], (across, down): (usize, usize), x: Axis, target: &mut [u8]) {
    let share = 1.0 / (across * down) as f32;
    for (target, rows) in target.chunks_exact_mut(x.target).zip(source.chunks_exact(down * x.source)) {
        for (i, target) in target.iter_mut().enumerate() {
            let block = rows.chunks_exact(x.source).map(|row| &row[i * across..(i + 1) * across]);
            let across = |row: &[u8]| row.iter().map(|&pixel| u32::from(pixel)).sum::<u32>();
            // A white block of 2901 × 2901 is more than 31 bits hold, where OpenCV's sum overflows.
            let sum: u64 = block.map(|row| u64::from(across(row))).sum();
            *target = (sum as f32 * share).round_ties_even() as u8;
        }
    }
}

/// Averages where pixels are parted between target pixels: 32-bit floats, summed along rows, then down columns.
fn average(source: &[u8], x: Axis, y: Axis, target: &mut [u8]) {
    let columns = x.shares();
    let mut row_sums = vec![0.0_f32; x.target];
    let mut sums = vec![0.0_f32; x.target];
    for shares in y.shares().chunk_by(|one, other| one.target == other.target) {
        sums.fill(0.0);
        for share in shares {
            let row = &source[share.source * x.source..][..x.source];
            row_sums.fill(0.0);
            for column in &columns {
                row_sums[column.target] += f32::from(row[column.source]) * column.weight;
            }
            for (sum, row_sum) in sums.iter_mut().zip(&row_sums) {
                *sum += share.weight * row_sum;
            }
        }
        let target = &mut target[shares[0].target * x.target..][..x.target];
        for (target, sum) in target.iter_mut().zip(&sums) {
            *target = sum.round_ties_even().clamp(0.0, 255.0) as u8;
        }
    }
}
