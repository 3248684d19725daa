//! Noise has the distribution it is named after, and depends on the key and the pixel's number alone.
#![allow(clippy::unwrap_used)]

use augment::Tone;
use augment::tone::{Scratch, apply};
use bones::Size;

const SIDE: usize = 1024;
const COUNT: f64 = (SIDE * SIDE) as f64;

/// A constant image after a step.
fn after(step: Tone, grey: u8) -> Vec<u8> {
    let mut pixels = vec![grey; SIDE * SIDE];
    apply(&[step], Size::new(SIDE as u32, SIDE as u32).unwrap(), &mut pixels, &mut Scratch::default());
    pixels
}

fn moments(pixels: &[u8]) -> (f64, f64) {
    let mean = pixels.iter().map(|&pixel| f64::from(pixel)).sum::<f64>() / pixels.len() as f64;
    let variance =
        pixels.iter().map(|&pixel| (f64::from(pixel) - mean).powi(2)).sum::<f64>() / pixels.len() as f64;
    (mean, variance)
}

/// The correlation of pixels that are `apart` from each other.
fn correlation(pixels: &[u8], apart: usize) -> f64 {
    let (mean, variance) = moments(pixels);
    let products = pixels.iter().zip(&pixels[apart..]);
    let sum: f64 = products.map(|(one, other)| (f64::from(*one) - mean) * (f64::from(*other) - mean)).sum();
    sum / (pixels.len() - apart) as f64 / variance
}

/// Of a sum of that many independent numbers, one in 16 000 is further off.
fn assert_near(value: f64, expected: f64, deviation: f64, what: &str) {
    let bound = 4.0 * deviation;
    assert!((value - expected).abs() < bound, "{what}: {value} for {expected} ± {bound}");
}

#[test]
fn normal_noise_is_normal() {
    let deviation = 20.0;
    let pixels = after(Tone::GaussNoise { key: 1, mean: 3.0, deviation }, 120);
    let (mean, variance) = moments(&pixels);
    assert_near(mean, 123.0, deviation / COUNT.sqrt(), "mean");
    // Rounding adds a twelfth.
    let expected = deviation * deviation + 1.0 / 12.0;
    assert_near(variance, expected, expected * (2.0 / COUNT).sqrt(), "variance");
    // Shares beyond 1, 2, 3, 4 and 5 standard deviations, as the error function has them at halves between grey values.
    for (grey, share) in
        [(20.5, 0.305_37), (40.5, 0.042_867), (60.5, 0.002_486_6), (80.5, 5.688e-5), (100.5, 5.04e-7)]
    {
        let beyond = pixels.iter().filter(|&&pixel| (f64::from(pixel) - 123.0).abs() > grey).count() as f64;
        assert_near(
            beyond / COUNT,
            share,
            (share / COUNT).sqrt().max(1.0 / COUNT),
            &format!("beyond {grey}"),
        );
    }
    let fourth =
        pixels.iter().map(|&pixel| (f64::from(pixel) - mean).powi(4)).sum::<f64>() / COUNT / variance.powi(2);
    assert_near(fourth, 3.0, (24.0 / COUNT).sqrt(), "kurtosis");
}

#[test]
fn neighbours_have_nothing_in_common() {
    let steps = [
        Tone::GaussNoise { key: 2, mean: 0.0, deviation: 20.0 },
        Tone::PoissonNoise { key: 2, photons: 50.0 },
        Tone::PoissonNoise { key: 2, photons: 500.0 },
        Tone::MultiplicativeNoise { key: 2, low: 0.5, high: 1.5 },
        Tone::SaltAndPepper { key: 2, amount: 0.5, salt: 0.5 },
    ];
    for step in steps {
        let pixels = after(step.clone(), 120);
        for apart in [1, 2, 3, 63, 64, 128, SIDE - 1, SIDE, SIDE + 1] {
            assert_near(
                correlation(&pixels, apart),
                0.0,
                1.0 / COUNT.sqrt(),
                &format!("{step:?}, {apart} apart"),
            );
        }
    }
}

#[test]
fn keys_have_nothing_in_common() {
    let noise = |key| after(Tone::GaussNoise { key, mean: 0.0, deviation: 20.0 }, 128);
    let first = noise(0);
    for key in [1, 2, 1 << 32, 0xa076_1d64_78bd_642f] {
        let product = |(one, other): (&u8, &u8)| (f64::from(*one) - 128.0) * (f64::from(*other) - 128.0);
        let correlation = first.iter().zip(&noise(key)).map(product).sum::<f64>() / COUNT / 400.0;
        assert_near(correlation, 0.0, 1.0 / COUNT.sqrt(), &format!("key {key}"));
    }
}

#[test]
fn a_number_depends_on_the_pixels_number_alone() {
    let steps = [
        Tone::GaussNoise { key: 3, mean: 0.0, deviation: 20.0 },
        Tone::PoissonNoise { key: 3, photons: 90.0 },
        Tone::MultiplicativeNoise { key: 3, low: 0.5, high: 1.5 },
        Tone::SaltAndPepper { key: 3, amount: 0.5, salt: 0.5 },
    ];
    for step in steps {
        let whole = after(step.clone(), 120);
        for (width, height) in [(1, 1), (7, 9), (64, 1), (65, 3), (1000, 1)] {
            let mut pixels = vec![120; width * height];
            let size = Size::new(width as u32, height as u32).unwrap();
            apply(std::slice::from_ref(&step), size, &mut pixels, &mut Scratch::default());
            assert_eq!(pixels, whole[..width * height], "{step:?}");
        }
    }
}

