//! Noise on each pixel: normal, salt and pepper, and multiplicative. Sums and products are those of 32-bit floats, rounded
//! to the nearest grey value.

use super::nearest;
use super::random::{each_block, normal};

/// Adds normal numbers of this mean and standard deviation, in grey values.
pub(super) fn normal_noise(key: u64, mean: f64, deviation: f64, pixels: &mut [u8]) {
    let (mean, deviation) = (mean as f32, deviation as f32);
    each_block(key, pixels, |block, words| {
        for (grey, normal) in block.iter_mut().zip(normal(words)) {
            *grey = nearest(f32::from(*grey) + (mean + deviation * normal));
        }
    });
}

/// Turns a share `amount` of the pixels white (a share `salt` of those) or black.
pub(super) fn salt_and_pepper(key: u64, amount: f64, salt: f64, pixels: &mut [u8]) {
    // Words below `white` make white, those from there to below `changed` black; of share 1, one word in 2³² doesn't.
    let below = |share: f64| (share * 2.0_f64.powi(32)) as u32;
    let (changed, white) = (below(amount), below(amount * salt));
    each_block(key, pixels, |block, words| {
        for (grey, &word) in block.iter_mut().zip(words) {
            let spot = if word < white { 255 } else { 0 };
            *grey = if word < changed { spot } else { *grey };
        }
    });
}

/// Multiplies by numbers uniform between `low` and `high`.
pub(super) fn multiplicative(key: u64, low: f64, high: f64, pixels: &mut [u8]) {
    let (low, step) = (low as f32, ((high - low) / 2.0_f64.powi(24)) as f32);
    each_block(key, pixels, |block, words| {
        for (grey, &word) in block.iter_mut().zip(words) {
            // 24 bits, as a float has; the middles of equal parts.
            let factor = low + step * ((word >> 8) as i32 as f32 + 0.5);
            *grey = nearest(f32::from(*grey) * factor);
        }
    });
}
