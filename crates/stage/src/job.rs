//! What a running stage works with: its inputs, its output, its counts.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use shard::{Header, Producer, RawRecord, Record};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::output::{Opened, digest_of_folder, partial};
use crate::progress::Progress;
use crate::summary::peak_memory;
use crate::{
    Artefact, Card, Content, Contract, Failure, InputDigest, Output, Reason, RecordCounts, Records, Skipped,
    Summary, input,
};

/// A running stage.
pub struct Job {
    card: Card,
    contract: Contract,
    threads: usize,
    progress: Progress,
    opened: Option<Opened>,
    inputs: Vec<InputDigest>,
    records: RecordCounts,
    counts: std::collections::BTreeMap<String, u64>,
    notes: Vec<String>,
}

impl Job {
    pub(crate) fn new(card: Card, contract: Contract) -> Result<Job, Failure> {
        let threads = match contract.threads {
            Some(threads) => usize::from(threads),
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .map_err(|error| Failure::Internal(error.to_string()))?;
        let progress = Progress::new(&card.stage, contract.progress);
        Ok(Job {
            card,
            contract,
            threads,
            progress,
            opened: None,
            inputs: Vec::new(),
            records: RecordCounts::default(),
            counts: Default::default(),
            notes: Vec::new(),
        })
    }

    /// `--seed`.
    pub fn seed(&self) -> u64 {
        self.contract.seed
    }

    /// Whether `--replace` lets the output take the place of what is there.
    pub fn replaces(&self) -> bool {
        self.contract.replace
    }

    /// How many threads to use; rayon's global pool has as many.
    pub fn threads(&self) -> usize {
        self.threads
    }

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
        let content = Content::open(port, path, &self.accepted(port))?;
        if let Content::File(bytes) = &content {
            self.note_input(port, path, digest_of_file(bytes));
        }
        Ok(content)
    }

    fn accepted(&self, port: &str) -> Vec<&[String]> {
        let port = self.card.inputs.iter().find(|known| known.name == port);
        port.map_or_else(Vec::new, |port| input::accepted(&port.accepts))
    }

    /// Notes that a stream was read to its end, for the summary. [`Job::each`] does it by itself.
    pub fn done_reading(&mut self, records: Records) {
        let (digests, read) = records.into_digests();
        self.inputs.extend(digests);
        self.records.read += read;
    }

