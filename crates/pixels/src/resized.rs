//! What a shard's header says of resized images.

use bones::Size;
use clap::ValueEnum;
use planes::Image;
use shard::Header;

use crate::{Filter, Fit, resize};

/// How images were, or are to be, resized: so that a radiograph fills a square of `size` × `size` pixels.
///
/// ```text
/// size 512, radiograph 2048 × 1536     pad      512 × 384   proportions kept; nothing black is stored
///                                      stretch  512 × 512
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resized {
    /// Side of the square in pixels.
    pub size: u32,
    /// The filter.
    pub filter: Filter,
    /// Whether proportions are kept.
    pub fit: Fit,
}

/// The header attribute with the side of the square that resized images fill, in pixels.
const SIZE: &str = "image_size";
/// The header attribute with the filter that resized images: `linear` or `area`.
const FILTER: &str = "filter";
/// The header attribute with the fit: `pad` or `stretch`; shards without it were written before there was a choice,
/// and are stretched.
const PLACEMENT: &str = "placement";

impl Resized {
    /// What `header` says; `None` where the images have their own size.
    pub fn of(header: &Header) -> Result<Option<Resized>, String> {
        let Some(size) = header.attributes.get(SIZE) else { return Ok(None) };
        let side = size.parse().ok().filter(|side| (1..=Fit::MOST).contains(side));
        let side = side.ok_or_else(|| {
            format!("its header says `{SIZE}` is {size:?}; a number from 1 to {} was expected", Fit::MOST)
        })?;
        let filter = header.attributes.get(FILTER).map(String::as_str).unwrap_or_default();
        let filter = Filter::from_str(filter, false).map_err(|_| {
            format!("its header says `{FILTER}` is {filter:?}; `linear` or `area` was expected")
        })?;
        let fit = header.attributes.get(PLACEMENT).map_or(Fit::Stretch.name(), String::as_str);
        let fit = Fit::from_str(fit, false).map_err(|_| {
            format!("its header says `{PLACEMENT}` is {fit:?}; `pad` or `stretch` was expected")
        })?;
        Ok(Some(Resized { size: side, filter, fit }))
    }

    /// Says so in `header`.
    pub fn write(&self, header: &mut Header) {
        header.attributes.insert(SIZE.to_owned(), self.size.to_string());
        header.attributes.insert(FILTER.to_owned(), self.filter.name().to_owned());
        header.attributes.insert(PLACEMENT.to_owned(), self.fit.name().to_owned());
    }

    /// Checks that images under `header` can be made what this says: they have their own size still, or were made for
    /// the same square by the same filter. Resizing twice would give other pixels.
    ///
    /// Another fit is no fault yet: of square radiographs, it gives the same images. [`Resized::apply`] sees.
    pub fn check(&self, header: &Header) -> Result<(), String> {
        match Resized::of(header)? {
            Some(done) if (done.size, done.filter) != (self.size, self.filter) => Err(format!(
                "its images were resized to {} ({}) already, but {} ({}) are needed: {}",
                done.size,
                done.filter.name(),
                self.size,
                self.filter.name(),
                self.remedy(),
            )),
            _ => Ok(()),
        }
    }

    /// The image of a radiograph (or crop window) of the size `radiograph` as this says: resized where it has that
    /// size; as it is where it was resized to this before. Any other is refused, with what to do.
    pub fn apply(&self, image: Image, radiograph: Size) -> Result<Image, String> {
        self.check_size(image.size(), radiograph)?;
        Ok(resize(image, self.fit.scaled(radiograph, self.size), self.filter))
    }

    /// Refuses an image, of the size `has`, that is neither as large as its radiograph nor resized as this says.
    pub(crate) fn check_size(&self, has: Size, radiograph: Size) -> Result<(), String> {
        let size = self.fit.scaled(radiograph, self.size);
        if has == size || has == radiograph {
            return Ok(());
        }
        let other = match self.fit {
            Fit::Pad => Fit::Stretch,
            Fit::Stretch => Fit::Pad,
        };
        Err(if has == other.scaled(radiograph, self.size) {
            format!(
                "its image of {has} is its radiograph of {radiograph} resized with `--placement {}`, but {size}, as by \
                 `--placement {}`, is needed: {}; or `--placement {}` for the network too",
                other.name(),
                self.fit.name(),
                self.remedy(),
                other.name(),
            )
        } else {
            format!(
                "its image is {has}, its radiograph {radiograph}; that size, or {size}, was expected: {}",
                self.remedy()
            )
        })
    }

