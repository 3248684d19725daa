//! Recovery: what is whole in a damaged shard, and what was lost of it.
//!
//! Every record carries its own checksums, so that one which is damaged costs no other. Where the bytes are no frame of
//! a shard, the next frame is searched; the end frame's index, where it can be read, names the records that were not
//! found.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt;

use memchr::memmem::Finder;

use crate::end::{End, Tally};
use crate::format::{END_FRAME, HEAD_FRAME, HEADER_FRAME, PREFIX, TAIL};
use crate::frame::{Frames, Kind, Sealed};
use crate::head::Head;
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

/// What stands at a place of the file.
enum Stands {
    Frame { kind: Kind, frame: Sealed, end: u64 },
    Nothing(String),
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
        match self.stands(self.position)? {
            Stands::Frame { kind: Kind::Header, frame, end } => {
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
            Stands::Frame { kind: Kind::End, frame, end } => {
                let lost = self.ended(&frame, end);
                self.position = end;
                Ok(lost)
            }
            Stands::Frame { kind: Kind::Head, frame, end } => {
                let mut pieces = Vec::new();
                if self.tally.is_none() && !self.damaged {
                    pieces.push(
                        self.bytes_lost(self.position, "no header before the records that follow".to_owned()),
                    );
                }
                pieces.push(self.record(frame, end)?);
                Ok(pieces)
            }
            Stands::Nothing(what) => {
                let from = self.position;
                self.position = self.next_frame(from + 1)?;
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
        let follows =
            end == self.length || (end < self.length && matches!(self.stands(end)?, Stands::Frame { .. }));
        self.position = if follows { end } else { self.next_frame(start)? };
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

    fn stands(&self, position: u64) -> Result<Stands, Error> {
        let mut frames = Frames::at(&self.file, position);
        match frames.sealed() {
            Ok(Some((kind, frame))) => Ok(Stands::Frame { kind, frame, end: frames.position() }),
            Ok(None) => Ok(Stands::Nothing("nothing stands there".to_owned())),
            Err(Error::Io(error)) => Err(Error::Io(error)),
            Err(Error::Corrupt { what, .. }) => Ok(Stands::Nothing(what)),
            Err(_) => Ok(Stands::Nothing(format!("at byte {position}: the file ends in a frame"))),
        }
    }

    /// Where the first frame from `position` on begins, or the file ends.
    fn next_frame(&self, mut position: u64) -> Result<u64, Error> {
        const BLOCK: usize = 1 << 20;
        // What the three magic numbers share; their first byte is before it.
        let [_, rest @ ..] = HEADER_FRAME.to_le_bytes();
        let finder = Finder::new(&rest);
        let mut block = vec![0; BLOCK];
        while position < self.length {
            let read = read_full(&self.file, &mut block, position)?;
            for found in finder.find_iter(&block[..read]) {
                let Some(start) = found.checked_sub(1) else { continue };
                let start = position + start as u64;
                if self.may_begin(start)? && matches!(self.stands(start)?, Stands::Frame { .. }) {
                    return Ok(start);
                }
            }
            // A magic number may lie across the end of the block.
            position = if read < BLOCK { self.length } else { position + (BLOCK - rest.len()) as u64 };
        }
        Ok(self.length)
    }

    /// Whether a frame may begin at `position`. An end frame, which may be long, says its length twice.
    fn may_begin(&self, position: u64) -> Result<bool, Error> {
        let mut prefix = [0; PREFIX];
        if read_full(&self.file, &mut prefix, position)? < PREFIX {
            return Ok(false);
        }
        let [m0, m1, m2, m3, l0, l1, l2, l3] = prefix;
        match u32::from_le_bytes([m0, m1, m2, m3]) {
            HEADER_FRAME | HEAD_FRAME => Ok(true),
            END_FRAME => {
                let total = PREFIX as u64 + u64::from(u32::from_le_bytes([l0, l1, l2, l3]));
                let mut stated = [0; 4];
                let tail = position + total.max(TAIL) - TAIL;
                let read = read_full(&self.file, &mut stated, tail)?;
                Ok(read == stated.len() && u64::from(u32::from_le_bytes(stated)) == total)
            }
            _ => Ok(false),
        }
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

/// Reads as much of `bytes` as the file has from `position` on.
fn read_full(file: &File, bytes: &mut [u8], position: u64) -> Result<usize, Error> {
    let mut read = 0;
    while read < bytes.len() {
        match file.read_at(&mut bytes[read..], position + read as u64) {
            Ok(0) => break,
            Ok(count) => read += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(read)
}
