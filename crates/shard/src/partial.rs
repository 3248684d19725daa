//! A partial file: one that has its name only when it is whole.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const BUFFER: usize = 256 << 10;

/// A file that is written as `<path>.partial`. [`Partial::commit`] makes its bytes durable and gives it its name;
/// dropped before that, it is removed. What a killed process leaves behind has the wrong name, and is overwritten by
/// the next attempt.
#[derive(Debug)]
#[must_use = "a partial file that is not committed is removed"]
pub struct Partial {
    file: BufWriter<File>,
    partial: PathBuf,
    path: PathBuf,
    committed: bool,
}

impl Partial {
    /// Begins the file that will be `path`; its folder must be there. A second process that writes the same file
    /// is refused with [`io::ErrorKind::WouldBlock`].
    pub fn create(path: impl AsRef<Path>) -> io::Result<Partial> {
        let path = path.as_ref();
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            let what = "is there and is no regular file, so a file cannot take its place";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
        }
        let mut name = path.file_name().map(OsString::from).ok_or(io::ErrorKind::InvalidFilename)?;
        name.push(".partial");
        let partial = path.with_file_name(name);
        let file = locked(&partial)?;
        file.set_len(0)?;
        let file = BufWriter::with_capacity(BUFFER, file);
        Ok(Partial { file, partial, path: path.to_owned(), committed: false })
    }

    /// The name that the file will have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Flushes, syncs to the disk, gives the file its name, and makes that durable too.
    pub fn commit(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(&self.partial, &self.path)?;
        self.committed = true;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

/// Opens or makes the file, with its lock held: the kernel frees it when this process ends, however it ends.
fn locked(partial: &Path) -> io::Result<File> {
    loop {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(partial)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let what = format!("another process is writing {}", partial.display());
                return Err(io::Error::new(io::ErrorKind::WouldBlock, what));
            }
            // A file system without locks.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Between opening and locking, the last writer may have renamed or removed the file that is open here.
        let open = file.metadata()?;
        if fs::metadata(partial).is_ok_and(|named| (named.dev(), named.ino()) == (open.dev(), open.ino())) {
            return Ok(file);
        }
    }
}

impl Write for Partial {
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

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing can be done, and nothing is lost, if it stays: its name says that it is not whole.
            let _ = fs::remove_file(&self.partial);
        }
    }
}
