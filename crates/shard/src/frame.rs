//! A sealed frame: zstd's skippable frame whose payload ends in a checksum of all before it.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;

use xxhash_rust::xxh3::xxh3_128;

use crate::Error;
use crate::format::{CHECKSUM, END_FRAME, HEAD_FRAME, HEADER_FRAME, MAX_END, MAX_HEAD, MAX_HEADER, PREFIX};

/// How much is allocated before the bytes that fill it have been seen.
const CHUNK: u64 = 64 << 20;
const READ_AHEAD: usize = 256 << 10;

/// The whole frame of `magic` around `payload`, or `None` if its length does not fit `limit`.
pub(crate) fn seal(magic: u32, payload: &[u8], limit: u64) -> Option<Vec<u8>> {
    let total = PREFIX + payload.len() + CHECKSUM;
    let length = u32::try_from(total - PREFIX).ok().filter(|_| total as u64 <= limit)?;
    let mut frame = Vec::with_capacity(total);
    frame.extend_from_slice(&magic.to_le_bytes());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(payload);
    frame.extend_from_slice(&xxh3_128(&frame).to_le_bytes());
    Some(frame)
}

/// A frame whose checksum is right.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    frame: Vec<u8>,
}

impl Sealed {
    /// Seals `payload`; `None` if it is longer than `limit` allows.
    pub(crate) fn new(magic: u32, payload: &[u8], limit: u64) -> Option<Sealed> {
        seal(magic, payload, limit).map(|frame| Sealed { frame })
    }

    /// The whole frame.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.frame
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.frame[PREFIX..self.frame.len() - CHECKSUM]
    }

    pub(crate) fn checksum(&self) -> u128 {
        checksum_of(&self.frame)
    }

    /// Takes a whole frame whose length field is right already; `None` if the checksum is wrong.
    fn check(frame: Vec<u8>) -> Option<Sealed> {
        let body = frame.len().checked_sub(CHECKSUM).filter(|body| *body >= PREFIX)?;
        (xxh3_128(&frame[..body]) == checksum_of(&frame)).then_some(Sealed { frame })
    }
}

fn checksum_of(frame: &[u8]) -> u128 {
    let bytes = frame.last_chunk().expect("a sealed frame ends in its checksum");
    u128::from_le_bytes(*bytes)
}

/// What a frame is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Header,
    Head,
    End,
}

impl Kind {
    const ALL: [(u32, Kind, &str, u64); 3] = [
        (HEADER_FRAME, Kind::Header, "header", MAX_HEADER),
        (HEAD_FRAME, Kind::Head, "record head", MAX_HEAD),
        (END_FRAME, Kind::End, "end frame", MAX_END),
    ];
}

/// The bytes of a stream, taken frame by frame.
#[derive(Debug)]
pub(crate) struct Frames<R> {
    input: BufReader<R>,
    position: u64,
}

impl<R: Read> Frames<R> {
    /// Reads on from `input`, whose first byte is at `position` of the stream.
    pub(crate) fn new(input: R, position: u64) -> Frames<R> {
        Frames { input: BufReader::with_capacity(READ_AHEAD, input), position }
    }

    /// How many bytes were taken.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The next sealed frame; `None` where the input ends before it begins.
    pub(crate) fn sealed(&mut self) -> Result<Option<(Kind, Sealed)>, Error> {
        let start = self.position;
        let mut prefix = [0; PREFIX];
        if !self.fill_or_end(&mut prefix)? {
            return Ok(None);
        }
        let [m0, m1, m2, m3, l0, l1, l2, l3] = prefix;
        let (magic, length) = (u32::from_le_bytes([m0, m1, m2, m3]), u32::from_le_bytes([l0, l1, l2, l3]));
        let Some((_, kind, name, limit)) = Kind::ALL.into_iter().find(|kind| kind.0 == magic) else {
            let what = if start == 0 { "this is not a shard" } else { "no frame of a shard begins here" };
            return Err(Error::corrupt(start, format!("{what} (magic number {magic:08x}h)")));
        };
        let total = PREFIX as u64 + u64::from(length);
        if total > limit {
            return Err(Error::corrupt(start, format!("a {name} of {total} bytes; the limit is {limit}")));
        }
        let mut frame = prefix.to_vec();
        self.append(&mut frame, u64::from(length))?;
        match Sealed::check(frame) {
            Some(sealed) => Ok(Some((kind, sealed))),
            None => {
                Err(Error::corrupt(start, format!("the checksum of the {name} does not match its bytes")))
            }
        }
    }

    /// The next `length` bytes, which the caller has bounded.
    pub(crate) fn bytes(&mut self, length: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        self.append(&mut bytes, length)?;
        Ok(bytes)
    }

    /// Appends `length` bytes. A length that the input does not keep costs no more memory than a chunk.
    fn append(&mut self, bytes: &mut Vec<u8>, length: u64) -> Result<(), Error> {
        let mut left = length;
        while left > 0 {
            let (old, step) = (bytes.len(), left.min(CHUNK));
            bytes.resize(old + step as usize, 0);
            self.input.read_exact(&mut bytes[old..]).map_err(ended)?;
            self.position += step;
            left -= step;
        }
        Ok(())
    }

    /// Fills `bytes`; false if the input is at its end already.
    fn fill_or_end(&mut self, bytes: &mut [u8]) -> Result<bool, Error> {
        let first = loop {
            match self.input.read(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        if first == 0 {
            return Ok(false);
        }
        self.input.read_exact(&mut bytes[first..]).map_err(ended)?;
        self.position += bytes.len() as u64;
        Ok(true)
    }
}

impl<'a> Frames<At<'a>> {
    /// Reads a file on from `position`, without its cursor.
    pub(crate) fn at(file: &'a File, position: u64) -> Frames<At<'a>> {
        Frames::new(At::new(file, position), position)
    }
}

/// A file that is read on from a position, so that threads can share it.
#[derive(Debug)]
pub(crate) struct At<'a> {
    file: &'a File,
    position: u64,
}

impl At<'_> {
    pub(crate) fn new(file: &File, position: u64) -> At<'_> {
        At { file, position }
    }
}

impl Read for At<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(bytes, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

fn ended(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::Truncated { last_good: None },
        _ => Error::Io(error),
    }
}
