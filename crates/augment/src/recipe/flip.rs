//! Flips: the plane as in a mirror.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::Check;
use super::drawing::Drawing;
use super::operation::Operation;
use super::random::Random;
use crate::Homography;

/// Mirrors left to right. No bone changes its class, as there are no left and right ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HorizontalFlip {
    /// Probability.
    pub p: f64,
}

impl Default for HorizontalFlip {
    fn default() -> HorizontalFlip {
        HorizontalFlip { p: 0.5 }
    }
}

/// Turns upside down by mirroring top to bottom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VerticalFlip {
    /// Probability.
    pub p: f64,
}

impl Default for VerticalFlip {
    fn default() -> VerticalFlip {
        VerticalFlip { p: 0.5 }
    }
}

impl Operation for HorizontalFlip {
    fn name(&self) -> &'static str {
        "HorizontalFlip"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, _: &mut Check) {}

    fn draw(&self, _: &mut Random, drawing: &mut Drawing) {
        drawing.rigid(Homography::affine([-1.0, 0.0, drawing.sides()[0] - 1.0], [0.0, 1.0, 0.0]));
        drawing.note("flip", &[], "");
    }
}

impl Operation for VerticalFlip {
    fn name(&self) -> &'static str {
        "VerticalFlip"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, _: &mut Check) {}

    fn draw(&self, _: &mut Random, drawing: &mut Drawing) {
        drawing.rigid(Homography::affine([1.0, 0.0, 0.0], [0.0, -1.0, drawing.sides()[1] - 1.0]));
        drawing.note("flip upside down", &[], "");
    }
}
