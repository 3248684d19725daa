//! Gaussian blur: the very bytes of `cv2.GaussianBlur(image, (side, side), sigma)` on 8-bit images, which sums up whole
//! weights of 1/256 along either side and rounds once, halves up.

use bones::Size;

use super::LANES;
use super::bordered::{Border, Bordered, lanes, put};

/// Blurs in place. `side` is odd; `sigma` is in pixels, and follows from `side` where it is not positive.
pub(super) fn apply(
    side: u32,
    sigma: f64,
    size: Size,
    pixels: &mut [u8],
    bordered: &mut Bordered,
    sums: &mut Vec<u16>,
) {
    let weights = weights(side as usize | 1, sigma);
    if weights.len() == 1 {
        return;
    }
    bordered.fill(size, pixels, weights.len() / 2, Border::Mirrored);
    sums.resize(bordered.stride(), 0);
    for (y, target) in pixels.chunks_exact_mut(size.width() as usize).enumerate() {
        for (block, sums) in sums.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
            *sums = [0; LANES];
            for (tap, &weight) in weights.iter().enumerate() {
                let row = bordered.row(y + tap);
                for (sum, &grey) in sums.iter_mut().zip(lanes(row, block * LANES)) {
                    // 256 times white at most.
                    *sum += weight * u16::from(grey);
                }
            }
        }
        for x in (0..target.len()).step_by(LANES) {
            let mut blurred = [1_u32 << 15; LANES];
            for (tap, &weight) in weights.iter().enumerate() {
                for (blurred, &sum) in blurred.iter_mut().zip(lanes(sums, x + tap)) {
                    *blurred += u32::from(weight) * u32::from(sum);
                }
            }
            put(blurred.map(|sum| (sum >> 16) as u8), target, x);
        }
    }
}

/// The kernel along one side, in 1/256; the sum is 256.
///
/// Errors of rounding are carried from the ends to the middle, which takes what is left (`getGaussianKernel` of
/// OpenCV's `smooth.dispatch.cpp`).
fn weights(side: usize, sigma: f64) -> Vec<u16> {
    let shares = shares(side, sigma);
    let mut weights = vec![0; side];
    let (mut error, mut left) = (0.0, 256.0);
    for tap in 0..side / 2 {
        let exact = shares[tap] * 256.0 + error;
        let weight = exact.round_ties_even();
        error = exact - weight;
        left -= 2.0 * weight;
        weights[tap] = weight as u16;
        weights[side - 1 - tap] = weight as u16;
    }
    weights[side / 2] = left as u16;
    weights
}

/// The kernel's first half and middle, of the sum 1 with the other half.
fn shares(side: usize, sigma: f64) -> Vec<f64> {
    let half = side / 2;
    // OpenCV's own short kernels, in 1/256.
    let short: &[f64] = match side {
        1 => &[256.0],
        3 => &[64.0, 128.0],
        5 => &[16.0, 64.0, 96.0],
        7 => &[8.0, 28.0, 56.0, 72.0],
        9 => &[4.0, 13.0, 30.0, 51.0, 60.0],
        _ => &[],
    };
    if sigma > 0.0 || short.is_empty() {
        let sigma = if sigma > 0.0 { sigma } else { side as f64 * 0.15 + 0.35 };
        let scale = -0.5 / (sigma * sigma);
        let values: Vec<f64> = (0..=half).map(|tap| (((half - tap) as f64).powi(2) * scale).exp()).collect();
        let sum = 2.0 * values[..half].iter().sum::<f64>() + 1.0;
        values.iter().map(|value| value / sum).collect()
    } else {
        short.iter().map(|share| share / 256.0).collect()
    }
}