    /// What to do where images are not as this says.
    fn remedy(&self) -> String {
        let (filter, fit) = (self.filter.name(), self.fit.name());
        format!(
            "`decode --size {} --filter {filter} --placement {fit}`, or `decode` without `--size`",
            self.size
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use shard::Producer;

    use super::*;

    fn header() -> Header {
        Header {
            producer: Producer { stage: "decode".to_owned(), version: String::new() },
            planes: Vec::new(),
            classes: Vec::new(),
            attributes: Default::default(),
        }
    }

    fn size(width: u32, height: u32) -> Size {
        Size::new(width, height).unwrap()
    }

    fn image(of: Size) -> Image {
        Image::new(of, (0..of.pixels()).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect())
            .unwrap()
    }

    #[test]
    fn a_header_tells_how_images_were_resized() {
        let mut header = header();
        let [small, large] = [256, 512].map(|size| Resized { size, filter: Filter::Area, fit: Fit::Pad });
        assert_eq!(Resized::of(&header), Ok(None));
        assert_eq!(large.check(&header), Ok(()));
        small.write(&mut header);
        assert_eq!(Resized::of(&header), Ok(Some(small)));
        assert_eq!(small.check(&header), Ok(()));
        assert_eq!(Resized { fit: Fit::Stretch, ..small }.check(&header), Ok(()));
        let refusal = large.check(&header).unwrap_err();
        assert!(refusal.contains("resized to 256 (area) already, but 512 (area) are needed"), "{refusal}");
        assert!(refusal.contains("`decode --size 512 --filter area --placement pad`, or"), "{refusal}");
        header.attributes.insert("placement".to_owned(), "crop".to_owned());
        assert!(small.check(&header).unwrap_err().contains("`placement` is \"crop\"; `pad` or `stretch`"));
        for size in ["0", "65536", "-1"] {
            header.attributes.insert("image_size".to_owned(), size.to_owned());
            let refusal = small.check(&header).unwrap_err();
            assert!(refusal.contains("a number from 1 to 65535 was expected"), "{refusal}");
        }
        header.attributes.insert("image_size".to_owned(), "256".to_owned());
        header.attributes.insert("filter".to_owned(), "cubic".to_owned());
        assert!(small.check(&header).unwrap_err().contains("`filter` is \"cubic\""));
    }

    #[test]
    fn a_header_from_before_there_was_a_choice_means_stretched() {
        let mut header = header();
        let stretched = Resized { size: 64, filter: Filter::Linear, fit: Fit::Stretch };
        stretched.write(&mut header);
        header.attributes.remove("placement");
        assert_eq!(Resized::of(&header), Ok(Some(stretched)));
    }

    #[test]
    fn an_image_is_resized_once() {
        let radiograph = size(64, 48);
        for (fit, expected) in [(Fit::Pad, size(16, 12)), (Fit::Stretch, size(16, 16))] {
            let form = Resized { size: 16, filter: Filter::Area, fit };
            let once = form.apply(image(radiograph), radiograph).unwrap();
            assert_eq!(once, resize(image(radiograph), expected, Filter::Area));
            assert_eq!(form.apply(once.clone(), radiograph).unwrap(), once);
        }
        let [pad, stretch] =
            [Fit::Pad, Fit::Stretch].map(|fit| Resized { size: 16, filter: Filter::Linear, fit });
        let square = size(40, 40);
        assert_eq!(pad.apply(image(square), square), stretch.apply(image(square), square));
    }

    #[test]
    fn an_image_of_another_fit_or_size_is_refused_with_what_to_do() {
        let radiograph = size(64, 48);
        let form = |fit| Resized { size: 16, filter: Filter::Linear, fit };
        for (wanted, other) in [(Fit::Pad, Fit::Stretch), (Fit::Stretch, Fit::Pad)] {
            let before = form(other).apply(image(radiograph), radiograph).unwrap();
            let refusal = form(wanted).apply(before, radiograph).unwrap_err();
            let [wanted, other] = [wanted, other].map(Fit::name);
            assert!(refusal.contains(&format!("resized with `--placement {other}`, but")), "{refusal}");
            let remedy =
                format!("`decode --size 16 --filter linear --placement {wanted}`, or `decode` without");
            assert!(refusal.contains(&remedy), "{refusal}");
            assert!(refusal.ends_with(&format!("or `--placement {other}` for the network too")), "{refusal}");
        }
        let refusal = form(Fit::Pad).apply(image(size(20, 20)), radiograph).unwrap_err();
        assert!(
            refusal.contains("is 20×20, its radiograph 64×48; that size, or 16×12, was expected"),
            "{refusal}"
        );
    }
}
