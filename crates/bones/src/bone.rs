//! The 29 classes in canonical order. No other place in the project knows it.

use std::fmt;

/// One of the 29 bones of the hand, an index into [`Bone::ALL`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bone(u8);

/// How many bones there are.
pub const COUNT: usize = 29;

const NAMES: [&str; COUNT] = [
    "finger-1",
    "finger-2",
    "finger-3",
    "finger-4",
    "finger-5",
    "finger-6",
    "finger-7",
    "finger-8",
    "finger-9",
    "finger-10",
    "finger-11",
    "finger-12",
    "finger-13",
    "finger-14",
    "finger-15",
    "finger-16",
    "finger-17",
    "finger-18",
    "finger-19",
    "Trapezium",
    "Trapezoid",
    "Capitate",
    "Hamate",
    "Scaphoid",
    "Lunate",
    "Triquetrum",
    "Pisiform",
    "Radius",
    "Ulna",
];

impl Bone {
    /// Every bone in canonical order: the rows of a submission, the channels of a model.
    pub const ALL: [Bone; COUNT] = {
        let mut all = [Bone(0); COUNT];
        let mut index = 0;
        while index < COUNT {
            all[index] = Bone(index as u8);
            index += 1;
        }
        all
    };

    /// The names of [`Bone::ALL`], as submissions and annotations spell them.
    pub const NAMES: [&str; COUNT] = NAMES;

    /// The bone at `index` (0 … 28) of the canonical order.
    pub const fn from_index(index: usize) -> Option<Bone> {
        if index < COUNT { Some(Bone(index as u8)) } else { None }
    }

    /// The bone called `name`, exactly as the annotations spell it.
    pub fn from_name(name: &str) -> Option<Bone> {
        NAMES.iter().position(|&known| known == name).and_then(Bone::from_index)
    }

    /// The bone whose name is nearest to `name` by edits, letter case aside: what a misspelt label may mean.
    pub fn nearest(name: &str) -> Bone {
        let name = name.trim().to_lowercase();
        let distance = |bone: &Bone| strsim::damerau_levenshtein(&bone.name().to_lowercase(), &name);
        Bone::ALL.into_iter().min_by_key(distance).unwrap_or(Bone(0))
    }

    /// The position in the canonical order, 0 … 28.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The name in annotations and submissions, such as `finger-1` or `Pisiform`.
    pub const fn name(self) -> &'static str {
        NAMES[self.0 as usize]
    }
}

impl fmt::Display for Bone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Bone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_indices_are_inverse() {
        for (index, bone) in Bone::ALL.into_iter().enumerate() {
            assert_eq!(bone.index(), index);
            assert_eq!(Bone::from_name(bone.name()), Some(bone));
            assert_eq!(Bone::from_index(index), Some(bone));
        }
        assert_eq!(Bone::from_index(COUNT), None);
        assert_eq!(Bone::from_name("radius"), None);
    }

    #[test]
    fn a_misspelt_name_is_near_the_right_one() {
        assert_eq!(Bone::nearest("radius").name(), "Radius");
        assert_eq!(Bone::nearest(" Trapezoide").name(), "Trapezoid");
        assert_eq!(Bone::nearest("finger_12").name(), "finger-12");
    }
}
