//! The output of a stage: it appears under its name only when it is whole.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use shard::{Header, Partial, Writer};
use xxhash_rust::xxh3::Xxh3;

use crate::Failure;

/// `path` with `.partial` behind it: where an output grows until it is whole.
pub(crate) fn partial(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".partial");
    PathBuf::from(name)
}

/// Where bytes go: a file that is still `.partial`, or a stream.
pub(crate) enum Sink {
    File(Partial),
    Stream(BufWriter<Box<dyn Write>>),
}

impl Sink {
    /// Creates `<path>.partial`, or takes standard output for `-`; `binary` data is refused on a terminal. What is
    /// no regular file, such as `/dev/null` or a named pipe, is written to as it is.
    pub(crate) fn open(path: &Path, binary: bool) -> Result<Sink, Failure> {
        let stream = |output: Box<dyn Write>| Sink::Stream(BufWriter::with_capacity(1 << 18, output));
        if path == Path::new("-") {
            if binary && io::stdout().is_terminal() {
                return Err(Failure::Usage(
                    "binary data is not written to a terminal: give --out PATH, or pipe into a stage"
                        .to_owned(),
                ));
            }
            return Ok(stream(Box::new(io::stdout())));
        }
        if fs::metadata(path).is_ok_and(|data| !data.is_file() && !data.is_dir()) {
            let file = File::options().write(true).open(path).map_err(|error| Failure::io(path, error))?;
            return Ok(stream(Box::new(file)));
        }
        match Partial::create(path) {
            Ok(partial) => Ok(Sink::File(partial)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(Failure::TryAgain(error.to_string()))
            }
            Err(error) => Err(Failure::io(path, error)),
        }
    }

    /// Makes the output appear.
    pub(crate) fn commit(self) -> Result<(), Failure> {
        match self {
            Sink::Stream(mut output) => output.flush().map_err(|error| Failure::io("standard output", error)),
            Sink::File(partial) => {
                let path = partial.path().to_owned();
                partial.commit().map_err(|error| Failure::io(path, error))
            }
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::File(file) => file.write(bytes),
            Sink::Stream(output) => output.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::File(file) => file.flush(),
            Sink::Stream(output) => output.flush(),
        }
    }
}

/// Text with the digest of what was written.
pub(crate) struct Text {
    sink: Sink,
    digest: Xxh3,
}

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// What the stage has opened.
pub(crate) enum Opened {
    Shard(Box<Writer<Sink>>),
    Text(Box<Text>),
    Directory { path: PathBuf, keep: bool },
}

impl Opened {
    pub(crate) fn shard(path: &Path, header: Header) -> Result<Opened, Failure> {
        let writer = Writer::new(Sink::open(path, true)?, header)
            .map_err(|error| Failure::writing(&path.display().to_string(), error))?;
        Ok(Opened::Shard(Box::new(writer)))
    }

    pub(crate) fn text(path: &Path) -> Result<Opened, Failure> {
        Ok(Opened::Text(Box::new(Text { sink: Sink::open(path, false)?, digest: Xxh3::new() })))
    }

    /// Creates `<path>.partial/`. What an earlier run left there is removed, unless `keep` asks to go on from it.
    pub(crate) fn directory(path: &Path, keep: bool, replace: bool) -> Result<Opened, Failure> {
        let occupied = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
        if (occupied || path.is_file()) && !replace {
            return Err(Failure::Usage(format!(
                "{} exists already: give another --out, or --replace to have it replaced",
                path.display()
            )));
        }
        let growing = partial(path);
        if growing.exists() && !keep {
            fs::remove_dir_all(&growing).map_err(|error| Failure::io(&growing, error))?;
        }
        fs::create_dir_all(&growing).map_err(|error| Failure::io(&growing, error))?;
        Ok(Opened::Directory { path: path.to_owned(), keep })
    }

    /// Makes the output appear and gives its digest.
    pub(crate) fn commit(self) -> Result<String, Failure> {
        match self {
            Opened::Shard(writer) => {
                let (sink, digest) = writer.finish().map_err(|error| Failure::writing("output", error))?;
                sink.commit()?;
                Ok(digest.to_string())
            }
            Opened::Text(text) => {
                let Text { sink, digest } = *text;
                sink.commit()?;
                Ok(format!("xxh3:{:032x}", digest.digest128()))
            }
            Opened::Directory { path, .. } => {
                let growing = partial(&path);
                let whole = || -> io::Result<String> {
                    let digest = digest_of_folder(&growing, true)?;
                    if path.is_dir() {
                        fs::remove_dir_all(&path)?;
                    } else if path.exists() {
                        fs::remove_file(&path)?;
                    }
                    fs::rename(&growing, &path)?;
                    sync_folder_of(&path)?;
                    Ok(digest)
                };
                whole().map_err(|error| Failure::io(&path, error))
            }
        }
    }

    /// Leaves nothing behind, but for a folder that a later run can go on from.
    pub(crate) fn discard(self) {
        match self {
            // Dropping a partial file removes it;
            Opened::Shard(_) | Opened::Text(_) | Opened::Directory { keep: true, .. } => {}
            Opened::Directory { path, keep: false } => {
                let _ = fs::remove_dir_all(partial(&path));
            }
        }
    }
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

/// xxh3-128 over the relative paths and contents of all files below `root`, in sorted order; with `sync` each
/// file is also flushed to the disk.
pub(crate) fn digest_of_folder(root: &Path, sync: bool) -> io::Result<String> {
    let mut digest = Xxh3::new();
    let mut stack = vec![root.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = stack.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            // `metadata` follows links: a link's content counts, and a link to a folder is not walked twice.
            if entry.file_type()?.is_dir() {
                stack.push(entry.path());
            } else if entry.metadata()?.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    for path in files {
        let relative = path.strip_prefix(root).unwrap_or(&path);
        digest.update(relative.as_os_str().as_encoded_bytes());
        let mut file = File::open(&path)?;
        let mut content = Xxh3::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match io::Read::read(&mut file, &mut buffer)? {
                0 => break,
                length => content.update(&buffer[..length]),
            }
        }
        digest.update(&content.digest128().to_le_bytes());
        if sync {
            file.sync_all()?;
        }
    }
    Ok(format!("xxh3:{:032x}", digest.digest128()))
}
