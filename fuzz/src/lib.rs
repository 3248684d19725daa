//! What several targets share: sealed frames of shards, so that a fuzzer's bytes get past the checksums.

use shard::format::{END_FRAME, HEAD_FRAME, HEADER_FRAME};
use xxhash_rust::xxh3::xxh3_128;

/// The sealed frame of `magic` around `payload`, as `shard::format` draws it.
pub fn seal(magic: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = magic.to_le_bytes().to_vec();
    frame.extend_from_slice(&(payload.len() as u32 + 16).to_le_bytes());
    frame.extend_from_slice(payload);
    frame.extend_from_slice(&xxh3_128(&frame).to_le_bytes());
    frame
}

/// The frame of a record's head, whose last 24 bytes become the length and the checksum of `content`.
pub fn seal_head(payload: &[u8], content: &[u8]) -> Vec<u8> {
    let mut payload = payload[..payload.len().saturating_sub(24)].to_vec();
    payload.extend_from_slice(&(content.len() as u64).to_le_bytes());
    payload.extend_from_slice(&xxh3_128(content).to_le_bytes());
    seal(HEAD_FRAME, &payload)
}

/// `bytes` with every checksum, every content's length and every end frame made right, as far as they are frames.
pub fn mended(bytes: &[u8]) -> Vec<u8> {
    let (mut stream, mut rest) = (Vec::new(), bytes);
    // Of the stream that is being mended: where it begins, its checksums, its number of records and their index.
    let (mut start, mut checksums, mut count, mut index) = (0, Vec::new(), 0u64, Vec::new());
    while let Some((magic, payload, after)) = split_frame(rest) {
        rest = after;
        let at = stream.len();
        match magic {
            HEADER_FRAME => {
                stream.extend(seal(magic, payload));
                (start, checksums, count, index) = (at, Vec::new(), 0, Vec::new());
            }
            HEAD_FRAME => {
                let stated = payload.len().checked_sub(24).and_then(|at| payload[at..].first_chunk());
                let length = stated.map_or(0, |bytes| u64::from_le_bytes(*bytes));
                let content = rest.split_off(..(length as usize).min(rest.len())).unwrap_or_default();
                stream.extend(seal_head(payload, content));
                count += 1;
                index.extend_from_slice(&((at - start) as u64).to_le_bytes());
                index.extend_from_slice(stream.last_chunk::<16>().unwrap_or(&[0; 16]));
                let length = payload.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)) as usize;
                let key = payload.get(8..).and_then(|key| key.get(..length)).unwrap_or_default();
                index.extend_from_slice(&(key.len() as u16).to_le_bytes());
                index.extend_from_slice(key);
                checksums.extend_from_slice(stream.last_chunk::<16>().unwrap_or(&[0; 16]));
                stream.extend_from_slice(content);
                continue;
            }
            _ => {
                let mut end = count.to_le_bytes().to_vec();
                end.extend_from_slice(&xxh3_128(&checksums).to_le_bytes());
                end.extend_from_slice(&index);
                end.extend_from_slice(&((at - start) as u64).to_le_bytes());
                end.extend_from_slice(&(end.len() as u32 + 28).to_le_bytes());
                stream.extend(seal(END_FRAME, &end));
            }
        }
        checksums.extend_from_slice(stream.last_chunk::<16>().unwrap_or(&[0; 16]));
    }
    stream.extend_from_slice(rest);
    stream
}

/// Magic number and payload of the sealed frame that `bytes` begin with, and what follows it.
fn split_frame(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let (magic, rest) = bytes.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let magic = u32::from_le_bytes(*magic);
    let length = u32::from_le_bytes(*length) as usize;
    let frame = rest.get(..length)?;
    let known = [HEADER_FRAME, HEAD_FRAME, END_FRAME].contains(&magic);
    known.then_some((magic, &frame[..length.checked_sub(16)?], &rest[length..]))
}
