//! How far poses and exposures stray from a textbook's.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use stage::number;

/// A number from 0 to 1, or its name.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Difficulty(f64);

const NAMES: [(&str, f64); 3] = [("easy", 0.15), ("normal", 0.5), ("hard", 1.0)];

impl Difficulty {
    /// The default.
    pub const NORMAL: Difficulty = Difficulty(NAMES[1].1);

    /// As a number from 0 to 1.
    pub fn share(self) -> f64 {
        self.0
    }
}

/// Parses a number from 0 to 1.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    number::within(0.0..=1.0)(text)
}

impl FromStr for Difficulty {
    type Err = String;

    fn from_str(text: &str) -> Result<Difficulty, String> {
        match NAMES.iter().find(|(name, _)| *name == text) {
            Some(&(_, share)) => Ok(Difficulty(share)),
            None => share(text)
                .map(Difficulty)
                .map_err(|_| "expected easy, normal, hard, or a number from 0 to 1".to_owned()),
        }
    }
}

impl fmt::Display for Difficulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(_, share)| *share == self.0) {
            Some((name, _)) => f.write_str(name),
            None => self.0.fmt(f),
        }
    }
}

impl Serialize for Difficulty {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl JsonSchema for Difficulty {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Difficulty".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number from 0 to 1, or its name.",
            "anyOf": [
                { "type": "number", "minimum": 0, "maximum": 1 },
                { "enum": ["easy", "normal", "hard"] },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_read_and_printed() {
        for (text, share) in [("easy", 0.15), ("hard", 1.0), ("0.3", 0.3)] {
            let difficulty: Result<Difficulty, String> = text.parse();
            assert_eq!(difficulty, Ok(Difficulty(share)));
            assert_eq!(Difficulty(share).to_string(), text);
        }
        for wrong in ["", "1.5", "-0.1", "NaN", "Hard"] {
            assert!(wrong.parse::<Difficulty>().is_err(), "{wrong}");
        }
    }
}
