//! The end frame: count, digest and index of a stream, written from a [`Tally`] and checked against one.

use crate::digest::Digester;
use crate::format::{CHECKSUM, EMPTY_END, END_FRAME, MAX_END};
use crate::frame::Sealed;
use crate::{Digest, RawRecord};

/// What the writer and the reader of a stream count alike, so that the end frame can be checked whole.
#[derive(Debug)]
pub(crate) struct Tally {
    count: u64,
    /// Bytes of the stream so far, from the header's first.
    length: u64,
    digester: Digester,
    /// The index, as it will stand in the end frame.
    index: Vec<u8>,
}

impl Tally {
    pub(crate) fn new(header: &Sealed) -> Tally {
        let mut digester = Digester::default();
        digester.add(header.checksum());
        Tally { count: 0, length: header.bytes().len() as u64, digester, index: Vec::new() }
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
        self.digester.add(record.digest());
        self.length += record.stored_length();
        self.count += 1;
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn digest(&self) -> Digest {
        self.digester.digest()
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

/// One record in the index.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Where its head frame begins, from the header's first byte.
    pub(crate) offset: u64,
    /// The checksum of its head frame.
    pub(crate) digest: u128,
    pub(crate) key: String,
}

/// An end frame, read.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) digest: Digest,
    pub(crate) entries: Vec<Entry>,
    /// Bytes of the stream before the end frame.
    pub(crate) length: u64,
    /// Bytes of the end frame.
    pub(crate) frame_length: u64,
}

impl End {
    /// `None` if the payload is not that of an end frame.
    pub(crate) fn from_frame(frame: &Sealed) -> Option<End> {
        let mut rest = frame.payload();
        let count = u64::from_le_bytes(take(&mut rest)?);
        let digest = Digest(u128::from_le_bytes(take(&mut rest)?));
        let mut entries = Vec::new();
        for _ in 0..count {
            let offset = u64::from_le_bytes(take(&mut rest)?);
            let digest = u128::from_le_bytes(take(&mut rest)?);
            let length = u16::from_le_bytes(take(&mut rest)?);
            let key = rest.split_off(..usize::from(length))?;
            entries.push(Entry { offset, digest, key: String::from_utf8(key.to_vec()).ok()? });
        }
        let length = u64::from_le_bytes(take(&mut rest)?);
        let frame_length = u64::from(u32::from_le_bytes(take(&mut rest)?));
        rest.is_empty().then_some(End { digest, entries, length, frame_length })
    }

    /// Bytes of the whole stream, end frame included.
    pub(crate) fn stream_length(&self) -> u64 {
        self.length.saturating_add(self.frame_length)
    }

    /// Checks that header and index give the digest.
    pub(crate) fn check_digest(&self, header: &Sealed) -> Result<(), String> {
        let mut digester = Digester::default();
        digester.add(header.checksum());
        self.entries.iter().for_each(|entry| digester.add(entry.digest));
        match digester.digest() == self.digest {
            true => Ok(()),
            false => Err("the end frame belongs to another header".to_owned()),
        }
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(*bytes)
}
