//! A spool: texts of any number, kept in memory while they are few and on disk when they are many.

use std::io::{self, Read, Seek, SeekFrom, Write};

use stage::Failure;
use tempfile::SpooledTempFile;

/// From here on the texts go to an unnamed temporary file, which the system removes with the process: some sixty
/// radiographs, so that larger data sets take no more memory than that.
const IN_MEMORY: usize = 4 << 20;

/// Where a text lies in the spool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    start: u64,
    length: u64,
}

/// Texts one behind the other.
pub(crate) struct Spool {
    file: SpooledTempFile,
    length: u64,
}

impl Default for Spool {
    fn default() -> Spool {
        Spool { file: SpooledTempFile::new(IN_MEMORY), length: 0 }
    }
}

impl Spool {
    /// Appends a text.
    pub(crate) fn push(&mut self, text: &[u8]) -> io::Result<Place> {
        self.file.write_all(text)?;
        let place = Place { start: self.length, length: text.len() as u64 };
        self.length += place.length;
        Ok(place)
    }

    /// Writes the texts at `places`, in that order.
    pub(crate) fn copy(
        mut self,
        places: impl Iterator<Item = Place>,
        output: &mut dyn Write,
    ) -> Result<(), Failure> {
        let spool = |error| Failure::io("temporary file", error);
        let mut text = Vec::new();
        for Place { start, length } in places {
            self.file.seek(SeekFrom::Start(start)).map_err(spool)?;
            text.clear();
            (&mut self.file).take(length).read_to_end(&mut text).map_err(spool)?;
            output.write_all(&text).map_err(Failure::system)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn gives_texts_back_in_any_order_from_memory_and_from_disk() {
        for padding in [0, IN_MEMORY] {
            let mut spool = Spool::default();
            let places: Vec<Place> =
                ["one", "", "three"].iter().map(|text| spool.push(text.as_bytes()).unwrap()).collect();
            spool.push(&vec![b'-'; padding]).unwrap();
            let last = spool.push(b"four").unwrap();
            assert_eq!(spool.file.is_rolled(), padding > 0);
            let mut output = Vec::new();
            spool.copy([last, places[2], places[1], places[0]].into_iter(), &mut output).unwrap();
            assert_eq!(output, b"fourthreeone");
        }
    }
}
