//! The loop over records: in parallel, in order, past those that are bad where `--skip-bad` allows it.

use shard::program::shortened;
use shard::{RawRecord, Record};

use crate::{Failure, Job, Reason, Records, Skipped};

impl Job {
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
        let reason = shortened(&reason.into().to_string()).into_owned();
        if self.records.skipped.len() >= self.contract.skip_bad {
            return Err(Failure::record(file, record, reason));
        }
        self.warn(&format!("skipped {file}: record {record}: {reason}"));
        self.records.skipped.push(Skipped { file: file.to_owned(), record: record.to_owned(), reason });
        Ok(())
    }
}
