//! Recovery: what is whole in a damaged shard, and what was lost of it.
//!
//! Every record carries its own checksums, so that one which is damaged costs no other. Where the bytes are no frame of
//! a shard, the next frame is searched; the end frame's index, where it can be read, names the records that were not
//! found.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;

use crate::end::{End, Tally};
use crate::frame::{Frames, Kind, Sealed};
use crate::head::Head;
use crate::scan::{self, Standing};
use crate::{Error, Header, RawRecord};

/// What a damaged shard still says: an iterator over [`Piece`]s, in the file's order.
#[derive(Debug)]
pub struct Salvage {
    file: File,
    length: u64,
    position: u64,
    header: Header,
    /// The stream that is being read, as its end frame should tell it; none between concatenated streams.
    tally: Option<Tally>,
    /// Whether something of that stream was lost so far.
    damaged: bool,
    /// Keys of the records that were given, and of those that were named as lost.
    known: HashSet<String>,
    /// What is to be given before the file is read on.
    waiting: std::vec::IntoIter<Piece>,
}

/// A piece of a damaged shard.
#[derive(Debug)]
pub enum Piece {
    /// A record that is whole: its checksums are right, its planes decompress and are those of the header.
    Whole(RawRecord),
    /// Something that is not there any more.
    Lost(Loss),
}

/// What was lost.
#[derive(Debug)]
pub enum Loss {
    /// A record whose key is known.
    Record {
        /// Its key.
        key: String,
        /// What is wrong with it.
        what: String,
    },
    /// Bytes that are no frame of a shard.
    Bytes {
        /// The first of them, from the file's first on.
        from: u64,
        /// The first behind them.
        to: u64,
        /// What is wrong with them.
        what: String,
    },
    /// The end of a stream, so that nobody knows whether records behind this place are missing.
    End {
        /// Where it should be.
        at: u64,
    },
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::Record { key, what } => write!(f, "record {key}: {what}"),
            Loss::Bytes { from, to, what } => write!(f, "bytes {from} to {to}: {what}"),
            Loss::End { at } => {
                write!(
                    f,
                    "the end frame, which should be at byte {at}: whether records followed is not known"
                )
            }
        }
    }
}

impl Salvage {
    /// Reads the header of the damaged shard in `file`, which is a regular file. Without its header a shard says
    /// nothing: that is an error.
    pub fn open(file: File) -> Result<Salvage, Error> {
        let length = file.metadata()?.len();
        let mut frames = Frames::at(&file, 0);
        let (header, frame) = match frames.sealed()? {
            Some((Kind::Header, frame)) => (Header::from_frame(&frame)?, frame),
            Some(_) => return Err(Error::corrupt(0, "the stream does not begin with a header")),
            None => return Err(Error::Truncated { last_good: None }),
        };
        let position = frames.position();
        let tally = Some(Tally::new(&frame));
        let (known, waiting) = (HashSet::new(), Vec::new().into_iter());
        Ok(Salvage { file, length, position, header, tally, damaged: false, known, waiting })
    }

    /// The header; of concatenated shards the first.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What stands at the position, which then is behind it.
    fn read_on(&mut self) -> Result<Vec<Piece>, Error> {
        match scan::standing(&self.file, self.position)? {
            Standing::Frame { kind: Kind::Header, frame, end } => {
                let mut lost: Vec<Piece> = self.unended().into_iter().collect();
                if let Err(fault) =
                    Header::from_frame(&frame).and_then(|next| self.header.check_followed_by(&next))
                {
                    lost.push(self.bytes_lost(end, fault.to_string()));
                }
                self.tally = Some(Tally::new(&frame));
                self.damaged = false;
                self.position = end;
                Ok(lost)
            }
            Standing::Frame { kind: Kind::End, frame, end } => {
                let lost = self.ended(&frame, end);
                self.position = end;
                Ok(lost)
            }
            Standing::Frame { kind: Kind::Head, frame, end } => {
                let mut pieces = Vec::new();
                if self.tally.is_none() && !self.damaged {
                    pieces.push(
                        self.bytes_lost(self.position, "no header before the records that follow".to_owned()),
                    );
                }
                pieces.push(self.record(frame, end)?);
                Ok(pieces)
            }
            Standing::Nothing(what) => {
                let from = self.position;
                self.position = scan::next_frame(&self.file, from + 1)?.unwrap_or(self.length);
                Ok(vec![Piece::Lost(Loss::Bytes { from, to: self.position, what })])
            }
        }
    }

