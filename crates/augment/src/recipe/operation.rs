//! Operations: what each transform is able to do.

use super::check::Check;
use super::drawing::Drawing;
use super::random::Random;

/// What each transform is able to do.
pub(super) trait Operation {
    /// As it is written in a recipe.
    fn name(&self) -> &'static str;

    /// Its probability; among the transforms of a `OneOf` or `SomeOf`, its weight.
    fn p(&self) -> f64;

    /// Names each value that is out of its range, but for `p`.
    fn check(&self, check: &mut Check);

    /// Draws its values and does it to the drawing; that it happens is settled.
    fn draw(&self, random: &mut Random, drawing: &mut Drawing);

    /// How much larger than before anything may be shown at most, on a square plane: a linear scale, at least 1.
    fn enlargement(&self) -> f64 {
        1.0
    }
}
