//! What the writer and the files under it promise: limits, unique keys, and no file that looks whole and is not.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{self, Write};

use shard::{Dtype, Encoding, Error, Header, Plane, PlaneSpec, Producer, RawRecord, Reader, Record, Writer};

fn header(stage: &str, plane: &str) -> Header {
    Header {
        producer: Producer { stage: stage.into(), version: "0.1.0".into() },
        planes: vec![PlaneSpec { name: plane.into(), dtype: Dtype::U8, encoding: Encoding::Dense }],
        classes: vec!["Radius".into(), "Ulna".into()],
        attributes: Default::default(),
    }
}

fn record(key: &str) -> Record {
    let image = Plane {
        name: "image".into(),
        dtype: Dtype::U8,
        shape: vec![2, 2],
        encoding: Encoding::Dense,
        bytes: vec![1, 2, 3, 4],
    };
    Record { key: key.into(), attributes: Default::default(), planes: vec![image] }
}

fn stream(header: Header, keys: &[&str]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), header).unwrap();
    keys.iter().for_each(|key| writer.push(&record(key)).unwrap());
    writer.finish().unwrap().0
}

fn fault(result: Result<impl Sized, Error>) -> String {
    result.err().unwrap().to_string()
}

#[test]
fn a_key_that_is_there_twice_is_named_and_leaves_the_stream_as_it_was() {
    let mut writer = Writer::new(Vec::new(), header("decode", "image")).unwrap();
    writer.push(&record("ID1/a")).unwrap();
    let words = fault(writer.push(&record("ID1/a")));
    assert_eq!(words, "record ID1/a: its key is in the stream twice; keys are unique");
    writer.push(&record("ID1/b")).unwrap();
    assert_eq!(writer.finish().unwrap().0, stream(header("decode", "image"), &["ID1/a", "ID1/b"]));
}

#[test]
fn a_key_that_two_concatenated_streams_have_is_named() {
    let one = stream(header("decode", "image"), &["ID1/a"]);
    let mut reader = Reader::new(io::Cursor::new([one.clone(), one].concat())).unwrap();
    assert!(reader.next().unwrap().is_ok());
    assert_eq!(
        fault(reader.next().unwrap()),
        "record ID1/a: its key is in the stream twice; keys are unique"
    );
    assert!(reader.next().is_none());
}

#[test]
fn streams_that_do_not_go_together_are_named_by_their_producers() {
    let empty = |header| stream(header, &[]);
    let joined = |second: Header| {
        let bytes = [empty(header("decode", "image")), empty(second)].concat();
        fault(Reader::new(bytes.as_slice()).unwrap().collect::<Result<Vec<_>, _>>())
    };
    assert_eq!(
        joined(header("predict", "scores")),
        "streams that do not go together: decode 0.1.0 wrote the planes [image u8 dense], \
         but predict 0.1.0, which follows it, [scores u8 dense]"
    );
    let mut other = header("predict", "image");
    other.classes[1] = "Lunate".into();
    assert_eq!(
        joined(other),
        "streams that do not go together: decode 0.1.0 and predict 0.1.0, which follows it, have different classes \
         (2 and 2; the first difference is Ulna against Lunate at place 2)"
    );
}

#[test]
fn records_that_break_a_limit_are_refused_with_the_reason() {
    type Change = fn(&mut Record);
    let changed = |change: Change| {
        let mut record = record("ID1/a");
        change(&mut record);
        fault(RawRecord::encode(&record))
    };
    let cases: [(Change, &str); 8] = [
        (|record| record.key.clear(), "a key has 1 to 1024 bytes, this one has 0"),
        (|record| record.key = "k".repeat(1025), "a key has 1 to 1024 bytes, this one has 1025"),
        (|record| record.key.push('\n'), "a key has no control characters"),
        (|record| record.planes[0].shape = vec![2, 3], "plane image: 4 bytes for the shape [2, 3] of u8"),
        (|record| record.planes[0].shape = vec![u64::MAX, 2], "of u8"),
        (|record| record.planes[0].encoding = Encoding::Runs, "plane image: 4 bytes are no whole number"),
        (|record| record.planes.push(record.planes[0].clone()), "two planes are called image"),
        (
            |record| _ = record.attributes.insert("a".into(), "b".repeat(1 << 20)),
            "attributes and planes' names take",
        ),
    ];
    for (change, expected) in cases {
        let words = changed(change);
        assert!(words.contains(expected), "{words}");
    }
}

