//! The files of one radiograph, read and decoded.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use shard::RawRecord;
use stage::Failure;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::annotation::{self, Annotation};
use crate::arguments::Decode;
use crate::pairing::Case;
use crate::record::INVERTED;

/// Longest annotation file that is read, in bytes.
const MAX_ANNOTATION: u64 = 64 << 20;

/// What became of the files of one radiograph.
pub(crate) struct Decoded {
    pub(crate) raw: RawRecord,
    /// xxh3-128 of the files' contents.
    pub(crate) digest: u128,
    pub(crate) counts: [(&'static str, u64); 3],
    /// The annotation file that has labels twice, and those labels.
    pub(crate) twice: Option<String>,
}

impl Decode {
    /// [`Decode::decode`] on the files of a case, compressed for the stream.
    pub(crate) fn decode_files(&self, case: &Case) -> Result<Decoded, Failure> {
        let listed = &case.radiograph;
        let key = &listed.key;
        // Sixteen bits, four channels, and what else an honest file may hold.
        let bytes = read_file(&listed.path, u64::from(self.max_pixels) * 8 + MAX_ANNOTATION, key)?;
        let grey = radiograph::read(&bytes, self.max_pixels)
            .map_err(|error| Failure::record(listed.path.display(), key, error))?;
        let mut digest = Xxh3::new();
        digest.update(&xxh3_128(&bytes).to_le_bytes());
        drop(bytes);

        let mut annotation = None;
        if let Some(path) = &case.annotation {
            let json = read_file(path, MAX_ANNOTATION, key)?;
            digest.update(&xxh3_128(&json).to_le_bytes());
            let read =
                annotation::read(&json).map_err(|error| Failure::record(path.display(), key, error))?;
            annotation = Some(read);
        }

        let record =
            self.decode(case, grey, annotation.as_ref().map(|annotation| annotation.outlines.as_slice()));
        let count = |of: fn(&Annotation) -> u64| annotation.as_ref().map_or(0, of);
        let counts = [
            ("duplicate labels", count(|annotation| annotation.replaced.len() as u64)),
            ("bones without an outline", count(Annotation::missing)),
            ("inverted images", record.attributes.contains_key(INVERTED).into()),
        ];
        let twice = annotation.as_ref().zip(case.annotation.as_ref()).and_then(|(annotation, path)| {
            let labels: Vec<&str> = annotation.replaced.iter().map(|bone| bone.name()).collect();
            (!labels.is_empty()).then(|| format!("{} ({})", path.display(), labels.join(", ")))
        });
        let raw =
            RawRecord::encode(&record).map_err(|error| Failure::record(listed.path.display(), key, error))?;
        Ok(Decoded { raw, digest: digest.digest128(), counts, twice })
    }
}

/// Reads a file of at most `limit` bytes.
fn read_file(path: &Path, limit: u64, key: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::io(path, error))?;
    if bytes.len() as u64 > limit {
        return Err(Failure::record(path.display(), key, format!("the file is longer than {limit} bytes")));
    }
    Ok(bytes)
}
