//! Bends: displacements that are drawn on a mesh.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Limit;
use super::check::Check;
use super::drawing::Drawing;
use super::operation::Operation;
use super::random::Random;
use crate::Mesh;

/// Moves each pixel by smooth noise (Simard, Steinkraus, Platt, "Best practices for convolutional neural networks", 2003):
/// uniform noise from -1 to 1, smoothed by a Gaussian of standard deviation `sigma`, times `alpha`, along x and along y.
///
/// So albumentations 1.4.0 has it; 1.4.18 and later cut the Gaussian to 17 × 17 pixels (far stronger where `sigma` is
/// large), 1.4.22 and later draw normal noise (√3 times as strong). Displacements come to about 0.163·`alpha`/`sigma`
/// pixels (standard deviation): `alpha = 1200`, `sigma = 40` moves by 5 pixels. The noise is as strong at the borders as
/// inside. All in pixels of the network's plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ElasticTransform {
    /// Probability.
    pub p: f64,
    /// Factor of the smoothed noise, 0 to 100000, in pixels.
    pub alpha: f64,
    /// Standard deviation of the Gaussian, 1 to 1000, in pixels.
    pub sigma: f64,
}

impl Default for ElasticTransform {
    fn default() -> ElasticTransform {
        ElasticTransform { p: 0.5, alpha: 1.0, sigma: 50.0 }
    }
}

/// Stretches and squeezes strips of the plane: each of `num_steps` columns shows a strip of 1 + a number of
/// `distort_limit` times its width, one after the other from the left; so do rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GridDistortion {
    /// Probability.
    pub p: f64,
    /// Columns and rows, 1 to 64.
    pub num_steps: u32,
    /// The factors less 1, -0.9 to 0.9; L is [-L, L].
    pub distort_limit: Limit,
    /// Whether factors are scaled so that the whole plane stays in sight. The default is true in albumentations 1.4.18
    /// and later.
    pub normalized: bool,
}

impl Default for GridDistortion {
    fn default() -> GridDistortion {
        GridDistortion { p: 0.5, num_steps: 5, distort_limit: Limit::pair(-0.3, 0.3), normalized: false }
    }
}

/// The sum of squares of a Gaussian kernel of OpenCV's size (4 `sigma`) whose sum is 1: the variance that smoothing along
/// one axis leaves of white noise.
fn left_of_variance(sigma: f64) -> f64 {
    let reach = (sigma * 4.0).round() as i32;
    let weights = (-reach..=reach).map(|at| (-f64::from(at).powi(2) / (2.0 * sigma * sigma)).exp());
    let (sum, squares) = weights.fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
    squares / (sum * sum)
}

/// Standard deviation of displacements, in pixels.
pub(super) fn deviation(alpha: f64, sigma: f64) -> f64 {
    // A uniform number from -1 to 1 has variance 1/3.
    alpha * left_of_variance(sigma) / 3.0_f64.sqrt()
}

/// Smooth noise of this standard deviation at the nodes of a grid, row-major, correlated over `sigma` nodes.
fn smooth([columns, rows]: [usize; 2], sigma: f64, deviation: f64, random: &mut Random) -> Vec<f64> {
    let reach = (3.0 * sigma).ceil() as usize;
    let weights: Vec<f64> = (0..=2 * reach)
        .map(|at| (-(at as f64 - reach as f64).powi(2) / (2.0 * sigma * sigma)).exp())
        .collect();
    // The squares sum up to 1 along each axis: smoothing leaves the variance.
    let norm = weights.iter().map(|weight| weight * weight).sum::<f64>().sqrt();
    let weights: Vec<f64> = weights.iter().map(|weight| weight / norm).collect();
    let amplitude = deviation * 3.0_f64.sqrt();
    let wide = columns + 2 * reach;
    let mut across = vec![0.0; columns * (rows + 2 * reach)];
    let mut noise = vec![0.0; wide];
    for row in across.chunks_exact_mut(columns) {
        noise.fill_with(|| amplitude * random.within([-1.0, 1.0]));
        for (offset, weight) in weights.iter().enumerate() {
            for (sum, value) in row.iter_mut().zip(&noise[offset..]) {
                *sum += weight * value;
            }
        }
    }
    let mut smoothed = vec![0.0; columns * rows];
    for (row, out) in smoothed.chunks_exact_mut(columns).enumerate() {
        for (offset, weight) in weights.iter().enumerate() {
            for (sum, value) in out.iter_mut().zip(&across[(row + offset) * columns..]) {
                *sum += weight * value;
            }
        }
    }
    smoothed
}

