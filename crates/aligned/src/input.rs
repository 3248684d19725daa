//! One of the inputs that are read side by side.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bones::{BoneSet, Size};
use shard::{Header, Indexed, RawRecord, Record};
use stage::{Content, Failure, Job, Reason, Records, holds_records, is_on_disk, is_standard};

use crate::listing::Listing;

/// What one input has of a radiograph.
#[derive(Clone, Debug)]
pub enum Member {
    /// A record of a shard.
    Stored(RawRecord),
    /// Rows of a submission.
    Listed {
        /// The submission.
        submission: Arc<Listing>,
        /// The image's name in it.
        image_name: String,
    },
}

impl Member {
    /// The bones on which its masks have an opinion.
    pub fn opinion(&self) -> Result<BoneSet, Reason> {
        match self {
            Member::Stored(raw) => Ok(planes::opinion(raw.attributes())?),
            Member::Listed { submission, .. } => Ok(submission.opinion()),
        }
    }

    /// The record, with its planes; the rows of a submission are the plane `masks` of what `head` shows.
    pub fn record(&self, head: &Record) -> Result<Record, Reason> {
        match self {
            Member::Stored(raw) => Ok(raw.decode()?),
            Member::Listed { submission, image_name } => {
                let mut record = head.clone();
                planes::set_masks(&mut record, &submission.mask(image_name, crate::size(head)?)?);
                planes::set_opinion(&mut record, submission.opinion());
                Ok(record)
            }
        }
    }
}

/// A source of members.
pub(crate) struct Input {
    name: String,
    content: Source,
}

enum Source {
    /// A pipe, which can be read but once.
    Stream(Box<Records>),
    /// A shard on disk.
    File { shard: Box<Indexed>, port: String, path: PathBuf, used: Vec<bool>, next: usize },
    /// The images of a submission.
    Submission {
        submission: Arc<Listing>,
        size: Size,
        images: Vec<String>,
        used: HashSet<String>,
        next: usize,
    },
}

