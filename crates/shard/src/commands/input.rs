//! An input: a shard's path, or `-` for standard input.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::PathBuf;

use shard::Reader;
use shard::program::{input_name, is_standard};

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
        input_name(&self.0)
    }

    /// Opens the input and reads the header.
    pub(crate) fn open(&self) -> Result<Reader<Box<dyn Read>>, Failure> {
        let opened: io::Result<Box<dyn Read>> = if is_standard(&self.0) {
            Ok(Box::new(io::stdin()))
        } else {
            File::open(&self.0).map(|file| Box::new(file) as _)
        };
        let reader = opened.map_err(shard::Error::from).and_then(Reader::new);
        reader.map_err(|error| Failure::reading(&self.name(), error))
    }

    /// The input as a file that can be read in any order: what is none is copied into an unnamed temporary one.
    pub(crate) fn file(&self) -> Result<File, Failure> {
        let open = || -> io::Result<File> {
            let mut source: Box<dyn Read> = if is_standard(&self.0) {
                Box::new(io::stdin())
            } else {
                let file = File::open(&self.0)?;
                if file.metadata()?.is_file() {
                    return Ok(file);
                }
                Box::new(file)
            };
            let mut copy = tempfile::tempfile()?;
            io::copy(&mut source, &mut copy)?;
            copy.rewind()?;
            Ok(copy)
        };
        open().map_err(|error| Failure::reading(&self.name(), error.into()))
    }
}
