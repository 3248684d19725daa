//! How the runner ends: with an exit code, and words where it is not 0.

use std::io::{ErrorKind, Write};

use serde::Serialize;
use shard::program::Exit;

/// Why the runner ends early, and with which exit code.
pub(crate) struct End {
    pub(crate) code: u8,
    pub(crate) message: String,
}

impl End {
    pub(crate) fn usage(message: impl ToString) -> End {
        End { code: Exit::Usage.code(), message: format!("runner: {}", message.to_string()) }
    }

    pub(crate) fn io(error: std::io::Error) -> End {
        End { code: Exit::Io.code(), message: format!("runner: {error}") }
    }
}

/// Prints to standard output; that its reader left is no fault.
pub(crate) fn print(text: &str) -> Result<u8, End> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(End::io(error)),
        _ => Ok(0),
    }
}

/// Prints as JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<u8, End> {
    let text = serde_json::to_string_pretty(value);
    let text = text.map_err(|error| End { code: Exit::Fault.code(), message: format!("runner: {error}") })?;
    print(&(text + "\n"))
}
