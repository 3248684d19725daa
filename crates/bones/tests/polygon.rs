//! Laws of the polygon fill; which pixels exactly is pinned in `polygon_golden.rs`.
#![allow(clippy::unwrap_used)]

use bones::polygon::{self, Outline};
use bones::{Bone, BoneSet, Mask, Size};
use proptest::prelude::*;

type Ring = Vec<[i32; 2]>;

const WIDTH: i32 = 37;
const HEIGHT: i32 = 23;

fn size() -> Size {
    Size::new(WIDTH as u32, HEIGHT as u32).unwrap()
}

fn outline(bone: Bone, ring: &[[i32; 2]]) -> Outline {
    Outline { bone, ring: ring.to_vec() }
}

fn fill(ring: &[[i32; 2]]) -> Mask {
    polygon::fill(&[outline(Bone::ALL[0], ring)], size())
}

fn drawn(mask: &Mask) -> Vec<String> {
    let pixels = mask.to_dense();
    let rows = pixels.chunks(mask.size().width() as usize);
    rows.map(|row| row.iter().map(|set| if set.is_empty() { '.' } else { '#' }).collect()).collect()
}

/// Rings in the image.
fn inside() -> impl Strategy<Value = Ring> {
    prop::collection::vec((0..WIDTH, 0..HEIGHT).prop_map(|(x, y)| [x, y]), 0..16)
}

/// Rings in the image, around it, and as far as coordinates go.
fn anywhere() -> impl Strategy<Value = Ring> {
    let near = (-WIDTH..2 * WIDTH, -HEIGHT..2 * HEIGHT).prop_map(|(x, y)| [x, y]);
    let limit = prop_oneof![Just(i32::MIN), Just(i32::MAX), any::<i32>(), -50..50i32];
    let corner = prop_oneof![4 => near, 1 => prop::array::uniform2(limit)];
    prop::collection::vec(corner, 0..16)
}

#[test]
fn degenerate_rings_cover_their_line() {
    assert_eq!(fill(&[]), Mask::empty(size()));
    assert_eq!(fill(&[[3, 2]]), fill(&[[3, 2], [3, 2], [3, 2]]));
    assert_eq!(fill(&[[3, 2]]).areas()[0], 1);
    assert_eq!(fill(&[[-1, 2]]).areas()[0], 0);
    assert_eq!(fill(&[[1, 5], [9, 5]]).areas()[0], 9);
    assert_eq!(fill(&[[1, 5], [9, 5], [4, 5], [6, 5]]).areas()[0], 9);
}

#[test]
fn borders_belong_to_the_fill_and_crossings_are_even_odd() {
    let size = Size::new(7, 5).unwrap();
    let square = outline(Bone::ALL[3], &[[1, 1], [5, 1], [5, 3], [1, 3]]);
    assert_eq!(
        drawn(&polygon::fill(&[square], size)),
        [".......", ".#####.", ".#####.", ".#####.", "......."]
    );
    // Twice around the outer square leaves its inside out, twice around nothing else.
    let twice = outline(Bone::ALL[3], &[[0, 0], [6, 0], [6, 4], [0, 4], [0, 0], [6, 0], [6, 4], [0, 4]]);
    assert_eq!(
        drawn(&polygon::fill(&[twice], size)),
        ["#######", "#.....#", "#.....#", "#.....#", "#######"]
    );
}

#[test]
fn images_without_pixels_stay_so() {
    for (width, height) in [(0, 0), (0, 9), (9, 0)] {
        let size = Size::new(width, height).unwrap();
        let ring = outline(Bone::ALL[1], &[[-4, -4], [20, -3], [5, 20]]);
        assert_eq!(polygon::fill(&[ring], size), Mask::empty(size));
    }
}

#[test]
fn whole_rows_of_one_bone_become_one_run() {
    let around = [[-5, -5], [WIDTH + 5, -5], [WIDTH + 5, HEIGHT + 5], [-5, HEIGHT + 5]];
    let mask = polygon::fill(&Bone::ALL.map(|bone| outline(bone, &around)), size());
    assert_eq!(mask.runs().len(), 1);
    assert_eq!(mask.runs()[0].set, BoneSet::ALL);
}

