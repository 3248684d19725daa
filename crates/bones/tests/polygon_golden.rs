//! The polygon fill against what OpenCV 4.10 drew (`tests/golden/opencv/make.py`).
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use bones::polygon::{self, Outline};
use bones::{Bone, Size};
use serde::Deserialize;

const GOLDEN: &str = include_str!("../../../tests/golden/opencv/polygons.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    kind: String,
    size: [u32; 2],
    ring: Vec<[i32; 2]>,
    area: u32,
    runs: String,
}

/// FNV-1a, 64 bits, over little-endian numbers.
fn fnv1a(numbers: impl Iterator<Item = u32>) -> u64 {
    numbers
        .flat_map(u32::to_le_bytes)
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn every_ring_covers_the_pixels_that_opencv_covers() {
    let cases: Vec<Case> = serde_json::from_str(GOLDEN).unwrap();
    let mut checked = BTreeMap::<&str, u32>::new();
    // Up to 29 rings a mask, so that the bones lie over each other as in a radiograph.
    for same_size in cases.chunk_by(|one, other| one.size == other.size) {
        for together in same_size.chunks(Bone::ALL.len()) {
            let outlines: Vec<Outline> = Bone::ALL
                .into_iter()
                .zip(together)
                .map(|(bone, case)| Outline { bone, ring: case.ring.clone() })
                .collect();
            let [width, height] = together[0].size;
            let mask = polygon::fill(&outlines, Size::new(width, height).unwrap());
            for (case, Outline { bone, ring }) in together.iter().zip(&outlines) {
                let at = format!("{} {width}×{height} {ring:?}", case.kind);
                assert_eq!(mask.areas()[bone.index()], case.area, "area of {at}");
                let runs = mask.ranges(*bone).flat_map(|range| [range.start, range.end - range.start]);
                assert_eq!(format!("{:016x}", fnv1a(runs)), case.runs, "runs of {at}");
                *checked.entry(&case.kind).or_default() += 1;
            }
        }
    }
    assert_eq!(checked.remove("radiograph"), Some(29));
    assert_eq!(checked.remove("high"), Some(29));
    assert_eq!(checked.len(), 16, "{checked:?}");
    assert!(checked.values().all(|&count| count == 150), "{checked:?}");
}
