//! The inputs of a running stage: opened, and noted with their digests for the summary.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use shard::program::input_name;

use crate::digest::{self, Digesting};
use crate::input::{Source, Told};
use crate::{Artefact, Content, Failure, InputDigest, Job, Records, input};

/// Bytes that are read from a file at a time.
const READ_AHEAD: usize = 1 << 18;

impl Job {
    /// The paths of the port `in`; `-` where none was given and the stage reads shards or a file.
    pub fn input_paths(&self) -> Result<Vec<PathBuf>, Failure> {
        let paths = self.contract.inputs();
        let port = self.card.inputs.iter().find(|port| port.name == "in");
        let streams = port.is_some_and(|port| {
            port.accepts.iter().any(|artefact| !matches!(artefact, Artefact::Directory { .. }))
        });
        match (paths.is_empty(), port) {
            (false, None) => Err(Failure::Usage(format!("`{}` reads no input", self.card.stage))),
            (true, Some(_)) if streams => Ok(vec![PathBuf::from("-")]),
            (true, Some(_)) => {
                Err(Failure::Usage("which folder to read is missing: give IN or --in PATH".to_owned()))
            }
            _ => Ok(paths),
        }
    }

    /// The records of the port `in`: all its streams one behind the other, with the planes checked.
    pub fn records(&self) -> Result<Records, Failure> {
        self.records_of("in", &self.input_paths()?)
    }

    /// The records of another port, whose flag the stage parsed itself.
    pub fn records_of(&self, port: &str, paths: &[PathBuf]) -> Result<Records, Failure> {
        Records::open(port, paths, &self.accepted(port))
    }

    /// What is at a path of a port that accepts both shards and files, told by its content.
    pub fn open(&mut self, port: &str, path: &Path) -> Result<Content, Failure> {
        self.open_with(port, path, |input| {
            let mut bytes = Vec::new();
            input.read_to_end(&mut bytes).map_err(|error| Failure::io(input_name(path), error))?;
            Ok(bytes)
        })
    }

    /// The same, where `read` takes what is no shard, so that none of it need be held.
    pub fn open_with<T>(
        &mut self,
        port: &str,
        path: &Path,
        read: impl FnOnce(&mut dyn BufRead) -> Result<T, Failure>,
    ) -> Result<Content<T>, Failure> {
        match input::tell(path)? {
            Told::Shard(source) => {
                let records = Records::begin(port, path, source, &self.accepted(port))?;
                Ok(Content::Shard(Box::new(records)))
            }
            Told::File(source) => self.read_source(port, path, source, read).map(Content::File),
        }
    }

    fn accepted(&self, port: &str) -> Vec<&[String]> {
        let port = self.card.inputs.iter().find(|known| known.name == port);
        port.map_or_else(Vec::new, |port| input::accepted(&port.accepts))
    }

    /// Notes that a stream was read to its end, for the summary. [`Job::each`] does it by itself.
    pub fn done_reading(&mut self, records: Records) {
        let left_out = records.left_out();
        if left_out > 0 {
            self.count("records left out", left_out);
            self.note(&format!("{left_out} records behind the first {} are left out", records.limit()));
        }
        let (digests, read) = records.into_digests();
        self.inputs.extend(digests);
        self.records.read += read;
    }

    /// The whole content of a file, or of standard input for `-`, noted as an input of `port`.
    pub fn read_file(&mut self, port: &str, path: &Path) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        input::open(path)?.read_to_end(&mut bytes).map_err(|error| Failure::io(input_name(path), error))?;
        self.note_input(port, path, digest::of_bytes(&bytes));
        Ok(bytes)
    }

    /// Gives `read` the content of a file from its first byte on, and notes all of it as an input of `port`, also what
    /// `read` leaves.
    pub fn read_through<T>(
        &mut self,
        port: &str,
        path: &Path,
        read: impl FnOnce(&mut dyn BufRead) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.read_source(port, path, input::open(path)?, read)
    }

    fn read_source<T>(
        &mut self,
        port: &str,
        path: &Path,
        source: Source,
        read: impl FnOnce(&mut dyn BufRead) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut digesting = Digesting::new(source);
        let mut buffered = BufReader::with_capacity(READ_AHEAD, &mut digesting);
        let value = read(&mut buffered)?;
        io::copy(&mut buffered, &mut io::sink()).map_err(|error| Failure::io(input_name(path), error))?;
        let (_, digest) = digesting.end();
        self.note_input(port, path, digest);
        Ok(value)
    }

    /// Notes a folder that was read as an input of `port`, and gives its digest. Links count as what they lead to.
    pub fn note_folder(&mut self, port: &str, path: &Path) -> Result<String, Failure> {
        let digest = digest::of_folder(path)?;
        self.note_input(port, path, digest.clone());
        Ok(digest)
    }

    /// Notes a file among the inputs; its digest.
    pub fn note_file(&mut self, port: &str, path: &Path) -> Result<String, Failure> {
        let mut digesting = Digesting::new(input::open(path)?);
        io::copy(&mut digesting, &mut io::sink()).map_err(|error| Failure::io(input_name(path), error))?;
        let (_, digest) = digesting.end();
        self.note_input(port, path, digest.clone());
        Ok(digest)
    }

    /// Notes an input that the stage read, and digested, itself.
    pub fn note_input(&mut self, port: &str, path: &Path, digest: String) {
        self.inputs.push(InputDigest { port: port.to_owned(), path: input_name(path), digest });
    }
}
