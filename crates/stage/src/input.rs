//! The main input of a stage: one or more shard streams, read one behind the other.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};

use shard::{Header, RawRecord, Reader};

use crate::{Failure, InputDigest};

type Source = Box<dyn Read + Send>;

/// How messages name `-`.
pub(crate) fn name(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

/// Opens a file, or standard input for `-`. A folder or a terminal is refused.
pub(crate) fn open(path: &Path) -> Result<Source, Failure> {
    if path == Path::new("-") {
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

/// The records of several streams, one behind the other, still compressed. Each must have the planes that the
/// stage reads, and all must have the same planes and classes.
pub struct Records {
    port: String,
    waiting: VecDeque<PathBuf>,
    current: Option<(PathBuf, Reader<BufReader<Source>>)>,
    header: Header,
    finished: Vec<InputDigest>,
    read: u64,
}

impl Records {
    pub(crate) fn open(port: &str, paths: &[PathBuf], planes: &[String]) -> Result<Records, Failure> {
        let mut waiting: VecDeque<PathBuf> = paths.iter().cloned().collect();
        let Some(first) = waiting.pop_front() else {
            return Err(Failure::Usage(format!("--{port} needs at least one path")));
        };
        let reader = open_shard(&first, planes)?;
        let header = reader.header().clone();
        // The headers of the others are checked now, so that a wrong last file does not cost a run; a pipe
        // can't be opened twice and is checked when its turn comes.
        for path in waiting.iter().filter(|path| path.is_file()) {
            check_same(&header, &first, open_shard(path, planes)?.header(), path)?;
        }
        Ok(Records {
            port: port.to_owned(),
            waiting,
            current: Some((first, reader)),
            header,
            finished: Vec::new(),
            read: 0,
        })
    }

    /// The header of the streams; its producer is that of the first.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The file that is being read, for messages.
    pub fn file(&self) -> String {
        self.current.as_ref().map_or_else(|| "input".to_owned(), |(path, _)| name(path))
    }

    /// The next record, still compressed; decoding is for the thread that works on it.
    pub fn next_raw(&mut self) -> Option<Result<RawRecord, Failure>> {
        loop {
            let (path, reader) = self.current.as_mut()?;
            match reader.next_raw() {
                Some(Ok(raw)) => {
                    self.read += 1;
                    return Some(Ok(raw));
                }
                Some(Err(error)) => {
                    let failure = Failure::reading(&name(path), error);
                    self.current = None;
                    return Some(Err(failure));
                }
                None => {
                    let digest = reader.digest().map(|digest| digest.to_string()).unwrap_or_default();
                    let path = name(path);
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
        let reader = open_shard(&path, &[])?;
        check_same(&self.header, Path::new("the input before it"), reader.header(), &path)?;
        self.current = Some((path, reader));
        Ok(())
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

fn open_shard(path: &Path, planes: &[String]) -> Result<Reader<BufReader<Source>>, Failure> {
    let input = BufReader::with_capacity(1 << 18, open(path)?);
    let reader = Reader::new(input).map_err(|error| Failure::reading(&name(path), error))?;
    let header = reader.header();
    for plane in planes {
        if header.plane(plane).is_none() {
            let have: Vec<&str> = header.planes.iter().map(|plane| plane.name.as_str()).collect();
            return Err(Failure::data(
                name(path),
                format!(
                    "no plane `{plane}`: it was written by `{}`, whose records have {}; {}",
                    header.producer.stage,
                    if have.is_empty() { "no planes".to_owned() } else { format!("`{}`", have.join("`, `")) },
                    "put a stage that adds it in between (see the stage table of the README)"
                ),
            ));
        }
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
        name(path),
        format!(
            "its {differs} (by `{}`) are not those of {} (by `{}`), so the two can't be read as one stream",
            other.producer.stage,
            name(first),
            header.producer.stage
        ),
    ))
}
