//! A fault of a configuration: one value that is out of its range.

use std::fmt;

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, from the section's head on, such as `betas[0]`.
    pub path: String,
    /// What was found, and what would be right.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl Fault {
    /// The same of a value in the section of this name.
    pub(crate) fn within(self, section: &str) -> Fault {
        Fault { path: format!("{section}.{}", self.path), ..self }
    }
}

/// Collects faults; each check names the value and what it should have been.
#[derive(Debug, Default)]
pub(crate) struct Check(pub(crate) Vec<Fault>);

impl Check {
    /// A fault unless `legal`, which says that `value` is `expected`.
    pub(crate) fn that(mut self, path: &str, value: impl fmt::Display, legal: bool, expected: &str) -> Check {
        if !legal {
            self.0.push(Fault {
                path: path.to_owned(),
                message: format!("{value} is out of range: give {expected}"),
            });
        }
        self
    }

    /// A fault.
    pub(crate) fn say(mut self, path: &str, message: &str) -> Check {
        self.0.push(Fault { path: path.to_owned(), message: message.to_owned() });
        self
    }

    /// A finite number above 0.
    pub(crate) fn positive(self, path: &str, value: f64) -> Check {
        self.that(path, value, value.is_finite() && value > 0.0, "a number above 0")
    }

    /// A finite number of 0 or more.
    pub(crate) fn not_negative(self, path: &str, value: f64) -> Check {
        self.that(path, value, value.is_finite() && value >= 0.0, "a number of 0 or more")
    }

    /// A number from 0 to 1, both among them.
    pub(crate) fn share(self, path: &str, value: f64) -> Check {
        self.that(path, value, (0.0..=1.0).contains(&value), "a number from 0 to 1")
    }

    /// How much of a running mean stays each step: from 0 to less than 1.
    pub(crate) fn kept(self, path: &str, value: f64) -> Check {
        self.that(path, value, (0.0..1.0).contains(&value), "a number from 0 to less than 1")
    }
}
