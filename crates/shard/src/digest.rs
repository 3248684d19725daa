//! A stream's digest: one number that speaks for every byte.

use std::fmt;

use xxhash_rust::xxh3::Xxh3;

/// xxh3-128 over the header and every record of a stream; equal for equal streams.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Digest(pub u128);

impl Digest {
    /// That of streams that follow one another: of one its own, of several xxh3-128 over theirs.
    pub(crate) fn of_concatenated(digests: &[Digest]) -> Digest {
        match digests {
            [one] => *one,
            several => {
                let mut digester = Digester::default();
                several.iter().for_each(|digest| digester.add(digest.0));
                digester.digest()
            }
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "xxh3:{:032x}", self.0)
    }
}

/// Computes a stream's digest from the checksums of its header and heads, in their order.
#[derive(Clone, Default)]
pub(crate) struct Digester(Xxh3);

impl Digester {
    pub(crate) fn add(&mut self, checksum: u128) {
        self.0.update(&checksum.to_le_bytes());
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest(self.0.digest128())
    }
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digest().fmt(f)
    }
}
