//! What a shard's header says of resized images.

use bones::Size;
use clap::ValueEnum;
use planes::Image;
use shard::Header;

use crate::{Filter, resize};

/// How images were, or are to be, resized: to a square of `size` × `size` pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resized {
    /// Height and width in pixels.
    pub size: u32,
    /// The filter.
    pub filter: Filter,
}

/// The header attribute with the side of resized images in pixels.
const SIZE: &str = "image_size";
/// The header attribute with the filter that resized images: `linear` or `area`.
const FILTER: &str = "filter";

impl Resized {
    /// What `header` says; `None` where the images have their own size.
    pub fn of(header: &Header) -> Result<Option<Resized>, String> {
        let Some(size) = header.attributes.get(SIZE) else { return Ok(None) };
        let side = size.parse().ok().filter(|&side| side > 0);
        let side =
            side.ok_or_else(|| format!("its header says `{SIZE}` is {size:?}; a number was expected"))?;
        let filter = header.attributes.get(FILTER).map(String::as_str).unwrap_or_default();
        match Filter::from_str(filter, false) {
            Ok(filter) => Ok(Some(Resized { size: side, filter })),
            Err(_) => {
                Err(format!("its header says `{FILTER}` is {filter:?}; `linear` or `area` was expected"))
            }
        }
    }

    /// Says so in `header`.
    pub fn write(&self, header: &mut Header) {
        header.attributes.insert(SIZE.to_owned(), self.size.to_string());
        header.attributes.insert(FILTER.to_owned(), self.filter.name().to_owned());
    }

    /// Checks that images under `header` can be made what this says: they have their own size still, or were made
    /// just that. Resizing twice would give other pixels.
    pub fn check(&self, header: &Header) -> Result<(), String> {
        match Resized::of(header)? {
            Some(done) if done != *self => Err(format!(
                "its images were resized to {} ({}) already, but {} ({}) are needed: \
                 `decode --size {} --filter {}`, or `decode` without `--size`",
                done.size,
                done.filter.name(),
                self.size,
                self.filter.name(),
                self.size,
                self.filter.name(),
            )),
            _ => Ok(()),
        }
    }

    /// The image as this says; one that has the size already stays as it is.
    pub fn apply(&self, image: Image) -> Image {
        match Size::new(self.size, self.size) {
            Some(size) => resize(image, size, self.filter),
            None => image,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use shard::Producer;

    use super::*;

    #[test]
    fn a_header_tells_how_images_were_resized() {
        let mut header = Header {
            producer: Producer { stage: "decode".to_owned(), version: String::new() },
            planes: Vec::new(),
            classes: Vec::new(),
            attributes: Default::default(),
        };
        let [small, large] = [256, 512].map(|size| Resized { size, filter: Filter::Area });
        assert_eq!(Resized::of(&header), Ok(None));
        assert_eq!(large.check(&header), Ok(()));
        small.write(&mut header);
        assert_eq!(Resized::of(&header), Ok(Some(small)));
        assert_eq!(small.check(&header), Ok(()));
        let refusal = large.check(&header).unwrap_err();
        assert!(refusal.contains("resized to 256 (area) already, but 512 (area) are needed"), "{refusal}");
        header.attributes.insert("filter".to_owned(), "cubic".to_owned());
        assert!(small.check(&header).unwrap_err().contains("`filter` is \"cubic\""));
    }
}
