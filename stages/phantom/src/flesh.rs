//! Soft tissue: lens-shaped parts around the bones, melted into one another.
//!
//! A part's half thickness h over its axis falls off as an ellipse, h² = H²·(1 − (d/W)²). The field of h² is smooth
//! where the flesh ends, so it is worked out on a coarse grid and the root is taken at full resolution.

use crate::anatomy::Anatomy;
use crate::frame::{Frame, Point};
use crate::maths::smoothstep;
use crate::project::Projection;

/// A tapering piece of flesh between two points.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) from: Point,
    pub(crate) to: Point,
    /// Half-widths and half-thicknesses at both ends, and how far each end bulges beyond its point.
    pub(crate) width: [f64; 2],
    pub(crate) height: [f64; 2],
    pub(crate) bulge: [f64; 2],
    /// How readily the part melts into those before it, as a share of its squared half thickness.
    pub(crate) melt: f64,
}

/// [`Part::melt`] of webs and palm, and of the parts of one finger, which would swell at every joint otherwise.
const MELT: f64 = 0.22;
const FIRM: f64 = 0.06;

/// The coarse grid's pitch in millimetres.
const PITCH: f64 = 0.5;

fn part(from: Point, to: Point, width: [f64; 2], height: [f64; 2], bulge: [f64; 2]) -> Part {
    Part { from, to, width, height, bulge, melt: MELT }
}

fn firm(from: Point, to: Point, width: [f64; 2], height: [f64; 2], bulge: [f64; 2]) -> Part {
    Part { melt: FIRM, ..part(from, to, width, height, bulge) }
}

/// The flesh of a hand whose joints lie at `chains`.
pub(crate) fn flesh(anatomy: &Anatomy, chains: &[[Point; 5]; 5], hand: &Frame, forearm: &Frame) -> Vec<Part> {
    let size = anatomy.size;
    let mut parts = Vec::new();
    for (finger, chain) in chains.iter().enumerate().skip(1) {
        let slim = [0.0, 1.0, 1.03, 0.98, 0.86][finger];
        let beyond = chain[3].towards(chain[4], 0.84);
        let widths = [11.5, 10.6, 9.7, 8.6, 7.4].map(|w: f64| w * slim);
        let heights = [11.5, 9.6, 8.2, 6.6, 4.7].map(|h: f64| h * slim);
        let pair = |v: &[f64; 5], i: usize| [v[i], v[i + 1]];
        parts.push(part(chain[0], chain[1], [12.5, 11.5], [14.5, 12.0], [12.0, 8.0]));
        parts.push(firm(chain[1], chain[2], pair(&widths, 1), pair(&heights, 1), [9.0, 8.0]));
        parts.push(firm(chain[2], chain[3], pair(&widths, 2), pair(&heights, 2), [8.0, 7.0]));
        parts.push(firm(chain[3], beyond, pair(&widths, 3), pair(&heights, 3), [7.0, 7.0]));
    }
    // Webs between neighbouring fingers.
    for finger in 1..4 {
        let (near, far) = (&chains[finger], &chains[finger + 1]);
        let root = near[0].towards(near[1], 0.9).towards(far[0].towards(far[1], 0.9), 0.5);
        let edge = near[1].towards(near[2], 0.34).towards(far[1].towards(far[2], 0.40), 0.5);
        let gap = (near[1].towards(near[2], 0.36) - far[1].towards(far[2], 0.36)).length() / size;
        parts.push(part(root, edge, [10.0, 0.5 * gap + 2.0], [11.0, 5.5], [6.0, 3.0]));
    }
    // Thumb, its ball, and the wide web to the index finger.
    let (thumb, index) = (&chains[0], &chains[1]);
    parts.push(part(thumb[0], thumb[1], [11.5, 11.8], [14.5, 11.5], [18.0, 8.0]));
    parts.push(part(thumb[1], thumb[2], [11.6, 10.6], [10.5, 8.8], [8.0, 8.0]));
    parts.push(part(thumb[2], thumb[2].towards(thumb[3], 0.84), [10.2, 8.8], [8.2, 5.0], [8.0, 8.2]));
    let inside = hand.place(Point::new(8.0, -6.0, 0.0) * size);
    parts.push(part(inside, thumb[0].towards(thumb[1], 0.62), [17.0, 13.0], [16.0, 13.0], [12.0, 9.0]));
    let crotch = thumb[0].towards(thumb[1], 0.80).towards(index[0].towards(index[1], 0.62), 0.5);
    let valley = thumb[0].towards(index[0], 0.5);
    parts.push(part(valley, crotch, [13.0, 13.0], [14.0, 7.0], [8.0, 6.0]));
    // The palm as a whole, the heel of the hand, and the forearm.
    let palm = [(-4.0, -10.0), (-7.0, 44.0)].map(|(x, y)| hand.place(Point::new(x, y, 0.0) * size));
    parts.push(part(palm[0], palm[1], [33.0, 37.0], [16.0, 11.5], [20.0, 16.0]));
    let heel = [(-21.0, -14.0), (-26.0, 18.0)].map(|(x, y)| hand.place(Point::new(x, y, 0.0) * size));
    parts.push(part(heel[0], heel[1], [12.5, 13.0], [16.0, 13.5], [22.0, 12.0]));
    let arm = [-10.0, -190.0].map(|y| forearm.place(Point::new(-1.0, y, 0.0) * size));
    parts.push(part(arm[0], arm[1], [30.5, 43.0], [16.5, 28.0], [16.0, 30.0]));
    for part in &mut parts {
        for end in 0..2 {
            part.width[end] *= size * (0.6 + 0.4 * anatomy.fleshiness);
            part.height[end] *= size * (0.4 + 0.6 * anatomy.fleshiness);
            part.bulge[end] *= size * (0.6 + 0.4 * anatomy.fleshiness);
        }
    }
    parts
}

