//! Kinds of PNG, BMP and TIFF files, limits, and what is no image.
#![allow(clippy::unwrap_used)]

use std::io::Cursor;

use image::{DynamicImage, ImageFormat};
use png::{BitDepth, ColorType};
use radiograph::{Grey, Samples, read};

const MAX_PIXELS: u32 = 1 << 16;

fn png(width: u32, height: u32, color: ColorType, depth: BitDepth, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == ColorType::Indexed {
        encoder.set_palette(vec![0, 0, 0, 255, 0, 0, 9, 9, 9, 0, 0, 255]);
        encoder.set_trns(vec![255, 0, 7, 255]);
    }
    encoder.set_filter(png::Filter::NoFilter);
    encoder.write_header().unwrap().write_image_data(data).unwrap();
    bytes
}

/// The image as another file format.
fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// An uncompressed grey TIFF file of one strip, samples in native order, with these tags beside the usual ones.
fn grey_tiff(width: u16, height: u16, bits: u16, sample_format: u16, data: &[u8]) -> Vec<u8> {
    let (short, long) = (3_u16, 4_u16);
    let tags = [
        (256, short, u32::from(width)),
        (257, short, height.into()),
        (258, short, bits.into()),
        (259, short, 1),
        (262, short, 1),
        (273, long, 8),
        (277, short, 1),
        (278, short, height.into()),
        (279, long, data.len() as u32),
        (339, short, sample_format.into()),
    ];
    let mut file = [&b"II*\0"[..], &(8 + data.len() as u32).to_le_bytes(), data].concat();
    file.extend((tags.len() as u16).to_le_bytes());
    for (tag, kind, value) in tags {
        file.extend([u16::to_le_bytes(tag), kind.to_le_bytes()].concat());
        file.extend([1_u32.to_le_bytes(), value.to_le_bytes()].concat());
    }
    file.extend([0; 4]);
    file
}

fn grey(bytes: &[u8]) -> Grey {
    read(bytes, MAX_PIXELS).unwrap()
}

fn eight(bytes: &[u8]) -> Vec<u8> {
    match grey(bytes).samples {
        Samples::Eight(samples) => samples,
        Samples::Sixteen(samples) => panic!("{samples:?}"),
    }
}

fn sixteen(bytes: &[u8]) -> Vec<u16> {
    match grey(bytes).samples {
        Samples::Sixteen(samples) => samples,
        Samples::Eight(samples) => panic!("{samples:?}"),
    }
}

fn error(bytes: &[u8]) -> String {
    read(bytes, MAX_PIXELS).unwrap_err().to_string()
}

/// A chunk's checksum as PNG asks for it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// The file with another header: bytes 16 … 28 are width, height, depth, colour, compression, filter, interlacing.
fn with_header(mut png: Vec<u8>, change: impl Fn(&mut [u8])) -> Vec<u8> {
    change(&mut png[16..29]);
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    png
}

#[test]
fn png_files_of_every_kind_become_grey() {
    use BitDepth::{Eight, Four, One, Sixteen};
    use ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
    let low = |color, depth, data: &[u8]| eight(&png(2, 1, color, depth, data));
    let high = |color, data: &[u8]| sixteen(&png(2, 1, color, Sixteen, data));
    assert_eq!(low(Grayscale, Eight, &[7, 250]), [7, 250]);
    assert_eq!(low(Grayscale, One, &[0b0100_0000]), [0, 255]);
    assert_eq!(low(Grayscale, Four, &[0x3f]), [0x33, 0xff]);
    assert_eq!(low(GrayscaleAlpha, Eight, &[7, 0, 250, 9]), [7, 250]);
    assert_eq!(low(Rgb, Eight, &[7, 7, 7, 10, 200, 30]), [7, 123]);
    assert_eq!(low(Rgba, Eight, &[7, 7, 7, 0, 10, 200, 30, 255]), [7, 123]);
    assert_eq!(low(Indexed, Eight, &[1, 2]), [76, 9]);
    assert_eq!(low(Indexed, Four, &[0x12]), [76, 9]);
    assert_eq!(high(Grayscale, &[1, 0, 3, 0]), [256, 768]);
    assert_eq!(high(GrayscaleAlpha, &[3, 0, 9, 9, 1, 0, 9, 9]), [768, 256]);
    assert_eq!(high(Rgb, &[1, 0, 1, 0, 1, 0, 0, 9, 0, 9, 0, 9]), [256, 9]);
    assert_eq!(high(Rgba, &[0, 1, 0, 1, 0, 1, 9, 9, 0, 9, 0, 9, 0, 9, 0, 0]), [1, 9]);
}

