//! The samples of some shards.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pixels::View;
use planes::attribute;
use shard::{Indexed, Record};
use stage::{Failure, Reason};

use crate::Sample;

/// A shard on disk, and what messages call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as given, or `standard input` for what was spooled.
    pub name: String,
    /// Where the file is.
    pub path: PathBuf,
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Source {
        Source { name: path.display().to_string(), path: path.to_owned() }
    }
}

/// Which record a sample is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The record's key.
    pub key: String,
    /// Its patient ([`folds::patient_of`]).
    pub patient: String,
    /// Whom it shows besides, where it was derived from the radiograph of another patient.
    pub besides: Option<String>,
    /// The keys of the records that it was derived from.
    pub ancestors: Vec<String>,
    /// Which of the shards it is in.
    pub(crate) shard: usize,
    /// Its number there.
    number: usize,
}

impl Member {
    /// The record number `number` of the shard `shard`. An error where nothing tells its patient.
    pub(crate) fn new(
        key: &str,
        attributes: &BTreeMap<String, String>,
        shard: usize,
        number: usize,
    ) -> Result<Member, Reason> {
        let mut patients = folds::patients_of(key, attributes).map(str::to_owned);
        let patient = patients.next().expect("a record has a patient");
        if patient == key {
            return Err(
                "it has neither an attribute `patient` nor a key PATIENT/FILE, without which nothing tells \
                        training from validation patients"
                    .into(),
            );
        }
        let ancestors =
            [attribute::PARENT, attribute::ANCESTOR].iter().filter_map(|&name| attributes.get(name));
        Ok(Member {
            key: key.to_owned(),
            patient,
            besides: patients.next(),
            ancestors: ancestors.filter(|key| !key.is_empty()).cloned().collect(),
            shard,
            number,
        })
    }
}

/// The samples of some shards, kept in memory as far as a budget allows and read again where it does not.
#[derive(Debug)]
pub struct Dataset<S: Sample> {
    view: View,
    form: S::Form,
    shards: Vec<(Source, Indexed)>,
    members: Vec<Member>,
    kept: Vec<Option<Arc<S>>>,
}

impl<S: Sample> Dataset<S> {
    /// Reads all records of the shards `sources` once, on `threads` of rayon's threads, and keeps the first of them
    /// in memory up to `budget` bytes, as `view` sees them. `bad` decides about a record that can't be
    /// used, given its file, key and what is wrong: an error ends it all.
    pub fn open(
        sources: &[Source],
        view: View,
        form: S::Form,
        budget: usize,
        threads: usize,
        mut bad: impl FnMut(&str, &str, Reason) -> Result<(), Failure>,
    ) -> Result<Dataset<S>, Failure> {
        let mut shards = Vec::with_capacity(sources.len());
        for source in sources {
            let shard = Indexed::open(&source.path).map_err(|error| failure(source, error))?;
            view.check_header(shard.header()).map_err(|what| Failure::data(&source.name, what))?;
            shards.push((source.clone(), shard));
        }
        let numbers = shards
            .iter()
            .enumerate()
            .flat_map(|(at, (_, shard))| (0..shard.len()).map(move |number| (at, number)));
        let (mut members, mut kept) = (Vec::new(), Vec::new());
        let mut left = budget;
        shard::ordered::map(
            numbers.map(Ok),
            threads * 2,
            |(at, number)| {
                let (source, shard) = &shards[at];
                match shard.raw(number).map_err(|error| failure(source, error))?.decode() {
                    Err(shard::Error::Io(error)) => Err(Failure::io(&source.name, error)),
                    Err(error) => Ok((at, number, Err(Reason::from(error)))),
                    Ok(record) => Ok((at, number, read::<S>(record, at, number, &view, form))),
                }
            },
            |(at, number, done)| match done {
                Ok((member, sample)) => {
                    let fits = sample.bytes() <= left;
                    left -= if fits { sample.bytes() } else { 0 };
                    kept.push(fits.then(|| Arc::new(sample)));
                    members.push(member);
                    Ok(())
                }
                Err(reason) => {
                    let (source, shard) = &shards[at];
                    let key = shard.records().nth(number).map_or("?", |(key, _)| key);
                    bad(&source.name, key, reason)
                }
            },
        )?;
        Ok(Dataset { view, form, shards, members, kept })
    }

    /// What the network sees of the radiographs.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// What decided about the samples, beside the view.
    pub fn form(&self) -> S::Form {
        self.form
    }

    /// Which of the shards each sample is of.
    pub fn inputs(&self) -> Vec<usize> {
        self.members.iter().map(|member| member.shard).collect()
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Which records the samples are of, in the order of the shards.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// How much memory the samples take that are kept there.
    pub fn bytes_in_memory(&self) -> usize {
        self.kept.iter().flatten().map(|sample| sample.bytes()).sum()
    }

    /// The digests of the shards, in order.
    pub fn digests(&self) -> impl Iterator<Item = String> {
        self.shards.iter().map(|(_, shard)| shard.digest().to_string())
    }

    /// The sample of this index.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn sample(&self, index: usize) -> Result<Arc<S>, Failure> {
        if let Some(sample) = &self.kept[index] {
            return Ok(Arc::clone(sample));
        }
        let Member { shard, number, key, .. } = &self.members[index];
        let (source, indexed) = &self.shards[*shard];
        let record = indexed.read(*number).map_err(|error| failure(source, error))?;
        let (_, sample) = read::<S>(record, *shard, *number, &self.view, self.form)
            .map_err(|reason| Failure::record(&source.name, key, reason))?;
        Ok(Arc::new(sample))
    }
}

fn read<S: Sample>(
    record: Record,
    shard: usize,
    number: usize,
    view: &View,
    form: S::Form,
) -> Result<(Member, S), Reason> {
    let member = Member::new(&record.key, &record.attributes, shard, number)?;
    Ok((member, S::of(record, view, form)?))
}

fn failure(source: &Source, error: shard::Error) -> Failure {
    match error {
        shard::Error::Io(error) => Failure::io(&source.name, error),
        shard::Error::Record { key, what } => Failure::record(&source.name, key, what),
        other => Failure::data(&source.name, other),
    }
}
