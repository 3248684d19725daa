//! Warps an image and its bones by one map.

use bones::{BoneSet, Size};

use crate::Draw;

/// What `draw` makes of an image and the bones of its pixels, both row-major and of `size`, written to `image_out`
/// and `bones_out`.
///
/// Grey values are interpolated between the four nearest pixels and rounded once, after contrast and brightness;
/// bones are those of the nearest pixel. Beyond the image there are black and no bones.
///
/// # Panics
/// Where a slice is not width × height long.
pub fn warp(
    size: Size,
    draw: &Draw,
    image: &[u8],
    bones: &[BoneSet],
    image_out: &mut [u8],
    bones_out: &mut [i32],
) {
    let pixels = size.pixels() as usize;
    assert_eq!([image.len(), bones.len(), image_out.len(), bones_out.len()], [pixels; 4]);
    if pixels == 0 {
        return;
    }
    let (width, height) = (size.width() as usize, size.height() as usize);
    let (last_x, last_y) = ((width - 1) as f32, (height - 1) as f32);
    let [ax, bx, cx] = draw.back.x;
    let [ay, by, cy] = draw.back.y;
    let (step_x, step_y) = (ax as f32, ay as f32);
    let gain = draw.contrast;
    let offset = 127.5 - 127.5 * gain + 255.0 * draw.brightness;
    let tone = |grey: f32| (grey * gain + offset + 0.5) as u8;
    let rows = image_out.chunks_exact_mut(width).zip(bones_out.chunks_exact_mut(width));
    for (y, (image_row, bones_row)) in rows.enumerate() {
        let start_x = (bx * y as f64 + cx) as f32;
        let start_y = (by * y as f64 + cy) as f32;
        for (x, (grey, set)) in image_row.iter_mut().zip(bones_row).enumerate() {
            let source_x = step_x * x as f32 + start_x;
            let source_y = step_y * x as f32 + start_y;
            let inside = source_x >= 0.0 && source_x < last_x && source_y >= 0.0 && source_y < last_y;
            if inside {
                // Truncation is floor here, and far faster.
                let (left, top) = (source_x as usize, source_y as usize);
                let (right_share, low_share) = (source_x - left as f32, source_y - top as f32);
                let at = top * width + left;
                let [upper, lower] = [at, at + width].map(|at| {
                    let (one, other) = (f32::from(image[at]), f32::from(image[at + 1]));
                    one + (other - one) * right_share
                });
                *grey = tone(upper + (lower - upper) * low_share);
                let nearest = at + usize::from(right_share >= 0.5) + usize::from(low_share >= 0.5) * width;
                *set = bones[nearest].bits() as i32;
            } else {
                let (value, bits) = at_border(size, image, bones, source_x, source_y);
                *grey = tone(value);
                *set = bits as i32;
            }
        }
    }
}

/// The grey value and the bones at a point on or beyond the last pixels.
#[cold]
fn at_border(size: Size, image: &[u8], bones: &[BoneSet], x: f32, y: f32) -> (f32, u32) {
    let index = |x: f32, y: f32| {
        let within = x >= 0.0 && y >= 0.0 && x < size.width() as f32 && y < size.height() as f32;
        within.then(|| y as usize * size.width() as usize + x as usize)
    };
    let grey = |x: f32, y: f32| index(x, y).map_or(0.0, |at| f32::from(image[at]));
    let (left, top) = (x.floor(), y.floor());
    let across = |y: f32| {
        let (one, other) = (grey(left, y), grey(left + 1.0, y));
        one + (other - one) * (x - left)
    };
    let (upper, lower) = (across(top), across(top + 1.0));
    let set = index((x + 0.5).floor(), (y + 0.5).floor()).map_or(0, |at| bones[at].bits());
    (upper + (lower - upper) * (y - top), set)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bones::statistics::SplitMix64;

    use super::*;
    use crate::{Affine, Augmentation};

    /// A blob whose pixels are 255 where bone 3 is, and 0 elsewhere.
    fn blob(size: Size) -> (Vec<u8>, Vec<BoneSet>) {
        let set = BoneSet::from_bits(1 << 3).unwrap();
        (0..size.pixels())
            .map(|at| {
                let [x, y] = [at % size.width(), at / size.width()].map(f64::from);
                let inside = ((x - 40.0) / 25.0).powi(2) + ((y - 30.0) / 14.0).powi(2) < 1.0;
                if inside { (255, set) } else { (0, BoneSet::EMPTY) }
            })
            .unzip()
    }

    fn warped(size: Size, draw: &Draw, image: &[u8], bones: &[BoneSet]) -> (Vec<u8>, Vec<i32>) {
        let mut out = (vec![7; image.len()], vec![7; image.len()]);
        warp(size, draw, image, bones, &mut out.0, &mut out.1);
        out
    }

    #[test]
    fn nothing_drawn_changes_nothing() {
        let size = Size::new(61, 47).unwrap();
        let image: Vec<u8> = (0..size.pixels()).map(|at| (at * 31 % 256) as u8).collect();
        let bones: Vec<BoneSet> =
            (0..size.pixels()).map(|at| BoneSet::from_bits_truncate(at * 40_503)).collect();
        let (grey, sets) = warped(size, &Draw::NONE, &image, &bones);
        assert_eq!(grey, image);
        assert_eq!(sets, bones.iter().map(|set| set.bits() as i32).collect::<Vec<_>>());
    }

    #[test]
    fn a_flip_is_exact() {
        let size = Size::new(8, 5).unwrap();
        let image: Vec<u8> = (0..40).collect();
        let bones: Vec<BoneSet> = (0..40).map(BoneSet::from_bits_truncate).collect();
        let draw = Draw { back: Affine::back([8, 5], true, 1.0, 0.0, [0.0; 2]), ..Draw::NONE };
        let (grey, sets) = warped(size, &draw, &image, &bones);
        let mirrored: Vec<u8> = image.chunks(8).flat_map(|row| row.iter().rev().copied()).collect();
        assert_eq!(grey, mirrored);
        assert_eq!(sets, mirrored.iter().map(|&at| i32::from(at)).collect::<Vec<_>>());
    }

    /// Image and bones show the same blob, so after any warp a pixel is bright exactly where the bone is.
    #[test]
    fn image_and_bones_stay_aligned() {
        let size = Size::new(96, 72).unwrap();
        let (image, bones) = blob(size);
        let wild =
            Augmentation { flip: 0.5, rotate: 180.0, scale: 0.5, shift: 0.2, brightness: 0.0, contrast: 0.0 };
        for seed in 0..50 {
            let draw = wild.draw([96, 72], &mut SplitMix64::new(seed));
            let (grey, sets) = warped(size, &draw, &image, &bones);
            let mut shown = 0;
            for (&grey, &set) in grey.iter().zip(&sets) {
                shown += usize::from(set != 0);
                // Halfway between black and white either may be nearest.
                assert!(
                    if set == 0 { grey < 192 } else { grey > 63 },
                    "seed {seed}: grey {grey}, bones {set}"
                );
            }
            assert!(shown > 100, "seed {seed} moved the blob out of sight");
        }
    }

    #[test]
    fn tones_change_the_image_alone() {
        let size = Size::new(96, 72).unwrap();
        let (image, bones) = blob(size);
        let draw = Draw { brightness: 0.1, contrast: 0.5, ..Draw::NONE };
        let (grey, sets) = warped(size, &draw, &image, &bones);
        // 0 → 63.75 + 25.5, 255 → 191.25 + 25.5
        assert!(grey.iter().zip(&sets).all(|(&grey, &set)| grey == if set == 0 { 89 } else { 217 }));
    }
}