impl ElasticTransform {
    /// Displacements over a plane of `size`.
    pub(super) fn mesh(&self, size: [u32; 2], random: &mut Random) -> Mesh {
        // Two nodes for each sigma or more follow the noise; below 4 pixels it would be work for nothing.
        let cell = ((self.sigma / 2.0) as u32).clamp(4, 32);
        let grid = size.map(|side| side.saturating_sub(1).div_ceil(cell) as usize + 1);
        let deviation = deviation(self.alpha, self.sigma);
        let [right, down] = [0, 1]
            .map(|axis| smooth(grid, self.sigma / f64::from(cell), deviation, &mut random.inside(axis)));
        let mut nodes = right.into_iter().zip(down);
        Mesh::new(size, cell, |_| nodes.next().map_or([0.0; 2], |(right, down)| [right, down]))
    }
}

impl Operation for ElasticTransform {
    fn name(&self) -> &'static str {
        "ElasticTransform"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        check.number("alpha", self.alpha, 0.0..=1e5, "a number from 0 to 100000");
        check.number("sigma", self.sigma, 1.0..=1000.0, "a number of pixels from 1 to 1000");
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let mesh = self.mesh(drawing.size, random);
        drawing.fields.bent(mesh);
        drawing.note("elastic", &[deviation(self.alpha, self.sigma)], " px");
    }

    fn enlargement(&self) -> f64 {
        // The slope of smoothed noise has 1/(√2 sigma) of its deviation; beyond three of these little lies.
        let slope = 3.0 * deviation(self.alpha, self.sigma) / (2.0_f64.sqrt() * self.sigma);
        1.0 / (1.0 - slope.min(0.75))
    }
}

impl GridDistortion {
    /// Where each of the strips' edges comes from along an axis of `side` pixels, from the left or the top.
    pub(super) fn edges(&self, side: u32, factors: &[f64]) -> (f64, Vec<f64>) {
        let steps = self.num_steps.min(side.max(1));
        let width = f64::from(side.max(1) / steps);
        let mut edges = vec![0.0];
        for factor in factors {
            edges.push(edges[edges.len() - 1] + width * factor);
        }
        if self.normalized {
            // The side is so many strips and a rest, which the last factor stretches.
            let rest = f64::from(side) - f64::from(steps) * width;
            let shown = edges[steps as usize] + rest * factors[steps as usize];
            edges.iter_mut().for_each(|edge| *edge *= f64::from(side) / shown);
        }
        (width, edges)
    }
}

/// What lies at `place` of edges that are `width` apart, linear in between and beyond.
fn between(place: f64, width: f64, edges: &[f64]) -> f64 {
    let strip = ((place / width) as usize).min(edges.len() - 2);
    let share = place / width - strip as f64;
    edges[strip] + (edges[strip + 1] - edges[strip]) * share
}

impl Operation for GridDistortion {
    fn name(&self) -> &'static str {
        "GridDistortion"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        check.number("num_steps", f64::from(self.num_steps), 1.0..=64.0, "a whole number from 1 to 64");
        let expected = "factors less 1 from -0.9 to 0.9";
        check.limit(
            "distort_limit",
            self.distort_limit,
            self.distort_limit.symmetric(),
            -0.9..=0.9,
            expected,
        );
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let [across, down] = drawing.size.map(|side| {
            let factors: Vec<f64> =
                (0..=self.num_steps).map(|_| 1.0 + random.within(self.distort_limit.symmetric())).collect();
            self.edges(side, &factors)
        });
        let displacement =
            |[x, y]: [f64; 2]| [between(x, across.0, &across.1) - x, between(y, down.0, &down.1) - y];
        drawing.fields.bent(Mesh::new(drawing.size, 8, displacement));
        drawing.note("grid", &[], "");
    }

    fn enlargement(&self) -> f64 {
        let [low, high] = self.distort_limit.symmetric();
        let widest = if self.normalized { 1.0 + high } else { 1.0 };
        (widest / (1.0 + low)).max(1.0)
    }
}
