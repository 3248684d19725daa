//! Checks: what is wrong with the values of an objective.

use std::fmt;
use std::ops::RangeInclusive;

use crate::fault::Fault;

/// Looks at the values of one term after the other.
#[derive(Debug, Default)]
pub(super) struct Check {
    place: String,
    name: &'static str,
    pub(super) faults: Vec<Fault>,
}

impl Check {
    /// What is asked next is about the term `name` at `place`.
    pub(super) fn enter(&mut self, place: String, name: &'static str) {
        (self.place, self.name) = (place, name);
    }

    /// `text` is wrong with what is at `path`.
    pub(super) fn say(&mut self, path: &str, text: &str) {
        self.faults.push(Fault { path: path.to_owned(), message: text.to_owned() });
    }

    /// The parameter `key` is `found`, but `expected` was expected.
    pub(super) fn fault(&mut self, key: &str, found: impl fmt::Display, expected: &str) {
        let text = format!("{key} of {} is {found}; {expected} was expected", self.name);
        self.say(&format!("{}.{key}", self.place), &text);
    }

    /// A number must be within `bounds`.
    pub(super) fn number(&mut self, key: &str, found: f64, bounds: RangeInclusive<f64>, expected: &str) {
        if !bounds.contains(&found) {
            self.fault(key, found, expected);
        }
    }

    /// A number must be from 0 to 1.
    pub(super) fn share(&mut self, key: &str, found: f64) {
        self.number(key, found, 0.0..=1.0, "a number from 0 to 1");
    }

    /// A number must be 0 or more.
    pub(super) fn not_negative(&mut self, key: &str, found: f64) {
        self.number(key, found, 0.0..=f64::MAX, "a number from 0");
    }

    /// A number must be more than 0.
    pub(super) fn positive(&mut self, key: &str, found: f64) {
        self.number(key, found, f64::MIN_POSITIVE..=f64::MAX, "a number above 0");
    }
}
