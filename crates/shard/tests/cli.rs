//! The program `shard`, as a shell sees it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{Read, Write};
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use proptest::prelude::*;
use serde_json::{Value, json};
use shard::{Dtype, Encoding, Header, Plane, PlaneSpec, Producer, Reader, Record, Writer};

fn header(stage: &str) -> Header {
    Header {
        producer: Producer { stage: stage.into(), version: "0.1.0".into() },
        planes: vec![PlaneSpec { name: "image".into(), dtype: Dtype::U8, encoding: Encoding::Dense }],
        classes: Vec::new(),
        attributes: Default::default(),
    }
}

fn record(key: &str) -> Record {
    let image = Plane {
        name: "image".into(),
        dtype: Dtype::U8,
        shape: vec![3, 5],
        encoding: Encoding::Dense,
        bytes: key.bytes().cycle().take(15).collect(),
    };
    Record { key: key.into(), attributes: [("side".into(), "R".into())].into(), planes: vec![image] }
}

fn stream(keys: &[&str]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), header("test")).unwrap();
    keys.iter().for_each(|key| writer.push(&record(key)).unwrap());
    writer.finish().unwrap().0
}

fn keys(bytes: &[u8]) -> Vec<String> {
    Reader::new(bytes).unwrap().map(|record| record.unwrap().key).collect()
}

/// Runs `shard` in `folder` with `input` on its standard input.
fn shard(folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_shard"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that stops early, for which there are reasons, does not take it all.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn ls_and_head_say_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = stream(&["ID1/a", "ID1/b"]);
    fs::write(folder.path().join("a.shard"), &bytes).unwrap();

    let listed = shard(folder.path(), &["ls", "a.shard"], b"");
    assert_eq!(listed.status.code(), Some(0));
    let lines: Vec<Vec<&str>> = text(&listed.stdout).lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((lines[0][0], lines[0][2]), ("ID1/a", "image u8 3x5 dense 15"));
    assert_eq!(listed.stdout, shard(folder.path(), &["ls", "-"], &bytes).stdout);

    let listed = shard(folder.path(), &["ls", "--json", "a.shard"], b"");
    let mut line: Value = serde_json::from_str(text(&listed.stdout).lines().next().unwrap()).unwrap();
    let digest = line.as_object_mut().unwrap().remove("digest").unwrap();
    assert_eq!(digest.as_str().unwrap().len(), "xxh3:".len() + 32);
    let stored = line.as_object_mut().unwrap().remove("stored_bytes").unwrap();
    assert_eq!(stored.to_string(), lines[0][1]);
    let plane = json!({"name": "image", "dtype": "u8", "shape": [3, 5], "encoding": "dense", "bytes": 15});
    assert_eq!(line, json!({"key": "ID1/a", "attributes": {"side": "R"}, "planes": [plane]}));

    let head = shard(folder.path(), &["head", "-"], &bytes);
    let printed: Header = serde_json::from_slice(&head.stdout).unwrap();
    assert_eq!(printed, header("test"));
}

#[test]
fn cat_joins_and_chooses() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.shard"), stream(&["ID1/a", "ID1/b"])).unwrap();
    fs::write(folder.path().join("b.shard"), stream(&["ID2/c"])).unwrap();
    let joined = shard(folder.path(), &["cat", "a.shard", "b.shard"], b"");
    assert_eq!((joined.status.code(), text(&joined.stderr)), (Some(0), ""));
    assert_eq!(joined.stdout, stream(&["ID1/a", "ID1/b", "ID2/c"]));

    let concatenated = [stream(&["ID1/a", "ID1/b"]), stream(&["ID2/c"])].concat();
    assert_eq!(shard(folder.path(), &["cat", "-"], &concatenated).stdout, joined.stdout);

    let chosen = ["cat", "a.shard", "b.shard", "--key", "ID2/c", "--key", "ID1/b", "--out", "c.shard"];
    assert_eq!(shard(folder.path(), &chosen, b"").status.code(), Some(0));
    assert_eq!(keys(&fs::read(folder.path().join("c.shard")).unwrap()), ["ID1/b", "ID2/c"]);

    let missing = ["cat", "a.shard", "--key", "ID9/z", "--out", "d.shard"];
    let missing = shard(folder.path(), &missing, b"");
    assert_eq!(missing.status.code(), Some(65));
    assert_eq!(text(&missing.stderr), "shard: a.shard: no record has the key ID9/z\n");
    assert!(!folder.path().join("d.shard").exists() && !folder.path().join("d.shard.partial").exists());

    let twice = shard(folder.path(), &["cat", "a.shard", "a.shard"], b"");
    assert_eq!(twice.status.code(), Some(65));
    assert_eq!(
        text(&twice.stderr),
        "shard: a.shard: record ID1/a: its key is in the stream twice; keys are unique\n"
    );
}

