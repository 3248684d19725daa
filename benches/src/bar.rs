//! What a row must reach.

use crate::figures::{megabytes, milliseconds};

/// What a row's median must be.
#[derive(Clone, Copy)]
pub(crate) enum Bar {
    /// At most this many milliseconds an image.
    Milliseconds(f64),
    /// No slower than the usual peer.
    NotSlower,
    /// So many times as fast as the usual peer, and as the tuned one.
    Faster { usual: f64, tuned: f64 },
}

/// What our side may take of memory beside its input.
#[derive(Clone, Copy)]
pub(crate) enum Extra {
    /// At most this many bytes.
    AtMost(u64),
    /// No more than the tuned peer, which keeps freed memory too; the usual one gives it back to the system.
    NotAboveTuned,
}

impl Bar {
    /// How the table puts it.
    pub(crate) fn words(self) -> String {
        match self {
            Bar::Milliseconds(most) => format!("≤ {}", milliseconds(most / 1e3)),
            Bar::NotSlower => "not slower".to_owned(),
            Bar::Faster { usual, tuned } => format!("≥ {usual:.1}×, ≥ {tuned:.1}× tuned"),
        }
    }

    /// Whether medians of seconds reach it; nothing where a peer that it names was not measured.
    pub(crate) fn met(self, ours: f64, usual: Option<f64>, tuned: Option<f64>) -> Option<bool> {
        match self {
            Bar::Milliseconds(most) => Some(ours <= most / 1e3),
            Bar::NotSlower => usual.map(|usual| ours <= usual),
            Bar::Faster { usual: by_usual, tuned: by_tuned } => {
                usual.zip(tuned).map(|(usual, tuned)| usual >= by_usual * ours && tuned >= by_tuned * ours)
            }
        }
    }
}

impl Extra {
    /// How the table puts it.
    pub(crate) fn words(self) -> String {
        match self {
            Extra::AtMost(most) => format!("≤ {} more", megabytes(most)),
            Extra::NotAboveTuned => "no more memory than tuned".to_owned(),
        }
    }

    /// Whether our bytes are within it; nothing where it compares with a peer that was not measured.
    pub(crate) fn met(self, ours: u64, tuned: Option<u64>) -> Option<bool> {
        match self {
            Extra::AtMost(most) => Some(ours <= most),
            Extra::NotAboveTuned => tuned.map(|tuned| ours <= tuned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_peers_must_be_left_behind() {
        let bar = Bar::Faster { usual: 2.3, tuned: 1.0 };
        assert_eq!(bar.words(), "≥ 2.3×, ≥ 1.0× tuned");
        assert_eq!(bar.met(1.0, Some(2.3), Some(1.0)), Some(true));
        assert_eq!(bar.met(1.0, Some(2.2), Some(1.5)), Some(false));
        assert_eq!(bar.met(1.0, Some(3.0), Some(0.9)), Some(false));
        assert_eq!(bar.met(1.0, None, None), None);
    }

    #[test]
    fn memory_is_compared_with_a_peer_that_was_measured() {
        assert_eq!(Extra::NotAboveTuned.met(10, Some(10)), Some(true));
        assert_eq!(Extra::NotAboveTuned.met(11, Some(10)), Some(false));
        assert_eq!(Extra::NotAboveTuned.met(11, None), None);
        assert_eq!(Extra::AtMost(10).met(11, None), Some(false));
    }
}
