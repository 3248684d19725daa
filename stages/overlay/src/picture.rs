//! A picture: bones drawn on their radiograph.

use bones::resize::nearest_dense;
use bones::{BoneSet, Mask, Size};
use image::GrayImage;
use image::imageops::{self, FilterType};
use planes::Image;

use crate::canvas::Canvas;
use crate::palette::{Rgb, colour};

/// How much of a bone's colour lies over the grey inside it.
const TINT: f32 = 0.34;
/// The same where bones overlap.
const OVERLAP_TINT: f32 = 0.6;
/// The colour of outlines to compare with.
const REFERENCE: Rgb = [255; 3];

/// Draws the bones of `mask` on `image`: tinted, outlined, and striped in the colours of all bones where several
/// overlap. Of `reference`, where given, the outlines are drawn on top, in white.
///
/// The picture keeps the radiograph's proportions (the mask's), and its longer side has at most `longest` pixels.
pub(crate) fn draw(image: Image, mask: &Mask, reference: Option<&Mask>, longest: u32) -> Canvas {
    let size = fitting(mask.size(), longest);
    let grey = scaled(image, size);
    let width = size.width() as usize;
    let sets = nearest_dense(mask, size);
    let edges = edges(&sets, width);
    let reference = reference.map(|mask| self::edges(&nearest_dense(mask, size), width));
    // Lines and stripes keep their share of the picture.
    let line = (longest / 700).max(1) as usize;
    let stripe = (longest / 128).max(2) as usize;
    let mut pixels: Vec<Rgb> = grey
        .into_iter()
        .zip(&sets)
        .enumerate()
        .map(|(index, (grey, &set))| tinted(grey, set, (index % width + index / width) / stripe))
        .collect();
    for (index, &set) in edges.iter().enumerate() {
        if let Some(bone) = set.iter().next() {
            mark(&mut pixels, width, index, line, colour(bone));
        }
    }
    for (index, set) in reference.iter().flatten().enumerate() {
        if !set.is_empty() {
            pixels[index] = REFERENCE;
        }
    }
    Canvas::from_pixels(width, size.height() as usize, pixels)
}

/// The largest size with the proportions of `size` whose sides have at most `longest` pixels, and at least one.
fn fitting(size: Size, longest: u32) -> Size {
    let [width, height] = [size.width(), size.height()].map(f64::from);
    let scale = (f64::from(longest) / width.max(height).max(1.0)).min(1.0);
    let side = |side: f64| ((side * scale).round() as u32).clamp(1, longest.max(1));
    Size::new(side(width), side(height)).unwrap_or(size)
}

/// The grey values at another size, antialiased.
pub(crate) fn scaled(image: Image, size: Size) -> Vec<u8> {
    if image.size() == size {
        return image.into_pixels();
    }
    let (width, height) = (image.size().width(), image.size().height());
    match GrayImage::from_raw(width, height, image.into_pixels()) {
        Some(image) if width > 0 && height > 0 => {
            imageops::resize(&image, size.width(), size.height(), FilterType::Triangle).into_raw()
        }
        _ => vec![0; size.pixels() as usize],
    }
}

/// A grey value under the colours of a set of bones, which take turns by `stripe`.
fn tinted(grey: u8, set: BoneSet, stripe: usize) -> Rgb {
    let share = match set.len() {
        0 => return [grey; 3],
        1 => TINT,
        _ => OVERLAP_TINT,
    };
    let Some(bone) = set.iter().nth(stripe % set.len()) else { return [grey; 3] };
    colour(bone).map(|channel| (f32::from(grey) * (1.0 - share) + f32::from(channel) * share).round() as u8)
}

/// For each pixel the bones that cover it, but not all of its four neighbours; beyond the border there is none.
fn edges(sets: &[BoneSet], width: usize) -> Vec<BoneSet> {
    let height = sets.len() / width.max(1);
    let at = |x: usize, y: usize| if x < width && y < height { sets[y * width + x] } else { BoneSet::EMPTY };
    let edge = |index: usize| {
        let (x, y) = (index % width, index / width);
        let set = sets[index];
        match set.is_empty() {
            true => set,
            false => {
                set - (at(x.wrapping_sub(1), y) & at(x + 1, y) & at(x, y.wrapping_sub(1)) & at(x, y + 1))
            }
        }
    };
    (0..sets.len()).map(edge).collect()
}

