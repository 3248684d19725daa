//! Resizing and flipping masks, walking over runs.

use crate::bone_set::BoneSet;
use crate::mask::{Mask, MaskBuilder, Size};
use crate::rows;

/// The mask at another size: each pixel takes the set of the source pixel that `cv2.resize` with
/// `cv2.INTER_NEAREST` of OpenCV 4.10 takes, floor(i · source / target).
///
/// Background where one of the sizes has no pixels.
pub fn nearest(mask: &Mask, size: Size) -> Mask {
    let mut result = MaskBuilder::new(size);
    if mask.size().pixels() == 0 || size.pixels() == 0 {
        return result.finish();
    }
    let columns = Axis::new(mask.size().width(), size.width());
    for y in 0..size.height() {
        let row_start = y * size.width();
        for (range, set) in rows::row(mask, source(y, mask.size().height(), size.height())) {
            result.fill_to(row_start + columns.starts[range.end as usize], set);
        }
    }
    result.finish()
}

/// [`nearest`] straight to one [`BoneSet`] a pixel, row-major: what training warps.
pub fn nearest_dense(mask: &Mask, size: Size) -> Vec<BoneSet> {
    let mut pixels = vec![BoneSet::EMPTY; size.pixels() as usize];
    let (rows, width) = (NearestRows::new(mask, size), size.width() as usize);
    let mut last = None;
    for y in 0..size.height() {
        let start = y as usize * width;
        let source = rows.source(y);
        if source.is_some() && source == last {
            pixels.copy_within(start - width..start, start);
        } else {
            rows.row(y, &mut pixels[start..start + width]);
        }
        last = source;
    }
    pixels
}

/// The rows of [`nearest_dense`], one at a time and in any order.
#[derive(Debug)]
pub struct NearestRows<'a> {
    mask: &'a Mask,
    size: Size,
    columns: Axis,
}

impl<'a> NearestRows<'a> {
    /// Those of the mask at another size.
    pub fn new(mask: &'a Mask, size: Size) -> NearestRows<'a> {
        NearestRows { mask, size, columns: Axis::new(mask.size().width(), size.width()) }
    }

    /// Which row of the mask row `y` is; `None` where the mask has no pixels.
    fn source(&self, y: u32) -> Option<u32> {
        (self.mask.size().pixels() > 0).then(|| source(y, self.mask.size().height(), self.size.height()))
    }

    /// Row `y`, which has as many pixels as `pixels`.
    ///
    /// # Panics
    /// Where it has more.
    pub fn row(&self, y: u32, pixels: &mut [BoneSet]) {
        pixels.fill(BoneSet::EMPTY);
        let Some(source) = self.source(y) else { return };
        for (range, set) in rows::row(self.mask, source).filter(|(_, set)| !set.is_empty()) {
            let [first, end] = [range.start, range.end].map(|x| self.columns.starts[x as usize] as usize);
            pixels[first..end].fill(set);
        }
    }
}

/// The source index for index `i` of a target of `target` pixels.
///
/// In OpenCV's floating-point steps: the scale is the reciprocal of the rounded quotient target / source, which
/// in rare sizes falls below the exact source / target and takes the pixel before.
fn source(i: u32, source: u32, target: u32) -> u32 {
    let scale = 1.0 / (f64::from(target) / f64::from(source));
    ((f64::from(i) * scale).floor() as u32).min(source - 1)
}

/// For each source pixel the first target pixel that takes it or a later one; one entry more for the end.
#[derive(Debug)]
struct Axis {
    starts: Vec<u32>,
}

impl Axis {
    fn new(from: u32, to: u32) -> Axis {
        let mut starts = Vec::with_capacity(from as usize + 1);
        for i in (0..to).take_while(|_| from > 0) {
            // Sources never decrease: fill the entries from the last one up to this one.
            starts.resize(starts.len().max(source(i, from, to) as usize + 1), i);
        }
        starts.resize(from as usize + 1, to);
        Axis { starts }
    }
}

/// The mask mirrored left to right.
pub fn flip_horizontal(mask: &Mask) -> Mask {
    let size = mask.size();
    let mut result = MaskBuilder::new(size);
    let mut pieces = Vec::new();
    for y in 0..size.height() {
        pieces.clear();
        pieces.extend(rows::row(mask, y));
        let row_end = (y + 1) * size.width();
        for (columns, set) in pieces.iter().rev() {
            result.fill_to(row_end - columns.start, *set);
        }
    }
    result.finish()
}

/// The mask mirrored top to bottom.
pub fn flip_vertical(mask: &Mask) -> Mask {
    let size = mask.size();
    let mut result = MaskBuilder::new(size);
    for y in 0..size.height() {
        for (columns, set) in rows::row(mask, size.height() - 1 - y) {
            result.fill_to(y * size.width() + columns.end, set);
        }
    }
    result.finish()
}