/// The probabilities of Poisson numbers 0 … 255.
fn poisson(mean: f64) -> Vec<f64> {
    let next =
        |(count, probability): &(u32, f64)| Some((count + 1, probability * mean / f64::from(count + 1)));
    std::iter::successors(Some((0, (-mean).exp())), next)
        .map(|(_, probability)| probability)
        .take(256)
        .collect()
}

#[test]
fn photon_noise_has_poissons_mean_and_variance() {
    // One photon a grey value: pixels are numbers of photons.
    for grey in [0, 1, 2, 5, 10, 23, 24, 25, 31, 60, 100, 150] {
        let pixels = after(Tone::PoissonNoise { key: 4, photons: 255.0 }, grey);
        let (mean, variance) = moments(&pixels);
        let expected = f64::from(grey);
        assert_near(mean, expected, (expected / COUNT).sqrt() + 1e-9, "mean");
        let deviation = ((2.0 * expected * expected + expected) / COUNT).sqrt();
        assert_near(variance, expected, deviation + 1e-9, &format!("variance of {grey}"));
    }
}

#[test]
fn bent_numbers_have_no_more_variance() {
    let noise = (0..16).map(|key| after(Tone::PoissonNoise { key, photons: 255.0 }, 26));
    let pixels: Vec<u8> = noise.flatten().collect();
    let (mean, variance) = moments(&pixels);
    assert_near(mean, 26.0, (26.0 / COUNT / 16.0).sqrt(), "mean");
    assert_near(variance, 26.0, ((2.0 * 26.0 * 26.0 + 26.0) / COUNT / 16.0).sqrt(), "variance");
}

#[test]
fn photon_noise_is_poissons_distribution() {
    for (grey, bound) in [(1, 0.002), (5, 0.002), (24, 0.004), (25, 0.006), (40, 0.006), (100, 0.008)] {
        let pixels = after(Tone::PoissonNoise { key: 5, photons: 255.0 }, grey);
        let expected = poisson(f64::from(grey));
        let mut counts = [0.0; 256];
        pixels.iter().for_each(|&pixel| counts[usize::from(pixel)] += 1.0);
        // Half the sum of differences; of numbers that are drawn rightly it is about 0.4·√(outcomes / count).
        let distance: f64 =
            counts.iter().zip(&expected).map(|(count, share)| (count / COUNT - share).abs()).sum::<f64>()
                / 2.0;
        assert!(distance < bound, "of mean {grey}: {distance}");
    }
}

#[test]
fn photons_scale_what_is_seen() {
    // Ten photons a grey value: a tenth of the variance, and rounding.
    let (mean, variance) = moments(&after(Tone::PoissonNoise { key: 6, photons: 2550.0 }, 100));
    assert_near(mean, 100.0, (10.0 / COUNT).sqrt(), "mean");
    assert_near(variance, 10.0 + 1.0 / 12.0, 10.1 * (2.0 / COUNT).sqrt(), "variance");
    // Few photons: grey values are multiples of 255/5.
    let pixels = after(Tone::PoissonNoise { key: 6, photons: 5.0 }, 51);
    assert!(pixels.iter().all(|pixel| pixel % 51 == 0));
    assert_near(
        pixels.iter().filter(|&&pixel| pixel == 0).count() as f64 / COUNT,
        (-1.0_f64).exp(),
        0.5 / COUNT.sqrt(),
        "none",
    );
}

#[test]
fn salt_and_pepper_have_their_shares() {
    let pixels = after(Tone::SaltAndPepper { key: 7, amount: 0.03, salt: 0.25 }, 120);
    let share = |grey| pixels.iter().filter(|&&pixel| pixel == grey).count() as f64 / COUNT;
    for (grey, expected) in [(255, 0.0075), (0, 0.0225), (120, 0.97)] {
        assert_near(share(grey), expected, (expected * (1.0 - expected) / COUNT).sqrt(), &format!("{grey}"));
    }
    assert!(
        after(Tone::SaltAndPepper { key: 7, amount: 1.0, salt: 1.0 }, 120).iter().all(|&pixel| pixel == 255)
    );
}

#[test]
fn multiplicative_noise_is_uniform() {
    let pixels = after(Tone::MultiplicativeNoise { key: 8, low: 0.5, high: 1.5 }, 100);
    let (mean, variance) = moments(&pixels);
    assert_near(mean, 100.0, 29.0 / COUNT.sqrt(), "mean");
    assert_near(variance, (100.0_f64 * 100.0 + 1.0) / 12.0, 833.0 * (0.8 / COUNT).sqrt(), "variance");
    assert_eq!((pixels.iter().min(), pixels.iter().max()), (Some(&50), Some(&150)));
}
