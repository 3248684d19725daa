//! A record as its bytes stand in the stream: compressed, checksummed, movable between threads.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use xxhash_rust::xxh3::xxh3_128;

use crate::format::{HEAD_FRAME, MAX_HEAD};
use crate::frame::{Frames, Sealed};
use crate::head::{Head, PlaneHead};
use crate::record::{Header, Plane};
use crate::{Error, Record, content};

/// A record as it stands in a stream: its head and one zstd frame. Compressing and decompressing is
/// independent of any other record, so many threads can do it at once.
///
/// Of every raw record that exists, the checksums are right and the limits hold.
#[derive(Clone, Debug)]
pub struct RawRecord {
    head: Head,
    frame: Sealed,
    content: Vec<u8>,
}

impl RawRecord {
    /// Compresses `record`. A record that breaks a limit of the format, or whose planes' lengths do not fit their
    /// shapes, is an error.
    pub fn encode(record: &Record) -> Result<RawRecord, Error> {
        let bad = |what| Error::Record { key: record.key.clone(), what };
        let mut head = Head::of(record).map_err(bad)?;
        let parts: Vec<&[u8]> = record.planes.iter().map(|plane| plane.bytes.as_slice()).collect();
        let content = content::compress(&parts)?;
        head.compressed = content.len() as u64;
        head.checksum = xxh3_128(&content);
        let frame = Sealed::new(HEAD_FRAME, &head.to_bytes().map_err(bad)?, MAX_HEAD)
            .ok_or_else(|| bad("its head is too long".to_owned()))?;
        Ok(RawRecord { head, frame, content })
    }

    /// Decompresses and splits the planes. The checksums have been checked when the record was read.
    pub fn decode(&self) -> Result<Record, Error> {
        let planes = content::decompress(&self.content, &self.head.planes)
            .map_err(|what| Error::record(self.key(), what))?;
        let planes = self.head.planes.iter().zip(planes).map(|(head, bytes)| Plane {
            name: head.name.clone(),
            dtype: head.dtype,
            shape: head.shape.clone(),
            encoding: head.encoding,
            bytes,
        });
        Ok(Record {
            key: self.head.key.clone(),
            attributes: self.head.attributes.clone(),
            planes: planes.collect(),
        })
    }

    /// The record's key.
    pub fn key(&self) -> &str {
        &self.head.key
    }

    /// The record's attributes.
    pub fn attributes(&self) -> &BTreeMap<String, String> {
        &self.head.attributes
    }

    /// The record's planes, without their bytes.
    pub fn planes(&self) -> &[PlaneHead] {
        &self.head.planes
    }

    /// The bytes that the record takes in a stream.
    pub fn stored_length(&self) -> u64 {
        (self.frame.bytes().len() + self.content.len()) as u64
    }

    /// xxh3-128 of everything that the record says: equal exactly for equal records (of one writer version).
    pub fn digest(&self) -> u128 {
        self.frame.checksum()
    }

    /// Reads what follows the head frame `frame` in `input`, and checks it.
    pub(crate) fn read<R: Read>(frame: Sealed, input: &mut Frames<R>) -> Result<RawRecord, Error> {
        let head =
            Head::from_bytes(frame.payload()).map_err(|what| Error::corrupt(input.position(), what))?;
        let start = input.position();
        let content = input.bytes(head.compressed)?;
        if xxh3_128(&content) != head.checksum {
            let what = format!("the checksum of record {} does not match its content", head.key);
            return Err(Error::corrupt(start, what));
        }
        Ok(RawRecord { head, frame, content })
    }

    pub(crate) fn write(&self, output: &mut impl Write) -> io::Result<()> {
        output.write_all(self.frame.bytes())?;
        output.write_all(&self.content)
    }

    /// Checks that the planes are those that `header` promises.
    pub(crate) fn check_fits(&self, header: &Header) -> Result<(), Error> {
        self.head.fits(header).map_err(|what| Error::record(self.key(), what))
    }
}
