//! Reads a stream, or several concatenated ones, record by record.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_128;

use crate::end::Tally;
use crate::frame::{Frames, Kind, Sealed};
use crate::{Digest, Error, Header, RawRecord, Record};

/// Reads records from a stream; an iterator over decoded [`Record`]s. After an error it is at its end.
///
/// Buffers its input. Every byte is checked: an iterator that ends without an error has read whole streams, and what
/// it gave is what their writers wrote. Only where one of several concatenated streams is missing altogether can it
/// not know.
#[derive(Debug)]
pub struct Reader<R> {
    frames: Frames<R>,
    header: Header,
    /// The stream that is being read; none between concatenated streams.
    tally: Option<Tally>,
    /// xxh3-128 of the keys so far, in all concatenated streams.
    keys: HashSet<u128>,
    last_good: Option<String>,
    /// Where the last good record ends.
    good_length: u64,
    count: u64,
    digests: Vec<Digest>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Reading,
    Complete,
    Failed,
}

impl Reader<File> {
    /// Opens the shard at `path`.
    pub fn open(path: impl AsRef<Path>) -> Result<Reader<File>, Error> {
        Reader::new(File::open(path)?)
    }
}

impl<R: Read> Reader<R> {
    /// Reads the header.
    pub fn new(input: R) -> Result<Reader<R>, Error> {
        let mut frames = Frames::new(input, 0);
        let (header, frame) = match frames.sealed()? {
            Some((Kind::Header, frame)) => (Header::from_frame(&frame)?, frame),
            Some(_) => return Err(Error::corrupt(0, "the stream does not begin with a header")),
            None => return Err(Error::Truncated { last_good: None }),
        };
        Ok(Reader {
            good_length: frames.position(),
            frames,
            header,
            tally: Some(Tally::new(&frame)),
            keys: HashSet::new(),
            last_good: None,
            count: 0,
            digests: Vec::new(),
            state: State::Reading,
        })
    }

    /// The header of the stream; of concatenated ones, which all have its planes and classes, the first.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The number of records that were read.
    pub fn records_read(&self) -> u64 {
        self.count
    }

    /// Where the last good record, or the header, ends: the bytes before that are worth keeping.
    pub fn good_length(&self) -> u64 {
        self.good_length
    }

    /// The digest of a stream that was read to its end, as [`Writer::finish`](crate::Writer::finish) gave it. That of
    /// several concatenated streams is xxh3-128 over theirs.
    pub fn digest(&self) -> Option<Digest> {
        (self.state == State::Complete).then(|| Digest::of_concatenated(&self.digests))
    }

    /// The next record, still compressed, its checksums checked; `None` after the end frame of the last concatenated
    /// stream, and after an error.
    pub fn next_raw(&mut self) -> Option<Result<RawRecord, Error>> {
        if self.state != State::Reading {
            return None;
        }
        match self.advance() {
            Ok(Some(raw)) => {
                self.last_good = Some(raw.key().to_owned());
                self.good_length = self.frames.position();
                self.count += 1;
                Some(Ok(raw))
            }
            Ok(None) => {
                self.state = State::Complete;
                None
            }
            Err(error) => {
                self.state = State::Failed;
                Some(Err(error.after(&self.last_good)))
            }
        }
    }

    /// The records that follow, still compressed: what [`ordered::map`](crate::ordered::map) takes.
    pub fn raw_records(&mut self) -> impl Iterator<Item = Result<RawRecord, Error>> + '_ {
        std::iter::from_fn(|| self.next_raw())
    }

    fn advance(&mut self) -> Result<Option<RawRecord>, Error> {
        loop {
            let start = self.frames.position();
            let Some((kind, frame)) = self.frames.sealed()? else {
                return match self.tally {
                    Some(_) => Err(Error::Truncated { last_good: None }),
                    None => Ok(None),
                };
            };
            match (kind, self.tally.take()) {
                (Kind::Head, Some(tally)) => return self.record(frame, tally).map(Some),
                (Kind::End, Some(tally)) => {
                    tally.check(&frame).map_err(|what| Error::corrupt(start, what))?;
                    self.digests.push(tally.digest());
                }
                (Kind::Header, None) => {
                    self.header.check_followed_by(&Header::from_frame(&frame)?)?;
                    self.tally = Some(Tally::new(&frame));
                }
                (Kind::Header, Some(_)) => {
                    return Err(Error::corrupt(
                        start,
                        "another stream begins before the end frame of this one",
                    ));
                }
                (Kind::Head | Kind::End, None) => {
                    return Err(Error::corrupt(start, "a header must follow the end frame, or nothing"));
                }
            }
        }
    }

    fn record(&mut self, frame: Sealed, mut tally: Tally) -> Result<RawRecord, Error> {
        let raw = RawRecord::read(frame, &mut self.frames)?;
        raw.check_fits(&self.header)?;
        if !self.keys.insert(xxh3_128(raw.key().as_bytes())) {
            return Err(Error::duplicate(raw.key()));
        }
        tally.add(&raw);
        self.tally = Some(tally);
        Ok(raw)
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let decoded = self.next_raw()?.and_then(|raw| raw.decode());
        if decoded.is_err() {
            self.state = State::Failed;
        }
        Some(decoded)
    }
}
