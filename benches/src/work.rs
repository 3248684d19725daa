//! Our side of the rows: what the stages do with a record, without the record's way there and on.

mod masks;
mod networks;
mod radiographs;
mod scores;
mod submissions;
mod training;

use std::hint::black_box;
use std::time::Instant;

use bones::{Mask, rle};

use crate::process::cpu_seconds;

pub(crate) use masks::*;
pub(crate) use networks::*;
pub(crate) use radiographs::*;
pub(crate) use scores::*;
pub(crate) use submissions::*;
pub(crate) use training::*;

/// A piece of work on each of some items.
pub(crate) struct Work {
    items: usize,
    images: usize,
    run: Box<dyn Fn(usize) -> Done>,
}

/// An item's work, done.
pub(crate) struct Done {
    /// How long it took.
    pub(crate) seconds: f64,
    /// How long all processors worked on it.
    pub(crate) cpu_seconds: f64,
    result: Box<dyn Outcome>,
}

impl Done {
    /// The numbers that the result comes down to.
    pub(crate) fn check(&self) -> Vec<f64> {
        self.result.check()
    }

    /// The result's length in bytes, where it is bytes.
    pub(crate) fn stored(&self) -> Option<u64> {
        self.result.stored()
    }
}

impl Work {
    /// `run` on each of `items`; only `run` is timed.
    pub(crate) fn new<T: 'static, R: Outcome + 'static>(
        items: Vec<T>,
        run: impl Fn(&T) -> R + 'static,
    ) -> Work {
        let count = items.len();
        let run = move |number: usize| {
            let item = &items[number];
            let (start, cpu_start) = (Instant::now(), cpu_seconds());
            let result = black_box(run(black_box(item)));
            let (seconds, cpu_seconds) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu_start);
            Done { seconds, cpu_seconds, result: Box::new(result) }
        };
        Work { items: count, images: 1, run: Box::new(run) }
    }

    /// The same where an item is `images` radiographs.
    pub(crate) fn of_images(self, images: usize) -> Work {
        Work { images, ..self }
    }

    /// How many items there are.
    pub(crate) fn items(&self) -> usize {
        self.items
    }

    /// How many radiographs an item is.
    pub(crate) fn images(&self) -> usize {
        self.images
    }

    /// Works on one item.
    pub(crate) fn run(&self, item: usize) -> Done {
        (self.run)(item)
    }
}

/// What comes of an item, and what the peers' results are compared with.
pub(crate) trait Outcome {
    /// The numbers that it comes down to; none where there is nothing to compare.
    fn check(&self) -> Vec<f64>;

    /// Its length, where that is what the work is about.
    fn stored(&self) -> Option<u64> {
        None
    }
}

impl Outcome for Mask {
    fn check(&self) -> Vec<f64> {
        rle::encode_all(self).check()
    }
}

impl<const N: usize> Outcome for [String; N] {
    fn check(&self) -> Vec<f64> {
        vec![f64::from(adler32(self.join("\n").as_bytes()))]
    }
}

impl Outcome for Vec<f64> {
    fn check(&self) -> Vec<f64> {
        self.clone()
    }
}

/// Adler-32, which Python has in `zlib` (RFC 1950).
fn adler32(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.iter().fold((1u32, 0u32), |(low, high), &byte| {
        let low = (low + u32::from(byte)) % 65521;
        (low, (high + low) % 65521)
    });
    high << 16 | low
}

#[cfg(test)]
mod tests {
    #[test]
    fn adler32_is_that_of_zlib() {
        assert_eq!(super::adler32(b"Wikipedia"), 0x11e6_0398);
    }
}
