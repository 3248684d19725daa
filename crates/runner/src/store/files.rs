//! Files that are written whole or not at all, and JSON in them.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Serialize, de::DeserializeOwned};

/// Reads JSON; none where it is not there or not what it should be.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Writes JSON, whole or not at all.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    write_whole(path, &text)
}

/// Writes a file, whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Runners that only plan may write the same file at once, so each has a name of its own for what is partial.
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = PathBuf::from(name);
    let whole = || -> io::Result<()> {
        let mut file = File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    whole().map_err(|error| {
        let _ = fs::remove_file(&partial);
        named(path, error)
    })
}

/// The error with the path that it is about.
pub(crate) fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// A file name for any text, such as a value of `for` or the name of a pipeline.
pub(crate) fn escape(name: &str) -> String {
    let escaped = name.replace('%', "%25").replace('/', "%2F");
    // Neither hidden nor the folder above.
    escaped.strip_prefix('.').map_or(escaped.clone(), |rest| format!("%2E{rest}"))
}
