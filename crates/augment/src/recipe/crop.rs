//! Crops: a rectangle of the plane becomes the whole plane.
//!
//! The size of the result is the network's, so that crops have no size here. Edges need not lie between pixels.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Limit;
use super::check::Check;
use super::drawing::Drawing;
use super::operation::Operation;
use super::random::Random;
use crate::Homography;

/// A rectangle somewhere on the plane, by its area and proportions, becomes the whole plane (Szegedy et al., "Going deeper
/// with convolutions", 2015, § 6). Where none of ten drawn rectangles fits, the greatest one in the middle that does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RandomResizedCrop {
    /// Probability.
    pub p: f64,
    /// Share of the plane's area, 0.01 to 1; a number is that very share.
    pub scale: Limit,
    /// Width over height of the rectangle, in the plane's pixels, 0.1 to 10; a number is that very proportion.
    pub ratio: Limit,
}

impl Default for RandomResizedCrop {
    fn default() -> RandomResizedCrop {
        let ratio = Limit::pair(0.75, 1.3333333333333333);
        RandomResizedCrop { p: 1.0, scale: Limit::pair(0.08, 1.0), ratio }
    }
}

/// Cuts from the four sides, or adds black to them; the rest becomes the whole plane (`keep_size`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CropAndPad {
    /// Probability.
    pub p: f64,
    /// What is added at each side, in shares of the width and height, -0.45 to 1: negative numbers cut. A number is that
    /// very share. Must be given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<Limit>,
    /// Whether each side has a share of its own.
    pub sample_independently: bool,
}

impl Default for CropAndPad {
    fn default() -> CropAndPad {
        CropAndPad { p: 1.0, percent: None, sample_independently: true }
    }
}

/// The map that makes the rectangle at `corner` of `extent` pixels, from edge to edge, a plane of `sides`.
pub(super) fn crop(corner: [f64; 2], extent: [f64; 2], sides: [f64; 2]) -> Homography {
    let [right, down] = corner;
    Homography::resize(extent, sides) * Homography::translation(-right, -down)
}

impl Operation for RandomResizedCrop {
    fn name(&self) -> &'static str {
        "RandomResizedCrop"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        let expected = "shares of the area from 0.01 to 1";
        check.limit("scale", self.scale, self.scale.fixed(), 0.01..=1.0, expected);
        check.limit("ratio", self.ratio, self.ratio.fixed(), 0.1..=10.0, "proportions from 0.1 to 10");
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let sides @ [width, height] = drawing.sides();
        let [low, high] = self.ratio.fixed();
        let extent = (0..10)
            .map(|_| {
                let area = random.within(self.scale.fixed()) * width * height;
                let ratio = random.within([low.ln(), high.ln()]).exp();
                [(area * ratio).sqrt(), (area / ratio).sqrt()]
            })
            .find(|extent| extent[0] <= width && extent[1] <= height)
            .unwrap_or([width.min(height * high), height.min(width / low)]);
        let corner = [0, 1].map(|axis| random.within([0.0, sides[axis] - extent[axis]]));
        drawing.rigid(crop(corner, extent, sides));
        drawing.note("crop", &[extent[0] / width, extent[1] / height], "");
    }

    fn enlargement(&self) -> f64 {
        let ([low, high], smallest) = (self.ratio.fixed(), self.scale.fixed()[0]);
        let narrow = smallest * low.min(1.0 / high).min(1.0);
        // Where nothing fits, the middle is as narrow as its proportions.
        (1.0 / narrow.sqrt()).max(low).max(1.0 / high).max(1.0)
    }
}

impl Operation for CropAndPad {
    fn name(&self) -> &'static str {
        "CropAndPad"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        let expected = "shares of the sides from -0.45 to 1";
        match self.percent {
            Some(percent) => check.limit("percent", percent, percent.fixed(), -0.45..=1.0, expected),
            None => check.missing("percent", "a pair as [-0.1, 0.1]"),
        }
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let Some(percent) = self.percent else { return };
        let sides = drawing.sides();
        let mut share = || random.within(percent.fixed());
        // Top, right, bottom, left.
        let drawn = [share(), share(), share(), share()];
        let [top, right, bottom, left] = if self.sample_independently { drawn } else { [drawn[0]; 4] };
        let corner = [-left * sides[0], -top * sides[1]];
        let extent = [(1.0 + left + right) * sides[0], (1.0 + top + bottom) * sides[1]];
        drawing.rigid(crop(corner, extent, sides));
        drawing.note("crop", &[extent[0] / sides[0], extent[1] / sides[1]], "");
    }

    fn enlargement(&self) -> f64 {
        let least = self.percent.map_or(0.0, |percent| percent.fixed()[0]);
        (1.0 / (1.0 + 2.0 * least)).max(1.0)
    }
}
