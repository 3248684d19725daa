//! The output of a program: a file, standard output, or a device.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use partial::{Existing, PartialFile};

use super::{is_standard, output_name};

/// What a program says that would write a stream of records to a terminal.
pub const NOT_TO_A_TERMINAL: &str =
    "binary data is not written to a terminal: give --out PATH, or pipe it into a program that reads it";

/// How much of a stream is written at once.
const BUFFER: usize = 256 << 10;

/// Where bytes go: a file that appears when it is whole, standard output for `-`, or what is no regular file, such as
/// `/dev/null` or a named pipe, as it is. Every error names it.
pub struct Sink {
    name: String,
    target: Target,
}

enum Target {
    File(PartialFile),
    Stream { output: BufWriter<Box<dyn Write>>, terminal: bool },
}

impl Sink {
    /// Begins a file in the place of one that may be there, or opens a stream. Fails with
    /// [`io::ErrorKind::WouldBlock`] where another process writes the file, and with [`io::ErrorKind::AlreadyExists`]
    /// where a folder has its name.
    pub fn open(path: &Path) -> io::Result<Sink> {
        let stream = |output: Box<dyn Write>, terminal| Target::Stream {
            output: BufWriter::with_capacity(BUFFER, output),
            terminal,
        };
        let target = if is_standard(path) {
            stream(Box::new(io::stdout()), io::stdout().is_terminal())
        } else if path.metadata().is_ok_and(|data| !data.is_file() && !data.is_dir()) {
            let device = fs_err::OpenOptions::new().write(true).open(path)?;
            let terminal = device.file().is_terminal();
            stream(Box::new(device.into_file()), terminal)
        } else {
            Target::File(PartialFile::create(path, Existing::Replace)?)
        };
        Ok(Sink { name: output_name(path), target })
    }

    /// The name for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a person would read what is written.
    pub fn is_terminal(&self) -> bool {
        matches!(self.target, Target::Stream { terminal: true, .. })
    }

    /// Makes the file durable and gives it its name; flushes a stream. A file that is dropped before that is removed.
    pub fn commit(self) -> io::Result<()> {
        match self.target {
            Target::File(file) => file.commit(),
            Target::Stream { mut output, .. } => output.flush().map_err(|error| named(&self.name, error)),
        }
    }
}

fn named(name: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{name}: {error}"))
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.target {
            Target::File(file) => file.write(bytes),
            Target::Stream { output, .. } => output.write(bytes),
        };
        written.map_err(|error| match error.kind() {
            // Whoever asks again is not told of it.
            io::ErrorKind::Interrupted => error,
            _ => named(&self.name, error),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = match &mut self.target {
            Target::File(file) => file.flush(),
            Target::Stream { output, .. } => output.flush(),
        };
        flushed.map_err(|error| named(&self.name, error))
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sink").field(&self.name).finish()
    }
}
