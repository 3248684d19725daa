//! Borders of the picture: the collimator's shadow, bright strips.

use crate::maths::{radians, sin, smoothstep};
use crate::random::Random;

/// Collimation: a slightly turned rectangle outside of which the plate saw little or the reader shows a shutter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Collimation {
    /// Left, top, right, bottom in pixels.
    edges: [f64; 4],
    slant: f64,
    /// Width of the half-shadow in pixels.
    penumbra: f64,
    /// Grey value outside.
    outside: f32,
}

impl Collimation {
    /// Draws a collimation that leaves the rectangle `content` (left, top, right, bottom in pixels) free.
    pub(crate) fn draw(content: [f64; 4], size: usize, random: &mut Random) -> Collimation {
        let pixel = size as f64 / 2048.0;
        let slant = sin(radians(0.8 * random.normal()));
        let mut margin = || random.range(20.0, 190.0) * pixel;
        let edges =
            [content[0] - margin(), content[1] - margin(), content[2] + margin(), content[3] + margin()];
        let outside = if random.chance(0.55) { random.range(0.0, 3.0) } else { random.range(150.0, 250.0) };
        Collimation { edges, slant, penumbra: random.range(1.0, 7.0) * pixel, outside: outside as f32 }
    }

    /// Shades what lies outside.
    pub(crate) fn shade(&self, grey: &mut [f32], size: usize) {
        let [left, top, right, bottom] = self.edges;
        for (y, line) in grey.chunks_exact_mut(size.max(1)).enumerate() {
            for (x, value) in line.iter_mut().enumerate() {
                let (x, y) = (x as f64, y as f64);
                let (u, v) =
                    (x + self.slant * (y - 0.5 * size as f64), y - self.slant * (x - 0.5 * size as f64));
                let out = (left - u).max(u - right).max(top - v).max(v - bottom);
                if out > -self.penumbra {
                    let share = smoothstep(-self.penumbra, self.penumbra, out) as f32;
                    *value += (self.outside - *value) * share;
                }
            }
        }
    }
}

/// Paints a bright strip along one edge.
pub(crate) fn strip(grey: &mut [f32], size: usize, random: &mut Random) {
    let width = (random.range(0.004, 0.026) * size as f64) as usize;
    let bright = random.range(170.0, 255.0) as f32;
    let edge = random.below(4);
    for (y, line) in grey.chunks_exact_mut(size.max(1)).enumerate() {
        match edge {
            0 => line[..width].fill(bright),
            1 => line[size - width..].fill(bright),
            2 if y < width => line.fill(bright),
            3 if y >= size - width => line.fill(bright),
            _ => {}
        }
    }
}