    /// The whole content of a file, or of standard input for `-`, noted as an input of `port`.
    pub fn read_file(&mut self, port: &str, path: &Path) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        input::open(path)?.read_to_end(&mut bytes).map_err(|error| Failure::io(path, error))?;
        self.note_input(port, path, digest_of_file(&bytes));
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
        let mut digesting = Digesting { input: input::open(path)?, hasher: Xxh3::new() };
        let mut buffered = BufReader::with_capacity(READ_AHEAD, &mut digesting);
        let value = read(&mut buffered)?;
        io::copy(&mut buffered, &mut io::sink()).map_err(|error| Failure::io(path, error))?;
        self.note_input(port, path, format!("xxh3:{:032x}", digesting.hasher.digest128()));
        Ok(value)
    }

    /// Notes a folder that was read as an input of `port`, and gives its digest.
    pub fn note_folder(&mut self, port: &str, path: &Path) -> Result<String, Failure> {
        let digest = digest_of_folder(path, false).map_err(|error| Failure::io(path, error))?;
        self.note_input(port, path, digest.clone());
        Ok(digest)
    }

    /// Notes a file among the inputs; its digest.
    pub fn note_file(&mut self, port: &str, path: &Path) -> Result<String, Failure> {
        let digest = digest_of_file(&fs::read(path).map_err(|error| Failure::io(path, error))?);
        self.note_input(port, path, digest.clone());
        Ok(digest)
    }

    /// Notes an input that the stage read, and digested, itself.
    pub fn note_input(&mut self, port: &str, path: &Path, digest: String) {
        self.inputs.push(InputDigest { port: port.to_owned(), path: input::name(path), digest });
    }

    /// The header of the output where `input` goes in: planes as the card says, classes and attributes of the
    /// input. Stages add to it before they call [`Job::create`].
    pub fn header_after(&self, input: Option<&Header>) -> Header {
        Header {
            producer: Producer { stage: self.card.stage.clone(), version: self.card.version.clone() },
            planes: self.card.output.resolve(input.map_or(&[], |header| &header.planes)),
            classes: input.map_or_else(Vec::new, |header| header.classes.clone()),
            attributes: input.map_or_else(Default::default, |header| header.attributes.clone()),
        }
    }

    /// Opens the output stream. Records follow by [`Job::push`]; the contract ends it.
    pub fn create(&mut self, header: Header) -> Result<(), Failure> {
        debug_assert!(matches!(self.card.output, Output::Shard { .. }));
        self.opened = Some(Opened::shard(&self.out_stream(), header)?);
        Ok(())
    }

    /// Writes a record to the output.
    pub fn push(&mut self, record: &Record) -> Result<(), Failure> {
        let raw = RawRecord::encode(record).map_err(|error| Failure::writing("output", error))?;
        self.push_raw(&raw)
    }

    /// Writes a record that a worker thread compressed already.
    pub fn push_raw(&mut self, raw: &RawRecord) -> Result<(), Failure> {
        let Some(Opened::Shard(writer)) = &mut self.opened else {
            return Err(Failure::Internal("a record was pushed before the output was created".to_owned()));
        };
        writer.push_raw(raw).map_err(|error| Failure::writing("output", error))?;
        self.records.written += 1;
        Ok(())
    }

    /// The loop of most stages: decodes each record of `records`, calls `work` on rayon's threads, writes what
    /// comes back, in order. A record that `work` refuses ends the stage with 65, or is skipped and counted
    /// where `--skip-bad` allows it. Call [`Job::create`] first.
    pub fn each(
        &mut self,
        records: Records,
        work: impl Fn(Record) -> Result<Vec<Record>, Reason> + Sync,
    ) -> Result<(), Failure> {
        self.each_with(
            records,
            |record| {
                let encode = |record: Record| RawRecord::encode(&record).map_err(Reason::from);
                work(record)?.into_iter().map(encode).collect::<Result<Vec<RawRecord>, Reason>>()
            },
            |job, raws| raws.iter().try_for_each(|raw| job.push_raw(raw)),
        )
    }

    /// As [`Job::each`], with any kind of result, which `sink` takes in order on this thread.
    pub fn each_with<T: Send>(
        &mut self,
        mut records: Records,
        work: impl Fn(Record) -> Result<T, Reason> + Sync,
        mut sink: impl FnMut(&mut Job, T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let in_flight = self.threads * 2;
        shard::ordered::map(
            &mut records,
            in_flight,
            |(file, raw): (String, RawRecord)| {
                let key = raw.key().to_owned();
                let done = match raw.decode() {
                    // A checksum that fails is a fault of the stream, but of this record alone.
                    Err(shard::Error::Io(source)) => return Err(Failure::Io { what: file, source }),
                    Err(error) => Err(Reason::from(error)),
                    Ok(record) => work(record),
                };
                Ok((file, key, done))
            },
            |(file, key, done)| {
                self.progress.advance(1);
                match done {
                    Ok(value) => sink(self, value),
                    Err(reason) => self.skip(&file, &key, reason),
                }
            },
        )?;
        self.done_reading(records);
        Ok(())
    }

    /// Passes over something that can't be read, where `--skip-bad` allows one more; else fails with 65.
    pub fn skip(&mut self, file: &str, record: &str, reason: impl Into<Reason>) -> Result<(), Failure> {
        let reason = reason.into().to_string();
        if self.records.skipped.len() >= self.contract.skip_bad {
            return Err(Failure::record(file, record, reason));
        }
        self.warn(&format!("skipped {file}: record {record}: {reason}"));
        self.records.skipped.push(Skipped { file: file.to_owned(), record: record.to_owned(), reason });
        Ok(())
    }

    /// A text output (`--out`, or standard output). The contract makes it appear.
    pub fn text(&mut self) -> Result<&mut dyn Write, Failure> {
        if self.opened.is_none() {
            self.opened = Some(Opened::text(&self.out_stream())?);
        }
        match &mut self.opened {
            Some(Opened::Text(text)) => Ok(text),
            _ => Err(Failure::Internal("text was asked of an output of another kind".to_owned())),
        }
    }

    /// A folder to write the output into; the contract renames it to `--out` when the stage is done.
    pub fn directory(&mut self) -> Result<PathBuf, Failure> {
        self.open_directory(false)
    }

    /// As [`Job::directory`], but what an interrupted run left in it is still there, and stays if this run fails.
    pub fn directory_to_resume(&mut self) -> Result<PathBuf, Failure> {
        self.open_directory(true)
    }

    fn open_directory(&mut self, keep: bool) -> Result<PathBuf, Failure> {
        let out = match &self.contract.out {
            Some(out) if out != Path::new("-") => out.clone(),
            _ => return Err(Failure::Usage("this stage writes a folder: give --out PATH".to_owned())),
        };
        self.opened = Some(Opened::directory(&out, keep, self.contract.replace)?);
        Ok(partial(&out))
    }

    /// Whether the output goes to standard output. A stage whose output is a folder may then write a text instead.
    pub fn writes_to_stdout(&self) -> bool {
        self.out_stream() == Path::new("-")
    }

    fn out_stream(&self) -> PathBuf {
        self.contract.out.clone().unwrap_or_else(|| PathBuf::from("-"))
    }

    /// Adds to a count of the summary.
    pub fn count(&mut self, what: &str, by: u64) {
        *self.counts.entry(what.to_owned()).or_default() += by;
    }

    /// Counts things read that are no records, such as image files.
    pub fn count_read(&mut self, by: u64) {
        self.records.read += by;
    }

    /// Counts things written that are no records, such as pictures.
    pub fn count_written(&mut self, by: u64) {
        self.records.written += by;
    }

    /// Says something on standard error and in the summary.
    pub fn note(&mut self, text: &str) {
        self.progress.warn(text);
        self.notes.push(text.to_owned());
    }

    /// Says what is doubtful about a record: on standard error for the first few, and in the summary's count.
    pub fn doubt(&mut self, record: &str, text: &str) {
        const DOUBTS: &str = "doubtful records";
        self.count(DOUBTS, 1);
        match self.counts[DOUBTS] {
            1..=5 => self.warn(&format!("record {record}: {text}")),
            6 => self.warn("more records are doubtful; the summary counts them"),
            _ => {}
        }
    }

    /// Says something on standard error.
    pub fn warn(&self, text: &str) {
        self.progress.warn(text);
    }

    /// How many units of work there are.
    pub fn total(&mut self, total: u64) {
        self.progress.total(total);
    }

    /// So many units more are done. [`Job::each`] does it by itself.
    pub fn advance(&mut self, by: u64) {
        self.progress.advance(by);
    }

    /// What is going on, such as the validation Dice of an epoch.
    pub fn message(&mut self, text: &str) {
        self.progress.message(text);
    }

    pub(crate) fn finish(mut self, arguments: serde_json::Value, start: Instant) -> Result<(), Failure> {
        let output_digest = match self.opened.take() {
            Some(opened) => opened.commit()?,
            None => String::new(),
        };
        self.progress.finish();
        let Some(path) = &self.contract.summary else { return Ok(()) };
        let summary = Summary {
            stage: self.card.stage,
            version: self.card.version,
            arguments,
            seed: self.contract.seed,
            threads: self.threads,
            inputs: self.inputs,
            output_digest,
            records: self.records,
            counts: self.counts,
            notes: self.notes,
            wall_seconds: start.elapsed().as_secs_f64(),
            peak_memory_bytes: peak_memory(),
        };
        let mut text =
            serde_json::to_string_pretty(&summary).map_err(|error| Failure::Internal(error.to_string()))?;
        text.push('\n');
        fs::write(partial(path), text)
            .and_then(|()| fs::rename(partial(path), path))
            .map_err(|error| Failure::io(path, error))
    }

    pub(crate) fn discard(self) {
        if let Some(opened) = self.opened {
            opened.discard();
        }
    }
}

/// Bytes that are read from a file at a time.
const READ_AHEAD: usize = 1 << 18;

/// Digests what is read.
struct Digesting<R> {
    input: R,
    hasher: Xxh3,
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }
}

fn digest_of_file(bytes: &[u8]) -> String {
    format!("xxh3:{:032x}", xxh3_128(bytes))
}
