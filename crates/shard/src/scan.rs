//! Scan: what stands at a place of a damaged file, and where the next frame begins.

use std::fs::File;
use std::io::Read;

use memchr::memmem::Finder;

use crate::Error;
use crate::format::{END_FRAME, HEAD_FRAME, HEADER_FRAME, PREFIX, TAIL};
use crate::frame::{At, Frames, Kind, Sealed};

/// What stands at a place of the file.
pub(crate) enum Standing {
    /// A frame whose checksum is right.
    Frame { kind: Kind, frame: Sealed, end: u64 },
    /// Anything else, and why it is no frame.
    Nothing(String),
}

/// What stands at `position`.
pub(crate) fn standing(file: &File, position: u64) -> Result<Standing, Error> {
    let mut frames = Frames::at(file, position);
    match frames.sealed() {
        Ok(Some((kind, frame))) => Ok(Standing::Frame { kind, frame, end: frames.position() }),
        Ok(None) => Ok(Standing::Nothing(format!("at byte {position}: the file ends"))),
        Err(Error::Io(error)) => Err(Error::Io(error)),
        Err(Error::Corrupt { what, .. }) => Ok(Standing::Nothing(what)),
        Err(_) => Ok(Standing::Nothing(format!("at byte {position}: the file ends in a frame"))),
    }
}

/// Where the first frame from `position` on begins.
pub(crate) fn next_frame(file: &File, mut position: u64) -> Result<Option<u64>, Error> {
    const BLOCK: usize = 1 << 20;
    // What the three magic numbers share; their first byte is before it.
    let [_, rest @ ..] = HEADER_FRAME.to_le_bytes();
    let finder = Finder::new(&rest);
    let mut block = Vec::with_capacity(BLOCK);
    loop {
        block.clear();
        At::new(file, position).take(BLOCK as u64).read_to_end(&mut block)?;
        for found in finder.find_iter(&block) {
            let Some(before) = found.checked_sub(1) else { continue };
            let start = position + before as u64;
            if may_begin(file, start)? && matches!(standing(file, start)?, Standing::Frame { .. }) {
                return Ok(Some(start));
            }
        }
        if block.len() < BLOCK {
            return Ok(None);
        }
        // A magic number may lie across the end of the block.
        position += (BLOCK - rest.len()) as u64;
    }
}

/// Whether a frame may begin at `position`. An end frame, which may be long, says its length twice.
fn may_begin(file: &File, position: u64) -> Result<bool, Error> {
    let Some(prefix) = bytes::<PREFIX>(file, position)? else { return Ok(false) };
    let [m0, m1, m2, m3, l0, l1, l2, l3] = prefix;
    match u32::from_le_bytes([m0, m1, m2, m3]) {
        HEADER_FRAME | HEAD_FRAME => Ok(true),
        END_FRAME => {
            let length = u32::from_le_bytes([l0, l1, l2, l3]);
            let total = PREFIX as u64 + u64::from(length);
            let stated = bytes(file, position + total.max(TAIL) - TAIL)?.map(u32::from_le_bytes);
            Ok(stated.is_some_and(|stated| u64::from(stated) == total))
        }
        _ => Ok(false),
    }
}

/// The next bytes at `position`, where the file has so many.
fn bytes<const N: usize>(file: &File, position: u64) -> Result<Option<[u8; N]>, Error> {
    let mut bytes = Vec::with_capacity(N);
    At::new(file, position).take(N as u64).read_to_end(&mut bytes)?;
    Ok(bytes.first_chunk().copied())
}
