//! The samples of some shards.

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
    /// Whom it shows.
    pub patient: String,
    /// The key of the record that it was derived from.
    pub parent: Option<String>,
    /// Which of the shards it is in.
    shard: usize,
    /// Its number there.
    number: usize,
}

#[cfg(test)]
impl Member {
    pub(crate) fn new(key: &str, patient: &str, parent: Option<&str>) -> Member {
        Member {
            key: key.to_owned(),
            patient: patient.to_owned(),
            parent: parent.map(str::to_owned),
            shard: 0,
            number: 0,
        }
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
    let mut attribute = |name: &str| record.attributes.remove(name).filter(|text| !text.is_empty());
    let patient = attribute(attribute::PATIENT).ok_or(
        "it has no attribute `patient`, without which nothing tells training from validation patients",
    )?;
    let parent = attribute(attribute::PARENT);
    let mask = planes::masks(&record)?;
    let image = form.apply(planes::take_image(&mut record)?);
    let mask = match labels {
        Labels::Network => bones::resize::nearest(&mask, image.size()),
        Labels::Radiograph => mask,
    };
    Ok((Member { key: record.key, patient, parent, shard, number }, Sample { image, mask }))
}

fn failure(source: &Source, error: shard::Error) -> Failure {
    match error {
        shard::Error::Io(error) => Failure::io(&source.name, error),
        shard::Error::Record { key, what } => Failure::record(&source.name, key, what),
        other => Failure::data(&source.name, other),
    }
}
