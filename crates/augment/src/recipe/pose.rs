//! Poses: turning, scaling, shearing and shifting the plane.
//!
//! Centres are those of the plane, angles are degrees counter-clockwise as seen on a screen, as in
//! `cv2.getRotationMatrix2D`. What comes from outside is always black and shows no bone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::Check;
use super::drawing::Drawing;
use super::operation::Operation;
use super::random::Random;
use super::{Axes, Limit};
use crate::Homography;

/// Turns about the centre.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rotate {
    /// Probability.
    pub p: f64,
    /// Degrees, -180 to 180; L is [-L, L].
    pub limit: Limit,
}

impl Default for Rotate {
    fn default() -> Rotate {
        Rotate { p: 0.5, limit: Limit::pair(-90.0, 90.0) }
    }
}

/// Scales and turns about the centre, then shifts. Both axes are scaled alike, as in albumentations 1.4.0 (1.4.10 and later
/// draw a factor for each), and shifts are not cut to whole pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ShiftScaleRotate {
    /// Probability.
    pub p: f64,
    /// Shift, in shares of the width to the right and of the height down, -1 to 1; L is [-L, L].
    pub shift_limit: Limit,
    /// The factor less 1, above -1 (-0.1 makes a tenth smaller), at most 9; L is [-L, L].
    pub scale_limit: Limit,
    /// Degrees, -180 to 180; L is [-L, L].
    pub rotate_limit: Limit,
    /// Instead of `shift_limit` to the right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shift_limit_x: Option<Limit>,
    /// Instead of `shift_limit` down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shift_limit_y: Option<Limit>,
}

impl Default for ShiftScaleRotate {
    fn default() -> ShiftScaleRotate {
        ShiftScaleRotate {
            p: 0.5,
            shift_limit: Limit::pair(-0.0625, 0.0625),
            scale_limit: Limit::pair(-0.1, 0.1),
            rotate_limit: Limit::pair(-45.0, 45.0),
            shift_limit_x: None,
            shift_limit_y: None,
        }
    }
}

/// Scales, turns and shears about the centre, in this order, then shifts. A number alone is that very value, drawn from no
/// range: write `rotate = [-10, 10]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Affine {
    /// Probability.
    pub p: f64,
    /// Factors, 0.1 to 10.
    pub scale: Axes,
    /// Whether both axes have the factor drawn for x.
    pub keep_ratio: bool,
    /// Shift, in shares of the width to the right and of the height down, -1 to 1; not rounded to whole pixels.
    pub translate_percent: Axes,
    /// Degrees, -360 to 360.
    pub rotate: Limit,
    /// Degrees along x and along y, -60 to 60.
    pub shear: Axes,
}

impl Default for Affine {
    fn default() -> Affine {
        let number = |value| Axes::Both(Limit::Number(value));
        Affine {
            p: 0.5,
            scale: number(1.0),
            keep_ratio: false,
            translate_percent: number(0.0),
            rotate: Limit::Number(0.0),
            shear: number(0.0),
        }
    }
}

/// What an affine transform does to the plane: the inputs of albumentations' `create_affine_transformation_matrix`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pose {
    /// Factors along x and y.
    pub(super) scale: [f64; 2],
    /// Degrees counter-clockwise.
    pub(super) rotate: f64,
    /// Degrees along x and along y.
    pub(super) shear: [f64; 2],
    /// Pixels to the right and down.
    pub(super) shift: [f64; 2],
}

impl Pose {
    /// Changes nothing.
    pub(super) const UPRIGHT: Pose = Pose { scale: [1.0; 2], rotate: 0.0, shear: [0.0; 2], shift: [0.0; 2] };

    /// Where pixels of a plane of `sides` go.
    pub(super) fn forward(self, sides: [f64; 2]) -> Homography {
        let [across, along] = self.shear.map(|degrees| (-degrees).to_radians().tan());
        let shear = Homography::affine([1.0, across, 0.0], [along, 1.0, 0.0]);
        let turn = Homography::rotation(-self.rotate.to_radians());
        let scale = Homography::scaling(self.scale[0], self.scale[1]);
        let centre = sides.map(|side| (side - 1.0) / 2.0);
        let [right, down] = self.shift;
        Homography::translation(right, down) * (shear * turn * scale).about(centre)
    }

