//! Limits: how a recipe writes a range.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A number or a pair of numbers [low, high] that something is drawn from. What a number alone means, each parameter says:
/// L is mostly [-L, L].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a number or a pair of numbers")]
pub enum Limit {
    /// One number.
    Number(f64),
    /// The least and the greatest.
    Pair([f64; 2]),
}

impl Limit {
    /// From `low` to `high`.
    pub const fn pair(low: f64, high: f64) -> Limit {
        Limit::Pair([low, high])
    }

    /// The range, where a number L means [-L, L].
    pub fn symmetric(self) -> [f64; 2] {
        match self {
            Limit::Number(reach) => [-reach.abs(), reach.abs()],
            Limit::Pair(pair) => pair,
        }
    }

    /// The range, where a number L means from `other` to L.
    pub fn beside(self, other: f64) -> [f64; 2] {
        match self {
            Limit::Number(number) => [number.min(other), number.max(other)],
            Limit::Pair(pair) => pair,
        }
    }

    /// The range, where a number means just that number.
    pub fn fixed(self) -> [f64; 2] {
        match self {
            Limit::Number(number) => [number; 2],
            Limit::Pair(pair) => pair,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Number(number) => write!(f, "{number}"),
            Limit::Pair([low, high]) => write!(f, "[{low}, {high}]"),
        }
    }
}

/// A limit for both axes, or `{ x = …, y = … }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a number, a pair of numbers, or { x = …, y = … } of such")]
pub enum Axes {
    /// The same limit for both.
    Both(Limit),
    /// One each.
    Each(EachAxis),
}

/// A limit along each axis.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EachAxis {
    /// To the right.
    pub x: Limit,
    /// Down.
    pub y: Limit,
}

impl Axes {
    /// The limits of x and y.
    pub fn each(self) -> [Limit; 2] {
        match self {
            Axes::Both(limit) => [limit; 2],
            Axes::Each(EachAxis { x, y }) => [x, y],
        }
    }
}

/// The least and the greatest length of something: whole numbers are pixels of the network's plane, others shares of its
/// side, so `[8, 32]` or `[0.05, 0.2]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a pair of whole numbers (pixels) or of numbers with a point (shares of the side)"
)]
pub enum Lengths {
    /// Pixels.
    Pixels([u32; 2]),
    /// Shares of the side.
    Shares([f64; 2]),
}

impl fmt::Display for Lengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lengths::Pixels([low, high]) => write!(f, "[{low}, {high}]"),
            Lengths::Shares([low, high]) => write!(f, "[{low:?}, {high:?}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_means_what_albumentations_makes_of_it() {
        assert_eq!(Limit::Number(15.0).symmetric(), [-15.0, 15.0]);
        assert_eq!(Limit::Number(4.0).beside(1.0), [1.0, 4.0]);
        assert_eq!(Limit::Number(0.5).beside(1.0), [0.5, 1.0]);
        assert_eq!(Limit::Number(1.1).fixed(), [1.1, 1.1]);
        assert_eq!(Limit::pair(-3.0, 2.0).symmetric(), [-3.0, 2.0]);
    }
}
