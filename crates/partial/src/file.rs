//! A partial file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::name::partial_name;
use crate::{Existing, lock, place};

const BUFFER: usize = 256 << 10;

/// A file that grows as `<path>.partial`. [`PartialFile::commit`] makes its bytes durable and gives it its name; dropped
/// before that, it is removed.
#[derive(Debug)]
#[must_use = "a partial file that is not committed is removed"]
pub struct PartialFile {
    file: BufWriter<File>,
    partial: PathBuf,
    path: PathBuf,
    existing: Existing,
    /// Whether dropping removes the partial file.
    unfinished: bool,
}

impl PartialFile {
    /// Begins the file that will be `path`; missing folders on the way to it are made.
    ///
    /// Fails with [`io::ErrorKind::WouldBlock`] where another process writes it, and with
    /// [`io::ErrorKind::AlreadyExists`] where `path` is taken: by anything that [`Existing::Keep`] protects, or by
    /// something that is no regular file. Every error names its path.
    pub fn create(path: impl AsRef<Path>, existing: Existing) -> io::Result<PartialFile> {
        let path = path.as_ref();
        let partial = partial_name(path)?;
        place::check(path, existing)?;
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            let text =
                format!("{}: is there and is no regular file, so no file can take its place", path.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        place::create_parent(path)?;
        let file = lock::locked(&partial, || {
            let mut options = fs_err::OpenOptions::new();
            Ok(options.write(true).create(true).truncate(false).open(&partial)?.into_parts().0)
        })?;
        file.set_len(0)?;
        let file = BufWriter::with_capacity(BUFFER, file);
        Ok(PartialFile { file, partial, path: path.to_owned(), existing, unfinished: true })
    }

    /// The name that the file will have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Flushes, syncs to the disk, gives the file its name, and makes that durable too.
    ///
    /// Fails with [`io::ErrorKind::AlreadyExists`] where the name was taken meanwhile and [`Existing::Keep`] holds;
    /// what was written then stays under its partial name.
    pub fn commit(mut self) -> io::Result<()> {
        let synced = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        synced.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.path.display())))?;
        let placed = place::file(&self.partial, &self.path, self.existing);
        self.unfinished = false;
        placed
    }
}

/// Writes a whole file at once, in the place of one that has the name.
pub fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    let mut file = PartialFile::create(path, Existing::Replace)?;
    file.write_all(bytes.as_ref())?;
    file.commit()
}

impl Write for PartialFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if self.unfinished {
            // Nothing can be done, and nothing is lost, if it stays: its name says that it is not whole.
            let _ = place::remove(&self.partial);
        }
    }
}
