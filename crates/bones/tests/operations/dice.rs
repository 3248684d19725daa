use bones::dice::{Overlap, overlaps, shared};
use bones::{Bone, Mask};
use proptest::prelude::*;

use crate::dense::{any_mask, pairs, plane, size};

#[test]
fn the_formula() {
    assert_eq!(Overlap::default().dice(), 1.0);
    assert_eq!(Overlap { a: 10_000, b: 0, both: 0 }.dice(), 1e-4 / 10_000.000_1);
    assert_eq!(Overlap { a: 3, b: 5, both: 2 }.dice(), 4.0001 / 8.0001);
}

#[test]
fn sizes_must_agree() {
    assert_eq!(overlaps(&Mask::empty(size(4, 3)), &Mask::empty(size(3, 4))), None);
}

proptest! {
    #[test]
    fn overlaps_count_pixels((a, b) in pairs(30)) {
        let overlaps = overlaps(&a, &b).unwrap();
        for bone in Bone::ALL {
            let (one, other) = (plane(&a, bone), plane(&b, bone));
            let count = |wanted: &dyn Fn(bool, bool) -> bool| {
                one.iter().zip(&other).filter(|&(&a, &b)| wanted(a, b)).count() as u32
            };
            let expected = Overlap { a: count(&|a, _| a), b: count(&|_, b| b), both: count(&|a, b| a && b) };
            prop_assert_eq!(overlaps[bone.index()], expected);
        }
    }

    #[test]
    fn bones_share_pixels(mask in any_mask(20)) {
        let shared = shared(&mask);
        let planes = Bone::ALL.map(|bone| plane(&mask, bone));
        for (one, row) in planes.iter().zip(&shared) {
            for (other, &found) in planes.iter().zip(row) {
                prop_assert_eq!(found as usize, one.iter().zip(other).filter(|&(&a, &b)| a && b).count());
            }
        }
    }
}
