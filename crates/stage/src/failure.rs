//! Why a stage ended early, and the exit code that says so.

use std::fmt;
use std::io;
use std::path::Path;

use shard::program::{Exit, STANDARD_OUTPUT};

/// Why one record could not be processed; any error or text converts into it.
pub type Reason = Box<dyn std::error::Error + Send + Sync>;

/// Which data was bad and why.
#[derive(Debug)]
pub struct BadData {
    /// The file, or `standard input`.
    pub file: String,
    /// The record's key, where the fault is in one record.
    pub record: Option<String>,
    /// What is wrong, what was expected, and what to do.
    pub reason: String,
}

impl fmt::Display for BadData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.record {
            Some(record) => write!(f, "{}: record {}: {}", self.file, record, self.reason),
            None => write!(f, "{}: {}", self.file, self.reason),
        }
    }
}

/// Why a stage ended early.
#[derive(Debug)]
pub enum Failure {
    /// 2: the command line is wrong.
    Usage(String),
    /// 65: the data is bad.
    Data(BadData),
    /// 70: the program is at fault.
    Internal(String),
    /// 74: the operating system refused.
    Io {
        /// What was read or written.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// 74: the operating system refused, and its error names what was read or written.
    System(io::Error),
    /// 75: it may work later.
    TryAgain(String),
    /// 141: whoever read standard output left; nobody is told.
    ReaderLeft,
}

impl Failure {
    /// Bad data in `file` as a whole.
    pub fn data(file: impl fmt::Display, reason: impl fmt::Display) -> Failure {
        Failure::Data(BadData { file: file.to_string(), record: None, reason: reason.to_string() })
    }

    /// Bad data in one record of `file`.
    pub fn record(file: impl fmt::Display, record: impl fmt::Display, reason: impl fmt::Display) -> Failure {
        Failure::Data(BadData {
            file: file.to_string(),
            record: Some(record.to_string()),
            reason: reason.to_string(),
        })
    }

    /// The system refused to read or write `path`.
    pub fn io(path: impl AsRef<Path>, source: io::Error) -> Failure {
        match source.kind() {
            io::ErrorKind::BrokenPipe => Failure::ReaderLeft,
            _ => Failure::Io { what: path.as_ref().display().to_string(), source },
        }
    }

    /// The system refused, in an error that names what was read or written, as those of `fs-err` and of an output do;
    /// others want [`Failure::io`].
    pub fn system(source: io::Error) -> Failure {
        match source.kind() {
            io::ErrorKind::BrokenPipe => Failure::ReaderLeft,
            io::ErrorKind::WouldBlock => Failure::TryAgain(source.to_string()),
            _ => Failure::System(source),
        }
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Failure::Usage(_) => Exit::Usage,
            Failure::Data(_) => Exit::BadData,
            Failure::Internal(_) => Exit::Fault,
            Failure::Io { .. } | Failure::System(_) => Exit::Io,
            Failure::TryAgain(_) => Exit::TryAgain,
            Failure::ReaderLeft => Exit::ReaderLeft,
        }
    }

    /// The exit code's number.
    pub fn code(&self) -> u8 {
        self.exit().code()
    }

    /// A failure while reading the shard stream `name`.
    pub fn reading(name: &str, error: shard::Error) -> Failure {
        match error {
            shard::Error::Io(source) => Failure::Io { what: name.to_owned(), source },
            shard::Error::Record { key, what } => Failure::record(name, key, what),
            other => Failure::data(name, other),
        }
    }

    /// A failure while writing the output's stream of records; what the system refuses names it.
    pub(crate) fn writing(error: shard::Error) -> Failure {
        match error {
            shard::Error::Io(source) => Failure::system(source),
            shard::Error::Record { key, what } => Failure::record("output", key, what),
            other => Failure::Internal(format!("output: {other}")),
        }
    }

    /// The system refused to print data to standard output.
    pub(crate) fn printing(source: io::Error) -> Failure {
        Failure::io(STANDARD_OUTPUT, source)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(text) | Failure::Internal(text) | Failure::TryAgain(text) => f.write_str(text),
            Failure::Data(bad) => bad.fmt(f),
            Failure::Io { what, source } => write!(f, "{what}: {source}"),
            Failure::System(source) => source.fmt(f),
            Failure::ReaderLeft => f.write_str("the reader left"),
        }
    }
}

impl std::error::Error for Failure {}
