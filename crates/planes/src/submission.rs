//! Records out of a submission, which knows images by their names alone.

use bones::Size;
use shard::Record;

use crate::{Extent, attribute};

/// Key and attributes for an image of which nothing but its name and size is known: the key is the name without its
/// extension, and there is no patient.
pub fn head(image_name: &str, size: Size) -> Record {
    let key = match image_name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => image_name,
    };
    let mut record = Record { key: key.to_owned(), ..Record::default() };
    for name in [attribute::IMAGE_NAME, attribute::SOURCE] {
        record.attributes.insert(name.to_owned(), image_name.to_owned());
    }
    Extent { size, window: None }.write(&mut record);
    record
}
