//! An output: a shard that appears under its name when it is whole, or standard output.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use shard::{Header, Partial, RawRecord, Writer};

use super::failure::Failure;

/// A shard that is written.
pub(crate) struct Output {
    writer: Writer<Sink>,
    name: String,
}

enum Sink {
    File(Partial),
    Stdout(BufWriter<io::StdoutLock<'static>>),
}

impl Output {
    /// Begins the shard at `path`, or on standard output for `-`, which must not be a terminal.
    pub(crate) fn create(path: &Path, header: Header) -> Result<Output, Failure> {
        let name = match path == Path::new("-") {
            true => "standard output".to_owned(),
            false => path.display().to_string(),
        };
        let sink = Sink::open(path).map_err(|error| Failure::writing(&name, error))?;
        if matches!(sink, Sink::Stdout(_)) && io::stdout().is_terminal() {
            let words = "a shard is not written to a terminal: give --out PATH, or pipe it into a program";
            return Err(Failure::Usage(words.to_owned()));
        }
        let writer = Writer::new(sink, header).map_err(|error| Failure::writing(&name, error))?;
        Ok(Output { writer, name })
    }

    /// The header that was written.
    pub(crate) fn header(&self) -> &Header {
        self.writer.header()
    }

    /// Copies a record that was read from `source`.
    pub(crate) fn push(&mut self, record: &RawRecord, source: &str) -> Result<(), Failure> {
        self.writer.push_raw(record).map_err(|error| match error {
            shard::Error::Io(_) => Failure::writing(&self.name, error),
            error => Failure::reading(source, error),
        })
    }

    /// Ends the shard and makes it appear.
    pub(crate) fn commit(self) -> Result<(), Failure> {
        let fault = |error| Failure::writing(&self.name, error);
        match self.writer.finish().map_err(fault)? {
            (Sink::File(partial), _) => partial.commit().map_err(|error| fault(error.into())),
            (Sink::Stdout(_), _) => Ok(()),
        }
    }
}

impl Sink {
    fn open(path: &Path) -> io::Result<Sink> {
        match path == Path::new("-") {
            true => Ok(Sink::Stdout(BufWriter::new(io::stdout().lock()))),
            false => Partial::create(path).map(Sink::File),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::File(partial) => partial.write(bytes),
            Sink::Stdout(stdout) => stdout.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::File(partial) => partial.flush(),
            Sink::Stdout(stdout) => stdout.flush(),
        }
    }
}
