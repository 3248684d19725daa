//! What a running stage works with: its inputs, its output, its counts.

mod each;
mod inputs;
mod outputs;
mod telling;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

use shard::program::Sink;

use crate::output::Opened;
use crate::progress::Progress;
use crate::summary::peak_memory;
use crate::{Card, Contract, Failure, InputDigest, RecordCounts, Summary};

/// A running stage.
pub struct Job {
    card: Card,
    contract: Contract,
    threads: usize,
    progress: Progress,
    opened: Option<Opened>,
    inputs: Vec<InputDigest>,
    records: RecordCounts,
    counts: BTreeMap<String, u64>,
    notes: Vec<String>,
}

impl Job {
    pub(crate) fn new(card: Card, contract: Contract) -> Result<Job, Failure> {
        contract.check_summary()?;
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

    /// How many threads to use; rayon's global pool has as many.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Makes the output appear, then the summary.
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
        let text =
            serde_json::to_string_pretty(&summary).map_err(|error| Failure::Internal(error.to_string()))?;
        let mut sink = Sink::open(path).map_err(Failure::system)?;
        writeln!(sink, "{text}").and_then(|()| sink.commit()).map_err(Failure::system)
    }

    /// Drops the output, which is not whole, before anything is said.
    pub(crate) fn discard(self) {
        self.progress.clear();
    }
}
