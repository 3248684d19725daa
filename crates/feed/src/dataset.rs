//! The samples of some shards.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bones::{Mask, Size};
use pixels::Resized;
use planes::{Image, attribute};
use shard::{Indexed, Record};
use stage::{Failure, Reason};

/// At which size a sample's bones are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// At the network's, to train on.
    Network,
    /// At the radiograph's, to measure Dice at.
    Radiograph,
}

/// A radiograph at the network's size and its bones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The radiograph.
    pub image: Image,
    /// Its bones, at the size that [`Labels`] says.
    pub mask: Mask,
}

impl Sample {
    fn bytes(&self) -> usize {
        size_of_val(self.image.pixels()) + size_of_val(self.mask.runs()) + size_of::<Sample>()
    }
}

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
    shard: usize,
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
pub struct Dataset {
    form: Resized,
    size: Size,
    labels: Labels,
    shards: Vec<(Source, Indexed)>,
    members: Vec<Member>,
    kept: Vec<Option<Arc<Sample>>>,
}

impl Dataset {
    /// Reads all records of the shards `sources` once, on `threads` of rayon's threads, and keeps the first of them
    /// in memory up to `budget` bytes, resized to `form`. `bad` decides about a record that can't be
    /// used, given its file, key and what is wrong: an error ends it all.
    pub fn open(
        sources: &[Source],
        form: Resized,
        labels: Labels,
        budget: usize,
        threads: usize,
        mut bad: impl FnMut(&str, &str, Reason) -> Result<(), Failure>,
    ) -> Result<Dataset, Failure> {
        let size = Size::new(form.size, form.size)
            .ok_or_else(|| Failure::Usage(format!("images of {0}×{0} are too large", form.size)))?;
        let mut shards = Vec::with_capacity(sources.len());
        for source in sources {
            let shard = Indexed::open(&source.path).map_err(|error| failure(source, error))?;
            form.check(shard.header()).map_err(|what| Failure::data(&source.name, what))?;
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
                    Ok(record) => Ok((at, number, read(record, at, number, form, labels))),
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
        Ok(Dataset { form, size, labels, shards, members, kept })
    }

    /// The size of all images.
    pub fn size(&self) -> Size {
        self.size
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
    pub fn sample(&self, index: usize) -> Result<Arc<Sample>, Failure> {
        if let Some(sample) = &self.kept[index] {
            return Ok(Arc::clone(sample));
        }
        let Member { shard, number, key, .. } = &self.members[index];
        let (source, indexed) = &self.shards[*shard];
        let record = indexed.read(*number).map_err(|error| failure(source, error))?;
        let (_, sample) = read(record, *shard, *number, self.form, self.labels)
            .map_err(|reason| Failure::record(&source.name, key, reason))?;
        Ok(Arc::new(sample))
    }
}

/// What a record is to a network.
fn read(
    mut record: Record,
    shard: usize,
    number: usize,
    form: Resized,
    labels: Labels,
) -> Result<(Member, Sample), Reason> {
    let member = Member::new(&record.key, &record.attributes, shard, number)?;
    let mask = planes::masks(&record)?;
    let image = form.apply(planes::take_image(&mut record)?);
    let mask = match labels {
        Labels::Network => bones::resize::nearest(&mask, image.size()),
        Labels::Radiograph => mask,
    };
    Ok((member, Sample { image, mask }))
}

fn failure(source: &Source, error: shard::Error) -> Failure {
    match error {
        shard::Error::Io(error) => Failure::io(&source.name, error),
        shard::Error::Record { key, what } => Failure::record(&source.name, key, what),
        other => Failure::data(&source.name, other),
    }
}
