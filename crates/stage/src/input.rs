//! The main input of a stage: one or more shard streams, read one behind the other.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};

use shard::format::HEADER_FRAME;
use shard::program::{input_name, is_standard};
use shard::{Header, RawRecord, Reader};

use crate::{Artefact, Failure, InputDigest};

pub(crate) type Source = Box<dyn Read + Send>;

/// Whether there is a file at `path` that can be read more than once, unlike standard input (`-`, whatever lies in the
/// folder under that name) and pipes.
pub fn is_on_disk(path: &Path) -> bool {
    !is_standard(path) && path.is_file()
}

/// Opens a file, or standard input for `-`. A folder or a terminal is refused.
pub(crate) fn open(path: &Path) -> Result<Source, Failure> {
    if is_standard(path) {
        if io::stdin().is_terminal() {
            return Err(Failure::Usage(
                "standard input is a terminal: give --in PATH, or pipe a shard in".to_owned(),
            ));
        }
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).map_err(|error| Failure::io(path, error))?;
    if file.metadata().is_ok_and(|data| data.is_dir()) {
        return Err(Failure::data(path.display(), "is a folder; a shard file was expected"));
    }
    Ok(Box::new(file))
}

/// What was found at a path that may hold either.
pub enum Content<T = Vec<u8>> {
    /// A stream of records.
    Shard(Box<Records>),
    /// What was read of anything else; all of its bytes, unless the stage reads it itself.
    File(T),
}

/// What is at a path, told by its first bytes and to be read from them on.
pub(crate) enum Told {
    Shard(Source),
    File(Source),
}

/// Whether the file at `path`, which is no pipe, begins as a stream of records does.
pub fn holds_records(path: &Path) -> Result<bool, Failure> {
    let mut bytes = Vec::new();
    let magic = HEADER_FRAME.to_le_bytes();
    let read = open(path)?.take(magic.len() as u64).read_to_end(&mut bytes);
    read.map_err(|error| Failure::io(path, error))?;
    Ok(bytes == magic)
}

/// The alternatives of planes that a port accepts; none where it accepts no shards.
pub(crate) fn accepted(artefacts: &[Artefact]) -> Vec<&[String]> {
    let shards = artefacts.iter().filter_map(|artefact| match artefact {
        Artefact::Shard { planes } => Some(planes.as_slice()),
        _ => None,
    });
    shards.collect()
}

/// The records of several streams, one behind the other, still compressed. Each must have the planes that the
/// stage reads, and all must have the same planes and classes.
pub struct Records {
    port: String,
    waiting: VecDeque<PathBuf>,
    current: Option<(PathBuf, Reader<BufReader<Source>>)>,
    header: Header,
    finished: Vec<InputDigest>,
    read: u64,
    limit: u64,
}

impl Records {
    /// Opens the streams at `paths`, whose records have all planes of one of the `alternatives`.
    pub(crate) fn open(
        port: &str,
        paths: &[PathBuf],
        alternatives: &[&[String]],
    ) -> Result<Records, Failure> {
        let Some((first, others)) = paths.split_first() else {
            return Err(Failure::Usage(format!("--{port} needs at least one path")));
        };
        let mut records = Records::begin(port, first, open(first)?, alternatives)?;
        // The headers of the others are checked now, so that a wrong last file does not cost a run; a pipe
        // can't be opened twice and is checked when its turn comes.
        for path in others.iter().filter(|path| is_on_disk(path)) {
            let other = open_shard(path, open(path)?, alternatives)?;
            check_same(&records.header, first, other.header(), path)?;
        }
        records.waiting = others.iter().cloned().collect();
        Ok(records)
    }

    pub(crate) fn begin(
        port: &str,
        path: &Path,
        source: Source,
        alternatives: &[&[String]],
    ) -> Result<Records, Failure> {
        let reader = open_shard(path, source, alternatives)?;
        Ok(Records {
            port: port.to_owned(),
            waiting: VecDeque::new(),
            header: reader.header().clone(),
            current: Some((path.to_owned(), reader)),
            finished: Vec::new(),
            read: 0,
            limit: u64::MAX,
        })
    }

    /// Only the first `limit` records. What follows is still read and checked, so that the digest is that of the
    /// whole input and its writer can finish; how much that was is said and counted.
    pub fn first(mut self, limit: u64) -> Records {
        self.limit = limit;
        self
    }

