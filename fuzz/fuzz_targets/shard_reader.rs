//! Law: what a reader accepts, a writer gives back, and no prefix of it is accepted; what it refuses, it says where.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shard::format::HEADER_FRAME;
use shard::{Error, RawRecord, Reader, Record, Writer};

/// Most bytes of a record that are decompressed here.
const FEW: u64 = 1 << 20;

fn read(bytes: &[u8]) -> Result<(Reader<&[u8]>, Vec<RawRecord>), Error> {
    let mut reader = Reader::new(bytes)?;
    let records = reader.raw_records().collect::<Result<_, _>>()?;
    assert!(reader.digest().is_some() && reader.next_raw().is_none());
    Ok((reader, records))
}

fn check(bytes: &[u8], cut: usize) {
    let (reader, raw) = match read(bytes) {
        Ok(read) => read,
        Err(error) => {
            let text = error.to_string();
            let headers = ["header", "streams that do not", "not a shard", "this shard has version"];
            let mut places = ["at byte ", "record ", "the stream ends"].into_iter().chain(headers);
            assert!(places.any(|place| text.contains(place)), "no place: {text}");
            return;
        }
    };
    // A stream may be cut between concatenated ones without a trace, but nowhere else.
    let cut = cut % bytes.len();
    assert!(read(&bytes[..cut]).is_err() || bytes[cut..].starts_with(&HEADER_FRAME.to_le_bytes()));
    let mut again = Writer::new(Vec::new(), reader.header().clone()).unwrap();
    let small = raw.iter().filter(|raw| raw.planes().iter().map(|plane| plane.length).sum::<u64>() <= FEW);
    let records: Vec<Record> = small.filter_map(|raw| raw.decode().ok()).collect();
    records.iter().for_each(|record| again.push(record).unwrap());
    let (written, digest) = again.finish().unwrap();
    let mut reader = Reader::new(written.as_slice()).unwrap();
    assert_eq!(reader.by_ref().collect::<Result<Vec<_>, _>>().unwrap(), records);
    assert_eq!(reader.digest(), Some(digest));
}

fuzz_target!(|bytes: &[u8]| {
    let cut = bytes.iter().map(|&byte| usize::from(byte)).sum();
    check(bytes, cut);
    check(&ossa_fuzz::mended(bytes), cut);
});
