//! What a running stage tells: counts and notes for the summary, words and progress on standard error.

use crate::Job;

impl Job {
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
}
