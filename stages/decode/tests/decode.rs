//! `decode` as a program: every format, every kind of rubbish, pairing, exit codes.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use image::{DynamicImage, ImageFormat};
use png::{BitDepth, ColorType};
use shard::{Header, Reader, Record};
use stage::Summary;
use tempfile::TempDir;

/// A folder with a data set in it.
struct Data {
    folder: TempDir,
}

/// What one run gave.
struct Run {
    code: i32,
    words: String,
    header: Option<Header>,
    records: Vec<Record>,
    summary: Option<Summary>,
}

impl Data {
    fn new() -> Data {
        Data { folder: TempDir::new().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    fn add(self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> Data {
        let path = self.folder.path().join("data").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    fn command(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_decode"))
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs on the whole data set.
    fn decode(&self, arguments: &[&str]) -> Run {
        self.decode_from(&["data"], arguments)
    }

    fn decode_from(&self, roots: &[&str], arguments: &[&str]) -> Run {
        let mut all = vec!["--out", "out.shard", "--summary", "summary.json", "--progress", "auto"];
        all.extend(roots);
        all.extend(arguments);
        let output = self.command(&all);
        let out = self.folder.path().join("out.shard");
        let summary = self.folder.path().join("summary.json");
        let reader = out.exists().then(|| Reader::open(&out).unwrap());
        let run = Run {
            code: output.status.code().unwrap(),
            words: String::from_utf8(output.stderr).unwrap(),
            header: reader.as_ref().map(|reader| reader.header().clone()),
            records: reader.map(|reader| reader.collect::<Result<_, _>>().unwrap()).unwrap_or_default(),
            summary: summary.exists().then(|| serde_json::from_slice(&fs::read(&summary).unwrap()).unwrap()),
        };
        assert!(output.stdout.is_empty());
        assert_eq!(run.code == 0, out.exists() && run.summary.is_some(), "{}", run.words);
        let _ = (fs::remove_file(out), fs::remove_file(summary));
        run
    }

    /// The only image of the data set, which decodes without a fault.
    fn image(&self, arguments: &[&str]) -> (Vec<u64>, Vec<u8>) {
        let mut run = self.decode(arguments);
        assert_eq!((run.code, run.records.len()), (0, 1), "{}", run.words);
        let plane = run.records[0].take_plane("image").unwrap();
        (plane.shape, plane.bytes)
    }
}

impl Run {
    fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{}", self.words);
        for word in words {
            assert!(self.words.contains(word), "no {word:?} in {}", self.words);
        }
    }

    fn keys(&self) -> Vec<&str> {
        self.records.iter().map(|record| record.key.as_str()).collect()
    }

    fn count(&self, what: &str) -> u64 {
        self.summary.as_ref().unwrap().counts[what]
    }
}

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

/// A small grey image, each of its pixels `value`.
fn flat(value: u8) -> Vec<u8> {
    png(4, 4, ColorType::Grayscale, BitDepth::Eight, &[value; 16])
}

/// The image as another file format.
fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn annotation(label: &str, points: &str) -> String {
    format!(r#"{{"annotations": [{{"type": "poly_seg", "label": "{label}", "points": {points}}}]}}"#)
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
    let image = |color, depth, data: &[u8]| {
        Data::new().add("P/1.png", png(2, 1, color, depth, data)).image(&["--window-percentiles", "0,100"])
    };
    let shape = vec![1, 2];
    assert_eq!(image(Grayscale, Eight, &[7, 250]), (shape.clone(), vec![7, 250]));
    assert_eq!(image(Grayscale, One, &[0b0100_0000]), (shape.clone(), vec![0, 255]));
    assert_eq!(image(Grayscale, Four, &[0x3f]), (shape.clone(), vec![0x33, 0xff]));
    assert_eq!(image(GrayscaleAlpha, Eight, &[7, 0, 250, 9]), (shape.clone(), vec![7, 250]));
    assert_eq!(image(Rgb, Eight, &[7, 7, 7, 10, 200, 30]), (shape.clone(), vec![7, 123]));
    assert_eq!(image(Rgba, Eight, &[7, 7, 7, 0, 10, 200, 30, 255]), (shape.clone(), vec![7, 123]));
    assert_eq!(image(Indexed, Eight, &[1, 2]), (shape.clone(), vec![76, 9]));
    assert_eq!(image(Indexed, Four, &[0x12]), (shape.clone(), vec![76, 9]));
    // 16 bits: the window is the whole range of what is there.
    assert_eq!(image(Grayscale, Sixteen, &[1, 0, 3, 0]), (shape.clone(), vec![0, 255]));
    assert_eq!(image(GrayscaleAlpha, Sixteen, &[3, 0, 9, 9, 1, 0, 9, 9]), (shape.clone(), vec![255, 0]));
    assert_eq!(image(Rgb, Sixteen, &[1, 0, 1, 0, 1, 0, 0, 9, 0, 9, 0, 9]), (shape.clone(), vec![255, 0]));
    assert_eq!(
        image(Rgba, Sixteen, &[0, 1, 0, 1, 0, 1, 9, 9, 0, 9, 0, 9, 0, 9, 0, 0]),
        (shape, vec![0, 255])
    );
}

#[test]
fn an_interlaced_png_has_its_pixels_in_place() {
    // Passes 1, 6 and 7 of a 2 × 2 image have as many bytes as a 6 × 1 image; the zeros are their filters.
    let passes = png(6, 1, ColorType::Grayscale, BitDepth::Eight, &[10, 0, 20, 0, 30, 40]);
    let interlaced = with_header(passes, |header| {
        header[..8].copy_from_slice(&[0, 0, 0, 2, 0, 0, 0, 2]);
        header[12] = 1;
    });
    assert_eq!(Data::new().add("P/1.png", interlaced).image(&[]), (vec![2, 2], vec![10, 20, 30, 40]));
}

#[test]
fn other_formats_are_read_whatever_their_names_say() {
    let colour = image::RgbImage::from_raw(2, 1, vec![7, 7, 7, 10, 200, 30]).unwrap();
    for (name, format) in
        [("1.bmp", ImageFormat::Bmp), ("1.tif", ImageFormat::Tiff), ("1.JPG", ImageFormat::Tiff)]
    {
        let data = Data::new().add(format!("P/{name}"), encoded(colour.clone(), format));
        assert_eq!(data.image(&[]), (vec![1, 2], vec![7, 124]), "{name}");
    }
    let deep = image::ImageBuffer::<image::Luma<u16>, _>::from_raw(2, 1, vec![100_u16, 9000]).unwrap();
    let data = Data::new().add("P/1.tiff", encoded(deep, ImageFormat::Tiff));
    let run = data.decode(&[]);
    assert_eq!(run.records[0].plane("image").unwrap().bytes, [0, 255]);
    assert_eq!(run.records[0].attributes["levels"], "100 9000");
}

#[test]
fn jpeg_files_give_their_luma() {
    let ramp = image::GrayImage::from_fn(64, 40, |x, y| image::Luma([(x * 3 + y) as u8]));
    let colour = image::RgbImage::from_pixel(64, 40, image::Rgb([10, 200, 30]));
    let (shape, grey) = Data::new().add("P/1.jpg", encoded(ramp.clone(), ImageFormat::Jpeg)).image(&[]);
    assert_eq!(shape, [40, 64]);
    assert!(grey.iter().zip(ramp.as_raw()).all(|(&one, &other)| one.abs_diff(other) <= 12));
    let (_, grey) = Data::new().add("P/1.jpeg", encoded(colour, ImageFormat::Jpeg)).image(&[]);
    assert!(grey.iter().all(|&pixel| pixel.abs_diff(124) <= 2), "{:?}", &grey[..8]);
}

#[test]
fn records_carry_where_they_come_from() {
    let data = Data::new()
        .add("train/DCM/ID002/image9.png", flat(1))
        .add("train/DCM/ID001/image8_L.png", flat(2))
        .add("train/DCM/ID001/image7_R.png", flat(3))
        .add("train/outputs_json/ID002/image9.json", annotation("Ulna", "[[1.9, 2.9], [3, 0]]"))
        .add("train/outputs_json/ID001/image8_L.json", annotation("Radius", "[]"))
        .add("train/outputs_json/ID001/image7_R.json", annotation("finger-1", "[[0, 0]]"))
        .add("meta_data.xlsx", "no image");
    let run = data.decode(&["--size", "2"]);
    assert_eq!(run.code, 0, "{}", run.words);
    assert_eq!(run.keys(), ["ID001/image7_R", "ID001/image8_L", "ID002/image9"]);
    let attributes: BTreeMap<&str, &str> =
        run.records[0].attributes.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let expected = [
        ("image_name", "image7_R.png"),
        ("patient", "ID001"),
        ("side", "R"),
        ("size", "4 4"),
        ("source", "train/DCM/ID001/image7_R.png"),
    ];
    assert_eq!(attributes, BTreeMap::from(expected));
    assert_eq!(run.records[2].attributes.get("side"), None);
    let (size, outlines) = planes::polygons(&run.records[2]).unwrap();
    assert_eq!((size.width(), size.height(), outlines[0].ring.clone()), (4, 4, vec![[1, 2], [3, 0]]));
    assert_eq!(run.records[0].plane("image").unwrap().shape, [2, 2]);
    let header = run.header.as_ref().unwrap();
    assert_eq!(header.classes.len(), 29);
    assert_eq!(header.attributes["filter"], "linear");
    assert_eq!(header.attributes["image_size"], "2");
    assert_eq!(run.count("ignored files"), 1);
    assert_eq!(run.count("bones without an outline"), 28 + 28 + 29);
}

#[test]
fn what_is_unpaired_is_told() {
    let data = Data::new()
        .add("train/DCM/P/1.png", flat(1))
        .add("train/outputs_json/P/1.json", annotation("Ulna", "[]"))
        .add("train/outputs_json/Q/7.json", "not even JSON")
        .add("test/DCM/T/2.png", flat(2));
    let run = data.decode(&[]);
    assert_eq!((run.code, run.keys()), (0, vec!["P/1"]));
    assert!(
        run.words.contains("images left out, as they have no annotation: test/DCM/T/2.png;"),
        "{}",
        run.words
    );
    assert!(run.words.contains("annotations of no image: train/outputs_json/Q/7.json"), "{}", run.words);
    assert_eq!(
        (run.count("images without an annotation"), run.count("annotations without an image")),
        (1, 1)
    );

    data.decode(&["--labels", "require"]).fails(65, &["data/test/DCM/T/2.png: record T/2", "no annotation"]);
    assert_eq!(data.decode(&["--labels", "require", "--skip-bad", "1"]).keys(), ["P/1"]);

    let run = data.decode(&["--labels", "none"]);
    assert_eq!(run.keys(), ["T/2", "P/1"]);
    assert!(run.header.unwrap().plane("polygons").is_none());
    let run = data.decode(&["--split", "test"]);
    assert_eq!(run.keys(), ["T/2"]);
    assert!(run.header.unwrap().plane("polygons").is_none());
    assert_eq!(run.records[0].attributes["source"], "test/DCM/T/2.png");
}

#[test]
fn annotations_that_can_not_be_meant_are_named() {
    let with = |json: &str| {
        Data::new()
            .add("d/P/1.png", flat(1))
            .add("j/P/1.json", json)
            .add("d/P/0.png", flat(0))
            .add("j/P/0.json", annotation("Ulna", "[[0, 0]]"))
    };
    for (json, words) in [
        (annotation("Radus", "[]"), r#"unknown label "Radus"; did you mean `Radius`?"#),
        (annotation("Ulna", "[[1e300, 0]]"), "point 1 is"),
        (annotation("Ulna", "[[NaN, 0]]"), "line 1 column"),
        ("garbage".to_owned(), "is no annotation"),
        (String::new(), "is no annotation"),
        ("[".repeat(9999), "is no annotation"),
    ] {
        let data = with(&json);
        data.decode(&[]).fails(65, &["data/j/P/1.json: record P/1: ", words]);
        let run = data.decode(&["--skip-bad", "1"]);
        assert_eq!((run.code, run.keys()), (0, vec!["P/0"]));
        assert_eq!(run.summary.unwrap().records.skipped[0].record, "P/1");
    }
    let twice =
        r#"{"annotations": [{"label": "Ulna", "points": [[1, 1]]}, {"label": "Ulna", "points": [[2, 2]]}]}"#;
    let run = with(twice).decode(&[]);
    assert_eq!(run.count("duplicate labels"), 1);
    assert_eq!(planes::polygons(&run.records[1]).unwrap().1[0].ring, [[2, 2]]);
}

#[test]
fn rubbish_instead_of_an_image_is_named_or_skipped() {
    let noise: Vec<u8> = (0..4096_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let whole = png(64, 64, ColorType::Grayscale, BitDepth::Eight, &noise);
    let side = |side: u32| {
        let change = move |header: &mut [u8]| {
            header[..4].copy_from_slice(&side.to_be_bytes());
            header[4..8].copy_from_slice(&side.to_be_bytes());
        };
        with_header(whole.clone(), change)
    };
    let mut flipped = whole.clone();
    flipped[1000] ^= 1;
    let photo = image::GrayImage::from_raw(64, 64, noise.clone()).unwrap();
    let jpeg = encoded(photo.clone(), ImageFormat::Jpeg);
    let cut = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    for (content, words) in [
        (vec![], "the file is empty"),
        (b"hello".to_vec(), "is no PNG, JPEG, BMP or TIFF file"),
        (whole[..20].to_vec(), "damaged or cut short"),
        (cut(&whole), "damaged or cut short"),
        (whole[..whole.len() - 12].to_vec(), "damaged or cut short"),
        (flipped, "damaged or cut short"),
        (side(0), "the image has no pixels: it is 0×0"),
        (side(16_385), "the image is 16385×16385, more than the 268435456 pixels that --max-pixels allows"),
        (side(2_000_000_000), "more than the 268435456 pixels"),
        (cut(&jpeg), "the JPEG data is damaged or cut short"),
        (jpeg[..3].to_vec(), "the JPEG data is damaged or cut short"),
        (cut(&encoded(photo.clone(), ImageFormat::Bmp)), "the BMP data is damaged or cut short"),
        (cut(&encoded(photo.clone(), ImageFormat::Tiff)), "the TIFF data is damaged or cut short"),
        (b"BM".to_vec(), "the BMP data is damaged or cut short"),
        (b"II*\0".to_vec(), "the TIFF data is damaged or cut short"),
    ] {
        let data = Data::new().add("P/1.png", content).add("P/2.png", flat(9));
        data.decode(&[]).fails(65, &["error: data/P/1.png: record P/1: ", words]);
        let run = data.decode(&["--skip-bad", "1"]);
        assert_eq!((run.code, run.keys()), (0, vec!["P/2"]), "{words}");
        assert!(run.summary.unwrap().records.skipped[0].reason.contains(words));
    }
    let data = Data::new().add("P/1.png", whole);
    data.decode(&["--max-pixels", "4095"]).fails(65, &["64×64, more than the 4095 pixels"]);
    assert_eq!(data.decode(&["--max-pixels", "4096"]).code, 0);
}

#[test]
fn names_and_links_that_can_not_be_used_are_named() {
    let odd = std::ffi::OsStr::from_bytes(b"P/\xff.png");
    let data = Data::new().add(odd, flat(1)).add("P/2.png", flat(9));
    data.decode(&[]).fails(65, &["error: data/P/\u{fffd}.png: ", "not UTF-8"]);
    assert_eq!(data.decode(&["--skip-bad", "1"]).keys(), ["P/2"]);

    let data = Data::new().add("P/2.png", flat(9));
    symlink("..", data.path("P/up")).unwrap();
    data.decode(&[]).fails(65, &["error: data/P/up: is a link to data, the folder that it is in"]);
    assert_eq!(data.decode(&["--skip-bad", "1"]).keys(), ["P/2"]);

    let data = Data::new().add("P/2.png", flat(9));
    symlink("nowhere", data.path("P/1.png")).unwrap();
    data.decode(&[]).fails(74, &["error: data/P/1.png: "]);
    assert_eq!(data.decode(&["--skip-bad", "1"]).keys(), ["P/2"]);

    let data =
        Data::new().add("a/P/1.png", flat(1)).add("b/P/1.bmp", flat(2)).add("b/.hidden/P/1.png", flat(3));
    data.decode(&[]).fails(65, &["data/b/P/1.bmp: record P/1: data/a/P/1.png is the image of that key"]);
    let run = data.decode(&["--skip-bad", "1"]);
    assert_eq!((run.keys(), run.records[0].attributes["source"].as_str()), (vec!["P/1"], "a/P/1.png"));
}

#[test]
fn usage_errors_and_missing_inputs_have_their_exit_codes() {
    let data = Data::new().add("P/1.png", flat(1));
    data.decode_from(&["nowhere"], &[]).fails(74, &["nowhere"]);
    data.decode_from(&[], &[]).fails(2, &["give a folder or files"]);
    data.decode(&["--split", "train"]).fails(65, &["data: has no folder `train`"]);
    data.decode(&["--size", "0"]).fails(2, &["--size"]);
    data.decode(&["--window-percentiles", "9,3"]).fails(2, &["LOW,HIGH"]);
    data.decode(&["--labels", "maybe"]).fails(2, &["require"]);
}

#[test]
fn single_files_and_several_roots_are_read_as_one_stream() {
    let data =
        Data::new().add("P/1.png", flat(1)).add("Q/0.png", flat(2)).add("Q/0.json", annotation("Ulna", "[]"));
    let run = data.decode_from(&["data/P/1.png"], &[]);
    assert_eq!((run.keys(), run.records[0].attributes["source"].as_str()), (vec!["P/1"], "1.png"));
    let run = data.decode_from(&["data/P", "data/Q"], &["--labels", "none"]);
    assert_eq!(run.keys(), ["Q/0", "P/1"]);
    assert_eq!(run.summary.unwrap().inputs.len(), 2);
    assert_eq!(
        data.decode_from(&["data/Q/0.png", "data/Q/0.json"], &["--labels", "require"]).keys(),
        ["Q/0"]
    );
    let empty = Data::new().add("readme.txt", "nothing here");
    let run = empty.decode(&[]);
    assert_eq!((run.code, run.records.len(), run.header.unwrap().planes.len()), (0, 0, 2));
}

#[test]
fn inverted_plates_are_turned_as_asked() {
    // A hand is flesh with bones in it: rows of the square in the middle differ.
    let plate = |ground: u8, hand: fn(usize) -> u8| {
        let in_hand = |i: usize| (16..48).contains(&(i % 64)) && (16..48).contains(&(i / 64));
        let pixel = |i: usize| if in_hand(i) { hand(i / 64) } else { ground };
        png(64, 64, ColorType::Grayscale, BitDepth::Eight, &(0..4096).map(pixel).collect::<Vec<u8>>())
    };
    let dark = |row: usize| if row < 30 { 30 } else { 90 };
    let bright = |row: usize| if row < 30 { 225 } else { 165 };
    let data = Data::new().add("P/1.png", plate(240, dark)).add("P/2.png", plate(20, bright));
    let corners = |arguments: &[&str]| {
        let run = data.decode(arguments);
        let corner = |record: &Record| {
            (record.plane("image").unwrap().bytes[0], record.attributes.contains_key("inverted"))
        };
        (run.records.iter().map(corner).collect::<Vec<_>>(), run.count("inverted images"))
    };
    assert_eq!(corners(&[]), (vec![(15, true), (20, false)], 1));
    assert_eq!(corners(&["--invert", "off"]), (vec![(240, false), (20, false)], 0));
    assert_eq!(corners(&["--invert", "on"]), (vec![(15, true), (235, true)], 2));
}

#[test]
fn the_bytes_do_not_depend_on_threads() {
    let noise: Vec<u8> = (0..64 * 64_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let image = png(64, 64, ColorType::Grayscale, BitDepth::Eight, &noise);
    let data = (0..20).fold(Data::new(), |data, i| data.add(format!("P{}/{i}.png", i % 7), &image));
    let digest =
        |threads| data.decode(&["--size", "24", "--threads", threads]).summary.unwrap().output_digest;
    assert_eq!(digest("1"), digest("4"));
}
