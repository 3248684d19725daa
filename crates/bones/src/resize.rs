//! Resizing and flipping masks, walking over runs.
//!
//! ```text
//! 4 pixels → 2    nearest   │0│1│2│3│  →  │0│2│    the top left corner of each new pixel: OpenCV's
//!                 centred   │0│1│2│3│  →  │1│3│    its centre: where the pixel of a resized image stands
//! ```

use crate::bone_set::BoneSet;
use crate::mask::{Mask, MaskBuilder, Size};
use crate::rows;

/// The mask at another size: each pixel takes the set of the source pixel that `cv2.resize` with
/// `cv2.INTER_NEAREST` of OpenCV 4.10 takes, floor(i · source / target).
///
/// Against an image resized with half-pixel centres, its bones lie (source / target − 1) / 2 source pixels too far
/// right and below: [`centred`] has them in place. Background where one of the sizes has no pixels.
pub fn nearest(mask: &Mask, size: Size) -> Mask {
    resized(&NearestRows::new(mask, size))
}

/// The mask at another size: each pixel takes the set of the source pixel under its centre,
/// floor((i + ½) · source / target), exactly (a centre between two pixels takes the later one).
///
/// Background where one of the sizes has no pixels.
pub fn centred(mask: &Mask, size: Size) -> Mask {
    resized(&NearestRows::centred(mask, size))
}

/// [`nearest`] straight to one [`BoneSet`] a pixel, row-major: what training warps.
pub fn nearest_dense(mask: &Mask, size: Size) -> Vec<BoneSet> {
    dense(&NearestRows::new(mask, size))
}

/// [`centred`] straight to one [`BoneSet`] a pixel, row-major.
pub fn centred_dense(mask: &Mask, size: Size) -> Vec<BoneSet> {
    dense(&NearestRows::centred(mask, size))
}

fn resized(rows: &NearestRows) -> Mask {
    let NearestRows { mask, size, ref columns, .. } = *rows;
    let mut result = MaskBuilder::new(size);
    if size.pixels() == 0 {
        return result.finish();
    }
    for y in 0..size.height() {
        let row_start = y * size.width();
        let Some(source) = rows.source(y) else { break };
        for (range, set) in rows::row(mask, source) {
            result.fill_to(row_start + columns.starts[range.end as usize], set);
        }
    }
    result.finish()
}

fn dense(rows: &NearestRows) -> Vec<BoneSet> {
    let (size, width) = (rows.size, rows.size.width() as usize);
    let mut pixels = vec![BoneSet::EMPTY; size.pixels() as usize];
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

/// The rows of [`nearest_dense`] or [`centred_dense`], one at a time and in any order.
#[derive(Debug)]
pub struct NearestRows<'a> {
    mask: &'a Mask,
    size: Size,
    columns: Axis,
    down: Sampling,
}

impl<'a> NearestRows<'a> {
    /// Those of the mask at another size, as [`nearest`].
    pub fn new(mask: &'a Mask, size: Size) -> NearestRows<'a> {
        NearestRows::sampled(mask, size, Sampling::Corner)
    }

    /// Those of the mask at another size, as [`centred`].
    pub fn centred(mask: &'a Mask, size: Size) -> NearestRows<'a> {
        NearestRows::sampled(mask, size, Sampling::Centre)
    }

    /// Those of the mask on a grid of the halves of larger pixels, two and two of them in a row: as [`centred`], but a
    /// centre between two pixels takes the one nearer to the middle of the larger pixel, so that its halves are taken
    /// alike.
    pub fn halves(mask: &'a Mask, size: Size) -> NearestRows<'a> {
        NearestRows::sampled(mask, size, Sampling::Half)
    }

    /// Those of the four pixels that touch each centre: upper left, upper right, lower left, lower right. They are one
    /// and the same, that of [`centred`], but where a centre lies between pixels: whoever asks all four leans to no side.
    pub fn around_centres(mask: &'a Mask, size: Size) -> [NearestRows<'a>; 4] {
        let (before, after) = (Sampling::BeforeCentre, Sampling::Centre);
        [[before, before], [after, before], [before, after], [after, after]]
            .map(|[x, y]| NearestRows::along(mask, size, x, y))
    }

    fn sampled(mask: &'a Mask, size: Size, sampling: Sampling) -> NearestRows<'a> {
        NearestRows::along(mask, size, sampling, sampling)
    }

    fn along(mask: &'a Mask, size: Size, x: Sampling, y: Sampling) -> NearestRows<'a> {
        NearestRows { mask, size, columns: Axis::new(x, mask.size().width(), size.width()), down: y }
    }

    /// Which row of the mask row `y` is; `None` where the mask has no pixels.
    fn source(&self, y: u32) -> Option<u32> {
        let [from, to] = [self.mask.size(), self.size].map(Size::height);
        (self.mask.size().pixels() > 0).then(|| self.down.source(y, from, to))
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

/// Which point of a target pixel says the source pixel that it takes.
#[derive(Clone, Copy, Debug)]
enum Sampling {
    /// Its top left corner, as `cv2.INTER_NEAREST`.
    Corner,
    /// Its centre; the later pixel where that lies between two.
    Centre,
    /// Its centre; the earlier pixel where that lies between two.
    BeforeCentre,
    /// Its centre, as a half of a larger pixel; of pixels around it that nearer to the other half.
    Half,
}

impl Sampling {
    /// The source index for index `i` of a target of `target` pixels; never decreases with `i`.
    fn source(self, i: u32, source: u32, target: u32) -> u32 {
        match self {
            // In OpenCV's floating-point steps: the scale is the reciprocal of the rounded quotient target / source,
            // which in rare sizes falls below the exact source / target and takes the pixel before.
            Sampling::Corner => {
                let scale = 1.0 / (f64::from(target) / f64::from(source));
                ((f64::from(i) * scale).floor() as u32).min(source - 1)
            }
            // (2i + 1) / 2 target is below 1, so that the index is below `source`; 33 + 32 bits do not fit a u64.
            Sampling::Centre => (centre(i, source) / (2 * u128::from(target))) as u32,
            Sampling::BeforeCentre => (centre(i, source).saturating_sub(1) / (2 * u128::from(target))) as u32,
            Sampling::Half if i % 2 == 1 => Sampling::BeforeCentre.source(i, source, target),
            Sampling::Half => Sampling::Centre.source(i, source, target),
        }
    }
}

/// The centre of target pixel `i`, where a source pixel is twice the target's pixels long.
fn centre(i: u32, source: u32) -> u128 {
    (2 * u128::from(i) + 1) * u128::from(source)
}

/// For each source pixel the first target pixel that takes it or a later one; one entry more for the end.
#[derive(Debug)]
struct Axis {
    starts: Vec<u32>,
}

impl Axis {
    fn new(sampling: Sampling, from: u32, to: u32) -> Axis {
        let mut starts = Vec::with_capacity(from as usize + 1);
        for i in (0..to).take_while(|_| from > 0) {
            // Sources never decrease: fill the entries from the last one up to this one.
            starts.resize(starts.len().max(sampling.source(i, from, to) as usize + 1), i);
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
