//! Digests of what is read and written: xxh3-128, written `xxh3:` and 32 hexadecimal digits.

use std::fs::Metadata;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::Failure;

/// The digest of a file with these bytes.
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    written(xxh3_128(bytes))
}

fn written(digest: u128) -> String {
    format!("xxh3:{digest:032x}")
}

/// Digests what passes through it, read or written.
pub(crate) struct Digesting<T> {
    stream: T,
    digest: Xxh3,
}

impl<T> Digesting<T> {
    pub(crate) fn new(stream: T) -> Digesting<T> {
        Digesting { stream, digest: Xxh3::new() }
    }

    /// The stream, and the digest of what has passed.
    pub(crate) fn end(self) -> (T, String) {
        (self.stream, written(self.digest.digest128()))
    }
}

impl<T: Read> Read for Digesting<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(bytes)?;
        self.digest.update(&bytes[..count]);
        Ok(count)
    }
}

impl<T: Write> Write for Digesting<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.stream.write(bytes)?;
        self.digest.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// The digest of a folder: of the relative paths and contents of all files below it, in sorted order. Links count as
/// what they lead to, so that a folder of links has the digest of the folder that they lead to.
pub(crate) fn of_folder(root: &Path) -> Result<String, Failure> {
    let mut walk = Walk { root, above: Vec::new(), found: Vec::new() };
    walk.enter(Path::new(""))?;
    walk.found.sort();
    let mut digest = Xxh3::new();
    for (relative, leaf) in walk.found {
        digest.update(relative.as_os_str().as_encoded_bytes());
        match leaf {
            Leaf::File => {
                let mut content =
                    Digesting::new(fs_err::File::open(root.join(relative)).map_err(Failure::system)?);
                io::copy(&mut content, &mut io::sink()).map_err(Failure::system)?;
                digest.update(&content.digest.digest128().to_le_bytes());
            }
            Leaf::LinkToNothing => digest.update(b"a link to nothing"),
        }
    }
    Ok(written(digest.digest128()))
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Leaf {
    File,
    LinkToNothing,
}

/// All files below a folder, through links.
struct Walk<'a> {
    root: &'a Path,
    /// The folders that the walk is in, by the system's numbers, with the paths that led there.
    above: Vec<((u64, u64), PathBuf)>,
    found: Vec<(PathBuf, Leaf)>,
}

impl Walk<'_> {
    /// Looks at all that is in the folder `relative` below the root.
    fn enter(&mut self, relative: &Path) -> Result<(), Failure> {
        // The empty path is the root itself.
        let folder = if relative == Path::new("") { self.root.to_owned() } else { self.root.join(relative) };
        let identity = identity(&fs_err::metadata(&folder).map_err(Failure::system)?);
        if let Some((_, outer)) = self.above.iter().find(|(other, _)| *other == identity) {
            let reason = format!(
                "leads back to {}, which it lies in, so what is in it has no end: remove that link",
                outer.display()
            );
            return Err(Failure::data(folder.display(), reason));
        }
        self.above.push((identity, folder.clone()));
        for entry in fs_err::read_dir(&folder).map_err(Failure::system)? {
            let entry = entry.map_err(Failure::system)?;
            let relative = relative.join(entry.file_name());
            match fs_err::metadata(entry.path()) {
                Ok(metadata) if metadata.is_dir() => self.enter(&relative)?,
                Ok(metadata) if metadata.is_file() => self.found.push((relative, Leaf::File)),
                // Pipes and devices have no content.
                Ok(_) => {}
                Err(error)
                    if error.kind() == io::ErrorKind::NotFound
                        && entry.file_type().is_ok_and(|kind| kind.is_symlink()) =>
                {
                    self.found.push((relative, Leaf::LinkToNothing));
                }
                Err(error) => return Err(Failure::system(error)),
            }
        }
        self.above.pop();
        Ok(())
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
