//! When to stop because nothing is gained any more.

use serde::{Deserialize, Serialize};

/// Counts validations without a gain.
///
/// A gain counts once it adds up to `least` over the last value that counted, however near to 1 the values are; so
/// many small gains count as one large one does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patience {
    limit: Option<u64>,
    least: f64,
    reference: Option<f64>,
    idle: u64,
}

impl Patience {
    /// Waits for `limit` validations without a gain of at least `least`; for ever where there is no limit.
    pub fn new(limit: Option<u64>, least: f64) -> Patience {
        Patience { limit, least, reference: None, idle: 0 }
    }

    /// The same memory within the limits of `other`.
    pub(crate) fn within(self, other: Patience) -> Patience {
        Patience { limit: other.limit, least: other.least, ..self }
    }

    /// Takes note of a validation; whether it is time to stop.
    pub fn note(&mut self, value: f64) -> bool {
        // A hair below, so that 0.9605 after 0.9600 is a gain of 0.0005 in binary fractions too.
        if self.reference.is_none_or(|reference| value - reference >= self.least * (1.0 - 1e-9)) {
            self.reference = Some(value);
            self.idle = 0;
        } else {
            self.idle += 1;
        }
        self.is_over()
    }

    /// Whether it is time to stop.
    pub fn is_over(&self) -> bool {
        self.limit.is_some_and(|limit| self.idle >= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_gains_of_half_a_thousandth_above_0_96() {
        let mut patience = Patience::new(Some(2), 0.0005);
        for step in 0..20 {
            assert!(!patience.note(0.9600 + 0.0005 * f64::from(step)), "stopped at gain {step}");
        }
        assert!(!patience.note(0.9695 + 0.0004));
        assert!(patience.note(0.9695 + 0.0004));
    }

    #[test]
    fn small_gains_add_up() {
        let mut patience = Patience::new(Some(3), 0.0005);
        assert!((0..30).all(|step| !patience.note(0.97 + 0.0002 * f64::from(step))));
    }

    #[test]
    fn waits_for_ever_without_a_limit() {
        let mut patience = Patience::new(None, 0.0005);
        assert!((0..100).all(|_| !patience.note(0.5)));
    }
}