    /// Does it and notes it.
    fn pose(self, drawing: &mut Drawing) {
        drawing.rigid(self.forward(drawing.sides()));
        if self.scale != [1.0; 2] {
            let [x, y] = self.scale;
            drawing.note("scale", if x == y { &self.scale[..1] } else { &self.scale }, "");
        }
        if self.rotate != 0.0 {
            drawing.note("rotate", &[self.rotate], "°");
        }
        if self.shear != [0.0; 2] {
            drawing.note("shear", &self.shear, "°");
        }
        if self.shift != [0.0; 2] {
            drawing.note("shift", &self.shift, " px");
        }
    }
}

const HALF_TURN: &str = "degrees from -180 to 180";
const SHIFT: &str = "shares of the sides from -1 to 1";

impl Operation for Rotate {
    fn name(&self) -> &'static str {
        "Rotate"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        check.limit("limit", self.limit, self.limit.symmetric(), -180.0..=180.0, HALF_TURN);
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        Pose { rotate: random.within(self.limit.symmetric()), ..Pose::UPRIGHT }.pose(drawing);
    }
}

impl Operation for ShiftScaleRotate {
    fn name(&self) -> &'static str {
        "ShiftScaleRotate"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        let shifts = [
            ("shift_limit", Some(self.shift_limit)),
            ("shift_limit_x", self.shift_limit_x),
            ("shift_limit_y", self.shift_limit_y),
        ];
        for (key, limit) in shifts {
            if let Some(limit) = limit {
                check.limit(key, limit, limit.symmetric(), -1.0..=1.0, SHIFT);
            }
        }
        let scale = self.scale_limit;
        check.limit("scale_limit", scale, scale.symmetric(), -0.9..=9.0, "factors less 1 from -0.9 to 9");
        let rotate = self.rotate_limit;
        check.limit("rotate_limit", rotate, rotate.symmetric(), -180.0..=180.0, HALF_TURN);
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let [width, height] = drawing.sides();
        let mut within = |limit: Limit| random.within(limit.symmetric());
        let scale = 1.0 + within(self.scale_limit);
        let rotate = within(self.rotate_limit);
        let right = width * within(self.shift_limit_x.unwrap_or(self.shift_limit));
        let down = height * within(self.shift_limit_y.unwrap_or(self.shift_limit));
        Pose { scale: [scale; 2], rotate, shift: [right, down], ..Pose::UPRIGHT }.pose(drawing);
    }

    fn enlargement(&self) -> f64 {
        (1.0 + self.scale_limit.symmetric()[1]).max(1.0)
    }
}

impl Operation for Affine {
    fn name(&self) -> &'static str {
        "Affine"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        let axes = [
            ("scale", self.scale, 0.1..=10.0, "factors from 0.1 to 10"),
            ("translate_percent", self.translate_percent, -1.0..=1.0, SHIFT),
            ("shear", self.shear, -60.0..=60.0, "degrees from -60 to 60"),
        ];
        for (key, axes, bounds, expected) in axes {
            let limits = axes.each();
            let distinct = if limits[0] == limits[1] { &limits[..1] } else { &limits };
            for &limit in distinct {
                check.limit(key, limit, limit.fixed(), bounds.clone(), expected);
            }
        }
        check.limit("rotate", self.rotate, self.rotate.fixed(), -360.0..=360.0, "degrees from -360 to 360");
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let sides = drawing.sides();
        let mut each = |axes: Axes| axes.each().map(|limit| random.within(limit.fixed()));
        let scale = each(self.scale);
        let share = each(self.translate_percent);
        let shear = each(self.shear);
        let rotate = random.within(self.rotate.fixed());
        let scale = if self.keep_ratio { [scale[0]; 2] } else { scale };
        let shift = [0, 1].map(|axis| share[axis] * sides[axis]);
        Pose { scale, rotate, shear, shift }.pose(drawing);
    }

    fn enlargement(&self) -> f64 {
        let scale = self.scale.each().map(|limit| limit.fixed()[1]);
        let shear = self.shear.each().map(|limit| limit.fixed().map(f64::abs));
        let steepest = shear.into_iter().flatten().fold(0.0, f64::max).to_radians().tan();
        // A matrix [[1, a], [b, 1]] stretches by at most 1 + max(|a|, |b|).
        (scale[0].max(scale[1]) * (1.0 + steepest)).max(1.0)
    }
}
