//! Perspectives: the plane tilted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Limit;
use super::check::Check;
use super::drawing::Drawing;
use super::operation::Operation;
use super::random::Random;
use crate::Homography;

/// Tilts the plane: four points near its corners become the corners. Each lies inside by a normal number whose standard
/// deviation is `scale`, as a share of the sides, never more than 0.32.
///
/// The result fills the plane, as with `keep_size` in albumentations up to 1.4.18 (1.4.21 and later scale a second time,
/// out of the middle).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Perspective {
    /// Probability.
    pub p: f64,
    /// Standard deviation of the corners, shares of the sides, 0 to 0.3; L is [0, L].
    pub scale: Limit,
}

impl Default for Perspective {
    fn default() -> Perspective {
        Perspective { p: 0.5, scale: Limit::pair(0.05, 0.1) }
    }
}

/// The map that takes the quadrilateral `points` (left top, right top, right bottom, left bottom; shares of the sides) to
/// the whole plane; none where it is no quadrilateral.
pub(super) fn tilt(points: [[f64; 2]; 4], sides: [f64; 2]) -> Option<Homography> {
    // From edge to edge, half a pixel beyond the centres of the first and last ones.
    let pixel = |point: [f64; 2]| [0, 1].map(|axis| point[axis] * sides[axis] - 0.5);
    Homography::between(points.map(pixel), CORNERS.map(pixel))
}

const CORNERS: [[f64; 2]; 4] = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];

/// The farthest that a point of a perspective lies inside, as albumentations has it.
const INSIDE: f64 = 0.32;

impl Operation for Perspective {
    fn name(&self) -> &'static str {
        "Perspective"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        let expected = "shares of the sides from 0 to 0.3";
        check.limit("scale", self.scale, self.scale.beside(0.0), 0.0..=0.3, expected);
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let scale = random.within(self.scale.beside(0.0));
        let points = CORNERS.map(|corner| {
            corner.map(|at| {
                let inside = (random.normal() * scale).abs() % INSIDE;
                if at == 0.0 { inside } else { 1.0 - inside }
            })
        });
        if let Some(forward) = tilt(points, drawing.sides()) {
            drawing.rigid(forward);
            drawing.note("tilt", &[scale], "");
        }
    }

    fn enlargement(&self) -> f64 {
        // The farthest that normal numbers reach is 3; what is worst are corners that lie there or do not move.
        let inside = (3.0 * self.scale.beside(0.0)[1]).min(INSIDE);
        let worst = (0..256_u32).filter_map(|moved| {
            let mut bit = 0;
            let points = CORNERS.map(|corner| {
                corner.map(|at| {
                    let by = if moved >> bit & 1 == 1 { inside } else { 0.0 };
                    bit += 1;
                    if at == 0.0 { by } else { 1.0 - by }
                })
            });
            let forward = Homography::between(points, CORNERS)?;
            Some(points.map(|point| forward.stretch(point)).into_iter().fold(1.0, f64::max))
        });
        worst.fold(1.0, f64::max)
    }
}
