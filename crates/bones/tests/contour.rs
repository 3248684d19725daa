//! Contours against a dense flood fill, and back through the polygon fill.
#![allow(clippy::unwrap_used)]

use std::cmp::Reverse;

use bones::contour::{self, Contour};
use bones::polygon::{self, Outline};
use bones::{Bone, BoneSet, Mask, Size};
use proptest::prelude::*;

const BONE: Bone = Bone::ALL[5];

fn mask(width: usize, pixels: &[bool]) -> Mask {
    let size = Size::new(width as u32, (pixels.len() / width) as u32).unwrap();
    // Another bone behind, so that runs of this one are cut.
    let sets: Vec<BoneSet> = pixels
        .iter()
        .enumerate()
        .map(|(index, &is_set)| {
            let behind = if index % 3 == 0 { BoneSet::of(Bone::ALL[7]) } else { BoneSet::EMPTY };
            if is_set { behind | BoneSet::of(BONE) } else { behind }
        })
        .collect();
    Mask::from_dense(size, &sets).unwrap()
}

fn drawing(rows: &[&str]) -> Mask {
    mask(rows[0].len(), &rows.concat().chars().map(|pixel| pixel == '#').collect::<Vec<_>>())
}

fn filled(ring: &[[i32; 2]], size: Size) -> Vec<bool> {
    let mask = polygon::fill(&[Outline { bone: BONE, ring: ring.to_vec() }], size);
    mask.to_dense().into_iter().map(|set| set.contains(BONE)).collect()
}

fn count(pixels: &[bool]) -> usize {
    pixels.iter().filter(|&&is_set| is_set).count()
}

/// The pixels that can be reached from `start` over pixels of the same value.
fn flood(width: usize, pixels: &[bool], start: usize, diagonally: bool) -> Vec<bool> {
    let height = pixels.len() / width;
    let mut reached = vec![false; pixels.len()];
    let mut open = vec![start];
    reached[start] = true;
    while let Some(index) = open.pop() {
        let (x, y) = ((index % width) as i64, (index / width) as i64);
        for (dx, dy) in [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)] {
            let (x, y) = (x + dx, y + dy);
            let is_inside = (0..width as i64).contains(&x) && (0..height as i64).contains(&y);
            if is_inside && (diagonally || dx == 0 || dy == 0) {
                let next = y as usize * width + x as usize;
                if pixels[next] == pixels[start] && !reached[next] {
                    reached[next] = true;
                    open.push(next);
                }
            }
        }
    }
    reached
}

/// Each component's pixels and the same with its holes filled, the largest first.
fn components(width: usize, pixels: &[bool]) -> Vec<(Vec<bool>, Vec<bool>)> {
    let mut left = pixels.to_vec();
    let mut found = Vec::new();
    while let Some(start) = left.iter().position(|&is_set| is_set) {
        let component = flood(width, &left, start, true);
        for (left, &is_taken) in left.iter_mut().zip(&component) {
            *left &= !is_taken;
        }
        // The outside is what a frame of background around the image reaches.
        let wide = width + 2;
        let framed_index = |index: usize| (index / width + 1) * wide + index % width + 1;
        let mut framed = vec![false; wide * (pixels.len() / width + 2)];
        for (index, &is_set) in component.iter().enumerate() {
            framed[framed_index(index)] = is_set;
        }
        let outside = flood(wide, &framed, 0, false);
        let whole = (0..pixels.len()).map(|index| !outside[framed_index(index)]).collect();
        found.push((component, whole));
    }
    found.sort_by_key(|(component, _)| Reverse(count(component)));
    found
}

#[test]
fn ring_and_island_are_two_contours() {
    let mask = drawing(&["#####.", "#...#.", "#.#.#.", "#...#.", "#####."]);
    let contours = contour::trace(&mask, BONE);
    assert_eq!(contours[0], Contour { ring: vec![[0, 0], [4, 0], [4, 4], [0, 4]], area: 16 });
    assert_eq!(contours[1], Contour { ring: vec![[2, 2]], area: 1 });
    assert_eq!(contours.len(), 2);
    assert_eq!(contour::trace(&mask, Bone::ALL[6]), []);
}

