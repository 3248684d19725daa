//! Toggles: the pixels of a strip at which bones begin or end, noted in any order and swept in pixel order.

use crate::bone_set::BoneSet;
use crate::mask::MaskBuilder;

/// A strip of pixels, and for each of them the bones that begin or end there.
///
/// Sweeping costs a word test for every 64 pixels and a few steps for every noted pixel, so that the merge of 29
/// bones' ranges needs no sorting.
#[derive(Debug)]
pub(crate) struct Toggles {
    /// The bones that change at each pixel of the strip.
    changes: Vec<u32>,
    /// One bit a pixel: whether `changes` is not empty there.
    touched: Vec<u64>,
}

impl Toggles {
    /// A strip of `length` pixels without changes. A change may also be noted at its end.
    pub(crate) fn new(length: usize) -> Toggles {
        Toggles { changes: vec![0; length + 1], touched: vec![0; length / 64 + 1] }
    }

    /// Notes that `bones` begin or end at pixel `at` of the strip; noting it twice takes it back.
    #[inline]
    pub(crate) fn flip(&mut self, at: usize, bones: BoneSet) {
        self.changes[at] ^= bones.bits();
        self.touched[at / 64] |= 1 << (at % 64);
    }

    /// Appends the pixels up to `end` to `mask`, the strip's first pixel being number `origin` and `set` covering
    /// what comes before the first change; forgets all changes and returns the set after the last one.
    pub(crate) fn sweep(&mut self, mask: &mut MaskBuilder, origin: u32, end: u32, set: BoneSet) -> BoneSet {
        let mut set = set;
        for (index, word) in self.touched.iter_mut().enumerate() {
            let mut bits = std::mem::take(word);
            while bits != 0 {
                let at = index * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let change = std::mem::take(&mut self.changes[at]);
                mask.fill_to(origin + at as u32, set);
                set = set ^ BoneSet::from_bits_truncate(change);
            }
        }
        mask.fill_to(end, set);
        set
    }
}
