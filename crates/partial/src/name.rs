//! The names that an output has before it is whole.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// The name of what grows into `path`: `<path>.partial`.
///
/// Fails with [`io::ErrorKind::InvalidFilename`] where `path` ends in no name, such as `/` or `..`.
pub fn partial_name(path: &Path) -> io::Result<PathBuf> {
    beside(path, ".partial")
}

/// The name of what steps aside for `path`.
pub(crate) fn replaced_name(path: &Path) -> io::Result<PathBuf> {
    beside(path, ".replaced")
}

fn beside(path: &Path, suffix: &str) -> io::Result<PathBuf> {
    let Some(name) = path.file_name() else {
        let text = format!("{}: an output needs a name of its own", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidFilename, text));
    };
    let mut name = OsString::from(name);
    name.push(suffix);
    Ok(path.with_file_name(name))
}

/// The folder that holds `path`.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
