//! Beside (a left join): the records of a stream, each with what another input has of it.

use std::path::{Path, PathBuf};

use bones::Size;
use shard::Record;
use stage::{Failure, Job, Reason, Records};

use crate::input::{Input, Member, check_standard_input, stored};

/// Another input, whose records are read beside those of a stream. It is not held: a shard or a submission in a file is
/// read where it is needed, and a pipe must have its records in the order of the stream.
pub struct Beside {
    other: Input,
}

/// One record, and what the other input has of it.
struct Pair {
    file: String,
    head: Record,
    record: Member,
    other: Option<Member>,
}

impl Beside {
    /// Opens it, of the port `port` at `path`.
    pub fn open(job: &mut Job, port: &str, path: &Path) -> Result<Beside, Failure> {
        let main = job.input_paths()?;
        check_standard_input(main.iter().map(PathBuf::as_path).chain([path]))?;
        // The heads of the records say how large images are; a submission never leads here.
        let size = Size::new(0, 0).expect("no pixels are not too many");
        Ok(Beside { other: Input::open(job, port, path, size)? })
    }

    /// Calls `work` on rayon's threads with each of `records` and that of this input, and `sink` on this thread with
    /// the results, in order. A record that this input lacks, or that `work` refuses, ends the stage with 65, or
    /// is skipped where `--skip-bad` allows it.
    pub fn each<T: Send>(
        mut self,
        job: &mut Job,
        mut records: Records,
        work: impl Fn(Record, Record) -> Result<T, Reason> + Sync,
        mut sink: impl FnMut(&mut Job, T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let name = self.other.name().to_owned();
        let pairs = std::iter::from_fn(|| self.next(&mut records).transpose());
        shard::ordered::map(
            pairs,
            job.threads() * 2,
            |Pair { file, head, record, other }| {
                let lacks = || format!("{name} has nothing of it");
                let both = || work(record.record(&head)?, other.ok_or_else(lacks)?.record(&head)?);
                let done = both();
                Ok((file, head.key, done))
            },
            |(file, key, done)| {
                job.advance(1);
                match done {
                    Ok(value) => sink(job, value),
                    Err(reason) => job.skip(&file, &key, reason),
                }
            },
        )?;
        job.done_reading(records);
        self.other.close(job)
    }

    fn next(&mut self, records: &mut Records) -> Result<Option<Pair>, Failure> {
        let Some((file, raw)) = records.next().transpose()? else { return Ok(None) };
        let (head, record) = stored(raw);
        let other = self.other.find(&head)?;
        Ok(Some(Pair { file, head, record, other }))
    }
}
