//! What each loss can do.

use tch::Tensor;

use super::check::Check;
use super::comparison::Comparison;

/// What each loss can do.
pub(super) trait Criterion {
    /// Its name in a recipe.
    fn name(&self) -> &'static str;

    /// Says each parameter that is out of its range.
    fn check(&self, check: &mut Check);

    /// The loss before it is weighted, a single number.
    fn of(&self, comparison: &Comparison) -> Tensor;
}
