//! Logits as a trained network gives them, drawn from true masks: soft edges, saturated ground, and errors that hang
//! together.

use bones::statistics::SplitMix64;
use bones::{Bone, Mask, Size};
use half::f16;
use rayon::prelude::*;

/// Keeps logits within ±ln(1/ε) ≈ 7.
const EPSILON: f32 = 1e-3;
/// Standard deviations of the broad and of the fine errors, in logits.
const BROAD: f32 = 0.8;
const FINE: f32 = 0.1;

/// Logits `[29, height, width]` of `size`, for a mask of a whole multiple of it.
pub(crate) fn draw(mask: &Mask, size: Size, seed: u64) -> Vec<f16> {
    let maps: Vec<Vec<f16>> = Bone::ALL
        .into_par_iter()
        .map(|bone| {
            let mut random = SplitMix64::new(seed << 8 | bone.index() as u64);
            let mut probability = coverage(mask, bone, size);
            for _ in 0..3 {
                blur(&mut probability, size, 1);
            }
            let broad = errors(&mut random, size, 6, BROAD);
            let fine = errors(&mut random, size, 1, FINE);
            let logit = |p: f32| ((p + EPSILON) / (1.0 - p + EPSILON)).ln();
            let pixels = probability.into_iter().zip(broad).zip(fine);
            pixels.map(|((p, broad), fine)| f16::from_f32(logit(p) + broad + fine)).collect()
        })
        .collect();
    maps.concat()
}

/// The share of each pixel of `size` that a bone covers.
fn coverage(mask: &Mask, bone: Bone, size: Size) -> Vec<f32> {
    let width = mask.size().width();
    let step = width / size.width();
    let share = 1.0 / (step * step) as f32;
    let mut covered = vec![0.0; size.pixels() as usize];
    for pixel in mask.ranges(bone).flatten() {
        let (x, y) = (pixel % width / step, pixel / width / step);
        covered[(y * size.width() + x) as usize] += share;
    }
    covered
}

/// Noise of standard deviation `deviation` that hangs together over some `radius` pixels.
fn errors(random: &mut SplitMix64, size: Size, radius: usize, deviation: f32) -> Vec<f32> {
    // The sum of four numbers of 16 bits is nearly normal.
    let normal = |bits: u64| (0..4).map(|part| (bits >> (16 * part) & 0xffff) as f32 / 65535.0 - 0.5).sum();
    let mut noise: Vec<f32> = (0..size.pixels()).map(|_| normal(random.next_u64())).collect();
    for _ in 0..2 {
        blur(&mut noise, size, radius);
    }
    let square = noise.iter().map(|value| value * value).sum::<f32>() / noise.len() as f32;
    let scale = deviation / square.sqrt();
    noise.iter_mut().for_each(|value| *value *= scale);
    noise
}

/// The mean over squares of 2·`radius` + 1 pixels, cut off at the border.
fn blur(pixels: &mut [f32], size: Size, radius: usize) {
    let width = size.width() as usize;
    let mut column = vec![0.0; size.height() as usize];
    pixels.chunks_exact_mut(width).for_each(|row| blur_line(row, radius));
    for x in 0..width {
        for (y, value) in column.iter_mut().enumerate() {
            *value = pixels[y * width + x];
        }
        blur_line(&mut column, radius);
        for (y, value) in column.iter().enumerate() {
            pixels[y * width + x] = *value;
        }
    }
}

fn blur_line(line: &mut [f32], radius: usize) {
    let source = line.to_vec();
    for (at, value) in line.iter_mut().enumerate() {
        let window = &source[at.saturating_sub(radius)..source.len().min(at + radius + 1)];
        *value = window.iter().sum::<f32>() / window.len() as f32;
    }
}
