//! Steps of tone give the very pixels of OpenCV 4.10, kernels within 1 grey level; see `tests/golden/tone/make.py`.
#![allow(clippy::unwrap_used)]

use augment::tone::{Scratch, apply};
use augment::{Curve, Kernel, Tone};
use bones::Size;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_128;

const GAUSS: &str = include_str!("../../../tests/golden/tone/gauss.json");
const MEDIAN: &str = include_str!("../../../tests/golden/tone/median.json");
const FILTER: &str = include_str!("../../../tests/golden/tone/filter.json");
const TABLE: &str = include_str!("../../../tests/golden/tone/table.json");

/// What a case starts with.
#[derive(Deserialize, Debug)]
struct Picture(String, u32, u32);

impl Picture {
    fn size(&self) -> Size {
        Size::new(self.1, self.2).unwrap()
    }

    fn pixels(&self) -> Vec<u8> {
        let noise = |i: u32| (i + 1).wrapping_mul(2_654_435_761) >> 24;
        let smooth = |i: u32| {
            let t = (2 * (i % self.1) + 3 * (i / self.1)) % 510;
            t.min(510 - t)
        };
        let grey = |i: u32| match self.0.as_str() {
            "noise" => noise(i),
            "smooth" => smooth(i),
            "dark" => smooth(i) / 4 + noise(i) / 16,
            other => panic!("no picture {other}"),
        };
        (0..self.size().pixels()).map(|i| grey(i) as u8).collect()
    }

    /// The picture after one step; the room to work in has been used before.
    fn after(&self, step: Tone, scratch: &mut Scratch) -> Vec<u8> {
        let mut pixels = self.pixels();
        apply(&[step], self.size(), &mut pixels, scratch);
        pixels
    }
}

/// Cases of a file: the picture, what is done to it, and what comes out.
fn cases<T: DeserializeOwned>(text: &str, least: usize) -> Vec<(Picture, T)> {
    let cases: Vec<Vec<serde_json::Value>> = serde_json::from_str(text).unwrap();
    assert!(cases.len() >= least, "{} cases", cases.len());
    let read = |mut case: Vec<serde_json::Value>| {
        let rest = case.split_off(3);
        (serde_json::from_value(case.into()).unwrap(), serde_json::from_value(rest.into()).unwrap())
    };
    cases.into_iter().map(read).collect()
}

/// Every case of a file gives a digest's very pixels.
fn assert_digests<T: DeserializeOwned + std::fmt::Debug>(
    text: &str,
    least: usize,
    step: impl Fn(&T) -> Tone,
) {
    let cases: Vec<(Picture, Expected<T>)> = cases(text, least);
    let mut scratch = Scratch::default();
    let wrong: Vec<_> = cases
        .iter()
        .filter(|(picture, Expected(what, digest))| {
            format!("{:032x}", xxh3_128(&picture.after(step(what), &mut scratch))) != *digest
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ: {wrong:?}", wrong.len(), cases.len());
}

/// What is done, and the digest of the result.
#[derive(Debug)]
struct Expected<T>(T, String);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Expected<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut values = Vec::<serde_json::Value>::deserialize(deserializer)?;
        let digest = serde_json::from_value(values.pop().unwrap()).unwrap();
        Ok(Expected(serde_json::from_value(values.into()).unwrap(), digest))
    }
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits = hexadecimal.as_bytes().as_chunks::<2>().0;
    digits.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn gaussian_blur_is_opencvs() {
    assert_digests(GAUSS, 700, |&(size, sigma): &(u32, f64)| Tone::GaussianBlur { size, sigma });
}

#[test]
fn median_blur_is_opencvs() {
    assert_digests(MEDIAN, 140, |&(size,): &(u32,)| Tone::MedianBlur { size });
}

#[test]
fn curves_are_opencvs_tables() {
    assert_digests(TABLE, 6, |(values,): &(String,)| {
        let values = bytes(values);
        Tone::Curve(Curve::of(|grey| f64::from(values[grey as usize])))
    });
}

#[test]
fn kernels_are_opencvs_within_one() {
    /// What the kernel does, its weights, and the pixels.
    type Filtered = (String, Vec<f32>, String);
    let cases: Vec<(Picture, Filtered)> = cases(FILTER, 36);
    let mut scratch = Scratch::default();
    let (mut differ, mut count) = (0, 0);
    for (picture, (what, weights, expected)) in cases {
        let kernel = Kernel::new(weights.len().isqrt() as u32, weights).unwrap();
        let filtered = picture.after(Tone::Convolve(kernel), &mut scratch);
        let expected = bytes(&expected);
        assert_eq!(filtered.len(), expected.len());
        for (one, other) in filtered.iter().zip(&expected) {
            assert!(one.abs_diff(*other) <= 1, "{what} of {picture:?}: {one} for {other}");
            differ += usize::from(one != other);
            count += 1;
        }
    }
    // Only fused sums at ties can differ.
    assert!(differ * 1000 <= count, "{differ} of {count} differ by 1");
}
