//! Dense masks: arbitrary ones, and pixels by column and row.

use bones::bone::COUNT;
use bones::{Bone, BoneSet, Mask, Size};
use proptest::prelude::*;

pub(crate) fn size(width: u32, height: u32) -> Size {
    Size::new(width, height).unwrap()
}

/// Sizes up to `limit` in both directions, now and then without pixels.
pub(crate) fn sizes(limit: u32) -> impl Strategy<Value = Size> {
    prop_oneof![
        20 => (1..=limit, 1..=limit).prop_map(|(width, height)| size(width, height)),
        1 => (0..=limit).prop_map(|height| size(0, height)),
        1 => (0..=limit).prop_map(|width| size(width, 0)),
    ]
}

/// Masks of one size: overlapping boxes of some bones, holes in them, and noise.
pub(crate) fn masks(size: Size) -> impl Strategy<Value = Mask> {
    let (width, height) = (size.width().max(1), size.height().max(1));
    let boxes = prop::collection::vec((0..COUNT, 0..width, 0..height, 1..=width, 1..=height), 0..12);
    let noise = prop::collection::vec((0..COUNT, any::<prop::sample::Index>()), 0..10);
    (boxes, noise).prop_map(move |(boxes, noise)| {
        let mut pixels = vec![BoneSet::EMPTY; size.pixels() as usize];
        for (bone, left, top, across, down) in boxes {
            for y in top..size.height().min(top + down) {
                for x in left..size.width().min(left + across) {
                    let pixel = &mut pixels[(y * size.width() + x) as usize];
                    *pixel = *pixel ^ BoneSet::of(Bone::ALL[bone]);
                }
            }
        }
        for (bone, at) in noise.into_iter().filter(|_| !pixels.is_empty()).collect::<Vec<_>>() {
            let pixel = at.get_mut(&mut pixels);
            *pixel = *pixel ^ BoneSet::of(Bone::ALL[bone]);
        }
        Mask::from_dense(size, &pixels).unwrap()
    })
}

/// Masks of any size up to `limit`.
pub(crate) fn any_mask(limit: u32) -> impl Strategy<Value = Mask> {
    sizes(limit).prop_flat_map(masks)
}

/// Two masks of one size.
pub(crate) fn pairs(limit: u32) -> impl Strategy<Value = (Mask, Mask)> {
    sizes(limit).prop_flat_map(|size| (masks(size), masks(size)))
}

/// The mask whose pixel at column x and row y is `pixel(x, y)`.
pub(crate) fn build(size: Size, pixel: impl Fn(u32, u32) -> BoneSet) -> Mask {
    let pixel = &pixel;
    let pixels: Vec<_> =
        (0..size.height()).flat_map(|y| (0..size.width()).map(move |x| pixel(x, y))).collect();
    Mask::from_dense(size, &pixels).unwrap()
}

/// Whether `bone` covers each pixel, row by row.
pub(crate) fn plane(mask: &Mask, bone: Bone) -> Vec<bool> {
    mask.to_dense().into_iter().map(|set| set.contains(bone)).collect()
}

/// The mask in which `bone` covers the pixels of `plane`.
pub(crate) fn of_plane(size: Size, bone: Bone, plane: &[bool]) -> Mask {
    build(
        size,
        |x, y| if plane[(y * size.width() + x) as usize] { BoneSet::of(bone) } else { BoneSet::EMPTY },
    )
}