#[test]
fn verify_looks_at_every_shard_and_says_which_is_bad() {
    let folder = tempfile::tempdir().unwrap();
    let good = stream(&["ID1/a", "ID1/b"]);
    fs::write(folder.path().join("good.shard"), &good).unwrap();
    fs::write(folder.path().join("short.shard"), &good[..good.len() - 1]).unwrap();
    fs::write(folder.path().join("text.shard"), "not a shard at all").unwrap();
    let arguments = ["verify", "short.shard", "text.shard", "absent.shard", "good.shard"];
    let verified = shard(folder.path(), &arguments, b"");
    let digest = {
        let mut reader = Reader::new(good.as_slice()).unwrap();
        assert_eq!(reader.by_ref().count(), 2);
        reader.digest().unwrap()
    };
    assert_eq!(text(&verified.stdout), format!("{digest}\t2\tgood.shard\n"));
    let words: Vec<&str> = text(&verified.stderr).lines().collect();
    assert_eq!(
        words[0],
        "shard: short.shard: the stream ends before its end frame; the last good record is ID1/b"
    );
    assert!(words[1].starts_with("shard: text.shard: at byte 0: this is not a shard"), "{}", words[1]);
    assert!(words[2].starts_with("shard: absent.shard: No such file"), "{}", words[2]);
    assert_eq!((words.len(), verified.status.code()), (3, Some(74)));
}

#[test]
fn exit_codes_tell_usage_data_and_system_apart() {
    let folder = tempfile::tempdir().unwrap();
    let code = |arguments: &[&str], input: &[u8]| shard(folder.path(), arguments, input).status.code();
    assert_eq!(code(&["ls"], b""), Some(2));
    assert_eq!(code(&["ls", "--colour", "-"], b""), Some(2));
    assert_eq!(code(&["ls", "-"], b""), Some(65));
    assert_eq!(code(&["ls", "absent.shard"], b""), Some(74));
    fs::write(folder.path().join("file"), "").unwrap();
    assert_eq!(code(&["cat", "-", "--out", "file/a.shard"], &stream(&[])), Some(74));
    assert_eq!(code(&["cat", "-", "--out", "."], &stream(&[])), Some(74));
    fs::create_dir(folder.path().join("folder")).unwrap();
    assert_eq!(code(&["cat", "-", "--out", "folder"], &stream(&[])), Some(2));
    assert_eq!(code(&["cat", "-", "--out", "/dev/null"], &stream(&[])), Some(0));
    if Path::new("/dev/full").exists() {
        assert_eq!(code(&["cat", "-", "--out", "/dev/full"], &stream(&[])), Some(74));
    }
}

#[test]
fn a_reader_that_leaves_is_no_fault_worth_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::new(Vec::new(), header("test")).unwrap();
    for number in 0..20_000 {
        writer.push(&record(&format!("ID{number}"))).unwrap();
    }
    fs::write(folder.path().join("a.shard"), writer.finish().unwrap().0).unwrap();
    for arguments in [["ls", "a.shard"], ["cat", "a.shard"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_shard"))
            .args(arguments)
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 10]).unwrap();
        drop(stdout);
        let left = child.wait_with_output().unwrap();
        assert_eq!((left.status.code(), text(&left.stderr)), (Some(141), ""), "{arguments:?}");
    }
}

