//! The records that go in.

use std::collections::HashSet;
use std::path::PathBuf;

use checkpoint::Data;
use feed::{Dataset, Sample, Source};
use pixels::View;
use shard::Writer;
use stage::{Failure, Job};
use tempfile::NamedTempFile;

/// The planes that training reads.
pub(crate) const PLANES: [&str; 2] = [planes::name::IMAGE, planes::name::MASKS];

/// An input: its flag and the paths that were given.
pub(crate) struct Port {
    pub(crate) name: &'static str,
    pub(crate) paths: Vec<PathBuf>,
}

/// The data set of a port.
pub(crate) struct Opened<S: Sample> {
    pub(crate) set: Dataset<S>,
    /// Where a stream was spooled to; the system's temporary folder loses it with this.
    _spool: Option<NamedTempFile>,
}

impl Port {
    /// Reads all records once. Files are read in place again later; what is no file is spooled to disk.
    pub(crate) fn open<S: Sample>(
        &self,
        job: &mut Job,
        view: &View,
        form: S::Form,
        budget: usize,
    ) -> Result<Opened<S>, Failure> {
        let mut records = job.records_of(self.name, &self.paths)?;
        planes::check_classes(records.header()).map_err(|error| Failure::data(records.file(), error))?;
        let replayable = self.paths.iter().all(|path| stage::is_on_disk(path));
        let (sources, spool) = if replayable {
            drop(records);
            (self.paths.iter().map(|path| Source::from(path.as_path())).collect(), None)
        } else {
            let name = records.file();
            let file = NamedTempFile::new().map_err(|error| Failure::io(std::env::temp_dir(), error))?;
            let wrong = |error: shard::Error| match error {
                shard::Error::Io(error) => Failure::io(file.path(), error),
                error => Failure::data(&name, error),
            };
            let mut writer = Writer::new(file.as_file(), records.header().clone()).map_err(wrong)?;
            while let Some(raw) = records.next_raw() {
                writer.push_raw(&raw?).map_err(wrong)?;
            }
            writer.finish().map_err(wrong)?;
            job.done_reading(records);
            (vec![Source { name, path: file.path().to_owned() }], Some(file))
        };
        let threads = job.threads();
        let set = Dataset::open(&sources, *view, form, budget, threads, |file, record, reason| {
            job.skip(file, record, reason)
        })?;
        if replayable {
            for (path, digest) in self.paths.iter().zip(set.digests()) {
                job.note_input(self.name, path, digest);
            }
            job.count_read(set.len() as u64);
        }
        if set.is_empty() {
            return Err(Failure::data(
                sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>().join(", "),
                format!("no record to {} on", if self.name == "in" { "train" } else { "validate" }),
            ));
        }
        Ok(Opened { set, _spool: spool })
    }
}

impl<S: Sample> Opened<S> {
    /// What the checkpoint says of the data.
    pub(crate) fn described(&self) -> Data {
        let patients: HashSet<&str> =
            self.set.members().iter().map(|member| member.patient.as_str()).collect();
        Data { digests: self.set.digests().collect(), records: self.set.len(), patients: patients.len() }
    }
}

/// Refuses training data that knows a validation patient.
pub(crate) fn refuse_leak<T: Sample, V: Sample>(
    training: &Dataset<T>,
    validation: &Dataset<V>,
) -> Result<(), Failure> {
    let Some(leak) = feed::leak(training.members(), validation.members()) else { return Ok(()) };
    Err(Failure::data(
        "--validation",
        format!(
            "{} is in training (record {}) and in validation (record {}): what is validated on must be of patients \
             that nothing of reaches training; split the data by patient, see `split`",
            leak.what, leak.training, leak.validation
        ),
    ))
}
