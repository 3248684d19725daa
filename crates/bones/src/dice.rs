//! Dice: how far two masks agree on the pixels of each bone.

use crate::bone::COUNT;
use crate::mask::Mask;
use crate::zip::zip;

/// Keeps [`Overlap::dice`] defined where both masks are empty.
pub const EPSILON: f64 = 1e-4;

/// How many pixels one bone covers in mask A, in mask B, and in both.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Overlap {
    /// Pixels in A.
    pub a: u32,
    /// Pixels in B.
    pub b: u32,
    /// Pixels in A and in B.
    pub both: u32,
}

impl Overlap {
    /// The Dice coefficient `(2·|A∩B| + ε) / (|A| + |B| + ε)` with ε = [`EPSILON`], as the competition's scoring
    /// script computes it: 1 where both are empty, about 1e-8 where one is, for a bone of 10,000 pixels.
    pub fn dice(self) -> f64 {
        let sum = f64::from(self.a) + f64::from(self.b);
        (2.0 * f64::from(self.both) + EPSILON) / (sum + EPSILON)
    }
}

/// The overlap of each bone, in one sweep over the runs of both masks; `None` where their sizes differ.
pub fn overlaps(a: &Mask, b: &Mask) -> Option<[Overlap; COUNT]> {
    if a.size() != b.size() {
        return None;
    }
    let mut overlaps = [Overlap::default(); COUNT];
    for (range, set_a, set_b) in zip(a, b) {
        let pixels = range.end - range.start;
        for bone in (set_a | set_b).iter() {
            let overlap = &mut overlaps[bone.index()];
            let (in_a, in_b) = (set_a.contains(bone), set_b.contains(bone));
            overlap.a += if in_a { pixels } else { 0 };
            overlap.b += if in_b { pixels } else { 0 };
            overlap.both += if in_a && in_b { pixels } else { 0 };
        }
    }
    Some(overlaps)
}

/// How many pixels each pair of bones shares in one mask; on the diagonal, how many each bone covers.
pub fn shared(mask: &Mask) -> [[u32; COUNT]; COUNT] {
    let mut shared = [[0; COUNT]; COUNT];
    for (range, set) in mask.spans() {
        for one in set.iter() {
            for other in set.iter() {
                shared[one.index()][other.index()] += range.end - range.start;
            }
        }
    }
    shared
}
