//! Reads a stream, or several concatenated ones, record by record.

use std::io::Read;

use crate::{Error, Header, RawRecord, Record};

/// Reads records from a stream; an iterator over decoded [`Record`]s.
#[derive(Debug)]
pub struct Reader<R> {
    _input: R,
}

impl<R: Read> Reader<R> {
    /// Reads the header.
    pub fn new(_input: R) -> Result<Reader<R>, Error> {
        todo!()
    }

    /// The header of the stream.
    pub fn header(&self) -> &Header {
        todo!()
    }

    /// The next record, still compressed; `None` after the end frame of the last concatenated stream.
    pub fn next_raw(&mut self) -> Option<Result<RawRecord, Error>> {
        todo!()
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Record, Error>;
    fn next(&mut self) -> Option<Self::Item> {
        Some(self.next_raw()?.and_then(|raw| raw.decode()))
    }
}
