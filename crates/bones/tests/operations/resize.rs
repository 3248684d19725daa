use bones::resize::{flip_horizontal, flip_vertical, nearest, nearest_dense};
use bones::{BoneSet, Mask, Size};
use proptest::prelude::*;

use crate::dense::{any_mask, build, size, sizes};
use crate::golden;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    source: u32,
    target: u32,
    taken: Vec<u32>,
}

/// A mask one pixel wide or high whose pixel i has the bits of i + 1.
fn ramp(size: Size) -> Mask {
    build(size, |x, y| BoneSet::from_bits(x + y + 1).unwrap())
}

#[test]
fn pixels_are_those_that_opencv_takes() {
    for Case { source, target, taken } in golden::cases("nearest.json") {
        let expected: Vec<BoneSet> =
            taken.iter().map(|&index| BoneSet::from_bits(index + 1).unwrap()).collect();
        assert_eq!(
            nearest(&ramp(size(source, 1)), size(target, 1)).to_dense(),
            expected,
            "{source} → {target}"
        );
        assert_eq!(
            nearest(&ramp(size(1, source)), size(1, target)).to_dense(),
            expected,
            "{source} → {target}"
        );
    }
}

proptest! {
    #[test]
    fn resizing_takes_pixels(mask in any_mask(40), to in sizes(60)) {
        let pixels = mask.to_dense();
        let from = mask.size();
        let source = |i: u32, from: u32, to: u32| {
            // The steps of cv2.resize: the scale is the reciprocal of a quotient.
            ((f64::from(i) * (1.0 / (f64::from(to) / f64::from(from)))).floor() as u32).min(from - 1)
        };
        let expected = build(to, |x, y| {
            if from.pixels() == 0 {
                return BoneSet::EMPTY;
            }
            let (x, y) = (source(x, from.width(), to.width()), source(y, from.height(), to.height()));
            pixels[(y * from.width() + x) as usize]
        });
        prop_assert_eq!(&nearest(&mask, to), &expected);
        prop_assert_eq!(nearest_dense(&mask, to), expected.to_dense());
        prop_assert_eq!(nearest(&mask, mask.size()), mask);
    }

    #[test]
    fn flips_mirror_pixels(mask in any_mask(40)) {
        let (pixels, size) = (mask.to_dense(), mask.size());
        let at = |x: u32, y: u32| pixels[(y * size.width() + x) as usize];
        prop_assert_eq!(flip_horizontal(&mask), build(size, |x, y| at(size.width() - 1 - x, y)));
        prop_assert_eq!(flip_vertical(&mask), build(size, |x, y| at(x, size.height() - 1 - y)));
    }
}
