//! The record that is made of a radiograph and its outlines.

use bones::polygon::Outline;
use planes::{Extent, Image, attribute};
use radiograph::{Grey, Samples, levels, polarity};
use shard::Record;

use crate::arguments::{Decode, Invert};
use crate::pairing::Case;

/// The record attribute that inverted images have.
pub const INVERTED: &str = "inverted";
/// The record attribute `LOW HIGH` of images whose 16-bit samples between these became 0 … 255; those of a file with
/// signed samples are counted from −32768.
pub const LEVELS: &str = "levels";

impl Decode {
    /// A radiograph as a record: grey values of 8 bits, bones bright, at the chosen size; with `outlines`, which lie
    /// in the radiograph's own pixels, also `polygons`.
    pub fn decode(&self, case: &Case, grey: Grey, outlines: Option<&[Outline]>) -> Record {
        let listed = &case.radiograph;
        let file_name = listed.source.rsplit_once('/').map_or(listed.source.as_str(), |(_, name)| name);
        let mut record = Record { key: listed.key.clone(), ..Record::default() };
        let mut note = |name: &str, text: String| record.attributes.insert(name.to_owned(), text);
        note(attribute::PATIENT, listed.patient.clone());
        note(attribute::SOURCE, listed.source.clone());
        note(attribute::IMAGE_NAME, file_name.to_owned());
        if let Some(side) = case.side {
            note(attribute::SIDE, side.to_string());
        }

        let pixels = match grey.samples {
            Samples::Eight(pixels) => pixels,
            Samples::Sixteen(samples) => {
                let (pixels, [low, high]) = levels::window(&samples, self.window_percentiles);
                note(LEVELS, format!("{low} {high}"));
                pixels
            }
        };
        let mut image = Image::new(grey.size, pixels).expect("readers give width × height samples");
        let invert = match self.invert {
            Invert::Auto => polarity::is_inverted(&image),
            Invert::On => true,
            Invert::Off => false,
        };
        if invert {
            note(INVERTED, "yes".to_owned());
            image = polarity::negative(image);
        }
        if let Some(resized) = self.resized() {
            image = resized.apply(image, grey.size).expect("it has the radiograph's size");
        }

        Extent { size: grey.size, window: None }.write(&mut record);
        planes::set_image(&mut record, image);
        if let Some(outlines) = outlines {
            planes::set_polygons(&mut record, grey.size, outlines);
        }
        record
    }
}
