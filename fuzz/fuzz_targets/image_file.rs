//! Law: no reader panics; an image that is read has the samples that its size promises, and is the same when written as
//! PNG and read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use png::{BitDepth, ColorType, Encoder};
use radiograph::{Grey, ImageError, Samples, read};

const MAX_PIXELS: u32 = 1 << 16;

fn written(grey: &Grey) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, grey.size.width(), grey.size.height());
    encoder.set_color(ColorType::Grayscale);
    let (depth, samples) = match &grey.samples {
        Samples::Eight(samples) => (BitDepth::Eight, samples.clone()),
        Samples::Sixteen(samples) => {
            (BitDepth::Sixteen, samples.iter().flat_map(|s| s.to_be_bytes()).collect())
        }
    };
    encoder.set_depth(depth);
    encoder.write_header().unwrap().write_image_data(&samples).unwrap();
    bytes
}

fuzz_target!(|bytes: &[u8]| {
    let grey = match read(bytes, MAX_PIXELS) {
        Ok(grey) => grey,
        Err(error @ ImageError::Panicked { .. }) => panic!("{error}"),
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let count = match &grey.samples {
        Samples::Eight(samples) => samples.len(),
        Samples::Sixteen(samples) => samples.len(),
    };
    assert!((1..=MAX_PIXELS).contains(&grey.size.pixels()) && count == grey.size.pixels() as usize);
    assert_eq!(read(&written(&grey), MAX_PIXELS).unwrap(), grey);
});
