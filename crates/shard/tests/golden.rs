//! Files of version 1 that were written once are read for ever: `tests/golden/shard`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use shard::{Indexed, Reader, Record};

#[path = "../examples/golden.rs"]
#[allow(dead_code, unreachable_pub, reason = "`main` writes the files, which a test never does")]
mod golden;

/// The digests that the files were committed with.
const DIGESTS: [(&str, &str); 3] = [
    ("v1-empty.shard", "xxh3:c3990b6cb9a2abbac004c60b830575b5"),
    ("v1-radiographs.shard", "xxh3:77a356c67320215033966906d15a9bff"),
    ("v1-every-dtype.shard", "xxh3:5ad4baec304880e57a202f617350feca"),
];

#[test]
fn golden_shards_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/shard");
    for ((name, header, records), (digest_of, digest)) in golden::shards().into_iter().zip(DIGESTS) {
        assert_eq!(name, digest_of);
        let mut reader = Reader::open(folder.join(name)).unwrap();
        assert_eq!(reader.header(), &header, "{name}");
        let read: Vec<Record> = reader.by_ref().collect::<Result<_, _>>().unwrap();
        assert_eq!(read, records, "{name}");
        assert_eq!(reader.digest().unwrap().to_string(), digest, "{name}");

        let indexed = Indexed::open(folder.join(name)).unwrap();
        let read: Vec<Record> = (0..indexed.len()).map(|number| indexed.read(number).unwrap()).collect();
        assert_eq!(read, records, "{name}");
        assert_eq!(indexed.digest().to_string(), digest, "{name}");
    }
}

#[test]
fn every_file_of_the_folder_is_tested() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/shard");
    let mut there: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".shard"))
        .collect();
    let mut tested: Vec<String> = DIGESTS.iter().map(|(name, _)| name.to_string()).collect();
    there.sort();
    tested.sort();
    assert_eq!(there, tested);
}
