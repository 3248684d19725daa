//! The marker of stages: tells a stage from any other program without starting it.

use std::io::{self, Read};
use std::path::Path;

use memchr::memmem::Finder;
use stage::MARKER;

/// Read at a time.
const CHUNK: usize = 1 << 20;

/// A marker is no longer than this.
const LONGEST: usize = MARKER.len() + 11;

/// The version of the contract that the program at `path` says that it keeps; none where it says nothing of the kind.
pub(crate) fn contract_of(path: &Path) -> io::Result<Option<u32>> {
    contract_in(fs_err::File::open(path)?)
}

fn contract_in(mut program: impl Read) -> io::Result<Option<u32>> {
    let finder = Finder::new(MARKER);
    let mut bytes = Vec::new();
    loop {
        let read = program.by_ref().take(CHUNK as u64).read_to_end(&mut bytes)?;
        let version = finder.find_iter(&bytes).find_map(|at| version(&bytes[at + MARKER.len()..]));
        if version.is_some() || read == 0 {
            return Ok(version);
        }
        // A marker may lie across two chunks.
        bytes.drain(..bytes.len().saturating_sub(LONGEST));
    }
}

/// The number that ends the line which `rest` is the rest of.
fn version(rest: &[u8]) -> Option<u32> {
    let line = &rest[..memchr::memchr(b'\n', &rest[..rest.len().min(11)])?];
    std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line)).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn finds_whole_markers_wherever_they_are() {
        let find = |text: Vec<u8>| contract_in(text.as_slice()).unwrap();
        let marked = |before: usize, rest: &str| {
            [vec![b'x'; before], MARKER.as_bytes().to_vec(), rest.as_bytes().to_vec()].concat()
        };
        for before in [0, 7, CHUNK - 30, CHUNK - 21, CHUNK - 5, CHUNK, 3 * CHUNK - 10] {
            assert_eq!(find(marked(before, "1\nand more")), Some(1), "{before}");
        }
        assert_eq!(find(marked(3, "12\r\n")), Some(12));
        assert_eq!(find([marked(0, "\n"), marked(0, "2\n")].concat()), Some(2));
        for rest in ["", "1", "x\n", "1 \n", "99999999999\n", "-1\n"] {
            assert_eq!(find(marked(0, rest)), None, "{rest}");
        }
        assert_eq!(find(b"ossa-stage".to_vec()), None);
    }

    #[test]
    fn a_program_that_looks_for_markers_is_no_stage() {
        // This test is one, and so is the runner.
        assert_eq!(contract_of(&std::env::current_exe().unwrap()).unwrap(), None);
    }
}
