//! Why a command ended early, and the exit code that says so.

use std::io;

use shard::Error;
use shard::program::Exit;

/// Why a command ended early.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the program ends.
    pub(crate) exit: Exit,
    /// What is said; where whoever read standard output left, nobody is told.
    pub(crate) words: String,
}

impl Failure {
    /// The command line is wrong.
    pub(crate) fn usage(words: &str) -> Failure {
        Failure { exit: Exit::Usage, words: words.to_owned() }
    }

    /// The data is bad.
    pub(crate) fn data(words: String) -> Failure {
        Failure { exit: Exit::BadData, words }
    }

    /// A failure while reading `name`.
    pub(crate) fn reading(name: &str, error: Error) -> Failure {
        let exit = if matches!(error, Error::Io(_)) { Exit::Io } else { Exit::BadData };
        Failure { exit, words: format!("{name}: {error}") }
    }

    /// A failure while writing; what the system refuses names the output. What the format does not allow came from
    /// the input.
    pub(crate) fn writing(error: impl Into<Error>) -> Failure {
        let error = error.into();
        let exit = match &error {
            Error::Io(error) => match error.kind() {
                io::ErrorKind::BrokenPipe => Exit::ReaderLeft,
                io::ErrorKind::WouldBlock => Exit::TryAgain,
                io::ErrorKind::AlreadyExists => Exit::Usage,
                _ => Exit::Io,
            },
            _ => Exit::BadData,
        };
        Failure { exit, words: error.to_string() }
    }

    /// A failure while printing to standard output.
    pub(crate) fn printing(error: io::Error) -> Failure {
        let named = format!("{}: {error}", shard::program::STANDARD_OUTPUT);
        Failure::writing(io::Error::new(error.kind(), named))
    }
}
