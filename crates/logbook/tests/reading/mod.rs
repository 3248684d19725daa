//! Reads event files without knowing how logbook writes them: records by their checksums, messages by their bytes.

#![allow(dead_code, reason = "each test file reads other things")]

use std::fs;
use std::path::{Path, PathBuf};

/// CRC-32C bit by bit, then masked: nothing is shared with what wrote it.
fn masked(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    (!crc).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The data of all whole records, and how many bytes follow them. A wrong checksum panics.
pub(crate) fn records(file: &[u8]) -> (Vec<Vec<u8>>, usize) {
    let (mut records, mut rest) = (Vec::new(), file);
    while let Some((head, after)) = rest.split_at_checked(12) {
        let length = u64::from_le_bytes(head[..8].try_into().unwrap()) as usize;
        assert_eq!(head[8..], masked(&head[..8]).to_le_bytes(), "checksum of a length");
        let Some((data, after)) = after.split_at_checked(length) else { break };
        let Some((checksum, after)) = after.split_at_checked(4) else { break };
        assert_eq!(checksum, masked(data).to_le_bytes(), "checksum of the data");
        records.push(data.to_vec());
        rest = after;
    }
    (records, rest.len())
}

/// A field's value as it is on the wire.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wire {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(Vec<u8>),
    Fixed32([u8; 4]),
}

/// A message: its fields' numbers and values, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Message(pub(crate) Vec<(u64, Wire)>);

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (first, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    value
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(count);
    *bytes = rest;
    taken
}

impl Message {
    pub(crate) fn read(mut bytes: &[u8]) -> Message {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes);
            let value = match key & 7 {
                0 => Wire::Varint(varint(&mut bytes)),
                1 => Wire::Fixed64(take(&mut bytes, 8).try_into().unwrap()),
                2 => {
                    let length = varint(&mut bytes) as usize;
                    Wire::Bytes(take(&mut bytes, length).to_vec())
                }
                5 => Wire::Fixed32(take(&mut bytes, 4).try_into().unwrap()),
                other => panic!("wire type {other}"),
            };
            fields.push((key >> 3, value));
        }
        Message(fields)
    }

    pub(crate) fn all(&self, field: u64) -> impl Iterator<Item = &Wire> {
        self.0.iter().filter(move |(number, _)| *number == field).map(|(_, value)| value)
    }

    pub(crate) fn has(&self, field: u64) -> bool {
        self.all(field).next().is_some()
    }

    pub(crate) fn bytes(&self, field: u64) -> &[u8] {
        match self.all(field).next() {
            Some(Wire::Bytes(bytes)) => bytes,
            None => &[],
            other => panic!("field {field}: {other:?}"),
        }
    }

    pub(crate) fn text(&self, field: u64) -> String {
        String::from_utf8(self.bytes(field).to_vec()).unwrap()
    }

    pub(crate) fn message(&self, field: u64) -> Message {
        Message::read(self.bytes(field))
    }

    pub(crate) fn messages(&self, field: u64) -> Vec<Message> {
        let read = |value: &Wire| match value {
            Wire::Bytes(bytes) => Message::read(bytes),
            other => panic!("field {field}: {other:?}"),
        };
        self.all(field).map(read).collect()
    }

    /// A varint; 0, the default, where there is none.
    pub(crate) fn varint(&self, field: u64) -> u64 {
        match self.all(field).next() {
            Some(Wire::Varint(value)) => *value,
            None => 0,
            other => panic!("field {field}: {other:?}"),
        }
    }

    pub(crate) fn double(&self, field: u64) -> f64 {
        match self.all(field).next() {
            Some(Wire::Fixed64(bytes)) => f64::from_le_bytes(*bytes),
            None => 0.0,
            other => panic!("field {field}: {other:?}"),
        }
    }

    pub(crate) fn float(&self, field: u64) -> f32 {
        match self.all(field).next() {
            Some(Wire::Fixed32(bytes)) => f32::from_le_bytes(*bytes),
            None => 0.0,
            other => panic!("field {field}: {other:?}"),
        }
    }

    /// Packed doubles.
    pub(crate) fn doubles(&self, field: u64) -> Vec<f64> {
        let (chunks, rest) = self.bytes(field).as_chunks::<8>();
        assert!(rest.is_empty());
        chunks.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
    }
}

/// The events of a file whose records are all whole.
pub(crate) fn events(file: &[u8]) -> Vec<Message> {
    let (records, rest) = records(file);
    assert_eq!(rest, 0, "a record was cut short");
    records.iter().map(|data| Message::read(data)).collect()
}

/// The event files of a run's folder, in the order in which TensorBoard reads them.
pub(crate) fn event_files(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.to_str().unwrap().contains("tfevents")).collect();
    files.sort();
    files
}