#[test]
fn the_zstd_program_accepts_a_shard() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.shard"), stream(&["ID1/a", "ID1/b"])).unwrap();
    let zstd = |arguments: &[&str]| Command::new("zstd").args(arguments).current_dir(folder.path()).output();
    // Where the program is not installed, the crate's decoder has the word: see `laws.rs`.
    let Ok(tested) = zstd(&["-t", "-q", "a.shard"]) else { return };
    assert!(tested.status.success(), "{}", text(&tested.stderr));
    let planes = zstd(&["-dcq", "a.shard"]).unwrap().stdout;
    assert_eq!(
        planes,
        [record("ID1/a"), record("ID1/b")].map(|record| record.planes[0].bytes.clone()).concat()
    );
}

/// The bytes that each record of a stream takes.
fn places(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut reader = Reader::new(bytes).unwrap();
    let mut start = reader.good_length() as usize;
    let mut places = Vec::new();
    while let Some(raw) = reader.next_raw() {
        raw.unwrap();
        places.push(start..reader.good_length() as usize);
        start = reader.good_length() as usize;
    }
    places
}

/// What happens to a stream.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Flip(u32),
    Cut,
    Insert(u8),
    Remove(usize),
}

impl Damage {
    fn any() -> impl Strategy<Value = Damage> {
        prop_oneof![
            (0..8_u32).prop_map(Damage::Flip),
            Just(Damage::Cut),
            any::<u8>().prop_map(Damage::Insert),
            (1..40_usize).prop_map(Damage::Remove),
        ]
    }

