//! Steps of tone on the grey values of a plane.
//!
//! Each step equals the OpenCV function that its module names. Results are the same on every machine: pixels are summed
//! up in whole numbers, or in 32-bit floats in a fixed order; random numbers are functions of a key and the pixel's
//! number.

mod blur;
mod bordered;
mod convolve;
mod curve;
mod downscale;
mod illumination;
mod median;
mod noise;
mod poisson;
mod random;

use bones::Size;

use crate::{Curve, Tone};
use bordered::Bordered;

/// Room that steps of tone work in: kept from one sample to the next, it is allocated once.
#[derive(Default)]
pub struct Scratch {
    bordered: Bordered,
    sums: Vec<u16>,
    floats: Vec<f32>,
    bytes: Vec<u8>,
    photons: poisson::Tables,
}

/// Does the steps in order to the grey values `pixels` of an image of `size`, row-major.
///
/// Curves that follow each other become one. Even sides of kernels are taken as the next odd ones, medians' sides above 7
/// as 7. Only [`Tone::Clahe`] (some tens of kilobytes), [`Tone::Downscale`] (the image twice) and lists of a kernel's
/// weights are allocated anew.
///
/// # Panics
/// Where `pixels` is not width × height long.
pub fn apply(steps: &[Tone], size: Size, pixels: &mut [u8], scratch: &mut Scratch) {
    assert_eq!(pixels.len(), size.pixels() as usize, "grey values of {size}");
    if pixels.is_empty() {
        return;
    }
    let is_curve = |step: &Tone| matches!(step, Tone::Curve(_));
    for steps in steps.chunk_by(|one, other| is_curve(one) && is_curve(other)) {
        match steps {
            [step] => apply_one(step, size, pixels, scratch),
            curves => curve::apply(curves.iter().filter_map(as_curve), pixels),
        }
    }
}

fn as_curve(step: &Tone) -> Option<&Curve> {
    match step {
        Tone::Curve(curve) => Some(curve),
        _ => None,
    }
}

fn apply_one(step: &Tone, size: Size, pixels: &mut [u8], scratch: &mut Scratch) {
    let Scratch { bordered, sums, floats, bytes, photons: tables } = scratch;
    match *step {
        Tone::Curve(ref curve) => curve::apply([curve], pixels),
        Tone::Clahe(clahe) => clahe.apply_to(size, pixels),
        Tone::GaussianBlur { size: side, sigma } => blur::apply(side, sigma, size, pixels, bordered, sums),
        Tone::MedianBlur { size: side } => median::apply(side, size, pixels, bordered, bytes),
        Tone::Convolve(ref kernel) => convolve::apply(kernel, size, pixels, bordered, floats),
        Tone::GaussNoise { key, mean, deviation } => noise::normal_noise(key, mean, deviation, pixels),
        Tone::PoissonNoise { key, photons } => poisson::apply(key, photons, pixels, tables),
        Tone::SaltAndPepper { key, amount, salt } => noise::salt_and_pepper(key, amount, salt, pixels),
        Tone::MultiplicativeNoise { key, low, high } => noise::multiplicative(key, low, high, pixels),
        Tone::Illumination(ref field) => illumination::apply(field, size, pixels, floats),
        Tone::Downscale { scale } => downscale::apply(scale, size, pixels),
    }
}

/// Pixels of a row that are worked on at once: so many that compilers make vectors of them. It decides about speed only.
const LANES: usize = 64;

/// The nearest grey value, halves to even, as OpenCV's `saturate_cast<uchar>`; not a number is anything.
fn nearest(value: f32) -> u8 {
    // From 2²³ on a float has no bits for fractions, so that the addition rounds; the last 8 bits are the number.
    (value.clamp(0.0, 255.0) + 8_388_608.0).to_bits() as u8
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn nearest_rounds_as_ties_to_even() {
        for step in -40..=2080_i16 {
            let value = f32::from(step) / 8.0;
            assert_eq!(nearest(value), value.round_ties_even().clamp(0.0, 255.0) as u8, "{value}");
        }
        assert_eq!([f32::NEG_INFINITY, f32::INFINITY].map(nearest), [0, 255]);
    }
}
