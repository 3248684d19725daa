//! A tally: what the writer and the reader of a stream count alike, so that the end frame can be checked whole.

use xxhash_rust::xxh3::Xxh3;

use crate::format::{CHECKSUM, EMPTY_END, END_FRAME, MAX_END};
use crate::frame::Sealed;
use crate::{Digest, RawRecord};

/// Count, digest and index of the records so far.
#[derive(Debug)]
pub(crate) struct Tally {
    count: u64,
    /// Bytes of the stream so far, from the header's first.
    length: u64,
    hasher: Hasher,
    index: Vec<u8>,
}

impl Tally {
    pub(crate) fn new(header: &Sealed) -> Tally {
        Tally {
            count: 0,
            length: header.bytes().len() as u64,
            hasher: Hasher::new(header.checksum()),
            index: Vec::new(),
        }
    }

    /// Whether the index has room for one more record with `key`.
    pub(crate) fn has_room(&self, key: &str) -> bool {
        (EMPTY_END + self.index.len() + 8 + CHECKSUM + 2 + key.len()) as u64 <= MAX_END
    }

    pub(crate) fn add(&mut self, record: &RawRecord) {
        self.index.extend_from_slice(&self.length.to_le_bytes());
        self.index.extend_from_slice(&record.digest().to_le_bytes());
        // A key has at most `MAX_KEY` bytes.
        self.index.extend_from_slice(&(record.key().len() as u16).to_le_bytes());
        self.index.extend_from_slice(record.key().as_bytes());
        self.hasher.add(record.digest());
        self.length += record.stored_length();
        self.count += 1;
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn digest(&self) -> Digest {
        self.hasher.digest()
    }

    /// The end frame; `None` if the index is too long, which [`Tally::has_room`] excludes.
    pub(crate) fn end_frame(&self) -> Option<Sealed> {
        let mut payload = Vec::with_capacity(EMPTY_END + self.index.len());
        payload.extend_from_slice(&self.count.to_le_bytes());
        payload.extend_from_slice(&self.digest().0.to_le_bytes());
        payload.extend_from_slice(&self.index);
        payload.extend_from_slice(&self.length.to_le_bytes());
        payload.extend_from_slice(&((EMPTY_END + self.index.len()) as u32).to_le_bytes());
        Sealed::new(END_FRAME, &payload, MAX_END)
    }

    /// Checks an end frame that was read against what was counted.
    pub(crate) fn check(&self, end: &Sealed) -> Result<(), String> {
        if self.end_frame().is_some_and(|expected| expected.bytes() == end.bytes()) {
            return Ok(());
        }
        let stated = end.payload().first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        Err(match stated {
            Some(stated) if stated != self.count => {
                format!("the end frame counts {stated} records, but {} were there", self.count)
            }
            _ => "the end frame belongs to other records".to_owned(),
        })
    }
}

/// Computes a stream's digest from the checksums of its header and heads.
#[derive(Clone)]
pub(crate) struct Hasher(Xxh3);

impl Hasher {
    pub(crate) fn new(header_checksum: u128) -> Hasher {
        let mut hasher = Hasher(Xxh3::new());
        hasher.add(header_checksum);
        hasher
    }

    pub(crate) fn add(&mut self, checksum: u128) {
        self.0.update(&checksum.to_le_bytes());
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest(self.0.digest128())
    }
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.digest().fmt(f)
    }
}
