//! The laws of the format, on arbitrary records: what was written is read, and what was changed is noticed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::Write;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use shard::{
    Dtype, Encoding, Error, Header, Indexed, Plane, PlaneSpec, Producer, RawRecord, Reader, Record, Writer,
};

fn dtype() -> impl Strategy<Value = Dtype> {
    proptest::sample::select(vec![Dtype::U8, Dtype::U16, Dtype::U32, Dtype::I32, Dtype::F16, Dtype::F32])
}

fn encoding() -> impl Strategy<Value = Encoding> {
    proptest::sample::select(vec![Encoding::Dense, Encoding::Runs, Encoding::Rings])
}

fn spec(index: usize) -> impl Strategy<Value = PlaneSpec> {
    let named = ("[a-z]{1,8}", dtype(), encoding());
    named.prop_map(move |(name, dtype, encoding)| PlaneSpec {
        name: format!("{name}{index}"),
        dtype,
        encoding,
    })
}

fn header() -> impl Strategy<Value = Header> {
    let planes = (0..4_usize).prop_flat_map(|count| (0..count).map(spec).collect::<Vec<_>>());
    let classes = vec("\\PC{0,6}", 0..4);
    (planes, classes, btree_map("\\PC{0,6}", ".{0,9}", 0..3)).prop_map(|(planes, classes, attributes)| {
        Header {
            producer: Producer { stage: "decode".into(), version: "0.1.0".into() },
            planes,
            classes,
            attributes,
        }
    })
}

fn plane(spec: PlaneSpec) -> impl Strategy<Value = Plane> {
    let shape = match spec.encoding {
        Encoding::Dense => vec(0..5_u64, 0..4).boxed(),
        Encoding::Runs | Encoding::Rings => vec(any::<u64>(), 0..4).boxed(),
    };
    shape.prop_flat_map(move |shape| {
        let spec = spec.clone();
        let bytes = match spec.encoding {
            Encoding::Dense => {
                let length = shape.iter().product::<u64>() as usize * spec.dtype.size();
                vec(any::<u8>(), length).boxed()
            }
            // A multiple of any run's and any ring's size.
            Encoding::Runs | Encoding::Rings => {
                vec(any::<[u8; 8]>(), 0..9).prop_map(|groups| groups.concat()).boxed()
            }
        };
        bytes.prop_map(move |bytes| Plane {
            name: spec.name.clone(),
            dtype: spec.dtype,
            shape: shape.clone(),
            encoding: spec.encoding,
            bytes,
        })
    })
}

fn records(header: &Header) -> impl Strategy<Value = Vec<Record>> + use<> {
    let planes = header.planes.iter().cloned().map(plane).collect::<Vec<_>>();
    let content = (btree_map("\\PC{0,6}", ".{0,9}", 0..3), planes);
    btree_map("\\PC{1,12}", content, 0..5).prop_map(|records: BTreeMap<_, _>| {
        let record = |(key, (attributes, planes))| Record { key, attributes, planes };
        records.into_iter().map(record).collect()
    })
}

fn stream() -> impl Strategy<Value = (Header, Vec<Record>)> {
    header().prop_flat_map(|header| {
        let records = records(&header);
        (Just(header), records)
    })
}

fn written(header: &Header, records: &[Record]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), header.clone()).unwrap();
    records.iter().for_each(|record| writer.push(record).unwrap());
    writer.finish().unwrap().0
}

fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn read(bytes: &[u8]) -> Result<Vec<Record>, Error> {
    Reader::new(bytes)?.collect()
}

