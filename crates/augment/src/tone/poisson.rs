//! Photon noise: each pixel becomes a Poisson number whose mean is its own number of photons.
//!
//! Means up to [`EXACT`] are drawn out of a table for each grey value, by Walker's alias method ("An efficient method
//! for generating discrete random variables with general distributions", 1977). Those above are a normal number z,
//! bent: λ + √(λ − 5/36)·z + (z² − 1)/6, rounded (the first terms of Cornish and Fisher's expansion; λ is mean and
//! variance, of which the bend gives 1/18 and the rounding 1/12).

use super::nearest;
use super::random::{BLOCK, each_block, exp, normal};

/// Means up to which tables are used.
const EXACT: f32 = 24.0;

/// Columns of a table, one for each number of photons; of mean [`EXACT`], a greater one has a probability below 2⁻³².
const COLUMNS: usize = 64;

/// Tables of the grey values.
#[derive(Default)]
pub(super) struct Tables(Vec<Table>);

/// A Poisson distribution: columns of equal probability, each shared by two outcomes.
type Table = [Column; COLUMNS];

/// Words with fewer than `below` in their last 16 bits make the first grey value, others the second one.
#[derive(Clone, Copy, Default)]
struct Column {
    below: u16,
    greys: [u8; 2],
}

/// A pixel of grey value v becomes a Poisson number of mean v·`photons`/255, times 255/`photons`. What is no positive
/// number of photons leaves the image as it is.
pub(super) fn apply(key: u64, photons: f64, pixels: &mut [u8], Tables(tables): &mut Tables) {
    if !(photons > 0.0 && photons.is_finite()) {
        return;
    }
    let per_grey = (photons / 255.0) as f32;
    let per_photon = (255.0 / photons) as f32;
    tables.resize(256, [Column::default(); COLUMNS]);
    let tables: &mut [Table; 256] = tables.first_chunk_mut().expect("256 tables");
    // The last grey value that has a table; black has one.
    let mut last = 0;
    for (grey, table) in (0..=255_u8).zip(tables.iter_mut()) {
        let mean = f32::from(grey) * per_grey;
        if mean <= EXACT {
            *table = table_of(f64::from(mean), per_photon);
            last = grey;
        }
    }
    each_block(key, pixels, |block, words| {
        let before = *block;
        if before.iter().any(|&grey| grey > last) {
            bend(block, words, per_grey, per_photon);
        }
        if before.iter().any(|&grey| grey <= last) {
            // Also, in vain, for numbers that were bent: branches could not be foretold.
            let mut drawn = [0; BLOCK];
            for ((drawn, &grey), &word) in drawn.iter_mut().zip(&before).zip(words) {
                *drawn = draw(&tables[usize::from(grey)], word);
            }
            for ((after, drawn), grey) in block.iter_mut().zip(drawn).zip(before) {
                *after = if grey > last { *after } else { drawn };
            }
        }
    });
}

/// Draws by bent normal numbers.
fn bend(block: &mut [u8; BLOCK], words: &[u32; BLOCK], per_grey: f32, per_photon: f32) {
    for (grey, z) in block.iter_mut().zip(normal(words)) {
        let mean = f32::from(*grey) * per_grey;
        let count = mean + (mean - 5.0 / 36.0).sqrt() * z + (z * z - 1.0) * (1.0 / 6.0);
        // Rounds to a whole number, as long as there are fractions: from 2²³ on a float has none.
        let whole = if count < 4_194_304.0 { (count + 8_388_608.0) - 8_388_608.0 } else { count };
        *grey = nearest(whole * per_photon);
    }
}

/// The table of a Poisson distribution, from numbers of photons to grey values.
fn table_of(mean: f64, per_photon: f32) -> Table {
    // Each column holds 1; what a number has above that fills up the columns of rarer ones.
    let mut shares = [0.0; COLUMNS];
    let mut share = COLUMNS as f64 * exp(-mean);
    for (count, place) in shares.iter_mut().enumerate() {
        *place = share;
        share *= mean / (count + 1) as f64;
    }
    let grey = |count: usize| nearest(count as f32 * per_photon);
    let mut columns = std::array::from_fn(|count| Column { below: u16::MAX, greys: [grey(count); 2] });
    let (mut rare, mut frequent) = ([0; COLUMNS], [0; COLUMNS]);
    let (mut rare_ones, mut frequent_ones) = (0, 0);
    for (count, &share) in shares.iter().enumerate() {
        let (list, length) =
            if share < 1.0 { (&mut rare, &mut rare_ones) } else { (&mut frequent, &mut frequent_ones) };
        list[*length] = count;
        *length += 1;
    }
    while rare_ones > 0 && frequent_ones > 0 {
        let (filled, giver) = (rare[rare_ones - 1], frequent[frequent_ones - 1]);
        columns[filled] = Column {
            below: (shares[filled] * 65_536.0 + 0.5).min(65_535.0) as u16,
            greys: [grey(filled), grey(giver)],
        };
        shares[giver] -= 1.0 - shares[filled];
        if shares[giver] < 1.0 {
            rare[rare_ones - 1] = giver;
            frequent_ones -= 1;
        } else {
            rare_ones -= 1;
        }
    }
    columns
}

/// The grey value that a random word means.
fn draw(table: &Table, word: u32) -> u8 {
    let Column { below, greys: [one, other] } = table[word as usize >> 26];
    if word & 0xffff < u32::from(below) { one } else { other }
}