#[test]
fn many_sides_over_the_same_pixels() {
    // More spans than are kept before they are united.
    let zigzag: Ring = (0..20_000).map(|k| [k % WIDTH, if k % 2 == 0 { 0 } else { HEIGHT - 1 }]).collect();
    let mask = fill(&zigzag);
    assert!(mask.areas()[0] > size().pixels() / 2);
    assert_eq!(mask, fill(&[&zigzag[5000..], &zigzag[..5000]].concat()));
}

#[test]
fn coordinates_are_truncated_toward_zero() {
    assert_eq!(polygon::truncate(3.99), Some(3));
    assert_eq!(polygon::truncate(-3.99), Some(-3));
    assert_eq!(polygon::truncate(-0.5), Some(0));
    assert_eq!(polygon::truncate(2_147_483_647.9), Some(i32::MAX));
    assert_eq!(polygon::truncate(-2_147_483_648.9), Some(i32::MIN));
    for bad in [2_147_483_648.0, -2_147_483_649.0, f64::NAN, f64::INFINITY, 1e300] {
        assert_eq!(polygon::truncate(bad), None, "{bad}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn it_does_not_matter_where_a_ring_starts(ring in anywhere(), start in 0usize..16) {
        let mut rotated = ring.clone();
        rotated.rotate_left(start.min(ring.len()));
        prop_assert_eq!(fill(&rotated), fill(&ring));
    }

    /// Cutting rounds by the end that it begins with, so only for rings that are not cut.
    #[test]
    fn it_does_not_matter_which_way_a_ring_inside_goes(mut ring in inside()) {
        let mask = fill(&ring);
        ring.reverse();
        prop_assert_eq!(fill(&ring), mask);
    }

    #[test]
    fn corners_inside_are_covered(ring in anywhere()) {
        let pixels = fill(&ring).to_dense();
        for &[x, y] in &ring {
            if (0..WIDTH).contains(&x) && (0..HEIGHT).contains(&y) {
                prop_assert!(!pixels[(y * WIDTH + x) as usize].is_empty(), "{:?}", [x, y]);
            }
        }
    }

    #[test]
    fn a_ring_inside_stays_in_its_bounding_box_and_moves_as_a_whole(
        ring in inside(),
        dx in 0..9i32,
        dy in 0..9i32,
    ) {
        let wide = Size::new((WIDTH + 9) as u32, (HEIGHT + 9) as u32).unwrap();
        let moved: Ring = ring.iter().map(|[x, y]| [x + dx, y + dy]).collect();
        let here = fill(&ring).to_dense();
        let there = polygon::fill(&[outline(Bone::ALL[0], &moved)], wide).to_dense();
        let along = |axis: usize| ring.iter().map(move |corner| corner[axis]);
        let is_in_box = |point: [i32; 2]| [0, 1].into_iter().all(|axis| {
            along(axis).min() <= Some(point[axis]) && Some(point[axis]) <= along(axis).max()
        });
        for (index, set) in there.into_iter().enumerate() {
            let [x, y] = [index as i32 % (WIDTH + 9) - dx, index as i32 / (WIDTH + 9) - dy];
            let is_covered = is_in_box([x, y]) && !here[(y * WIDTH + x) as usize].is_empty();
            prop_assert_eq!(!set.is_empty(), is_covered, "{:?}", [x, y]);
        }
    }

    #[test]
    fn bones_do_not_see_each_other_and_outlines_of_one_unite(
        outlines in prop::collection::vec((0..4usize, anywhere()), 0..6),
    ) {
        let outlines: Vec<Outline> =
            outlines.iter().map(|(bone, ring)| outline(Bone::ALL[9 * bone], ring)).collect();
        let mut expected = vec![BoneSet::EMPTY; size().pixels() as usize];
        for outline in &outlines {
            let alone = polygon::fill(std::slice::from_ref(outline), size()).to_dense();
            for (pixel, set) in expected.iter_mut().zip(alone) {
                *pixel = *pixel | set;
            }
        }
        prop_assert_eq!(polygon::fill(&outlines, size()), Mask::from_dense(size(), &expected).unwrap());
    }
}
