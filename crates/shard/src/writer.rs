//! Writes a stream; only [`Writer::finish`] makes it whole.

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::Path;

use partial::{Existing, PartialFile};
use xxhash_rust::xxh3::xxh3_128;

use crate::end::Tally;
use crate::{Digest, Error, Header, RawRecord, Record};

/// Writes records to a stream, which is not whole before [`Writer::finish`].
///
/// Heads are written apart from contents, so an output for which small writes are dear should be buffered.
#[derive(Debug)]
pub struct Writer<W> {
    output: W,
    header: Header,
    tally: Tally,
    /// xxh3-128 of the keys so far.
    keys: HashSet<u128>,
    /// A write has failed, perhaps in the middle of a record.
    broken: bool,
}

impl Writer<PartialFile> {
    /// Writes the header to `<path>.partial`, which must not be another writer's. [`Writer::commit`] makes it appear as
    /// `path`; a writer that is dropped before that removes it.
    pub fn create(path: impl AsRef<Path>, header: Header) -> Result<Writer<PartialFile>, Error> {
        Writer::new(PartialFile::create(path, Existing::Replace)?, header)
    }

    /// Writes the end frame, makes the bytes durable, and puts the file into its place.
    pub fn commit(self) -> Result<Digest, Error> {
        let (partial, digest) = self.finish()?;
        partial.commit()?;
        Ok(digest)
    }
}

impl<W: Write> Writer<W> {
    /// Writes the header.
    pub fn new(mut output: W, header: Header) -> Result<Writer<W>, Error> {
        let frame = header.to_frame()?;
        output.write_all(frame.bytes())?;
        Ok(Writer { output, header, tally: Tally::new(&frame), keys: HashSet::new(), broken: false })
    }

    /// The header that was written.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The number of records that were written.
    pub fn records_written(&self) -> u64 {
        self.tally.count()
    }

    /// Compresses and writes a record.
    pub fn push(&mut self, record: &Record) -> Result<(), Error> {
        self.push_raw(&RawRecord::encode(record)?)
    }

    /// Writes a record that is compressed already. A record whose planes are not the header's, or whose key was
    /// there before, is an error and leaves the stream as it was.
    pub fn push_raw(&mut self, record: &RawRecord) -> Result<(), Error> {
        record.check_fits(&self.header)?;
        if !self.tally.has_room(record.key()) {
            return Err(Error::record(record.key(), "the stream is full: start another shard"));
        }
        if !self.keys.insert(xxh3_128(record.key().as_bytes())) {
            return Err(Error::duplicate(record.key()));
        }
        self.attempt(|output| record.write(output))?;
        self.tally.add(record);
        Ok(())
    }

    /// Writes the end frame and flushes; gives the output back with the stream's digest.
    pub fn finish(mut self) -> Result<(W, Digest), Error> {
        let full = || io::Error::new(io::ErrorKind::FileTooLarge, "the index is too long");
        let end = self.tally.end_frame().ok_or_else(full)?;
        self.attempt(|output| {
            output.write_all(end.bytes())?;
            output.flush()
        })?;
        Ok((self.output, self.tally.digest()))
    }

    /// Writes, unless an earlier write has failed: nothing may follow half a record.
    fn attempt(&mut self, write: impl FnOnce(&mut W) -> io::Result<()>) -> Result<(), Error> {
        if self.broken {
            return Err(io::Error::other("an earlier write to this stream has failed").into());
        }
        let result = write(&mut self.output);
        self.broken = result.is_err();
        Ok(result?)
    }
}
