use bones::surface::{Surface, surface};
use bones::{Bone, Mask, dice, statistics};
use proptest::prelude::*;

use crate::dense::{of_plane, pairs, plane, size};
use crate::golden;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    height: u32,
    width: u32,
    a: String,
    b: String,
    hd95: f64,
    nsd: f64,
    dice: f64,
}

#[test]
fn distances_equal_those_of_scipy() {
    for case in golden::cases::<Case>("surface.json") {
        let [a, b] = [&case.a, &case.b].map(|text| golden::mask(text, size(case.width, case.height)));
        let found = surface(&a, &b, Bone::ALL[0], 2.0).unwrap();
        assert!((found.hd95.unwrap() - case.hd95).abs() < 1e-9, "{found:?} {}", case.hd95);
        assert!((found.nsd - case.nsd).abs() < 1e-12, "{found:?} {}", case.nsd);
        assert!((dice::overlaps(&a, &b).unwrap()[0].dice() - case.dice).abs() < 1e-12);
    }
}

#[test]
fn empty_masks() {
    let bone = Bone::ALL[5];
    let empty = Mask::empty(size(4, 4));
    let full = of_plane(size(4, 4), bone, &[true; 16]);
    assert_eq!(surface(&empty, &empty, bone, 2.0), Some(Surface { hd95: Some(0.0), nsd: 1.0 }));
    assert_eq!(surface(&full, &empty, bone, 2.0), Some(Surface { hd95: None, nsd: 0.0 }));
    assert_eq!(surface(&empty, &full, bone, 2.0), Some(Surface { hd95: None, nsd: 0.0 }));
    assert_eq!(surface(&full, &Mask::empty(size(2, 8)), bone, 2.0), None);
}

/// The surface pixels of a bone as (x, y).
fn pixels(mask: &Mask, bone: Bone) -> Vec<(i64, i64)> {
    let (width, height) = (i64::from(mask.size().width()), i64::from(mask.size().height()));
    let covered = plane(mask, bone);
    let at =
        |x: i64, y: i64| x >= 0 && y >= 0 && x < width && y < height && covered[(y * width + x) as usize];
    (0..width * height)
        .map(|index| (index % width, index / width))
        .filter(|&(x, y)| at(x, y) && !(at(x - 1, y) && at(x + 1, y) && at(x, y - 1) && at(x, y + 1)))
        .collect()
}

proptest! {
    #[test]
    fn distances_equal_those_of_all_pairs((a, b) in pairs(24), tolerance in 0.0..4.0f64) {
        for bone in Bone::ALL {
            let found = surface(&a, &b, bone, tolerance).unwrap();
            let (one, other) = (pixels(&a, bone), pixels(&b, bone));
            if one.is_empty() || other.is_empty() {
                prop_assert_eq!(found.hd95.is_some(), one.is_empty() && other.is_empty());
                continue;
            }
            let nearest = |from: &[(i64, i64)], to: &[(i64, i64)]| -> Vec<f64> {
                from.iter()
                    .map(|(x, y)| to.iter().map(|(u, v)| (x - u).pow(2) + (y - v).pow(2)).min().unwrap())
                    .map(|square| (square as f64).sqrt())
                    .collect()
            };
            let mut distances = [nearest(&one, &other), nearest(&other, &one)].concat();
            distances.sort_by(f64::total_cmp);
            prop_assert_eq!(found.hd95, statistics::percentile(&distances, 0.95));
            let near = distances.iter().filter(|&&distance| distance <= tolerance).count();
            prop_assert_eq!(found.nsd, near as f64 / distances.len() as f64);
        }
    }
}