impl Part {
    /// Squared half thickness at (x, y), negative outside.
    fn squared(&self, x: f64, y: f64) -> f64 {
        let (ax, ay) = (self.to.x - self.from.x, self.to.y - self.from.y);
        let length = (ax * ax + ay * ay).sqrt().max(1e-6);
        let (px, py) = (x - self.from.x, y - self.from.y);
        let along = (px * ax + py * ay) / length;
        let across = (px * ay - py * ax) / length;
        let t = (along / length).clamp(0.0, 1.0);
        let ease = smoothstep(0.0, 1.0, t);
        let width = self.width[0] + (self.width[1] - self.width[0]) * ease;
        let height = self.height[0] + (self.height[1] - self.height[0]) * ease;
        let over =
            if along < 0.0 { -along / self.bulge[0] } else { (along - length).max(0.0) / self.bulge[1] };
        height * height * (1.0 - across * across / (width * width) - over * over)
    }

    /// How far from its axis the part may still matter.
    fn reach(&self) -> f64 {
        self.width[0].max(self.width[1]).max(self.bulge[0]).max(self.bulge[1]) * 1.35
    }
}

/// Squared half thickness of the melted flesh over the image.
#[derive(Debug)]
pub(crate) struct Field {
    columns: usize,
    rows: usize,
    /// Grid cells a pixel.
    step: f64,
    values: Vec<f32>,
}

impl Field {
    /// The field of `parts` over an image of `size` pixels squared.
    pub(crate) fn of(parts: &[Part], projection: &Projection, size: usize) -> Field {
        let step = (1.0 / (PITCH * projection.scale)).min(1.0);
        let columns = (size as f64 * step) as usize + 3;
        let mut values = vec![-400.0f32; columns * columns];
        for part in parts {
            let reach = part.reach();
            let corners = [
                (part.from.x.min(part.to.x) - reach, part.from.y.min(part.to.y) - reach),
                (part.from.x.max(part.to.x) + reach, part.from.y.max(part.to.y) + reach),
            ];
            let (a, b) =
                (projection.pixel(corners[0].0, corners[0].1), projection.pixel(corners[1].0, corners[1].1));
            let clamp = |v: f64| (v * step).clamp(0.0, columns as f64) as usize;
            let (x0, x1) = (clamp(a.0.min(b.0)), clamp(a.0.max(b.0) + 1.0 / step));
            let (y0, y1) = (clamp(a.1.min(b.1)), clamp(a.1.max(b.1) + 1.0 / step));
            let thickest = part.height[0].max(part.height[1]);
            let melt = (part.melt * thickest * thickest) as f32;
            for row in y0..y1 {
                for column in x0..x1 {
                    let (x, y) = projection.point(column as f64 / step, row as f64 / step);
                    let value = part.squared(x, y) as f32;
                    let cell = &mut values[row * columns + column];
                    let close = (melt - (*cell - value).abs()).max(0.0);
                    *cell = cell.max(value) + close * close / (4.0 * melt);
                }
            }
        }
        Field { columns, rows: columns, step, values }
    }

    /// Thickness in millimetres along pixel row `y`, into `line`.
    pub(crate) fn thickness(&self, y: usize, line: &mut [f32]) {
        let gy = (y as f64 + 0.5) * self.step;
        let row = (gy as usize).min(self.rows - 2);
        let v = (gy - row as f64) as f32;
        let above = &self.values[row * self.columns..][..self.columns];
        let below = &self.values[(row + 1) * self.columns..][..self.columns];
        for (x, out) in line.iter_mut().enumerate() {
            let gx = (x as f64 + 0.5) * self.step;
            let column = (gx as usize).min(self.columns - 2);
            let u = (gx - column as f64) as f32;
            let top = above[column] + (above[column + 1] - above[column]) * u;
            let bottom = below[column] + (below[column + 1] - below[column]) * u;
            let squared = top + (bottom - top) * v;
            *out = if squared > 0.0 { 2.0 * squared.sqrt() } else { 0.0 };
        }
    }
}
