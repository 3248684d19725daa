//! A listing: a submission of which only the rows in use are in memory.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;

use std::path::Path;

use bones::submission::Index;
use bones::{BoneSet, Mask, Size};
use fs_err::os::unix::fs::FileExt;
use stage::{Failure, Job, Reason};

/// A submission of which, unless it came through a pipe, only the rows in use are in memory.
#[derive(Debug)]
pub struct Listing {
    index: Index,
    text: Text,
}

#[derive(Debug)]
enum Text {
    /// What came through a pipe, whose bytes are there but once.
    Held(Vec<u8>),
    /// A file, read where it is needed.
    File(fs_err::File),
}

impl Listing {
    /// The submission that comes from a pipe of this name.
    pub(crate) fn held(name: &str, input: &mut dyn BufRead) -> Result<Listing, Failure> {
        let mut copied = Copied { input, text: Vec::new() };
        let index = Index::read(BufReader::new(&mut copied)).map_err(|error| Failure::data(name, error))?;
        Ok(Listing { index, text: Text::Held(copied.text) })
    }

    /// The submission in the file at `path`, noted as an input of `port`.
    pub(crate) fn open(job: &mut Job, port: &str, path: &Path) -> Result<Listing, Failure> {
        let file = fs_err::File::open(path).map_err(Failure::system)?;
        let index = job.read_through(port, path, |input| {
            Index::read(input).map_err(|error| Failure::data(path.display(), error))
        })?;
        Ok(Listing { index, text: Text::File(file) })
    }

    /// The image names, sorted.
    pub(crate) fn images(&self) -> impl Iterator<Item = &str> {
        self.index.images()
    }

    /// The bones on which it has an opinion: those with a row for any image.
    pub(crate) fn opinion(&self) -> BoneSet {
        self.index.opinion()
    }

    /// How many rows of those bones are left out.
    pub(crate) fn rows_left_out(&self) -> u64 {
        self.index.rows_left_out()
    }

    /// Whether the image has a row.
    pub(crate) fn contains(&self, image: &str) -> bool {
        self.index.contains(image)
    }

    /// The mask of an image of `size`.
    pub(crate) fn mask(&self, image: &str, size: Size) -> Result<Mask, Reason> {
        Ok(self.index.mask(image, size, |bytes| self.text.part(bytes))?)
    }
}

/// Keeps what is read.
struct Copied<'a> {
    input: &'a mut dyn BufRead,
    text: Vec<u8>,
}

impl Read for Copied<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(bytes)?;
        self.text.extend_from_slice(&bytes[..count]);
        Ok(count)
    }
}

impl Text {
    fn part(&self, bytes: Range<usize>) -> io::Result<Cow<'_, [u8]>> {
        match self {
            Text::Held(text) => Ok(Cow::Borrowed(&text[bytes])),
            Text::File(file) => {
                let mut part = vec![0; bytes.len()];
                file.read_exact_at(&mut part, bytes.start as u64)?;
                Ok(Cow::Owned(part))
            }
        }
    }
}
