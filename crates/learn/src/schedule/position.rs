//! A position: which step of a run it is.

/// Which step of a run it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Steps done before it, so counted from 0.
    pub step: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// Steps of an epoch.
    pub steps_per_epoch: u64,
}

impl Position {
    /// Epochs done before it.
    pub fn epoch(self) -> u64 {
        self.step / self.steps_per_epoch.max(1)
    }

    /// So large a share of all steps, to the nearest whole number.
    pub(super) fn part(self, share: f64) -> u64 {
        (share * self.steps as f64).round() as u64
    }
}
