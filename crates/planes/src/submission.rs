//! Records out of a submission, which knows images by their names alone.

use bones::Size;
use bones::submission::{Submission, SubmissionError};
use shard::Record;

use crate::{Frame, attribute, set_masks};

/// The record of an image of which nothing but its name is known: its key is the name without its extension, and
/// it has no patient.
pub fn record(submission: &Submission, image_name: &str, size: Size) -> Result<Record, SubmissionError> {
    let mut record = Record { key: key(image_name).to_owned(), ..Record::default() };
    for name in [attribute::IMAGE_NAME, attribute::SOURCE] {
        record.attributes.insert(name.to_owned(), image_name.to_owned());
    }
    Frame { size, window: None }.write(&mut record);
    set_masks(&mut record, &submission.mask(image_name, size)?);
    Ok(record)
}

/// The key of an image of which nothing but its name is known: the name without its extension.
pub fn key(image_name: &str) -> &str {
    match image_name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => image_name,
    }
}