#[test]
fn thin_parts_are_traced_there_and_back() {
    let contours = contour::trace(&drawing(&["..#..", ".#...", "#.###"]), BONE);
    assert_eq!(contours.len(), 1);
    assert_eq!(contours[0].ring, [[2, 0], [1, 1], [2, 2], [4, 2], [2, 2], [1, 1], [0, 2]]);
}

#[test]
fn runs_over_row_ends_do_not_join_components() {
    let contours = contour::trace(&drawing(&["...#", "#...", "....", "####", "####"]), BONE);
    assert_eq!(contours.iter().map(|contour| contour.area).collect::<Vec<_>>(), [8, 1, 1]);
    assert_eq!(contours[0].ring, [[0, 3], [3, 3], [3, 4], [0, 4]]);
    assert_eq!(contours[1].ring, [[3, 0]]);
}

#[test]
fn simplify_keeps_spikes_and_drops_what_is_straight() {
    assert_eq!(contour::simplify(&[[2, 0], [4, 0], [4, 4], [0, 0], [1, 0]]), [[4, 0], [4, 4], [0, 0]]);
    assert_eq!(contour::simplify(&[[0, 0], [3, 0], [6, 0], [4, 0], [2, 0], [0, 0]]), [[0, 0], [6, 0]]);
    assert_eq!(contour::simplify(&[[0, 0], [2, 1], [4, 2], [0, 2]]), [[0, 0], [2, 1], [4, 2], [0, 2]]);
    assert_eq!(contour::simplify(&[[3, 3], [3, 3], [3, 3]]), [[3, 3]]);
    assert_eq!(contour::simplify(&[]), [[0; 2]; 0]);
}

/// Masks of any density, some of them coarse so that there are large components with holes.
fn masks() -> impl Strategy<Value = (usize, Vec<bool>)> {
    (1usize..24, 1usize..24, 0.05f64..0.95, 1usize..4).prop_flat_map(|(width, height, density, grain)| {
        let columns = width.div_ceil(grain);
        let cells = columns * height.div_ceil(grain);
        prop::collection::vec(prop::bool::weighted(density), cells).prop_map(move |cells| {
            let cell = |index: usize| (index / width / grain) * columns + index % width / grain;
            (width, (0..width * height).map(|index| cells[cell(index)]).collect())
        })
    })
}

/// A walk mostly in the eight directions of the compass.
fn rings() -> impl Strategy<Value = Vec<[i32; 2]>> {
    let legs = prop::collection::vec((-1i32..=1, -1i32..=1, 0i32..20, prop::bool::weighted(0.2)), 0..20);
    (prop::array::uniform2(-10i32..50), legs).prop_map(|(start, legs)| {
        let mut ring = vec![start];
        let [mut x, mut y] = start;
        for (right, down, length, is_oblique) in legs {
            x += right * length;
            y += down * length + i32::from(is_oblique);
            ring.push([x, y]);
        }
        ring
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn contours_fill_to_components_without_holes((width, pixels) in masks()) {
        let mask = mask(width, &pixels);
        let contours = contour::trace(&mask, BONE);
        let expected = components(width, &pixels);
        prop_assert_eq!(contours.len(), expected.len(), "number of components");
        for (Contour { ring, area }, (component, whole)) in contours.iter().zip(&expected) {
            prop_assert_eq!(*area as usize, count(component));
            prop_assert_eq!(&filled(ring, mask.size()), whole, "{:?}", ring);
            prop_assert!(ring.iter().all(|&[x, y]| component[y as usize * width + x as usize]));
            prop_assert_eq!(&contour::simplify(ring), ring, "a corner that is none");
        }
    }

    #[test]
    fn simplified_rings_fill_the_same(ring in rings()) {
        let size = Size::new(40, 33).unwrap();
        let simple = contour::simplify(&ring);
        prop_assert!(simple.len() <= ring.len());
        prop_assert_eq!(filled(&simple, size), filled(&ring, size));
        prop_assert_eq!(contour::simplify(&simple), simple);
    }
}
