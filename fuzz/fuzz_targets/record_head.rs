//! Law: a record whose head is accepted has what its head says, and its planes survive being written again.
//!
//! The input is two bytes, the length of a head's payload, that payload (whose end, the content's length and checksum,
//! is made right), and the content.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shard::format::{HEADER_FRAME, MAGIC, MAX_CONTENT, MAX_KEY, VERSION};
use shard::{Error, RawRecord, Reader};

const HEADER: &str = r#"{"producer":{"stage":"fuzz","version":"1"},"planes":[
    {"name":"image","dtype":"u8","encoding":"dense"},{"name":"masks","dtype":"u32","encoding":"runs"}],
    "classes":[],"attributes":{}}"#;

fn first(head: &[u8], content: &[u8]) -> Result<RawRecord, Error> {
    let mut payload = MAGIC.to_vec();
    payload.extend_from_slice(&VERSION.to_le_bytes());
    payload.extend_from_slice(HEADER.as_bytes());
    let stream =
        [ossa_fuzz::seal(HEADER_FRAME, &payload), ossa_fuzz::seal_head(head, content), content.to_vec()];
    Reader::new(stream.concat().as_slice())?.next_raw().unwrap()
}

fuzz_target!(|input: &[u8]| {
    let Some((length, rest)) = input.split_first_chunk() else { return };
    let Some((head, content)) = rest.split_at_checked(u16::from_le_bytes(*length).into()) else { return };
    let raw = match first(head, content) {
        Ok(raw) => raw,
        Err(error) => {
            return assert!(["record ", "at byte "].iter().any(|place| error.to_string().contains(place)));
        }
    };
    assert!((1..=MAX_KEY).contains(&raw.key().len()) && !raw.key().contains(char::is_control));
    let total = raw.planes().iter().map(|plane| plane.length).sum::<u64>();
    assert!(total <= MAX_CONTENT);
    let Some(record) = (total <= 1 << 20).then(|| raw.decode().ok()).flatten() else { return };
    assert!(
        record.planes.iter().zip(raw.planes()).all(|(plane, head)| plane.bytes.len() as u64 == head.length)
    );
    let again = RawRecord::encode(&record).unwrap();
    assert_eq!((again.attributes(), again.planes()), (raw.attributes(), raw.planes()));
    assert_eq!(again.decode().unwrap(), record);
});
