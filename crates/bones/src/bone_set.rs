//! The set of bones that cover one pixel: 29 bits of a `u32`.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitXor, Sub};

use crate::bone::{Bone, COUNT};

/// A set of bones; bit `i` is [`Bone::from_index`]`(i)`. The three high bits are always zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct BoneSet(u32);

impl BoneSet {
    /// No bone: background.
    pub const EMPTY: BoneSet = BoneSet(0);
    /// All 29 bones.
    pub const ALL: BoneSet = BoneSet((1 << COUNT) - 1);
    /// The eight carpals, Trapezium … Pisiform (the `wrist` crop region).
    pub const CARPALS: BoneSet = BoneSet(0xff << 19);
    /// The five distal phalanges (the `fingertips` crop region).
    pub const FINGERTIPS: BoneSet = BoneSet(1 << 0 | 1 << 3 | 1 << 7 | 1 << 11 | 1 << 15);

    /// The set with these bits, or `None` where a bit beyond the 29 bones is set.
    pub const fn from_bits(bits: u32) -> Option<BoneSet> {
        if bits & !Self::ALL.0 == 0 { Some(BoneSet(bits)) } else { None }
    }

    /// The set with these bits; bits beyond the 29 bones are dropped.
    pub const fn from_bits_truncate(bits: u32) -> BoneSet {
        BoneSet(bits & Self::ALL.0)
    }

    /// The 29 bits.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The set of one bone.
    pub const fn of(bone: Bone) -> BoneSet {
        BoneSet(1 << bone.index())
    }

    /// Whether no bone is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many bones are in the set.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether `bone` is in the set.
    pub const fn contains(self, bone: Bone) -> bool {
        self.0 >> bone.index() & 1 == 1
    }

    /// The bones of the set in canonical order.
    pub fn iter(self) -> impl Iterator<Item = Bone> {
        let mut bits = self.0;
        std::iter::from_fn(move || {
            let bone = Bone::from_index(bits.trailing_zeros() as usize)?;
            bits &= bits - 1;
            Some(bone)
        })
    }
}

impl BitOr for BoneSet {
    type Output = BoneSet;
    fn bitor(self, other: BoneSet) -> BoneSet {
        BoneSet(self.0 | other.0)
    }
}

impl BitAnd for BoneSet {
    type Output = BoneSet;
    fn bitand(self, other: BoneSet) -> BoneSet {
        BoneSet(self.0 & other.0)
    }
}

impl BitXor for BoneSet {
    type Output = BoneSet;
    fn bitxor(self, other: BoneSet) -> BoneSet {
        BoneSet(self.0 ^ other.0)
    }
}

impl Sub for BoneSet {
    type Output = BoneSet;
    fn sub(self, other: BoneSet) -> BoneSet {
        BoneSet(self.0 & !other.0)
    }
}

impl FromIterator<Bone> for BoneSet {
    fn from_iter<I: IntoIterator<Item = Bone>>(bones: I) -> BoneSet {
        bones.into_iter().fold(BoneSet::EMPTY, |set, bone| set | BoneSet::of(bone))
    }
}

impl fmt::Debug for BoneSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_hold_the_bones_they_are_named_for() {
        let names = |set: BoneSet| set.iter().map(Bone::name).collect::<Vec<_>>();
        assert_eq!(
            names(BoneSet::FINGERTIPS),
            ["finger-1", "finger-4", "finger-8", "finger-12", "finger-16"]
        );
        assert_eq!(names(BoneSet::CARPALS), Bone::NAMES[19..27]);
        assert_eq!(BoneSet::ALL.len(), COUNT);
        assert_eq!(BoneSet::from_bits(1 << COUNT), None);
    }
}
