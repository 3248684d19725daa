use bones::components::{Component, Connectivity, components, fill_holes, largest};
use bones::{Bone, BoneSet, Mask};
use proptest::prelude::*;

use crate::dense::{any_mask, build, plane, size};
use crate::golden;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    height: u32,
    width: u32,
    mask: String,
    areas_four: Vec<u32>,
    areas_eight: Vec<u32>,
    filled: String,
}

#[test]
fn pieces_equal_those_of_scipy() {
    let bone = Bone::ALL[0];
    for case in golden::cases::<Case>("components.json") {
        let size = size(case.width, case.height);
        let mask = golden::mask(&case.mask, size);
        let areas = |connectivity| -> Vec<u32> {
            components(&mask, bone, connectivity).iter().map(|piece| piece.area).collect()
        };
        assert_eq!(areas(Connectivity::Four), case.areas_four);
        assert_eq!(areas(Connectivity::Eight), case.areas_eight);
        assert_eq!(fill_holes(&mask, BoneSet::ALL), golden::mask(&case.filled, size));
    }
}

/// The pieces of the pixels that `inside` marks, each as sorted pixel indices, by flooding from each pixel.
fn flood(inside: &[bool], width: usize, connectivity: Connectivity) -> Vec<Vec<usize>> {
    let height = inside.len().checked_div(width).unwrap_or(0);
    let mut seen = vec![false; inside.len()];
    let mut pieces = Vec::new();
    for first in 0..inside.len() {
        if !inside[first] || seen[first] {
            continue;
        }
        let (mut piece, mut stack) = (Vec::new(), vec![first]);
        seen[first] = true;
        while let Some(at) = stack.pop() {
            piece.push(at);
            let (x, y) = ((at % width) as i64, (at / width) as i64);
            for (dx, dy) in (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dx, dy))) {
                let (x, y) = (x + dx, y + dy);
                let reached = connectivity == Connectivity::Eight || dx == 0 || dy == 0;
                if !reached || x < 0 || y < 0 || x >= width as i64 || y >= height as i64 {
                    continue;
                }
                let next = y as usize * width + x as usize;
                if inside[next] && !seen[next] {
                    seen[next] = true;
                    stack.push(next);
                }
            }
        }
        piece.sort_unstable();
        pieces.push(piece);
    }
    pieces
}

fn indices(component: &Component) -> Vec<usize> {
    component.ranges.iter().flat_map(|range| range.clone().map(|at| at as usize)).collect()
}

/// `mask` with the planes of `bones` replaced.
fn with_planes(mask: &Mask, bones: BoneSet, planes: impl Fn(Bone) -> Vec<bool>) -> Mask {
    let (pixels, planes) = (mask.to_dense(), Bone::ALL.map(planes));
    build(mask.size(), |x, y| {
        let at = (y * mask.size().width() + x) as usize;
        let covering: BoneSet = bones.iter().filter(|bone| planes[bone.index()][at]).collect();
        (pixels[at] - bones) | covering
    })
}

fn connectivities() -> impl Strategy<Value = Connectivity> {
    prop_oneof![Just(Connectivity::Four), Just(Connectivity::Eight)]
}

fn sets() -> impl Strategy<Value = BoneSet> {
    any::<u32>().prop_map(BoneSet::from_bits_truncate)
}

proptest! {
    #[test]
    fn pieces_equal_those_of_a_flood(mask in any_mask(24), connectivity in connectivities()) {
        for bone in Bone::ALL {
            let pieces = components(&mask, bone, connectivity);
            let expected = flood(&plane(&mask, bone), mask.size().width() as usize, connectivity);
            prop_assert_eq!(pieces.iter().map(indices).collect::<Vec<_>>(), expected);
            prop_assert!(pieces.iter().all(|piece| piece.area as usize == indices(piece).len()));
        }
    }

    #[test]
    fn the_largest_piece_stays(mask in any_mask(20), bones in sets(), connectivity in connectivities()) {
        let expected = with_planes(&mask, bones, |bone| {
            let pieces = flood(&plane(&mask, bone), mask.size().width() as usize, connectivity);
            let most = pieces.iter().map(Vec::len).max().unwrap_or(0);
            let mut kept = vec![false; mask.size().pixels() as usize];
            for &at in pieces.iter().find(|piece| piece.len() == most).into_iter().flatten() {
                kept[at] = true;
            }
            kept
        });
        prop_assert_eq!(largest(&mask, bones, connectivity), expected);
    }

    #[test]
    fn holes_are_what_the_border_does_not_reach(mask in any_mask(20), bones in sets()) {
        let (width, height) = (mask.size().width() as usize, mask.size().height() as usize);
        let expected = with_planes(&mask, bones, |bone| {
            let free: Vec<bool> = plane(&mask, bone).into_iter().map(|covered| !covered).collect();
            let mut filled = vec![true; free.len()];
            for piece in flood(&free, width, Connectivity::Four) {
                let border = |&at: &usize| {
                    at % width == 0 || at % width == width - 1 || at / width == 0 || at / width == height - 1
                };
                if piece.iter().any(border) {
                    piece.into_iter().for_each(|at| filled[at] = false);
                }
            }
            filled
        });
        prop_assert_eq!(fill_holes(&mask, bones), expected);
    }
}