impl Input {
    pub(crate) fn open(job: &mut Job, port: &str, path: &Path, size: Size) -> Result<Input, Failure> {
        let name = stage::input_name(path);
        let listed = |job: &mut Job, submission: Listing| {
            let left_out = submission.rows_left_out();
            if left_out > 0 {
                job.count("rows left out", left_out);
                job.note(&format!(
                    "{name}: {left_out} rows are left out of bones that have rows elsewhere; read as no pixel"
                ));
            }
            let images = submission.images().map(str::to_owned).collect();
            Source::Submission {
                submission: Arc::new(submission),
                size,
                images,
                used: HashSet::new(),
                next: 0,
            }
        };
        if is_on_disk(path) && !holds_records(path)? {
            let submission = Listing::open(job, port, path)?;
            let content = listed(job, submission);
            return Ok(Input { name, content });
        }
        let content = match job.open_with(port, path, |input| Listing::held(&name, input))? {
            Content::Shard(records) => {
                planes::check_classes(records.header()).map_err(|reason| Failure::data(&name, reason))?;
                if is_on_disk(path) {
                    let shard = Indexed::open(path).map_err(|error| Failure::reading(&name, error))?;
                    let shard = Box::new(shard);
                    let used = vec![false; shard.len()];
                    Source::File { shard, port: port.to_owned(), path: path.to_owned(), used, next: 0 }
                } else {
                    Source::Stream(records)
                }
            }
            Content::File(submission) => listed(job, submission),
        };
        Ok(Input { name, content })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn header(&self) -> Option<&Header> {
        match &self.content {
            Source::Stream(records) => Some(records.header()),
            Source::File { shard, .. } => Some(shard.header()),
            Source::Submission { .. } => None,
        }
    }

    /// Who leads: first what can be read but once, last what does not know keys.
    pub(crate) fn rank(&self) -> u8 {
        match &self.content {
            Source::Stream(_) => 0,
            Source::File { .. } => 1,
            Source::Submission { .. } => 2,
        }
    }

    /// The next one that was not found before.
    pub(crate) fn next(&mut self) -> Result<Option<(Record, Member)>, Failure> {
        match &mut self.content {
            Source::Stream(records) => records.next_raw().transpose().map(|raw| raw.map(stored)),
            Source::File { shard, used, next, .. } => {
                while used.get(*next) == Some(&true) {
                    *next += 1;
                }
                if *next == used.len() {
                    return Ok(None);
                }
                let raw = shard.raw(*next).map_err(|error| Failure::reading(&self.name, error))?;
                used[*next] = true;
                Ok(Some(stored(raw)))
            }
            Source::Submission { submission, size, images, used, next } => {
                while images.get(*next).is_some_and(|image| used.contains(image)) {
                    *next += 1;
                }
                let Some(image) = images.get(*next) else { return Ok(None) };
                *next += 1;
                let member = Member::Listed { submission: submission.clone(), image_name: image.clone() };
                Ok(Some((planes::submission::head(image, *size), member)))
            }
        }
    }

    /// What this input has of the radiograph of `head`.
    pub(crate) fn find(&mut self, head: &Record) -> Result<Option<Member>, Failure> {
        match &mut self.content {
            Source::Stream(records) => match records.next_raw().transpose()? {
                Some(raw) if raw.key() == head.key => Ok(Some(Member::Stored(raw))),
                Some(raw) => Err(Failure::record(
                    &self.name,
                    raw.key(),
                    format!(
                        "comes where {} was expected: pipes that are read side by side must have the same records in \
                         the same order; write this one to a file first",
                        head.key
                    ),
                )),
                None => Ok(None),
            },
            Source::File { shard, used, .. } => {
                let Some(number) = shard.number(&head.key) else { return Ok(None) };
                let raw = shard.raw(number).map_err(|error| Failure::reading(&self.name, error))?;
                used[number] = true;
                Ok(Some(Member::Stored(raw)))
            }
            Source::Submission { submission, used, .. } => {
                let Some(image) = crate::image_name(head) else {
                    let reason = "no attribute `image_name`, by which a submission knows its image";
                    return Err(Failure::record(&self.name, &head.key, reason));
                };
                if !submission.contains(image) {
                    return Ok(None);
                }
                if !used.insert(image.to_owned()) {
                    let reason = format!("another record has its image name `{image}` too");
                    return Err(Failure::record(&self.name, &head.key, reason));
                }
                Ok(Some(Member::Listed { submission: submission.clone(), image_name: image.to_owned() }))
            }
        }
    }

    /// Notes what was read for the summary. What a pipe still holds is read to its end, so that the digest is that of
    /// the whole and its writer can finish.
    pub(crate) fn close(self, job: &mut Job) -> Result<(), Failure> {
        match self.content {
            Source::Stream(mut records) => {
                while records.next_raw().transpose()?.is_some() {}
                job.done_reading(*records);
            }
            Source::File { shard, port, path, used, .. } => {
                job.note_input(&port, &path, shard.digest().to_string());
                job.count_read(used.len() as u64);
            }
            Source::Submission { images, .. } => job.count_read(images.len() as u64),
        }
        Ok(())
    }
}

/// Refuses paths of which more than one is that of standard input.
pub(crate) fn check_standard_input<'a>(paths: impl Iterator<Item = &'a Path>) -> Result<(), Failure> {
    match paths.filter(|path| is_standard(path)).count() {
        0 | 1 => Ok(()),
        _ => Err(Failure::Usage("standard input can't be read twice: give `-` once".to_owned())),
    }
}

/// A record's head and its member.
pub(crate) fn stored(raw: RawRecord) -> (Record, Member) {
    let head = Record { key: raw.key().to_owned(), attributes: raw.attributes().clone(), planes: Vec::new() };
    (head, Member::Stored(raw))
}
