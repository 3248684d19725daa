//! Faults of a recipe as they are told: each with the place where it was written.

use std::fmt;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// In the text, at this line and column, both counted from 1.
    Text([usize; 2]),
    /// On the command line, by these words.
    Given(String),
}

/// One thing that is wrong with a recipe.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    /// Where it was written, where it was.
    pub(super) place: Option<Place>,
    /// What, and what would be right.
    pub(super) text: String,
}

impl Found {
    /// Whether it was written in the text.
    pub(super) fn is_of_text(&self) -> bool {
        matches!(self.place, Some(Place::Text(_)))
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(Place::Text([line, column])) => write!(f, "line {line}, column {column}: ")?,
            Some(Place::Given(words)) => write!(f, "{words}: ")?,
            None => {}
        }
        f.write_str(&self.text)
    }
}

/// Everything that is wrong, a line each, in the order of the text, what the command line says last.
pub(super) fn told(mut faults: Vec<Found>) -> String {
    let order = |fault: &Found| match &fault.place {
        Some(Place::Text(position)) => (0, *position),
        None => (1, [0; 2]),
        Some(Place::Given(_)) => (2, [0; 2]),
    };
    faults.sort_by_key(order);
    faults.iter().map(Found::to_string).collect::<Vec<_>>().join("\n")
}
