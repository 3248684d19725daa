//! What plate, reader and printer make of the rays: response, scatter, sharpness, noise, 8 bits.

use crate::maths::exp;
use crate::random::{Random, scatter};

/// One exposure's settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exposure {
    /// Multiplies the optical path.
    pub(crate) dose: f64,
    /// Exponent of the response; above 1 darkens thin tissue.
    pub(crate) gamma: f64,
    /// Grey value of air, and the brightest there is.
    pub(crate) floor: f64,
    pub(crate) ceiling: f64,
    /// Standard deviation of the blur in pixels of a 2048 image.
    pub(crate) blur: f64,
    /// Share of light scattered far.
    pub(crate) scatter: f64,
    /// Edge enhancement.
    pub(crate) crispness: f64,
    /// Standard deviation of the noise in grey values.
    pub(crate) noise: f64,
    /// Relative fall-off from one side of the image to the other (the heel effect).
    pub(crate) heel: f64,
    pub(crate) seed: u64,
}

impl Exposure {
    /// Draws the settings; `difficulty` (0 … 1) goes from a textbook's exposure to a night shift's.
    pub(crate) fn draw(random: &mut Random, difficulty: f64) -> Exposure {
        let loose = 0.4 + 1.2 * difficulty;
        Exposure {
            dose: crate::maths::exp(0.09 * loose * random.normal()),
            gamma: 1.0 + 0.05 * loose * random.normal(),
            floor: random.range(1.0, 4.0 + 6.0 * difficulty),
            ceiling: 247.0 - 8.0 * difficulty * random.unit(),
            blur: 0.75 + 0.55 * loose * random.unit(),
            scatter: 0.015 + 0.035 * loose * random.unit(),
            crispness: 0.30 * random.unit(),
            noise: random.range(2.0, 2.6) + 1.4 * (difficulty - 0.4).max(0.0) * random.unit(),
            heel: 0.02 * loose * random.normal(),
            seed: random.bits(),
        }
    }

    /// Grey values of optical paths, sharp and without noise.
    pub(crate) fn respond(&self, paths: &[f32]) -> Vec<f32> {
        const STEPS: usize = 2048;
        const LONGEST: f32 = 8.0;
        let table: Vec<f32> = (0..=STEPS + 1)
            .map(|step| {
                let path = f64::from(LONGEST) * step as f64 / STEPS as f64 * self.dose;
                let share = crate::maths::pow(1.0 - exp(-path), self.gamma);
                (self.floor + (self.ceiling - self.floor) * share) as f32
            })
            .collect();
        paths
            .iter()
            .map(|&path| {
                let at = path.clamp(0.0, LONGEST) * (STEPS as f32 / LONGEST);
                let step = at as usize;
                table[step] + (table[step + 1] - table[step]) * (at - step as f32)
            })
            .collect()
    }

    /// Scatter, blur and edge enhancement over an image of `size` pixels squared.
    pub(crate) fn develop(&self, grey: &mut [f32], size: usize) {
        let pixel = size as f64 / 2048.0;
        let coarse = Coarse::of(grey, size, (16.0 * pixel).max(2.0) as usize, 4);
        let veil = self.scatter as f32;
        let fine = Coarse::of(grey, size, (4.0 * pixel).max(1.0) as usize, 1);
        let crisp = self.crispness as f32;
        for (y, line) in grey.chunks_exact_mut(size).enumerate() {
            for (x, value) in line.iter_mut().enumerate() {
                let far = coarse.at(x, y);
                let near = fine.at(x, y);
                *value += veil * (far - *value) + crisp * (*value - near);
            }
        }
        blur(grey, size, self.blur * pixel);
    }

    /// Adds noise and rounds to 8 bits.
    pub(crate) fn print(&self, grey: &[f32], size: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(grey.len());
        let mut above = vec![0.0f32; size + 1];
        let mut here = vec![0.0f32; size + 1];
        let scale = self.noise as f32;
        for (y, line) in grey.chunks_exact(size.max(1)).enumerate() {
            draw_row(self.seed ^ scatter(y as u64), &mut here);
            let heel = 1.0 + self.heel as f32 * (2.0 * y as f32 / size as f32 - 1.0);
            for (x, &value) in line.iter().enumerate() {
                // Neighbours share some of their noise: the reader's light spot is wider than a pixel.
                let noise = 0.80 * here[x + 1] + 0.42 * here[x] + 0.42 * above[x + 1];
                let strength = scale * (0.30 + 0.70 * (value * (1.0 / 140.0)).min(1.0));
                out.push((value * heel + noise * strength + 0.5).clamp(0.0, 255.0) as u8);
            }
            std::mem::swap(&mut above, &mut here);
        }
        out
    }
}

/// Fills `row` with independent noise of unit variance.
fn draw_row(seed: u64, row: &mut [f32]) {
    for (index, four) in row.chunks_mut(4).enumerate() {
        let bits = scatter(seed.wrapping_add((index as u64) << 20));
        for (lane, value) in four.iter_mut().enumerate() {
            let uniform = (bits >> (16 * lane) & 0xffff) as f32 * (1.0 / 65_536.0) - 0.5;
            *value = uniform * 3.464_101_6;
        }
    }
}

