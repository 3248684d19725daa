//! Zip: the runs of two masks of one size, walked together.

use std::ops::Range;

use crate::bone_set::BoneSet;
use crate::mask::Mask;

/// The pixel ranges on which neither mask changes, in order, with the sets of both.
///
/// Ends with the shorter mask where the sizes differ.
pub(crate) fn zip<'a>(a: &'a Mask, b: &'a Mask) -> impl Iterator<Item = (Range<u32>, BoneSet, BoneSet)> + 'a {
    let (mut rest_a, mut rest_b) = (a.runs(), b.runs());
    let mut start = 0;
    std::iter::from_fn(move || {
        let (run_a, run_b) = (rest_a.first()?, rest_b.first()?);
        let end = run_a.end.min(run_b.end);
        if run_a.end == end {
            rest_a = &rest_a[1..];
        }
        if run_b.end == end {
            rest_b = &rest_b[1..];
        }
        let range = start..end;
        start = end;
        Some((range, run_a.set, run_b.set))
    })
}
