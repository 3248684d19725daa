use bones::resize::{
    NearestRows, centred, centred_dense, flip_horizontal, flip_vertical, nearest, nearest_dense,
};
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

#[test]
fn a_disc_of_a_radiograph_keeps_its_centre() {
    let side = 256u32;
    let centre = [100.0, 151.0];
    let inside = |x: u32, y: u32| (f64::from(x) - centre[0]).hypot(f64::from(y) - centre[1]) < 60.3;
    let set = BoneSet::from_bits(1).unwrap();
    let mask = build(size(side, side), |x, y| if inside(x, y) { set } else { BoneSet::EMPTY });
    for to in [size(32, 32), size(64, 48), size(100, 256), size(256, 256), size(300, 512)] {
        let small = centred(&mask, to);
        let pixels = small.to_dense();
        let covered: Vec<u32> = (0..to.pixels()).filter(|&at| !pixels[at as usize].is_empty()).collect();
        let mean = |of: &dyn Fn(u32) -> u32| {
            covered.iter().map(|&at| f64::from(of(at))).sum::<f64>() / covered.len() as f64
        };
        let found = [mean(&|at| at % to.width()), mean(&|at| at / to.width())];
        let sides = [to.width(), to.height()].map(f64::from);
        for axis in 0..2 {
            let source = (found[axis] + 0.5) * f64::from(side) / sides[axis] - 0.5;
            // Half a source pixel where every centre lies between two, and a share of a pixel for the disc's steps.
            let most = 0.5 + 0.15 * f64::from(side) / sides[axis];
            assert!((source - centre[axis]).abs() <= most, "{to}: {source} instead of {}", centre[axis]);
        }
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
    fn centres_take_the_pixel_under_them(mask in any_mask(40), to in sizes(60)) {
        let pixels = mask.to_dense();
        let from = mask.size();
        let expected = build(to, |x, y| {
            if from.pixels() == 0 {
                return BoneSet::EMPTY;
            }
            // The last pixel that begins at or before the centre (i + ½) / to.
            let source = |i: u32, from: u32, to: u32| {
                (0..from).rev().find(|pixel| 2 * pixel * to <= (2 * i + 1) * from).unwrap()
            };
            let (x, y) = (source(x, from.width(), to.width()), source(y, from.height(), to.height()));
            pixels[(y * from.width() + x) as usize]
        });
        prop_assert_eq!(&centred(&mask, to), &expected);
        prop_assert_eq!(centred_dense(&mask, to), expected.to_dense());
        prop_assert_eq!(centred(&mask, mask.size()), mask);
    }

    #[test]
    fn the_pixels_around_centres_lean_to_no_side(mask in any_mask(40), to in sizes(60)) {
        let all = |mask: &Mask, flip: fn(&Mask) -> Mask| {
            NearestRows::around_centres(mask, to).map(|rows| {
                let mut row = vec![BoneSet::EMPTY; to.width() as usize];
                let pixels: Vec<BoneSet> = (0..to.height())
                    .flat_map(|y| {
                        rows.row(y, &mut row);
                        row.clone()
                    })
                    .collect();
                flip(&Mask::from_dense(to, &pixels).unwrap())
            })
        };
        let [a, b, c, d] = all(&mask, Mask::clone);
        prop_assert_eq!(&d, &centred(&mask, to));
        let mirrored = all(&flip_horizontal(&mask), flip_horizontal);
        prop_assert_eq!(&mirrored, &[b.clone(), a.clone(), d.clone(), c.clone()]);
        prop_assert_eq!(all(&flip_vertical(&mask), flip_vertical), [c, d, a, b]);
    }

    #[test]
    fn flips_mirror_pixels(mask in any_mask(40)) {
        let (pixels, size) = (mask.to_dense(), mask.size());
        let at = |x: u32, y: u32| pixels[(y * size.width() + x) as usize];
        prop_assert_eq!(flip_horizontal(&mask), build(size, |x, y| at(size.width() - 1 - x, y)));
        prop_assert_eq!(flip_vertical(&mask), build(size, |x, y| at(x, size.height() - 1 - y)));
    }
}
