//! The golden files, as `tests/golden/numpy/make.py` writes them.

use std::path::Path;

use bones::{Bone, BoneSet, Mask, Size, rle};
use serde::de::DeserializeOwned;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File<Case> {
    #[serde(rename = "versions")]
    _versions: serde_json::Value,
    cases: Vec<Case>,
}

/// The cases of the file `name`.
pub(crate) fn cases<Case: DeserializeOwned>(name: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/numpy").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: File<Case> = serde_json::from_str(&text).unwrap();
    assert!(!file.cases.is_empty());
    file.cases
}

/// The mask of the first bone from its run-length text.
pub(crate) fn mask(text: &str, size: Size) -> Mask {
    rle::mask_from_ranges(size, &[(Bone::ALL[0], rle::decode(text, size).unwrap())])
}

/// The mask of rows of bits.
pub(crate) fn of_rows(rows: &[Vec<u32>]) -> Mask {
    let size = Size::new(rows[0].len() as u32, rows.len() as u32).unwrap();
    let pixels: Vec<_> = rows.iter().flatten().map(|&bits| BoneSet::from_bits(bits).unwrap()).collect();
    Mask::from_dense(size, &pixels).unwrap()
}
