//! Writes a stream; only [`Writer::finish`] makes it whole.

use std::io::Write;

use crate::{Error, Header, RawRecord, Record};

/// xxh3-128 over the header and every record of a stream; equal for equal streams.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Digest(pub u128);

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "xxh3:{:032x}", self.0)
    }
}

/// Writes records to a stream.
#[derive(Debug)]
pub struct Writer<W> {
    _output: W,
}

impl<W: Write> Writer<W> {
    /// Writes the header.
    pub fn new(_output: W, _header: Header) -> Result<Writer<W>, Error> {
        todo!()
    }

    /// The header that was written.
    pub fn header(&self) -> &Header {
        todo!()
    }

    /// Compresses and writes a record.
    pub fn push(&mut self, record: &Record) -> Result<(), Error> {
        self.push_raw(&RawRecord::encode(record)?)
    }

    /// Writes a record that is compressed already.
    pub fn push_raw(&mut self, _record: &RawRecord) -> Result<(), Error> {
        todo!()
    }

    /// Writes the end frame and flushes; gives the output back with the stream's digest.
    pub fn finish(self) -> Result<(W, Digest), Error> {
        todo!()
    }
}
