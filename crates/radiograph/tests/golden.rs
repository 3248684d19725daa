//! Files of many kinds have the very grey values that OpenCV 4.10 reads; see `tests/golden/radiograph/make.py`.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use radiograph::{ImageError, Samples, read};

const MAX_PIXELS: u32 = 1 << 16;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/radiograph")
}

fn file(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap()
}

/// Width, height and grey values of a file of the kind `P5`.
fn pgm(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
    let [_, size, _, _] = bytes.splitn(4, |&byte| byte == b'\n').collect::<Vec<_>>()[..] else {
        panic!("three lines and the pixels were expected")
    };
    let (width, height) = std::str::from_utf8(size).unwrap().split_once(' ').unwrap();
    let (width, height) = (width.parse().unwrap(), height.parse().unwrap());
    (width, height, bytes[bytes.len() - (width * height) as usize..].to_vec())
}

fn names() -> BTreeSet<String> {
    let files = fs::read_dir(folder()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".jpg") || name.ends_with(".tif")).collect()
}

#[test]
fn what_is_read_is_what_opencv_reads_and_the_rest_is_refused_by_name() {
    let mut read_files = 0;
    for name in names() {
        let image = read(&file(&name), MAX_PIXELS);
        match fs::read(folder().join(format!("{name}.pgm"))) {
            Ok(expected) => {
                let image = image.unwrap_or_else(|error| panic!("{name}: {error}"));
                let Samples::Eight(samples) = image.samples else { panic!("{name} has samples of 16 bits") };
                let (width, height, expected) = pgm(&expected);
                assert_eq!((image.size.width(), image.size.height()), (width, height), "{name}");
                // The cosine transform of JPEG in TIFF rounds differently.
                let most = u8::from(name.starts_with("jpeg-"));
                let same = samples.iter().zip(&expected).all(|(one, other)| one.abs_diff(*other) <= most);
                assert!(same && samples.len() == expected.len(), "{name}");
                read_files += 1;
            }
            Err(_) => {
                let error = image.unwrap_err();
                assert!(matches!(error, ImageError::Unsupported { .. }), "{name}: {error}");
            }
        }
    }
    assert!(read_files > 30, "{read_files}");
}

#[test]
fn the_unsupported_is_called_what_it_is() {
    for (name, what) in [
        ("arithmetic.jpg", "the JPEG file has arithmetic coding (which `jpegtran` replaces without a loss)"),
        ("palette.tif", "the TIFF file has a colour palette"),
        ("lab.tif", "the TIFF file has Lab colours"),
        ("float.tif", "the TIFF file has floating-point samples of 32 bits"),
        ("zstd.tif", "the TIFF file has ZSTD compression"),
        ("tiles-of-planes.tif", "the TIFF file has colour planes in tiles that go over the image's edge"),
    ] {
        let error = read(&file(name), MAX_PIXELS).unwrap_err().to_string();
        let remedy = "; that is not supported: convert it to PNG (grey, of 8 or 16 bits)";
        assert_eq!(error, format!("{what}{remedy}"));
    }
    let grey = file("grey.jpg");
    let frame = grey.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    for (at, byte, what) in [
        (frame + 4, 12, "samples of other than 8 bits"),
        (frame + 1, 0xc3, "lossless or hierarchical coding"),
        (frame + 6, 0, "no height in its header"),
    ] {
        let mut changed = grey.clone();
        changed[at] = byte;
        let error = read(&changed, MAX_PIXELS).unwrap_err();
        assert!(matches!(&error, ImageError::Unsupported { what: found, .. } if found == what), "{error}");
    }
}

#[test]
fn a_scan_cut_short_is_an_error_even_before_an_end_marker() {
    for name in
        ["baseline-2x2", "progressive-2x2", "separate-2x2", "separate-1x2", "restarts", "grey", "cmyk"]
    {
        let whole = file(&format!("{name}.jpg"));
        let first = whole.windows(2).position(|marker| marker == [0xff, 0xda]).unwrap() + 14;
        let last = whole.windows(2).rposition(|marker| marker == [0xff, 0xda]).unwrap() + 14;
        // A progressive file may end between two scans; what is cut within the last one is missing.
        for cut in [last + (whole.len() - last) / 2, whole.len() - 6, first + 4] {
            for end in [&[][..], &[0xff, 0xd9]] {
                let cut_short = [&whole[..cut], end].concat();
                let error = read(&cut_short, MAX_PIXELS).unwrap_err();
                assert!(matches!(error, ImageError::Damaged { .. }), "{name} cut at {cut}: {error}");
            }
        }
    }
}

#[test]
fn jpeg_in_tiff_is_as_whole_as_elsewhere() {
    let whole = file("jpeg-strips.tif");
    let last = whole.windows(2).rposition(|marker| marker == [0xff, 0xda]).unwrap();
    let mut cut = whole.clone();
    cut[last + 30..last + 32].copy_from_slice(&[0xff, 0xd9]);
    let error = read(&cut, MAX_PIXELS).unwrap_err();
    assert!(matches!(error, ImageError::Damaged { .. }), "{error}");
    let mut scans = whole;
    scans[last + 30..last + 32].copy_from_slice(&[0xff, 0xda]);
    let error = read(&scans, MAX_PIXELS).unwrap_err().to_string();
    assert!(error.starts_with("the TIFF file has JPEG compression in several scans"), "{error}");
}