    /// The record whose head frame ends at `start`.
    fn record(&mut self, frame: Sealed, start: u64) -> Result<Piece, Error> {
        let head = match Head::from_bytes(frame.payload()) {
            Ok(head) => head,
            Err(what) => {
                let lost = self.bytes_lost(start, what);
                self.position = start;
                return Ok(lost);
            }
        };
        let end = start.saturating_add(head.compressed);
        let read = RawRecord::read(frame, &mut Frames::at(&self.file, start)).and_then(|raw| {
            raw.check_fits(&self.header)?;
            raw.decode()?;
            Ok(raw)
        });
        let what = match read {
            Ok(raw) if self.known.insert(head.key.clone()) => {
                if let Some(tally) = &mut self.tally {
                    tally.add(&raw);
                }
                self.position = end;
                return Ok(Piece::Whole(raw));
            }
            Ok(_) => "its key was there before".to_owned(),
            Err(Error::Io(error)) => return Err(Error::Io(error)),
            Err(Error::Truncated { .. }) => "the file ends in it".to_owned(),
            Err(Error::Record { what, .. } | Error::Corrupt { what, .. } | Error::Header { what }) => what,
        };
        // Its content may look like frames of a shard: it is searched only where no frame follows it.
        let follows = end == self.length
            || (end < self.length && matches!(scan::standing(&self.file, end)?, Standing::Frame { .. }));
        self.position =
            if follows { end } else { scan::next_frame(&self.file, start)?.unwrap_or(self.length) };
        self.known.insert(head.key.clone());
        Ok(Piece::Lost(Loss::Record { key: head.key, what }))
    }

    /// What an end frame says is missing.
    fn ended(&mut self, frame: &Sealed, end: u64) -> Vec<Piece> {
        let whole = self.tally.take().is_some_and(|tally| tally.check(frame).is_ok());
        if whole {
            return Vec::new();
        }
        let Some(index) = End::from_frame(frame) else {
            return vec![self.bytes_lost(end, "the end frame can't be read".to_owned())];
        };
        let missing = index.entries.into_iter().filter(|entry| self.known.insert(entry.key.clone()));
        let missing = missing.map(|entry| Loss::Record {
            what: format!("not found at byte {} of its stream, where the index has it", entry.offset),
            key: entry.key,
        });
        let mut missing: Vec<Piece> = missing.map(Piece::Lost).collect();
        if missing.is_empty() && !self.damaged {
            missing.push(self.bytes_lost(end, "the end frame belongs to other records".to_owned()));
        }
        missing
    }

    /// That the stream before this place has no end frame, where it has none.
    fn unended(&mut self) -> Option<Piece> {
        self.tally.take().map(|_| Piece::Lost(Loss::End { at: self.position }))
    }

    fn bytes_lost(&self, to: u64, what: String) -> Piece {
        Piece::Lost(Loss::Bytes { from: self.position, to, what })
    }
}

impl Iterator for Salvage {
    type Item = Result<Piece, Error>;

    fn next(&mut self) -> Option<Result<Piece, Error>> {
        loop {
            if let Some(piece) = self.waiting.next() {
                return Some(Ok(piece));
            }
            if self.position >= self.length {
                return self.unended().map(Ok);
            }
            match self.read_on() {
                Ok(pieces) => {
                    self.damaged |= pieces.iter().any(|piece| matches!(piece, Piece::Lost(_)));
                    self.waiting = pieces.into_iter();
                }
                Err(error) => {
                    self.position = self.length;
                    self.tally = None;
                    return Some(Err(error));
                }
            }
        }
    }
}
