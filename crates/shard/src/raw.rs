//! A record as its bytes stand in the stream: compressed, checksummed, movable between threads.

use crate::{Error, Record};

/// A record as it stands in a stream: its head and one zstd frame. Compressing and decompressing is
/// independent of any other record, so many threads can do it at once.
#[derive(Clone, Debug)]
pub struct RawRecord {
    _private: (),
}

impl RawRecord {
    /// Compresses `record`.
    pub fn encode(_record: &Record) -> Result<RawRecord, Error> {
        todo!()
    }

    /// Checks the checksum, decompresses, and splits the planes.
    pub fn decode(&self) -> Result<Record, Error> {
        todo!()
    }

    /// The record's key.
    pub fn key(&self) -> &str {
        todo!()
    }

    /// xxh3-128 of everything that the record says: equal exactly for equal records (of one writer version).
    pub fn digest(&self) -> u128 {
        todo!()
    }
}
