//! The output of a running stage: a stream of records, a text or a folder.

use std::io::Write;
use std::path::{Path, PathBuf};

use shard::program::is_standard;
use shard::{Header, Producer, RawRecord, Record};

use crate::output::Opened;
use crate::{Failure, Job, Output, output};

impl Job {
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
        self.opened = Some(Opened::shard(self.out_stream(), header)?);
        Ok(())
    }

    /// Writes a record to the output.
    pub fn push(&mut self, record: &Record) -> Result<(), Failure> {
        let raw = RawRecord::encode(record).map_err(Failure::writing)?;
        self.push_raw(&raw)
    }

    /// Writes a record that a worker thread compressed already.
    pub fn push_raw(&mut self, raw: &RawRecord) -> Result<(), Failure> {
        let Some(Opened::Shard(writer)) = &mut self.opened else {
            return Err(Failure::Internal("a record was pushed before the output was created".to_owned()));
        };
        writer.push_raw(raw).map_err(Failure::writing)?;
        self.records.written += 1;
        Ok(())
    }

    /// A text output (`--out`, or standard output), whose errors name it. The contract makes it appear.
    pub fn text(&mut self) -> Result<&mut dyn Write, Failure> {
        if self.opened.is_none() {
            self.opened = Some(Opened::text(self.out_stream())?);
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

    fn open_directory(&mut self, resume: bool) -> Result<PathBuf, Failure> {
        if self.writes_to_stdout() {
            return Err(Failure::Usage("this stage writes a folder: give --out PATH".to_owned()));
        }
        let folder = output::folder(self.out_stream(), resume, self.contract.replace)?;
        let growing = folder.growing().to_owned();
        self.opened = Some(Opened::Folder(folder));
        Ok(growing)
    }

    /// Whether the output goes to standard output. A stage whose output is a folder may then write a text instead.
    pub fn writes_to_stdout(&self) -> bool {
        is_standard(self.out_stream())
    }

    fn out_stream(&self) -> &Path {
        self.contract.out.as_deref().unwrap_or(Path::new("-"))
    }
}
