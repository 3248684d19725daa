//! Random numbers that are functions of a key and a pixel's number: counter-based, so that no order of work changes them.
//!
//! ```text
//! pixel      2n     2n + 1
//! word     low 32   high 32 bits of  fold(t, t ^ 0xe7037ed1a0b428db),  t = mix(key) + n·0xa0761d6478bd642f
//! ```
//!
//! `fold` is the upper half of the 128-bit product xor the lower one: wyrand (Wang Yi, 2019), with a counter in place of
//! its state. `mix` is the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
//! generators", 2014), so that keys that are near each other have nothing in common.

use std::sync::LazyLock;

/// Pixels that [`each_block`] hands out at once.
pub(super) const BLOCK: usize = 64;

/// Calls `work` with all pixels in order, [`BLOCK`] at a time, and a word of 32 random bits for each.
pub(super) fn each_block(key: u64, pixels: &mut [u8], mut work: impl FnMut(&mut [u8; BLOCK], &[u32; BLOCK])) {
    let start = mix(key);
    let mut words = [0; BLOCK];
    let (blocks, rest) = pixels.as_chunks_mut::<BLOCK>();
    let whole = blocks.len();
    for (number, block) in blocks.iter_mut().enumerate() {
        draw(start, number, &mut words);
        work(block, &words);
    }
    if !rest.is_empty() {
        let mut block = [0; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        draw(start, whole, &mut words);
        work(&mut block, &words);
        rest.copy_from_slice(&block[..rest.len()]);
    }
}

/// The words of block `number`.
fn draw(start: u64, number: usize, words: &mut [u32; BLOCK]) {
    for (pair, n) in words.as_chunks_mut::<2>().0.iter_mut().zip((number * BLOCK / 2) as u64..) {
        let state = start.wrapping_add(n.wrapping_mul(0xa076_1d64_78bd_642f));
        let product = u128::from(state) * u128::from(state ^ 0xe703_7ed1_a0b4_28db);
        let bits = (product >> 64) as u64 ^ product as u64;
        *pair = [bits as u32, (bits >> 32) as u32];
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Normal numbers of mean 0 and variance 1, out of random words; of greatest magnitude 5.
///
/// Each is the sum of two, drawn from a table by the word's first and last 12 bits. The table holds the means of 4096
/// equally probable parts of a normal distribution of variance ½, widened to that variance.
pub(super) fn normal(words: &[u32; BLOCK]) -> [f32; BLOCK] {
    static TABLE: LazyLock<Box<[f32; PARTS]>> = LazyLock::new(normal_parts);
    let table = &**TABLE;
    let mut normal = [0.0; BLOCK];
    for (normal, &word) in normal.iter_mut().zip(words) {
        *normal = table[(word >> 20) as usize] + table[word as usize % PARTS];
    }
    normal
}

const PARTS: usize = 4096;

/// Means of equally probable parts of a normal distribution, in order, scaled so that their variance is ½.
///
/// The mean between the quantiles a and b is (φ(a) − φ(b))·parts, where φ is the density. Quantiles follow from each
/// other by Newton's method.
fn normal_parts() -> Box<[f32; PARTS]> {
    let half = PARTS / 2;
    let mut upper = Vec::with_capacity(half);
    let (mut from, mut density_from) = (0.0, density(0.0));
    for part in 1..half {
        let share = part as f64 / PARTS as f64;
        let mut to: f64 = from;
        for _ in 0..5 {
            to += (share - above_middle(to)) / density(to);
        }
        let density_to = density(to);
        upper.push((density_from - density_to) * PARTS as f64);
        (from, density_from) = (to, density_to);
    }
    upper.push(density_from * PARTS as f64);
    let variance = upper.iter().map(|mean| mean * mean).sum::<f64>() / half as f64;
    let scale = (0.5 / variance).sqrt();
    let lower = upper.iter().rev().map(|mean| -mean);
    let means = lower.chain(upper.iter().copied()).map(|mean| (mean * scale) as f32);
    means.collect::<Vec<_>>().try_into().expect("twice half of them")
}

/// The normal distribution's density.
fn density(at: f64) -> f64 {
    exp(-0.5 * at * at) / (2.0 * std::f64::consts::PI).sqrt()
}

/// The normal distribution's probability between 0 and `at`: φ(x)·(x + x³/3 + x⁵/15 + …) (Marsaglia, "Evaluating the
/// normal distribution", 2004).
fn above_middle(at: f64) -> f64 {
    let (mut term, mut sum, mut odd) = (at, at, 1.0);
    while term > sum * 1e-17 {
        odd += 2.0;
        term *= at * at / odd;
        sum += term;
    }
    sum * density(at)
}

/// e to the power of `at`, the same on every machine, unlike the system's.
///
/// The series at `at`/256, squared 8 times.
pub(super) fn exp(at: f64) -> f64 {
    let small = at / 256.0;
    let series = (1..=12).rev().fold(1.0, |sum, n| 1.0 + sum * small / f64::from(n));
    (0..8).fold(series, |power, _| power * power)
}
