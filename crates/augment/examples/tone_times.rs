//! Prints what steps of tone take on a plane of 512 × 512, on one core: the least and the median of 60 runs.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use augment::tone::{Scratch, apply};
use augment::{Curve, Illumination, Kernel, Tone};
use bones::Size;

fn main() {
    let size = Size::new(512, 512).unwrap();
    let noise = |i: u32| (i + 1).wrapping_mul(2_654_435_761) >> 24;
    // Much black, a smooth part, and some noise everywhere, as a radiograph has.
    let pixels: Vec<u8> = (0..size.pixels())
        .map(|i| {
            let (x, y) = (i % 512, i / 512);
            let smooth = (x * y / 512).min(512 - x).saturating_sub(60) / 2;
            (smooth + noise(i) / 16).min(255) as u8
        })
        .collect();
    let mut scratch = Scratch::default();
    for (name, step) in steps() {
        let mut times: Vec<f64> = (0..60)
            .map(|_| {
                let mut pixels = pixels.clone();
                let start = Instant::now();
                apply(std::slice::from_ref(&step), size, &mut pixels, &mut scratch);
                start.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("{name:24} {:6.3} ms {:6.3} ms", times[0], times[30]);
    }
}

fn steps() -> Vec<(&'static str, Tone)> {
    let (key, sharpen) = (7, vec![0.0, -1.0, 0.0, -1.0, 5.0, -1.0, 0.0, -1.0, 0.0]);
    let motion = (0..49).map(|tap| if tap / 7 == 3 { 1.0 / 7.0 } else { 0.0 }).collect();
    vec![
        ("curve", Tone::Curve(Curve::of(|grey| 255.0 * (grey / 255.0).powf(0.8)))),
        ("clahe 8×8", Tone::Clahe(pixels::Clahe { clip_limit: 2.0, tiles: [8, 8] })),
        ("gaussian blur 3", Tone::GaussianBlur { size: 3, sigma: 0.0 }),
        ("gaussian blur 5", Tone::GaussianBlur { size: 5, sigma: 0.0 }),
        ("gaussian blur 7", Tone::GaussianBlur { size: 7, sigma: 0.0 }),
        ("median blur 3", Tone::MedianBlur { size: 3 }),
        ("median blur 5", Tone::MedianBlur { size: 5 }),
        ("median blur 7", Tone::MedianBlur { size: 7 }),
        ("sharpen 3", Tone::Convolve(Kernel::new(3, sharpen).unwrap())),
        ("motion blur 7", Tone::Convolve(Kernel::new(7, motion).unwrap())),
        ("normal noise", Tone::GaussNoise { key, mean: 0.0, deviation: 10.0 }),
        ("poisson noise, 40", Tone::PoissonNoise { key, photons: 40.0 }),
        ("poisson noise, 200", Tone::PoissonNoise { key, photons: 200.0 }),
        ("poisson noise, 2000", Tone::PoissonNoise { key, photons: 2000.0 }),
        ("salt and pepper", Tone::SaltAndPepper { key, amount: 0.02, salt: 0.5 }),
        ("multiplicative noise", Tone::MultiplicativeNoise { key, low: 0.9, high: 1.1 }),
        (
            "illumination 4×4",
            Tone::Illumination(Illumination {
                columns: 4,
                factors: (0..16).map(|n| 0.9 + f64::from(n % 5) * 0.05).collect(),
            }),
        ),
        ("downscale ½", Tone::Downscale { scale: 0.5 }),
        ("downscale 0.4", Tone::Downscale { scale: 0.4 }),
    ]
}