proptest! {
    #[test]
    fn what_was_written_is_read((header, records) in stream()) {
        let bytes = written(&header, &records);
        let mut reader = Reader::new(bytes.as_slice()).unwrap();
        prop_assert_eq!(reader.header(), &header);
        let read: Vec<Record> = reader.by_ref().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(&read, &records);
        prop_assert_eq!(reader.records_read(), records.len() as u64);
    }

    #[test]
    fn equal_records_give_equal_bytes_and_digests((header, records) in stream()) {
        prop_assert_eq!(written(&header, &records), written(&header, &records));
        let mut writer = Writer::new(Vec::new(), header.clone()).unwrap();
        let raws: Vec<_> = records.iter().map(|record| RawRecord::encode(record).unwrap()).collect();
        raws.iter().for_each(|raw| writer.push_raw(raw).unwrap());
        let (bytes, digest) = writer.finish().unwrap();
        let mut reader = Reader::new(bytes.as_slice()).unwrap();
        for raw in raws {
            prop_assert_eq!(reader.next_raw().unwrap().unwrap().digest(), raw.digest());
        }
        prop_assert!(reader.next_raw().is_none());
        prop_assert_eq!(reader.digest(), Some(digest));
    }

    #[test]
    fn zstd_reads_the_planes_one_after_another((header, records) in stream()) {
        let bytes = written(&header, &records);
        let planes = records.iter().flat_map(|record| &record.planes);
        let expected: Vec<u8> = planes.flat_map(|plane| plane.bytes.iter().copied()).collect();
        prop_assert_eq!(zstd::decode_all(bytes.as_slice()).unwrap(), expected);
    }

    #[test]
    fn concatenated_streams_are_one_stream((header, records) in stream(), cut in any::<proptest::sample::Index>()) {
        let (first, second) = records.split_at(cut.index(records.len() + 1));
        let bytes = [written(&header, first), written(&header, second)].concat();
        prop_assert_eq!(read(&bytes).unwrap(), records);
    }

    #[test]
    fn the_index_reads_what_reading_through_reads(
        (header, records) in stream(),
        cut in any::<proptest::sample::Index>(),
    ) {
        let (first, second) = records.split_at(cut.index(records.len() + 1));
        let bytes = [written(&header, first), written(&header, second)].concat();
        let file = file(&bytes);
        let indexed = Indexed::open(file.path()).unwrap();
        prop_assert_eq!(indexed.header(), &header);
        prop_assert_eq!(indexed.len(), records.len());
        for (number, record) in records.iter().enumerate().rev() {
            prop_assert_eq!(indexed.number(&record.key), Some(number));
            prop_assert_eq!(&indexed.read(number).unwrap(), record);
        }
        let mut reader = Reader::new(bytes.as_slice()).unwrap();
        let read: Vec<_> = reader.raw_records().map(|raw| raw.unwrap()).collect();
        let read: Vec<_> = read.iter().map(|raw| (raw.key(), raw.digest())).collect();
        prop_assert_eq!(indexed.records().collect::<Vec<_>>(), read);
        prop_assert_eq!(Some(indexed.digest()), reader.digest());
    }

    #[test]
    fn arbitrary_bytes_are_an_error_and_no_panic(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(read(&bytes).is_err());
    }
}

/// A stream of some hundred bytes with every part that the layout has.
fn small() -> (Header, Vec<Record>) {
    let spec = |name: &str, dtype, encoding| PlaneSpec { name: name.into(), dtype, encoding };
    let header = Header {
        producer: Producer { stage: "test".into(), version: "1".into() },
        planes: vec![spec("image", Dtype::U8, Encoding::Dense), spec("masks", Dtype::U32, Encoding::Runs)],
        classes: vec!["Radius".into()],
        attributes: BTreeMap::new(),
    };
    let record = |key: &str, seed: u8| Record {
        key: key.into(),
        attributes: [("side".to_owned(), "R".to_owned())].into(),
        planes: vec![
            Plane {
                name: "image".into(),
                dtype: Dtype::U8,
                shape: vec![2, 3],
                encoding: Encoding::Dense,
                bytes: (seed..seed + 6).collect(),
            },
            Plane {
                name: "masks".into(),
                dtype: Dtype::U32,
                shape: vec![2, 3],
                encoding: Encoding::Runs,
                bytes: [6_u32, u32::from(seed)].into_iter().flat_map(u32::to_le_bytes).collect(),
            },
        ],
    };
    (header, vec![record("ID001/a", 1), record("ID001/b", 2), record("ID002/c", 3)])
}

