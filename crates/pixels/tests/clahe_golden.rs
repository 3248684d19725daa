//! `Clahe` gives the very pixels of `cv2.createCLAHE` of OpenCV 4.10; see `tests/golden/tone/make.py`.
#![allow(clippy::unwrap_used)]

use bones::Size;
use pixels::Clahe;
use planes::Image;
use xxhash_rust::xxh3::xxh3_128;

const CASES: &str = include_str!("../../../tests/golden/tone/clahe.json");

fn picture(name: &str, size: Size) -> Image {
    let noise = |i: u32| (i + 1).wrapping_mul(2_654_435_761) >> 24;
    let smooth = |i: u32| {
        let t = (2 * (i % size.width()) + 3 * (i / size.width())) % 510;
        t.min(510 - t)
    };
    let grey = |i: u32| match name {
        "noise" => noise(i),
        "smooth" => smooth(i),
        "dark" => smooth(i) / 4 + noise(i) / 16,
        other => panic!("no picture {other}"),
    };
    Image::new(size, (0..size.pixels()).map(|i| grey(i) as u8).collect()).unwrap()
}

#[test]
fn every_pixel_is_opencvs() {
    let cases: Vec<(String, u32, u32, f64, u32, u32, String)> = serde_json::from_str(CASES).unwrap();
    assert!(cases.len() > 200);
    let wrong: Vec<_> = cases
        .iter()
        .filter(|(name, width, height, clip_limit, across, down, expected)| {
            let clahe = Clahe { clip_limit: *clip_limit, tiles: [*across, *down] };
            let equalised = clahe.apply(picture(name, Size::new(*width, *height).unwrap()));
            format!("{:032x}", xxh3_128(equalised.pixels())) != *expected
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ: {wrong:?}", wrong.len(), cases.len());
}

#[test]
fn an_image_without_pixels_stays() {
    let empty = Image::new(Size::new(0, 7).unwrap(), Vec::new()).unwrap();
    assert_eq!(Clahe { clip_limit: 2.0, tiles: [8, 8] }.apply(empty.clone()), empty);
}

#[test]
fn tiles_out_of_range_are_refused_by_name() {
    let read = |text| serde_json::from_str::<Clahe>(text).map_err(|error| error.to_string());
    assert_eq!(read(r#"{"clip_limit": 2, "tiles": [8, 4]}"#), Ok(Clahe { clip_limit: 2.0, tiles: [8, 4] }));
    let error = read(r#"{"clip_limit": 2, "tiles": [0, 8]}"#).unwrap_err();
    assert!(error.contains("tiles = [0, 8]; expected") && error.contains("from 1 to 256"), "{error}");
}
