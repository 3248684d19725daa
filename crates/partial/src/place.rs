//! Giving a whole output its name, and making that durable.

use std::io;
use std::path::Path;

use fs_err as fs;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::Existing;
use crate::lock;
use crate::name::{parent, replaced_name};

/// Refuses to begin where `path` is taken.
pub(crate) fn check(path: &Path, existing: Existing) -> io::Result<()> {
    if existing == Existing::Keep && is_taken(path)? { Err(taken(path, "")) } else { Ok(()) }
}

/// Makes the folder that will hold `path`, durably.
pub(crate) fn create_parent(path: &Path) -> io::Result<()> {
    let folder = parent(path);
    let missing: Vec<&Path> =
        folder.ancestors().take_while(|folder| !folder.as_os_str().is_empty()).collect();
    for folder in missing.into_iter().rev().filter(|folder| !folder.exists()) {
        match fs::create_dir(folder) {
            // Somebody else made it just now.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.and_then(|()| sync(parent(folder)))?,
        }
    }
    Ok(())
}

/// Puts back what stepped aside for an output that a killed process did not place.
pub(crate) fn recover(path: &Path) -> io::Result<()> {
    let aside = replaced_name(path)?;
    match (aside.symlink_metadata().is_ok(), path.symlink_metadata().is_ok()) {
        (true, false) => fs::rename(&aside, path),
        (true, true) => remove(&aside),
        (false, _) => Ok(()),
    }
}

/// Renames the file `partial`, which is whole and on the disk, to `path`.
pub(crate) fn file(partial: &Path, path: &Path, existing: Existing) -> io::Result<()> {
    match existing {
        Existing::Replace => fs::rename(partial, path)?,
        Existing::Keep => match renameat_with(CWD, partial, CWD, path, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(Errno::EXIST) => return Err(appeared(partial, path)),
            Err(errno) if has_no_such_rename(errno) => {
                // A second name is given only where none is there, on every file system that has links.
                fs::hard_link(partial, path).map_err(|error| match error.kind() {
                    io::ErrorKind::AlreadyExists => appeared(partial, path),
                    _ => error,
                })?;
                fs::remove_file(partial)?;
            }
            Err(errno) => return Err(named(path, errno)),
        },
    }
    sync(parent(path))
}

/// Renames the folder `partial`, which is whole and on the disk, to `path`.
pub(crate) fn folder(partial: &Path, path: &Path, existing: Existing) -> io::Result<()> {
    if existing == Existing::Replace && path.symlink_metadata().is_ok() {
        exchange(partial, path)?;
    } else {
        // This puts a folder in the place of an empty one, and of nothing else.
        fs::rename(partial, path).map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::AlreadyExists => appeared(partial, path),
            _ => error,
        })?;
    }
    sync(parent(path))
}

/// Puts the folder `partial` in the place of what is at `path`, and removes that last.
fn exchange(partial: &Path, path: &Path) -> io::Result<()> {
    let aside = replaced_name(path)?;
    // For a moment the old one is called as what grows is: its lock keeps a second writer from taking it for that.
    let old = fs::File::open(path)?.into_parts().0;
    lock::lock(&old, path)?;
    match renameat_with(CWD, partial, CWD, path, RenameFlags::EXCHANGE) {
        Ok(()) => fs::rename(partial, &aside)?,
        Err(errno) if has_no_such_rename(errno) => {
            fs::rename(path, &aside)?;
            fs::rename(partial, path).inspect_err(|_| {
                // The first error is the one to tell; where this fails too, the next writer does it.
                let _ = fs::rename(&aside, path);
            })?;
        }
        Err(errno) => return Err(named(path, errno)),
    }
    sync(parent(path))?;
    remove(&aside)
}

/// Removes a file, a link or a folder with all that is in it; nothing is fine too.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) => fs::symlink_metadata(path).map(|_| ()),
    }
}

/// Flushes a file or a folder to the disk.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

/// Whether anything but an empty folder has the name.
fn is_taken(path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => Ok(fs::read_dir(path)?.next().is_some()),
        Ok(_) => Ok(true),
        Err(_) => Ok(false),
    }
}

/// Whether the file system or the kernel lacks this kind of renaming.
fn has_no_such_rename(errno: Errno) -> bool {
    matches!(errno, Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM)
}

fn appeared(partial: &Path, path: &Path) -> io::Error {
    taken(path, &format!(" by now; what was written meanwhile is whole and stays at {}", partial.display()))
}

fn taken(path: &Path, more: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, format!("{} exists already{more}", path.display()))
}

fn named(path: &Path, errno: Errno) -> io::Error {
    let error = io::Error::from(errno);
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
