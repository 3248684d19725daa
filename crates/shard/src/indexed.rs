//! Random access: the records of a shard on disk, by number or key, through the index in its end frame.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::end::{End, Entry};
use crate::format::TAIL;
use crate::frame::{Frames, Kind};
use crate::{Digest, Error, Header, RawRecord, Reader, Record};

/// A shard on disk whose records are read in any order. Reading takes `&self` and moves no cursor, so threads can
/// share one.
///
/// Opening reads the headers and the end frames, not the records; each record's checksums are checked when it is
/// read. Concatenated shards are one, as they are for [`Reader`].
#[derive(Debug)]
pub struct Indexed {
    file: File,
    header: Header,
    entries: Vec<Entry>,
    numbers: HashMap<String, usize>,
    digest: Digest,
}

impl Indexed {
    /// Opens the shard at `path`, which must be a regular file. Where its index cannot be read, the shard is read
    /// through, so that the error names the last good record.
    pub fn open(path: impl AsRef<Path>) -> Result<Indexed, Error> {
        Indexed::through_index(File::open(path.as_ref())?).map_err(|fault| {
            let read_through = || Reader::open(path)?.try_for_each(|record| record.map(drop));
            read_through().err().unwrap_or(fault)
        })
    }

    /// The header; of concatenated shards the first.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The number of records.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The digest, as [`Reader::digest`] gives it after reading everything.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The key and the digest of every record, in order; see [`RawRecord::digest`].
    pub fn records(&self) -> impl ExactSizeIterator<Item = (&str, u128)> {
        self.entries.iter().map(|entry| (entry.key.as_str(), entry.digest))
    }

    /// The number of the record with this key.
    pub fn number(&self, key: &str) -> Option<usize> {
        self.numbers.get(key).copied()
    }

    /// Reads the record of this number, counted from 0, still compressed.
    ///
    /// # Panics
    /// If there is no such record.
    pub fn raw(&self, number: usize) -> Result<RawRecord, Error> {
        let Entry { offset, digest, key } = &self.entries[number];
        let good = || number.checked_sub(1).map(|before| self.entries[before].key.clone());
        let mut frames = Frames::at(&self.file, *offset);
        let raw = match frames.sealed() {
            Ok(Some((Kind::Head, frame))) => RawRecord::read(frame, &mut frames),
            Ok(_) => {
                Err(Error::corrupt(*offset, format!("record {key} does not begin where the index says")))
            }
            Err(error) => Err(error),
        };
        let raw = raw.map_err(|error| error.after(&good()))?;
        if raw.digest() != *digest {
            let what = format!("this is record {}, but the index says {key}", raw.key());
            return Err(Error::corrupt(*offset, what).after(&good()));
        }
        raw.check_fits(&self.header)?;
        Ok(raw)
    }

    /// Reads the record of this number, counted from 0.
    ///
    /// # Panics
    /// If there is no such record.
    pub fn read(&self, number: usize) -> Result<Record, Error> {
        self.raw(number)?.decode()
    }

    /// Walks from the file's last byte back through the concatenated streams.
    fn through_index(file: File) -> Result<Indexed, Error> {
        let mut position = file.metadata()?.len();
        let mut streams = Vec::new();
        while position > 0 || streams.is_empty() {
            let end = end_before(&file, position)?;
            position -= end.stream_length();
            streams.push((position, end));
        }
        streams.reverse();

        let digests: Vec<Digest> = streams.iter().map(|(_, end)| end.digest).collect();
        let mut headers = Vec::with_capacity(streams.len());
        let mut entries = Vec::new();
        for (start, end) in streams {
            let frame = match Frames::at(&file, start).sealed()? {
                Some((Kind::Header, frame)) => frame,
                _ => return Err(Error::corrupt(start, "there is no header where the end frame says")),
            };
            end.check_digest(&frame).map_err(|what| Error::corrupt(start, what))?;
            headers.push(Header::from_frame(&frame)?);
            entries
                .extend(end.entries.into_iter().map(|entry| Entry { offset: start + entry.offset, ..entry }));
        }
        let mut numbers = HashMap::with_capacity(entries.len());
        for (number, entry) in entries.iter().enumerate() {
            if numbers.insert(entry.key.clone(), number).is_some() {
                return Err(Error::duplicate(&entry.key));
            }
        }
        let header = headers.swap_remove(0);
        headers.iter().try_for_each(|next| header.check_followed_by(next))?;
        Ok(Indexed { file, header, entries, numbers, digest: Digest::of_concatenated(&digests) })
    }
}

/// Reads the end frame whose last byte is before `position`.
fn end_before(file: &File, position: u64) -> Result<End, Error> {
    let fault = || Error::corrupt(position, "no end frame ends here");
    let tail = position.checked_sub(TAIL).ok_or_else(fault)?;
    let mut length = [0; 4];
    file.read_exact_at(&mut length, tail)?;
    let start = position.checked_sub(u64::from(u32::from_le_bytes(length))).ok_or_else(fault)?;
    match Frames::at(file, start).sealed()? {
        Some((Kind::End, frame)) => match End::from_frame(&frame) {
            Some(end) if end.frame_length == position - start && end.stream_length() <= position => Ok(end),
            _ => Err(fault()),
        },
        _ => Err(fault()),
    }
}
