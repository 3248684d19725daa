//! What can be wrong with a stream.

use std::io;

use thiserror::Error;

/// A stream could not be read or written.
#[derive(Debug, Error)]
pub enum Error {
    /// The operating system said no.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The stream ends before its end frame.
    #[error("the stream ends before its end frame; {}", describe(.last_good))]
    Truncated {
        /// The key of the last whole record.
        last_good: Option<String>,
    },
    /// The bytes are not what the format demands.
    #[error("{what}; {}", describe(.last_good))]
    Corrupt {
        /// What is wrong, and where.
        what: String,
        /// The key of the last whole record.
        last_good: Option<String>,
    },
    /// A header breaks a limit of the format, or concatenated streams have headers that do not go together.
    #[error("{what}")]
    Header {
        /// What is wrong with it.
        what: String,
    },
    /// A record does not fit the header, or breaks a limit of the format.
    #[error("record {key}: {what}")]
    Record {
        /// The record's key.
        key: String,
        /// What is wrong with it.
        what: String,
    },
}

impl Error {
    /// Bytes at `position` that are not what the format demands.
    pub(crate) fn corrupt(position: u64, what: impl std::fmt::Display) -> Error {
        Error::Corrupt { what: format!("at byte {position}: {what}"), last_good: None }
    }

    pub(crate) fn record(key: &str, what: impl Into<String>) -> Error {
        Error::Record { key: key.to_owned(), what: what.into() }
    }

    /// A key that was in the stream before.
    pub(crate) fn duplicate(key: &str) -> Error {
        Error::record(key, "its key is in the stream twice; keys are unique")
    }

    /// The same error, naming the record that was read before it.
    pub(crate) fn after(self, good: &Option<String>) -> Error {
        match self {
            Error::Truncated { .. } => Error::Truncated { last_good: good.clone() },
            Error::Corrupt { what, .. } => Error::Corrupt { what, last_good: good.clone() },
            other => other,
        }
    }
}

fn describe(key: &Option<String>) -> String {
    match key {
        Some(key) => format!("the last good record is {key}"),
        None => "there is no good record before that".to_owned(),
    }
}
