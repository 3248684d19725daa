//! The kernel's lock on what grows (flock): it ends with the process that holds it, however that ends.

use std::fs::{File, Metadata, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Opens what grows at `path` with `open`, and locks it.
///
/// Another process that holds the lock is an error of [`io::ErrorKind::WouldBlock`] that names it.
pub(crate) fn locked(path: &Path, mut open: impl FnMut() -> io::Result<File>) -> io::Result<File> {
    loop {
        let file = open()?;
        lock(&file, path)?;
        // Between opening and locking, the last writer may have renamed or removed what is open here.
        let (open, named) = (file.metadata()?, fs_err::symlink_metadata(path));
        if named.is_ok_and(|named| identity(&named) == identity(&open)) {
            return Ok(file);
        }
    }
}

/// Locks an open file or folder, which is at `path`.
pub(crate) fn lock(file: &File, path: &Path) -> io::Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            let writer = file.metadata().ok().and_then(|metadata| holder(&metadata));
            let writer = writer.unwrap_or_else(|| "another process".to_owned());
            let text =
                format!("{}: {writer} is writing it; wait until it ends, or write elsewhere", path.display());
            Err(io::Error::new(io::ErrorKind::WouldBlock, text))
        }
        Err(TryLockError::Error(error)) if lockless(&error) => Ok(()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether the file system has no locks, or none for folders (NFS).
fn lockless(error: &io::Error) -> bool {
    let folders_only = rustix::io::Errno::BADF.raw_os_error();
    let none = rustix::io::Errno::NOLCK.raw_os_error();
    error.kind() == io::ErrorKind::Unsupported
        || error.raw_os_error().is_some_and(|code| code == folders_only || code == none)
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Who holds the lock, as far as Linux tells: `process 4711 (train)`. Looks it up in `/proc/locks`, whose lines end
/// `… WRITE <pid> <major>:<minor>:<inode> 0 EOF`.
fn holder(metadata: &Metadata) -> Option<String> {
    let inode = format!(":{}", metadata.ino());
    let locks = fs_err::read_to_string("/proc/locks").ok()?;
    let line = locks.lines().find(|line| {
        line.contains("FLOCK")
            && line.split_whitespace().any(|word| word.contains(':') && word.ends_with(&inode))
    })?;
    let pid: u32 = line.split_whitespace().skip_while(|word| *word != "WRITE").nth(1)?.parse().ok()?;
    let name = fs_err::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(format!("process {pid} ({})", name.trim_end()))
}