/// The key that an error names as the last good one.
fn last_good(error: Error) -> Option<String> {
    match error {
        Error::Truncated { last_good } | Error::Corrupt { last_good, .. } => last_good,
        other => panic!("{other}"),
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    let (header, records) = small();
    let bytes = written(&header, &records);
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let mut reader = match Reader::new(flipped.as_slice()) {
            Ok(reader) => reader,
            Err(_) => continue,
        };
        let (mut good, mut fault) = (Vec::new(), None);
        for item in reader.by_ref() {
            match item {
                Ok(record) => good.push(record),
                Err(error) => fault = Some(error),
            }
        }
        let fault = fault.unwrap_or_else(|| panic!("bit {bit} was not noticed"));
        assert_eq!(good, records[..good.len()], "bit {bit} changed a record");
        assert_eq!(last_good(fault), good.last().map(|record| record.key.clone()), "bit {bit}");
        assert_eq!(reader.digest(), None);
    }
}

#[test]
fn every_truncation_is_noticed_and_names_the_last_good_record() {
    let (header, records) = small();
    let bytes = written(&header, &records);
    let mut seen = Vec::new();
    for length in 0..bytes.len() {
        let mut good = None;
        let fault = match Reader::new(&bytes[..length]) {
            Err(error) => error,
            Ok(reader) => {
                let mut fault = None;
                for item in reader {
                    match item {
                        Ok(record) => good = Some(record.key),
                        Err(error) => fault = Some(error),
                    }
                }
                fault.unwrap_or_else(|| panic!("{length} of {} bytes passed for a whole shard", bytes.len()))
            }
        };
        assert!(matches!(fault, Error::Truncated { .. }), "{length}: {fault}");
        assert_eq!(last_good(fault), good, "{length}");
        seen.push(good);
    }
    seen.dedup();
    let keys = records.iter().map(|record| Some(record.key.clone()));
    assert_eq!(seen, std::iter::once(None).chain(keys).collect::<Vec<_>>());
}

#[test]
fn a_record_that_is_gone_or_out_of_place_is_noticed() {
    let (header, records) = small();
    let bytes = written(&header, &records);
    let mut reader = Reader::new(bytes.as_slice()).unwrap();
    let mut cuts = vec![reader.good_length() as usize];
    while let Some(raw) = reader.next_raw() {
        raw.unwrap();
        cuts.push(reader.good_length() as usize);
    }
    let part = |index: usize| &bytes[cuts[index]..cuts[index + 1]];
    let (front, end) = (&bytes[..cuts[0]], &bytes[cuts[3]..]);
    let fault = |parts: &[&[u8]]| read(&[&[front], parts, &[end]].concat().concat()).unwrap_err().to_string();
    assert_eq!(read(&[front, part(0), part(1), part(2), end].concat()).unwrap(), records);
    let gone = fault(&[part(0), part(2)]);
    assert!(gone.contains("the end frame counts 3 records, but 2 were there"), "{gone}");
    let swapped = fault(&[part(1), part(0), part(2)]);
    assert!(swapped.contains("the end frame belongs to other records"), "{swapped}");
}

#[test]
fn the_index_notices_every_flipped_bit_and_every_truncation() {
    let (header, records) = small();
    let bytes = written(&header, &records);
    let damaged = |bytes: &[u8]| {
        let file = file(bytes);
        let read = |indexed: Indexed| (0..indexed.len()).map(|number| indexed.read(number)).collect();
        let read: Result<Vec<Record>, Error> = Indexed::open(file.path()).and_then(read);
        read.is_err()
    };
    assert!(!damaged(&bytes));
    for length in 0..bytes.len() {
        assert!(damaged(&bytes[..length]), "{length} of {} bytes passed for a whole shard", bytes.len());
    }
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(damaged(&flipped), "bit {bit} was not noticed");
    }
}