#[test]
fn a_record_whose_planes_are_not_the_headers_is_refused() {
    let mut writer = Writer::new(Vec::new(), header("predict", "scores")).unwrap();
    assert_eq!(
        fault(writer.push(&record("ID1/a"))),
        "record ID1/a: its planes are [image u8 dense], but the stream's header, by predict 0.1.0, \
         says [scores u8 dense]"
    );
}

#[test]
fn a_version_of_the_future_is_named() {
    let mut bytes = stream(header("decode", "image"), &[]);
    let length = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize + 8;
    bytes[16] = 2;
    let checksum = xxhash_rust::xxh3::xxh3_128(&bytes[..length - 16]);
    bytes[length - 16..length].copy_from_slice(&checksum.to_le_bytes());
    assert_eq!(
        fault(Reader::new(bytes.as_slice())),
        "this shard has version 2; this program reads version 1"
    );
}

#[test]
fn a_length_that_the_input_does_not_keep_is_no_allocation() {
    // A header frame that claims 4 GiB, and one that claims what the limit allows, of 12 bytes.
    for (length, words) in [(u32::MAX, "the limit is"), (1 << 19, "ends before its end frame")] {
        let mut bytes = shard::format::HEADER_FRAME.to_le_bytes().to_vec();
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(b"ossa");
        let fault = fault(Reader::new(bytes.as_slice()));
        assert!(fault.contains(words), "{fault}");
    }
}

/// Takes so many bytes, then fails.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match bytes.len().min(self.0) {
            0 => Err(io::ErrorKind::StorageFull.into()),
            count => {
                self.0 -= count;
                Ok(count)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn nothing_is_written_behind_half_a_record() {
    let length = stream(header("decode", "image"), &[]).len();
    let mut writer = Writer::new(Full(length), header("decode", "image")).unwrap();
    assert!(
        matches!(writer.push(&record("ID1/a")), Err(Error::Io(error)) if error.kind() == io::ErrorKind::StorageFull)
    );
    assert_eq!(fault(writer.finish()), "an earlier write to this stream has failed");
}

#[test]
fn a_file_appears_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.shard");
    let names = || {
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect::<Vec<_>>()
    };
    // What a killed process left.
    fs::write(folder.path().join("a.shard.partial"), vec![0; 1 << 20]).unwrap();

    let mut writer = Writer::create(&path, header("decode", "image")).unwrap();
    writer.push(&record("ID1/a")).unwrap();
    assert_eq!(names(), ["a.shard.partial"]);
    drop(writer);
    assert_eq!(names(), [""; 0]);

    let mut writer = Writer::create(&path, header("decode", "image")).unwrap();
    writer.push(&record("ID1/a")).unwrap();
    let digest = writer.commit().unwrap();
    assert_eq!(names(), ["a.shard"]);
    assert_eq!(fs::read(&path).unwrap(), stream(header("decode", "image"), &["ID1/a"]));
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(reader.by_ref().count(), 1);
    assert_eq!(reader.digest(), Some(digest));
}

#[test]
fn two_writers_of_one_file_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.shard");
    let first = Writer::create(&path, header("decode", "image")).unwrap();
    let second = Writer::create(&path, header("decode", "image")).err().unwrap();
    assert!(matches!(&second, Error::Io(error) if error.kind() == io::ErrorKind::WouldBlock), "{second}");
    assert!(second.to_string().contains("a.shard.partial: process "), "{second}");
    drop(first);
    Writer::create(&path, header("decode", "image")).unwrap().commit().unwrap();
    Writer::create(&path, header("decode", "image")).unwrap().commit().unwrap();
}