#[test]
fn an_interlaced_png_has_its_pixels_in_place() {
    // Passes 1, 6 and 7 of a 2 × 2 image have as many bytes as a 6 × 1 image; the zeros are their filters.
    let passes = png(6, 1, ColorType::Grayscale, BitDepth::Eight, &[10, 0, 20, 0, 30, 40]);
    let interlaced = with_header(passes, |header| {
        header[..8].copy_from_slice(&[0, 0, 0, 2, 0, 0, 0, 2]);
        header[12] = 1;
    });
    assert_eq!(eight(&interlaced), [10, 20, 30, 40]);
}

#[test]
fn colours_of_bmp_and_tiff_files_are_weighed_as_opencv_does() {
    let colour = image::RgbImage::from_raw(2, 1, vec![7, 7, 7, 10, 200, 30]).unwrap();
    for format in [ImageFormat::Bmp, ImageFormat::Tiff] {
        assert_eq!(eight(&encoded(colour.clone(), format)), [7, 124], "{format:?}");
    }
}

#[test]
fn grey_tiff_files_of_every_depth_are_read_or_refused_by_name() {
    assert_eq!(eight(&grey_tiff(3, 2, 1, 1, &[0b1010_0000, 0b0110_0000])), [255, 0, 255, 0, 255, 255]);
    assert_eq!(eight(&grey_tiff(3, 1, 2, 1, &[0b0001_1011])), [0, 85, 170]);
    assert_eq!(eight(&grey_tiff(3, 1, 4, 1, &[0x0f, 0x80])), [0, 255, 136]);
    let unsigned = [100_u16, 9000].map(u16::to_le_bytes).concat();
    assert_eq!(sixteen(&grey_tiff(2, 1, 16, 1, &unsigned)), [100, 9000]);
    let signed = [i16::MIN, -1, 0, i16::MAX].map(i16::to_le_bytes).concat();
    assert_eq!(sixteen(&grey_tiff(4, 1, 16, 2, &signed)), [0, 32767, 32768, 65535]);
    for (bits, sample_format, what) in [
        (12, 1, "samples of 12 bits"),
        (32, 1, "samples of 32 bits"),
        (8, 2, "signed samples of 8 bits"),
        (32, 2, "signed samples of 32 bits"),
        (32, 3, "floating-point samples of 32 bits"),
    ] {
        let error = error(&grey_tiff(1, 1, bits, sample_format, &[0; 4]));
        assert!(error.starts_with(&format!("the TIFF file has {what}; that is not supported")), "{error}");
    }
}

#[test]
fn a_gigantic_picture_is_refused_before_memory_is_taken() {
    let sides = 60_000_u16;
    let header = |png: Vec<u8>| {
        with_header(png, |header| {
            header[..4].copy_from_slice(&u32::from(sides).to_be_bytes());
            header[4..8].copy_from_slice(&u32::from(sides).to_be_bytes());
        })
    };
    let mut jpeg = encoded(image::GrayImage::new(8, 8), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[sides.to_be_bytes(), sides.to_be_bytes()].concat());
    let mut bmp = encoded(image::GrayImage::new(8, 8), ImageFormat::Bmp);
    bmp[18..26].copy_from_slice(&[u32::from(sides).to_le_bytes(), u32::from(sides).to_le_bytes()].concat());
    for file in [
        header(png(1, 1, ColorType::Grayscale, BitDepth::Eight, &[0])),
        jpeg,
        bmp,
        grey_tiff(sides, sides, 8, 1, &[0]),
    ] {
        let error = error(&file);
        assert!(error.starts_with("the image is 60000×60000, more than the 65536 pixels"), "{error}");
    }
}

#[test]
fn what_is_no_image_that_is_read_is_named() {
    let dicom = [&[0; 128][..], b"DICM"].concat();
    for (file, name) in [
        (&dicom[..], "DICOM"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
        (b"GIF89a", "GIF"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\xd8\xff\xf7\0\x0b", "JPEG-LS"),
    ] {
        let expected =
            format!("is a {name} file; that is not supported: convert it to PNG (grey, of 8 or 16 bits)");
        assert_eq!(error(file), expected);
    }
    assert_eq!(error(b""), "the file is empty");
    assert!(error(b"hello").starts_with("is no PNG, JPEG, BMP or TIFF file: it begins with [68,"));
}
