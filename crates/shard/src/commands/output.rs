//! An output: a shard that appears under its name when it is whole, or standard output.

use std::path::Path;

use shard::program::{NOT_TO_A_TERMINAL, Sink};
use shard::{Header, RawRecord, Writer};

use super::failure::Failure;

/// A shard that is written.
pub(crate) struct Output(Writer<Sink>);

impl Output {
    /// Begins the shard at `path`, or on standard output for `-`, which must not be a terminal.
    pub(crate) fn create(path: &Path, header: Header) -> Result<Output, Failure> {
        let sink = Sink::open(path).map_err(Failure::writing)?;
        if sink.is_terminal() {
            return Err(Failure::usage(NOT_TO_A_TERMINAL));
        }
        Ok(Output(Writer::new(sink, header).map_err(Failure::writing)?))
    }

    /// The header that was written.
    pub(crate) fn header(&self) -> &Header {
        self.0.header()
    }

    /// Copies a record that was read from `source`.
    pub(crate) fn push(&mut self, record: &RawRecord, source: &str) -> Result<(), Failure> {
        self.0.push_raw(record).map_err(|error| match error {
            shard::Error::Io(_) => Failure::writing(error),
            error => Failure::reading(source, error),
        })
    }

    /// Ends the shard and makes it appear.
    pub(crate) fn commit(self) -> Result<(), Failure> {
        let (sink, _) = self.0.finish().map_err(Failure::writing)?;
        sink.commit().map_err(Failure::writing)
    }
}
