//! What becomes of image files.

use image::ImageFormat;
use shard::Record;

use crate::data::{Data, encoded, flat, png};

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
fn rubbish_instead_of_an_image_is_named_or_skipped() {
    let noise: Vec<u8> = (0..4096_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let whole = png(64, 64, &noise);
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
fn inverted_plates_are_turned_as_asked() {
    // A hand is flesh with bones in it: rows of the square in the middle differ.
    let plate = |ground: u8, hand: fn(usize) -> u8| {
        let in_hand = |i: usize| (16..48).contains(&(i % 64)) && (16..48).contains(&(i / 64));
        let pixel = |i: usize| if in_hand(i) { hand(i / 64) } else { ground };
        png(64, 64, &(0..4096).map(pixel).collect::<Vec<u8>>())
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
fn resized_images_keep_their_proportions_unless_they_are_to_be_stretched() {
    let noise = |pixels: u32| -> Vec<u8> {
        (0..pixels).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    };
    let data = Data::new().add("1.png", png(64, 48, &noise(64 * 48)));
    for (arguments, shape) in [
        (&["--size", "32"][..], [24, 32]),
        (&["--size", "32", "--placement", "pad"], [24, 32]),
        (&["--size", "32", "--placement", "stretch"], [32, 32]),
        (&["--size", "128"], [96, 128]),
        (&["--placement", "stretch"], [48, 64]),
    ] {
        let (found, pixels) = data.image(arguments);
        assert_eq!(found, shape, "{arguments:?}");
        // Nothing black was added.
        assert!(pixels.iter().filter(|&&grey| grey == 0).count() < pixels.len() / 20, "{arguments:?}");
    }
    let square = Data::new().add("1.png", png(64, 64, &noise(64 * 64)));
    let [pad, stretch] =
        ["pad", "stretch"].map(|placement| square.image(&["--size", "24", "--placement", placement]));
    assert_eq!(pad, stretch);
}

#[test]
fn the_bytes_do_not_depend_on_threads() {
    let noise: Vec<u8> = (0..64 * 64_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let image = png(64, 64, &noise);
    let data = (0..20).fold(Data::new(), |data, i| data.add(format!("P{}/{i}.png", i % 7), &image));
    let digest =
        |threads| data.decode(&["--size", "24", "--threads", threads]).summary.unwrap().output_digest;
    assert_eq!(digest("1"), digest("4"));
}