/// Colours a pixel and those to the right of and below it that a line of `line` pixels takes.
fn mark(pixels: &mut [Rgb], width: usize, index: usize, line: usize, colour: Rgb) {
    let (x, y) = (index % width, index / width);
    for row in y..(y + line).min(pixels.len() / width) {
        let end = (x + line).min(width);
        pixels[row * width + x..row * width + end].fill(colour);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use bones::Bone;

    fn square(bone: usize, from: u32, to: u32) -> Vec<(u32, u32, BoneSet)> {
        let set = BoneSet::of(Bone::from_index(bone).unwrap());
        (from..to).flat_map(|y| (from..to).map(move |x| (x, y, set))).collect()
    }

    fn mask(pixels: &[Vec<(u32, u32, BoneSet)>]) -> Mask {
        let size = Size::new(40, 40).unwrap();
        let mut sets = vec![BoneSet::EMPTY; 1600];
        for &(x, y, set) in pixels.iter().flatten() {
            sets[(y * 40 + x) as usize] = sets[(y * 40 + x) as usize] | set;
        }
        Mask::from_dense(size, &sets).unwrap()
    }

    fn ground() -> Image {
        Image::new(Size::new(40, 40).unwrap(), vec![100; 1600]).unwrap()
    }

    #[test]
    fn ground_stays_grey_and_bones_are_tinted_within_their_outline() {
        let picture = draw(ground(), &mask(&[square(0, 10, 30)]), None, 40);
        let at = |x: usize, y: usize| picture.pixels()[y * 40 + x];
        assert_eq!(at(5, 5), [100; 3]);
        assert_eq!(at(10, 20), colour(Bone::ALL[0]));
        assert_eq!(at(29, 29), colour(Bone::ALL[0]));
        assert_eq!(at(20, 20), tinted(100, BoneSet::of(Bone::ALL[0]), 0));
    }

    #[test]
    fn an_overlap_shows_both_bones() {
        let picture = draw(ground(), &mask(&[square(0, 5, 25), square(4, 15, 35)]), None, 40);
        let inside: std::collections::HashSet<Rgb> = (17..23)
            .flat_map(|y| (17..23).map(move |x| (x, y)))
            .map(|(x, y)| picture.pixels()[y * 40 + x])
            .collect();
        let both = BoneSet::of(Bone::ALL[0]) | BoneSet::of(Bone::ALL[4]);
        assert_eq!(inside, [tinted(100, both, 0), tinted(100, both, 1)].into());
    }

    #[test]
    fn the_reference_is_outlined_on_top() {
        let picture = draw(ground(), &mask(&[square(0, 10, 30)]), Some(&mask(&[square(0, 10, 20)])), 40);
        assert_eq!([picture.pixels()[10 * 40 + 15], picture.pixels()[15 * 40 + 19]], [REFERENCE; 2]);
        assert_eq!(picture.pixels()[29 * 40 + 15], colour(Bone::ALL[0]));
    }

    #[test]
    fn pictures_keep_proportions_and_masks_their_place_at_other_sizes() {
        assert_eq!(fitting(Size::new(3000, 1500).unwrap(), 512), Size::new(512, 256).unwrap());
        assert_eq!(fitting(Size::new(300, 100).unwrap(), 512), Size::new(300, 100).unwrap());
        assert_eq!(fitting(Size::new(9000, 1).unwrap(), 100), Size::new(100, 1).unwrap());
        let small = Image::new(Size::new(10, 10).unwrap(), vec![50; 100]).unwrap();
        let picture = draw(small, &mask(&[square(0, 20, 40)]), None, 20);
        assert_eq!((picture.width, picture.height), (20, 20));
        assert_eq!(picture.pixels()[0], [50; 3]);
        assert_eq!(picture.pixels()[19 * 20 + 19], colour(Bone::ALL[0]));
    }
}