    /// Does it, and gives the bytes of the whole stream that are not there any more as they were. What is inserted
    /// parts the byte before it from the one behind it.
    fn strike(self, bytes: &mut Vec<u8>, at: usize) -> Range<usize> {
        match self {
            Damage::Flip(bit) => {
                bytes[at] ^= 1 << bit;
                at..at + 1
            }
            Damage::Cut => {
                let length = bytes.len();
                bytes.truncate(at);
                at..length
            }
            Damage::Insert(byte) => {
                bytes.insert(at, byte);
                at..at
            }
            Damage::Remove(count) => {
                let end = bytes.len().min(at + count);
                bytes.drain(at..end);
                at..end
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn recover_keeps_exactly_the_records_that_are_whole(
        damage in Damage::any(),
        at in any::<proptest::sample::Index>(),
        parts in 1..3_usize,
    ) {
        let keys = ["ID1/a", "ID1/b", "ID2/c", "ID2/d"];
        let streams: Vec<Vec<u8>> = keys.chunks(keys.len() / parts).map(stream).collect();
        let whole = streams.concat();
        let header_length = Reader::new(whole.as_slice()).unwrap().good_length() as usize;
        // Records of the second stream begin behind its header, which `places` counts to the first of them.
        let places: Vec<Range<usize>> = streams.iter().scan(0, |start, stream| {
            let places = self::places(stream).into_iter().map(|place| place.start + *start..place.end + *start);
            let places: Vec<_> = places.collect();
            *start += stream.len();
            Some(places)
        }).flatten().collect();
        let at = at.index(whole.len());
        let mut bytes = whole.clone();
        let gone = damage.strike(&mut bytes, at);
        prop_assume!(bytes != whole);

        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("bad.shard"), &bytes).unwrap();
        let recovered = shard(folder.path(), &["recover", "bad.shard", "--out", "good.shard"], b"");
        let good = folder.path().join("good.shard");
        let told = text(&recovered.stderr).to_owned();
        if parts == 2 && matches!(damage, Damage::Cut) && at == streams[0].len() {
            // A whole first stream: nobody can know of the second.
            prop_assert_eq!(recovered.status.code(), Some(0), "{}", told);
            return Ok(());
        }
        prop_assert_eq!(recovered.status.code(), Some(65), "{}", told);
        if gone.start < header_length {
            prop_assert!(!good.exists());
            return Ok(());
        }
        let hit = |place: &Range<usize>| match gone.is_empty() {
            true => place.start < gone.start && gone.start < place.end,
            false => place.start < gone.end && gone.start < place.end,
        };
        let (lost, kept): (Vec<_>, Vec<_>) = keys.iter().zip(&places).partition(|(_, place)| hit(place));
        let kept: Vec<&str> = kept.into_iter().map(|(key, _)| *key).collect();
        prop_assert_eq!(fs::read(good).unwrap(), stream(&kept), "{}", told);
        // The index names what is lost, where the file still has it.
        let each = keys.len() / parts;
        for (key, place) in lost {
            let number = places.iter().position(|other| other == place).unwrap();
            let index = places[number / each * each + each - 1].end;
            let named = told.contains(&format!("lost record {key}: "));
            prop_assert!(named || gone.end > index, "{}", told);
        }
        let count = format!("bad.shard: {} whole records are in good.shard; losses: ", kept.len());
        prop_assert!(told.contains(&count), "{}", told);
    }
}

#[test]
fn recover_says_when_nothing_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    let whole = stream(&["ID1/a", "ID1/b"]);
    let recovered = shard(folder.path(), &["recover", "-", "--out", "-"], &whole);
    assert_eq!((recovered.status.code(), &recovered.stdout), (Some(0), &whole));
    assert_eq!(text(&recovered.stderr), "shard: standard input: nothing was lost: all 2 records are whole\n");
}

#[test]
fn recover_names_the_one_record_that_a_flipped_byte_costs() {
    let folder = tempfile::tempdir().unwrap();
    let keys: Vec<String> = (0..14).map(|number| format!("ID{number}/image")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut bytes = stream(&keys);
    let first = places(&bytes)[0].clone();
    let others = stream(&keys[1..]);
    for (at, words) in [
        (first.start + 20, "lost record ID0/image: not found at byte"),
        (first.end - 1, "lost record ID0/image: at byte"),
    ] {
        bytes[at] ^= 1;
        fs::write(folder.path().join("bad.shard"), &bytes).unwrap();
        bytes[at] ^= 1;
        let recovered = shard(folder.path(), &["recover", "bad.shard", "--out", "good.shard"], b"");
        let told = text(&recovered.stderr);
        assert_eq!(recovered.status.code(), Some(65), "{told}");
        assert!(told.contains(words), "{told}");
        assert_eq!(fs::read(folder.path().join("good.shard")).unwrap(), others, "{told}");
    }
}

#[test]
fn recover_does_not_take_a_shard_inside_a_record_for_its_own() {
    // The bytes of a plane are a shard; incompressible, it stands in the content as it is.
    let inner = stream(&["ID8/inner"]);
    let mut outer = Writer::new(Vec::new(), header("test")).unwrap();
    let mut carrier = record("ID1/carrier");
    carrier.planes[0].shape = vec![1, inner.len() as u64];
    carrier.planes[0].bytes = inner;
    outer.push(&carrier).unwrap();
    outer.push(&record("ID1/next")).unwrap();
    let mut bytes = outer.finish().unwrap().0;
    let place = places(&bytes)[0].clone();
    bytes[place.end - 1] ^= 1;
    let folder = tempfile::tempdir().unwrap();
    let recovered = shard(folder.path(), &["recover", "-", "--out", "-"], &bytes);
    assert_eq!(recovered.stdout, stream(&["ID1/next"]), "{}", text(&recovered.stderr));
    assert!(text(&recovered.stderr).contains("lost record ID1/carrier: "), "{}", text(&recovered.stderr));
    drop(folder);
}

#[test]
fn who_closes_standard_error_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.shard"), stream(&["ID1/a"])).unwrap();
    let closed = |arguments: &str| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_shard"));
        let command = command.args(arguments.split(' ')).current_dir(folder.path()).stderr(writer);
        command.status().unwrap().code()
    };
    assert_eq!(closed("recover a.shard --out b.shard"), Some(0));
    assert_eq!(fs::read(folder.path().join("b.shard")).unwrap(), stream(&["ID1/a"]));
    assert_eq!(closed("ls absent.shard"), Some(74));
    assert_eq!(closed("ls --colour -"), Some(2));
}
