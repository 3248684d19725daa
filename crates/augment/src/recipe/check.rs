//! Checks: what is wrong with the values of a recipe.

use std::fmt;
use std::ops::RangeInclusive;

use thiserror::Error;

use super::{Lengths, Limit};

/// Everything that is wrong with a recipe, a line each.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n"))]
pub struct RecipeError {
    /// At least one, in the order of the text.
    pub faults: Vec<Fault>,
}

/// One thing that is wrong with a recipe.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Line and column of the text, both counted from 1; none where the recipe does not come from a text.
    pub position: Option<[usize; 2]>,
    /// What, where in the list, and what would be right.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some([line, column]) = self.position {
            write!(f, "line {line}, column {column}: ")?;
        }
        f.write_str(&self.text)
    }
}

/// A value that is out of its range.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    /// Where the transform is, as `transforms[3]`.
    pub(super) place: String,
    /// The parameter.
    pub(super) key: &'static str,
    /// All of it in words.
    pub(super) text: String,
}

/// Looks at the values of one transform after the other.
#[derive(Debug, Default)]
pub(super) struct Check {
    place: String,
    name: &'static str,
    pub(super) wrong: Vec<Wrong>,
}

impl Check {
    /// What is said next is about the transform `name` at `place`.
    pub(super) fn enter(&mut self, place: String, name: &'static str) {
        (self.place, self.name) = (place, name);
    }

    /// `key` is `found`, but `expected` was expected.
    pub(super) fn fault(&mut self, key: &'static str, found: impl fmt::Display, expected: &str) {
        self.say(key, &format!("{key} is {found}; {expected} was expected"));
    }

    /// `key` must be given.
    pub(super) fn missing(&mut self, key: &'static str, expected: &str) {
        self.say(key, &format!("{key} is missing; {expected} was expected"));
    }

    fn say(&mut self, key: &'static str, what: &str) {
        let text = format!("{} ({}): {what}", self.place, self.name);
        self.wrong.push(Wrong { place: self.place.clone(), key, text });
    }

    /// A number must be within `bounds`.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        found: f64,
        bounds: RangeInclusive<f64>,
        expected: &str,
    ) {
        if !bounds.contains(&found) {
            self.fault(key, found, expected);
        }
    }

    /// Both ends of a limit, which mean `range`, must be within `bounds`, the lower one first.
    pub(super) fn limit(
        &mut self,
        key: &'static str,
        found: Limit,
        range: [f64; 2],
        bounds: RangeInclusive<f64>,
        expected: &str,
    ) {
        if !range.iter().all(|end| bounds.contains(end)) {
            self.fault(key, found, expected);
        } else if range[0] > range[1] {
            self.fault(key, found, "the lower number first");
        }
    }

    /// As [`Check::limit`], of whole numbers.
    pub(super) fn whole(
        &mut self,
        key: &'static str,
        found: Limit,
        range: [f64; 2],
        bounds: RangeInclusive<f64>,
        expected: &str,
    ) {
        if range.iter().all(|end| end.fract() == 0.0) {
            self.limit(key, found, range, bounds, expected);
        } else {
            self.fault(key, found, expected);
        }
    }

    /// As [`Check::limit`], of odd numbers.
    pub(super) fn odd(
        &mut self,
        key: &'static str,
        found: Limit,
        range: [f64; 2],
        bounds: RangeInclusive<f64>,
        expected: &str,
    ) {
        if range.iter().all(|end| end % 2.0 == 1.0) {
            self.limit(key, found, range, bounds, expected);
        } else {
            self.fault(key, found, expected);
        }
    }

    /// Lengths must be at least a pixel, or shares from 0 to 1; the lower one first.
    pub(super) fn lengths(&mut self, key: &'static str, found: Lengths) {
        let (within, ordered) = match found {
            Lengths::Pixels([low, high]) => (low.min(high) >= 1, low <= high),
            Lengths::Shares([low, high]) => {
                ([low, high].iter().all(|end| (0.0..=1.0).contains(end)), low <= high)
            }
        };
        if !within {
            self.fault(key, found, "a pair of whole numbers from 1 (pixels) or of shares from 0.0 to 1.0");
        } else if !ordered {
            self.fault(key, found, "the lower number first");
        }
    }
}
