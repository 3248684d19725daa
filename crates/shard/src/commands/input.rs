//! An input: a shard's path, or `-` for standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use shard::Reader;

use super::failure::Failure;

/// A shard that is read: a path, or `-` for standard input.
#[derive(Clone, Debug)]
pub(crate) struct Input(PathBuf);

impl From<&str> for Input {
    fn from(argument: &str) -> Input {
        Input(argument.into())
    }
}

impl From<std::ffi::OsString> for Input {
    fn from(argument: std::ffi::OsString) -> Input {
        Input(argument.into())
    }
}

impl Input {
    /// The name for messages.
    pub(crate) fn name(&self) -> String {
        if self.is_stdin() { "standard input".to_owned() } else { self.0.display().to_string() }
    }

    /// Opens the input and reads the header.
    pub(crate) fn open(&self) -> Result<Reader<Box<dyn Read>>, Failure> {
        let opened: io::Result<Box<dyn Read>> = if self.is_stdin() {
            Ok(Box::new(io::stdin()))
        } else {
            File::open(&self.0).map(|file| Box::new(file) as _)
        };
        let reader = opened.map_err(shard::Error::from).and_then(Reader::new);
        reader.map_err(|error| Failure::reading(&self.name(), error))
    }

    /// The bytes there are, where that is known.
    pub(crate) fn length(&self) -> Option<u64> {
        std::fs::metadata(&self.0)
            .ok()
            .filter(|metadata| metadata.is_file() && !self.is_stdin())
            .map(|file| file.len())
    }

    fn is_stdin(&self) -> bool {
        self.0 == Path::new("-")
    }
}
