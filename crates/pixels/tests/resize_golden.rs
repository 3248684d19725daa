//! `resize` gives the very pixels of `cv2.resize` of OpenCV 4.10; see `tests/golden/resize/make.py`.
#![allow(clippy::unwrap_used)]

use bones::Size;
use pixels::{Filter, resize};
use planes::Image;
use xxhash_rust::xxh3::xxh3_128;

const CASES: &str = include_str!("../../../tests/golden/resize/cases.json");

fn noise(size: Size) -> Image {
    let pixels = (1..=size.pixels()).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    Image::new(size, pixels).unwrap()
}

#[test]
fn every_pixel_is_opencvs() {
    let cases: Vec<(u32, u32, u32, u32, String, String)> = serde_json::from_str(CASES).unwrap();
    assert!(cases.len() > 200);
    let wrong: Vec<_> = cases
        .iter()
        .filter(|(width, height, to_width, to_height, filter, expected)| {
            let filter =
                [Filter::Linear, Filter::Area].into_iter().find(|known| known.name() == filter).unwrap();
            let target = Size::new(*to_width, *to_height).unwrap();
            let resized = resize(noise(Size::new(*width, *height).unwrap()), target, filter);
            assert_eq!(resized.size(), target);
            format!("{:032x}", xxh3_128(resized.pixels())) != *expected
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ: {wrong:?}", wrong.len(), cases.len());
}
