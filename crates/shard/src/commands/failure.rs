//! Why a command ended early, and the exit code that says so.

use std::io;

use shard::Error;

/// Why a command ended early. See the table of exit codes in the program's documentation.
pub(crate) enum Failure {
    Usage(String),
    Data(String),
    Io(String),
    TryAgain(String),
    /// Whoever read standard output left, and nobody is told.
    ReaderLeft,
}

impl Failure {
    /// A failure while reading `name`.
    pub(crate) fn reading(name: &str, error: Error) -> Failure {
        match error {
            Error::Io(error) => Failure::Io(format!("{name}: {error}")),
            error => Failure::Data(format!("{name}: {error}")),
        }
    }

    /// A failure while writing `name`. What the format does not allow came from the input.
    pub(crate) fn writing(name: &str, error: impl Into<Error>) -> Failure {
        match error.into() {
            Error::Io(error) if error.kind() == io::ErrorKind::BrokenPipe => Failure::ReaderLeft,
            Error::Io(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Failure::TryAgain(error.to_string())
            }
            Error::Io(error) => Failure::Io(format!("{name}: {error}")),
            error => Failure::Data(format!("{name}: {error}")),
        }
    }

    pub(crate) fn code(&self) -> u8 {
        match self {
            Failure::Usage(_) => 2,
            Failure::Data(_) => 65,
            Failure::Io(_) => 74,
            Failure::TryAgain(_) => 75,
            Failure::ReaderLeft => 141,
        }
    }

    pub(crate) fn words(&self) -> Option<&str> {
        match self {
            Failure::Usage(words) | Failure::Data(words) | Failure::Io(words) | Failure::TryAgain(words) => {
                Some(words)
            }
            Failure::ReaderLeft => None,
        }
    }
}
