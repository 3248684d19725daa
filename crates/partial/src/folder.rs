//! A partial folder.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::name::partial_name;
use crate::{Existing, lock, place};

/// A folder that grows as `<path>.partial`, below [`PartialFolder::growing`]. [`PartialFolder::commit`] makes all that is
/// in it durable and gives it its name.
#[derive(Debug)]
#[must_use = "a partial folder that is not committed is removed, or left to be resumed"]
pub struct PartialFolder {
    partial: PathBuf,
    path: PathBuf,
    existing: Existing,
    /// Whether dropping removes what has grown.
    unfinished: bool,
    /// Holds the kernel's lock.
    _lock: File,
}

impl PartialFolder {
    /// Begins the folder that will be `path`, empty: what a killed process left is removed. Missing folders on the way to
    /// it are made. Dropped before it is committed, it is removed.
    ///
    /// Fails with [`io::ErrorKind::WouldBlock`] where another process writes it, and with
    /// [`io::ErrorKind::AlreadyExists`] where `path` is taken and [`Existing::Keep`] holds. Every error names its path.
    pub fn create(path: impl AsRef<Path>, existing: Existing) -> io::Result<PartialFolder> {
        let folder = PartialFolder::open(path.as_ref(), existing, true)?;
        for entry in fs_err::read_dir(&folder.partial)? {
            place::remove(&entry?.path())?;
        }
        Ok(folder)
    }

    /// As [`PartialFolder::create`], but with what an interrupted process left; and it stays if it is not committed.
    pub fn resume(path: impl AsRef<Path>, existing: Existing) -> io::Result<PartialFolder> {
        PartialFolder::open(path.as_ref(), existing, false)
    }

    fn open(path: &Path, existing: Existing, unfinished: bool) -> io::Result<PartialFolder> {
        let partial = partial_name(path)?;
        place::create_parent(path)?;
        let lock = lock::locked(&partial, || {
            match fs_err::create_dir(&partial) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            Ok(fs_err::File::open(&partial)?.into_parts().0)
        })?;
        if !lock.metadata()?.is_dir() {
            let text =
                format!("{}: a file has the name of what should grow here: move it away", partial.display());
            return Err(io::Error::new(io::ErrorKind::NotADirectory, text));
        }
        let mut folder =
            PartialFolder { partial, path: path.to_owned(), existing, unfinished: false, _lock: lock };
        let ready = place::recover(path).and_then(|()| place::check(path, existing));
        if ready.is_err() {
            // What an interrupted process left is not this one's to remove; an empty folder is nobody's.
            let _ = fs_err::remove_dir(&folder.partial);
        }
        ready?;
        folder.unfinished = unfinished;
        Ok(folder)
    }

    /// Where to write: the folder under its partial name.
    pub fn growing(&self) -> &Path {
        &self.partial
    }

    /// The name that the folder will have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Syncs all that is in the folder to the disk, gives it its name, and makes that durable too.
    ///
    /// Fails with [`io::ErrorKind::AlreadyExists`] where the name was taken meanwhile and [`Existing::Keep`] holds;
    /// what was written then stays under its partial name.
    pub fn commit(mut self) -> io::Result<()> {
        for entry in WalkDir::new(&self.partial).contents_first(true) {
            let entry = entry?;
            if entry.file_type().is_file() || entry.file_type().is_dir() {
                place::sync(entry.path())?;
            }
        }
        let placed = place::folder(&self.partial, &self.path, self.existing);
        self.unfinished = false;
        placed
    }
}

impl Drop for PartialFolder {
    fn drop(&mut self) {
        if self.unfinished {
            // Nothing can be done, and nothing is lost, if it stays: its name says that it is not whole.
            let _ = place::remove(&self.partial);
        }
    }
}