    /// The header of the streams; its producer is that of the first.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The file that is being read, for messages.
    pub fn file(&self) -> String {
        self.current.as_ref().map_or_else(|| "input".to_owned(), |(path, _)| input_name(path))
    }

    /// The next record, still compressed; decoding is for the thread that works on it.
    pub fn next_raw(&mut self) -> Option<Result<RawRecord, Failure>> {
        loop {
            let (path, reader) = self.current.as_mut()?;
            match reader.next_raw() {
                Some(Ok(raw)) => {
                    self.read += 1;
                    if self.read > self.limit {
                        continue;
                    }
                    return Some(Ok(raw));
                }
                Some(Err(error)) => {
                    let failure = Failure::reading(&input_name(path), error);
                    self.current = None;
                    return Some(Err(failure));
                }
                None => {
                    let digest =
                        reader.digest().expect("a stream without an error was read to its end").to_string();
                    let path = input_name(path);
                    self.finished.push(InputDigest { port: self.port.clone(), path, digest });
                    self.current = None;
                    let next = self.waiting.pop_front()?;
                    match self.follow(next) {
                        Ok(()) => {}
                        Err(failure) => return Some(Err(failure)),
                    }
                }
            }
        }
    }

    fn follow(&mut self, path: PathBuf) -> Result<(), Failure> {
        let reader = open_shard(&path, open(&path)?, &[])?;
        check_same(&self.header, Path::new("the input before it"), reader.header(), &path)?;
        self.current = Some((path, reader));
        Ok(())
    }

    /// How many records are wanted at most.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// How many records behind them were left out.
    pub(crate) fn left_out(&self) -> u64 {
        self.read.saturating_sub(self.limit)
    }

    pub(crate) fn into_digests(self) -> (Vec<InputDigest>, u64) {
        (self.finished, self.read)
    }
}

impl Iterator for Records {
    type Item = Result<(String, RawRecord), Failure>;

    /// The next record with the name of the file it is from.
    fn next(&mut self) -> Option<Self::Item> {
        let raw = self.next_raw()?;
        Some(raw.map(|raw| (self.file(), raw)))
    }
}

/// Tells a stream of records from anything else by its first bytes.
pub(crate) fn tell(path: &Path) -> Result<Told, Failure> {
    let mut source = open(path)?;
    let mut bytes = Vec::new();
    let magic = HEADER_FRAME.to_le_bytes();
    let read = source.by_ref().take(magic.len() as u64).read_to_end(&mut bytes);
    read.map_err(|error| Failure::io(input_name(path), error))?;
    let holds_records = bytes == magic;
    let source = Box::new(io::Cursor::new(bytes).chain(source));
    Ok(if holds_records { Told::Shard(source) } else { Told::File(source) })
}

/// Opens a stream whose records have all planes of one of the `alternatives`, if there are any.
fn open_shard(
    path: &Path,
    source: Source,
    alternatives: &[&[String]],
) -> Result<Reader<BufReader<Source>>, Failure> {
    let reader = Reader::new(BufReader::with_capacity(1 << 18, source))
        .map_err(|error| Failure::reading(&input_name(path), error))?;
    let header = reader.header();
    let missing: Vec<&str> = alternatives
        .iter()
        .filter_map(|planes| planes.iter().find(|plane| header.plane(plane).is_none()))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() && missing.len() == alternatives.len() {
        let have: Vec<&str> = header.planes.iter().map(|plane| plane.name.as_str()).collect();
        return Err(Failure::data(
            input_name(path),
            format!(
                "no plane `{}`: it was written by `{}`, whose records have {}; {}",
                missing.join("` or `"),
                header.producer.stage,
                if have.is_empty() { "no planes".to_owned() } else { format!("`{}`", have.join("`, `")) },
                "put a stage that adds it in between (see the stage table of the README)"
            ),
        ));
    }
    Ok(reader)
}

fn check_same(header: &Header, first: &Path, other: &Header, path: &Path) -> Result<(), Failure> {
    let differs = if header.planes != other.planes {
        "planes"
    } else if header.classes != other.classes {
        "classes"
    } else {
        return Ok(());
    };
    Err(Failure::data(
        input_name(path),
        format!(
            "its {differs} (by `{}`) are not those of {} (by `{}`), so the two can't be read as one stream",
            other.producer.stage,
            input_name(first),
            header.producer.stage
        ),
    ))
}
