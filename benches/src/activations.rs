//! What checkpointing of activations saves: the memory that a training step adds, with and without it.
//!
//! Both steps are ours, and each is a process of its own, as the sides of a row are.

use serde::Serialize;

use crate::Result;
use crate::figures::megabytes;
use crate::inputs::Inputs;
use crate::rows::{ACTIVATIONS, Row};
use crate::serve;
use crate::side::Side;

/// The most that a step with checkpointed activations may add, of what one without adds.
const BAR: f64 = 0.6;

/// What both steps add, in bytes.
#[derive(Debug, Serialize)]
pub(crate) struct Activations {
    kept: u64,
    checkpointed: u64,
}

/// Does both steps, one after the other: together they might not fit.
pub(crate) fn measure(inputs: &Inputs) -> Result<Activations> {
    let ready = |row: &Row| -> Result<_> {
        let side = Side::start(&mut serve::command(row, inputs.root())?)?;
        Ok(side.ready.clone())
    };
    let [kept, checkpointed] = &ACTIVATIONS;
    let (before, after) = (ready(kept)?, ready(checkpointed)?);
    checkpointed
        .compare(&after.check, &before.check)
        .map_err(|difference| format!("a step without checkpointed activations {difference}"))?;
    Ok(Activations { kept: before.extra, checkpointed: after.extra })
}

impl Activations {
    /// Whether checkpointing saves enough.
    pub(crate) fn met(&self) -> bool {
        self.checkpointed as f64 <= BAR * self.kept as f64
    }

    /// What it saves, in per cent.
    fn saved(&self) -> f64 {
        100.0 - 100.0 * self.checkpointed as f64 / self.kept as f64
    }

    /// What it says of itself in the table.
    pub(crate) fn cells(&self) -> [String; 3] {
        let [kept, checkpointed] = [self.kept, self.checkpointed].map(megabytes);
        [kept, checkpointed, format!("{:.0} %", self.saved())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_fifths_must_be_saved() {
        assert!(Activations { kept: 10_000, checkpointed: 6_000 }.met());
        let less = Activations { kept: 10_000_000, checkpointed: 6_100_000 };
        assert!(!less.met());
        assert_eq!(less.cells(), ["10 MB", "6.1 MB", "39 %"]);
    }
}