/// A smooth, coarse copy of an image, read between its cells.
struct Coarse {
    cell: usize,
    columns: usize,
    values: Vec<f32>,
}

impl Coarse {
    /// Means over cells of `cell` pixels squared, smoothed `passes` times over neighbours.
    fn of(grey: &[f32], size: usize, cell: usize, passes: usize) -> Coarse {
        let columns = size.div_ceil(cell);
        let mut values = vec![0.0f32; columns * columns];
        let mut counts = vec![0u32; columns * columns];
        for (y, line) in grey.chunks_exact(size.max(1)).enumerate() {
            let row = y / cell * columns;
            for (column, pixels) in line.chunks(cell).enumerate() {
                values[row + column] += pixels.iter().sum::<f32>();
                counts[row + column] += pixels.len() as u32;
            }
        }
        for (value, &count) in values.iter_mut().zip(&counts) {
            *value /= count.max(1) as f32;
        }
        for _ in 0..passes {
            blur(&mut values, columns, 1.0);
        }
        Coarse { cell, columns, values }
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        let place = |v: usize| {
            let at = ((v as f32 + 0.5) / self.cell as f32 - 0.5).clamp(0.0, (self.columns - 1) as f32);
            let cell = (at as usize).min(self.columns.saturating_sub(2));
            (cell, at - cell as f32)
        };
        let ((column, u), (row, v)) = (place(x), place(y));
        let right = (column + 1).min(self.columns - 1);
        let (above, below) = (row * self.columns, (row + 1).min(self.columns - 1) * self.columns);
        let top = self.values[above + column] * (1.0 - u) + self.values[above + right] * u;
        let bottom = self.values[below + column] * (1.0 - u) + self.values[below + right] * u;
        top * (1.0 - v) + bottom * v
    }
}

/// Gaussian blur of standard deviation `sigma` pixels, edges repeated.
fn blur(grey: &mut [f32], size: usize, sigma: f64) {
    if sigma < 0.15 || size < 2 {
        return;
    }
    let reach = (2.6 * sigma).ceil() as usize;
    let half: Vec<f64> = (0..=reach).map(|i| exp(-((i * i) as f64) / (2.0 * sigma * sigma))).collect();
    let total = half[0] + 2.0 * half[1..].iter().sum::<f64>();
    let kernel: Vec<f32> = half.iter().map(|w| (w / total) as f32).collect();
    // Along rows, with a padded copy of each; then down the columns, whole rows at a time.
    let mut padded = vec![0.0f32; size + 2 * reach];
    for line in grey.chunks_exact_mut(size) {
        padded[..reach].fill(line[0]);
        padded[reach..reach + size].copy_from_slice(line);
        padded[reach + size..].fill(line[size - 1]);
        weigh(line, &kernel, |offset| (&padded[reach - offset..][..size], &padded[reach + offset..][..size]));
    }
    let mut ring: Vec<Vec<f32>> = Vec::with_capacity(reach + 1);
    for y in 0..size {
        // Rows above are overwritten already, so their originals are kept in a ring.
        let original = grey[y * size..][..size].to_vec();
        if ring.len() <= reach {
            ring.push(original);
        } else {
            ring[y % (reach + 1)] = original;
        }
        let (done, below) = grey.split_at_mut((y + 1) * size);
        let ring = &ring;
        weigh(&mut done[y * size..], &kernel, |offset| {
            let up = &ring[y.saturating_sub(offset) % (reach + 1)][..];
            let down = (y + offset).min(size - 1);
            let down =
                if down <= y { &ring[y % (reach + 1)][..] } else { &below[(down - y - 1) * size..][..size] };
            (up, down)
        });
    }
}

/// `line` = Σ kernel[offset] · (the two rows at that offset); offset 0 is the row itself.
fn weigh<'a>(line: &mut [f32], kernel: &[f32], rows: impl Fn(usize) -> (&'a [f32], &'a [f32])) {
    let (centre, _) = rows(0);
    for (out, value) in line.iter_mut().zip(centre) {
        *out = value * kernel[0];
    }
    for (offset, &weight) in kernel.iter().enumerate().skip(1) {
        let (before, after) = rows(offset);
        for ((out, a), b) in line.iter_mut().zip(before).zip(after) {
            *out += (a + b) * weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blur_keeps_the_sum_and_spreads_both_ways_alike() {
        let mut grey = vec![0.0; 31 * 31];
        grey[15 * 31 + 15] = 1000.0;
        blur(&mut grey, 31, 1.3);
        assert!((grey.iter().sum::<f32>() - 1000.0).abs() < 0.1);
        for i in 0..31 {
            assert!((grey[15 * 31 + i] - grey[i * 31 + 15]).abs() < 1e-3, "row and column differ at {i}");
        }
    }

    #[test]
    fn response_rises_with_the_path() {
        let exposure = Exposure::draw(&mut Random::keyed(1, &[]), 0.5);
        let greys = exposure.respond(&[0.0, 0.4, 0.8, 1.6, 3.2, 20.0]);
        assert!(greys.windows(2).all(|pair| pair[0] < pair[1]), "{greys:?}");
    }
}
