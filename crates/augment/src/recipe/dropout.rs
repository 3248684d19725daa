//! Dropout: rectangles that cover what lies below.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::Check;
use super::drawing::Drawing;
use super::operation::Operation;
use super::random::Random;
use super::{Lengths, Limit};
use crate::Hole;

/// Covers rectangles of the image with one grey value. The bones below stay labelled, so that a network learns to go on
/// behind what covers them. Holes come last, whatever stands behind them in a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CoarseDropout {
    /// Probability.
    pub p: f64,
    /// How many, 1 to 1000; a number is just so many.
    pub num_holes_range: Limit,
    /// Rows of each.
    pub hole_height_range: Lengths,
    /// Columns of each.
    pub hole_width_range: Lengths,
    /// The grey value inside, 0 to 255.
    pub fill_value: u8,
}

impl Default for CoarseDropout {
    fn default() -> CoarseDropout {
        CoarseDropout {
            p: 0.5,
            num_holes_range: Limit::pair(1.0, 1.0),
            hole_height_range: Lengths::Pixels([8, 8]),
            hole_width_range: Lengths::Pixels([8, 8]),
            fill_value: 0,
        }
    }
}

/// A length and where it begins, both within `side`.
fn stretch(lengths: Lengths, side: u32, random: &mut Random) -> [u32; 2] {
    let length = match lengths {
        Lengths::Pixels([low, high]) => random.whole([low, high.max(low)]).min(side),
        Lengths::Shares(shares) => (random.within(shares) * f64::from(side)) as u32,
    };
    [random.whole([0, side - length]), length]
}

impl Operation for CoarseDropout {
    fn name(&self) -> &'static str {
        "CoarseDropout"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        let holes = self.num_holes_range;
        let expected = "whole numbers from 1 to 1000";
        check.whole("num_holes_range", holes, holes.fixed(), 1.0..=1000.0, expected);
        check.lengths("hole_height_range", self.hole_height_range);
        check.lengths("hole_width_range", self.hole_width_range);
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let count = random.whole(self.num_holes_range.fixed().map(|count| count as u32));
        let [columns, rows] = drawing.size;
        for _ in 0..count {
            let [x, width] = stretch(self.hole_width_range, columns, random);
            let [y, height] = stretch(self.hole_height_range, rows, random);
            if width > 0 && height > 0 {
                drawing.holes.push(Hole { x, y, width, height, fill: self.fill_value });
            }
        }
        drawing.note("holes", &[f64::from(count)], "");
    }
}
