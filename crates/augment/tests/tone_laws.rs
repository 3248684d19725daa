//! Laws of the steps of tone that no golden data are needed for.
#![allow(clippy::unwrap_used)]

use augment::tone::{Scratch, apply};
use augment::{Curve, Illumination, Kernel, Tone};
use bones::Size;
use pixels::{Filter, resize};
use planes::Image;
use proptest::prelude::*;

fn noise(size: Size) -> Vec<u8> {
    (1..=size.pixels()).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn after(steps: &[Tone], size: Size, mut pixels: Vec<u8>) -> Vec<u8> {
    apply(steps, size, &mut pixels, &mut Scratch::default());
    pixels
}

fn size(width: u32, height: u32) -> Size {
    Size::new(width, height).unwrap()
}

/// A step that moves no grey value of a constant image.
fn smoothing() -> impl Strategy<Value = Tone> {
    prop_oneof![
        (0..40_u32, prop_oneof![Just(0.0), 0.1..50.0])
            .prop_map(|(size, sigma)| Tone::GaussianBlur { size, sigma }),
        (0..9_u32).prop_map(|size| Tone::MedianBlur { size }),
        (0.0..1.5).prop_map(|scale| Tone::Downscale { scale }),
        (2..6_u32, 2..6_usize).prop_map(|(columns, rows)| {
            Tone::Illumination(Illumination { columns, factors: vec![1.0; columns as usize * rows] })
        }),
        Just(Tone::Convolve(Kernel::new(3, vec![0.0, -1.0, 0.0, -1.0, 5.0, -1.0, 0.0, -1.0, 0.0]).unwrap())),
        any::<u64>().prop_map(|key| Tone::SaltAndPepper { key, amount: 0.0, salt: 0.5 }),
        any::<u64>().prop_map(|key| Tone::MultiplicativeNoise { key, low: 1.0, high: 1.0 }),
        any::<u64>().prop_map(|key| Tone::GaussNoise { key, mean: 0.0, deviation: 0.0 }),
        any::<u64>().prop_map(|key| Tone::PoissonNoise { key, photons: 0.0 }),
    ]
}

/// Any step.
fn step() -> impl Strategy<Value = Tone> {
    prop_oneof![
        4 => smoothing(),
        1 => (0.2..3.0).prop_map(|power| Tone::Curve(Curve::of(|grey| 255.0 * (grey / 255.0_f64).powf(power)))),
        1 => (0.0..5.0, 1..9_u32, 1..9_u32)
            .prop_map(|(clip_limit, x, y)| Tone::Clahe(pixels::Clahe { clip_limit, tiles: [x, y] })),
        1 => (any::<u64>(), -9.0..9.0, 0.0..30.0)
            .prop_map(|(key, mean, deviation)| Tone::GaussNoise { key, mean, deviation }),
        1 => (any::<u64>(), 1.0..1e4).prop_map(|(key, photons)| Tone::PoissonNoise { key, photons }),
    ]
}

proptest! {
    #[test]
    fn a_constant_image_stays(
        grey: u8, width in 1..90_u32, height in 1..40_u32, steps in prop::collection::vec(smoothing(), 1..4),
    ) {
        let pixels = after(&steps, size(width, height), vec![grey; (width * height) as usize]);
        prop_assert!(pixels.iter().all(|&pixel| pixel == grey), "{pixels:?}");
    }

    #[test]
    fn what_was_done_before_in_the_same_room_does_not_matter(
        samples in prop::collection::vec((1..90_u32, 1..40_u32, prop::collection::vec(step(), 0..5)), 1..5),
    ) {
        let mut scratch = Scratch::default();
        for (width, height, steps) in samples {
            let size = size(width, height);
            let mut pixels = noise(size);
            apply(&steps, size, &mut pixels, &mut scratch);
            prop_assert_eq!(pixels, after(&steps, size, noise(size)));
        }
    }

    #[test]
    fn curves_in_a_row_are_done_one_after_the_other(curves in prop::collection::vec(prop::array::uniform32(0..256_u16), 0..4)) {
        let curves = curves.iter().map(|nodes| Tone::Curve(Curve::of(|grey| f64::from(nodes[grey as usize / 8]))));
        let curves: Vec<Tone> = curves.collect();
        let size = size(33, 9);
        let one_by_one = curves.iter().fold(noise(size), |pixels, curve| after(std::slice::from_ref(curve), size, pixels));
        prop_assert_eq!(after(&curves, size, noise(size)), one_by_one);
    }

    #[test]
    fn a_median_has_as_many_below_as_above(side in prop::sample::select(vec![3_u32, 5, 7]), seed: u32) {
        // Of the pixel in the middle of an image as large as the kernel.
        let pixels: Vec<u8> = (1..=side * side).map(|i| ((i ^ seed).wrapping_mul(2_654_435_761) >> 26) as u8).collect();
        let middle = (side * side / 2) as usize;
        let mut sorted = pixels.clone();
        sorted.sort_unstable();
        prop_assert_eq!(after(&[Tone::MedianBlur { size: side }], size(side, side), pixels)[middle], sorted[middle]);
    }

    #[test]
    fn illumination_is_bilinear(
        (columns, factors) in (1..5_u32, 1..5_usize)
            .prop_flat_map(|(columns, rows)| (Just(columns), prop::collection::vec(0.0..2.0, columns as usize * rows))),
        width in 1..50_u32, height in 1..50_u32,
    ) {
        let size = size(width, height);
        let (before, rows) = (noise(size), factors.len() / columns as usize);
        let lit = after(
            &[Tone::Illumination(Illumination { columns, factors: factors.clone() })], size, before.clone(),
        );
        let along = |at: usize, side: u32, nodes: usize| {
            let position = (at as f64 + 0.5) * (nodes - 1) as f64 / f64::from(side);
            let node = (position as usize).min(nodes.saturating_sub(2));
            (node, (node + 1).min(nodes - 1), position - node as f64)
        };
        for (i, (before, lit)) in before.iter().zip(lit).enumerate() {
            let (left, right, x) = along(i % width as usize, width, columns as usize);
            let (above, below, y) = along(i / width as usize, height, rows);
            let node = |row: usize, column: usize| factors[row * columns as usize + column];
            let row = |row| node(row, left) * (1.0 - x) + node(row, right) * x;
            let exact = (f64::from(*before) * (row(above) * (1.0 - y) + row(below) * y)).min(255.0);
            prop_assert!((exact - f64::from(lit)).abs() < 0.5 + 1e-3, "{before} → {lit}, {exact}");
        }
    }
}

#[test]
fn a_wide_kernel_is_the_sum_it_stands_for() {
    // Off the middle, so that a mirrored or turned kernel shows.
    let size = size(70, 3);
    let mut weights = vec![0.0; 25];
    weights[2 * 5 + 4] = 1.0;
    let before = noise(size);
    let shifted = after(&[Tone::Convolve(Kernel::new(5, weights).unwrap())], size, before.clone());
    for (before, shifted) in before.chunks(70).zip(shifted.chunks(70)) {
        assert_eq!(before[2..], shifted[..68]);
        assert_eq!([before[68], before[67]], shifted[68..]);
    }
}

#[test]
fn downscale_is_there_and_back() {
    let (size, small) = (size(64, 50), size(32, 25));
    let image = Image::new(size, noise(size)).unwrap();
    let back = resize(resize(image, small, Filter::Area), size, Filter::Linear);
    assert_eq!(after(&[Tone::Downscale { scale: 0.5 }], size, noise(size)), back.pixels());
    assert_eq!(after(&[Tone::Downscale { scale: 1.0 }], size, noise(size)), noise(size));
}

#[test]
fn an_image_without_pixels_stays() {
    let steps = [
        Tone::MedianBlur { size: 3 },
        Tone::Downscale { scale: 0.5 },
        Tone::GaussianBlur { size: 3, sigma: 0.0 },
    ];
    assert!(after(&steps, size(0, 5), Vec::new()).is_empty());
}
