//! A picture: bones drawn on their radiograph, row by row.

use std::io::{self, Write};

use bones::{BoneSet, Mask, Size};
use planes::Image;

use crate::canvas::{Canvas, png};
use crate::grey::{Enlarging, GreyRows};
use crate::outline::OutlinedRows;
use crate::palette::{Rgb, colour};

/// How much of a bone's colour lies over the grey inside it.
const TINT: f32 = 0.34;
/// The same where bones overlap.
const OVERLAP_TINT: f32 = 0.6;
/// The colour of outlines to compare with.
const REFERENCE: Rgb = [255; 3];

/// The bones of a mask on an image: tinted, outlined, and striped in the colours of all bones where several overlap.
/// Of a reference, where there is one, the outlines are drawn on top, in white.
///
/// Image and masks may be of any sizes: a pixel shows what lies under its centre in each of them, so that bones stand
/// on their images.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    image: &'a Image,
    mask: &'a Mask,
    reference: Option<&'a Mask>,
    size: Size,
    enlarging: Enlarging,
}

impl<'a> Picture<'a> {
    /// A picture with the proportions of the radiograph (the mask's), whose longer side has at most `longest` pixels,
    /// and no more than the mask's.
    pub fn new(image: &'a Image, mask: &'a Mask, reference: Option<&'a Mask>, longest: u32) -> Picture<'a> {
        let most = mask.size().width().max(mask.size().height()).min(longest);
        Picture { image, mask, reference, size: fitting(mask.size(), most), enlarging: Enlarging::Smooth }
    }

    /// A picture of small planes, such as a network sees, whose longer side has just `longest` pixels: the planes'
    /// pixels can be told apart.
    ///
    /// # Panics
    /// Where a square of that side has more than `u32::MAX` pixels.
    pub fn magnified(image: &'a Image, mask: &'a Mask, longest: u32) -> Picture<'a> {
        let size = fitting(mask.size(), longest);
        Picture { image, mask, reference: None, size, enlarging: Enlarging::Blocks }
    }

    /// Pixels of the longer side.
    fn longest(&self) -> usize {
        self.size.width().max(self.size.height()) as usize
    }

    /// How far outlines reach to each side: they keep their share of the picture, a 700th.
    fn reach(&self) -> usize {
        self.longest() / 1400
    }

    /// Pixels across of stripes, which keep their share too.
    fn stripe(&self) -> usize {
        (self.longest() / 128).max(2)
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Writes it as a PNG file, of which no more than some rows are in memory.
    pub fn write_png(&self, output: impl Write) -> io::Result<()> {
        let [width, height] = [self.size.width(), self.size.height()].map(|side| side as usize);
        png(output, width, height, |push| self.rows(push))
    }

    /// All of it.
    pub fn canvas(&self) -> Canvas {
        let mut pixels = Vec::with_capacity(self.size.pixels() as usize);
        let Ok(()) = self.rows::<std::convert::Infallible>(|row| {
            pixels.extend_from_slice(row);
            Ok(())
        });
        Canvas::from_rows(self.size.width() as usize, pixels)
    }

    /// Gives `take` row after row.
    fn rows<E>(&self, mut take: impl FnMut(&[Rgb]) -> Result<(), E>) -> Result<(), E> {
        let (width, stripe) = (self.size.width() as usize, self.stripe());
        let mut greys = GreyRows::new(self.image, self.size, self.enlarging);
        let mut bones = OutlinedRows::new(self.mask, self.size, self.reach());
        let mut reference = self.reference.map(|mask| OutlinedRows::new(mask, self.size, 0));
        let mut grey = vec![0; width];
        let mut row = Vec::with_capacity(width);
        for y in 0..self.size.height() as usize {
            greys.row(y, &mut grey);
            bones.advance();
            row.clear();
            let tint = |(x, (&grey, &set)): (usize, (&u8, &BoneSet))| tinted(grey, set, (x + y) / stripe);
            row.extend(grey.iter().zip(bones.sets()).enumerate().map(tint));
            for (pixel, line) in row.iter_mut().zip(bones.lines()) {
                if let Some(bone) = line.iter().next() {
                    *pixel = colour(bone);
                }
            }
            if let Some(reference) = &mut reference {
                reference.advance();
                let outlined = row.iter_mut().zip(reference.lines()).filter(|(_, set)| !set.is_empty());
                outlined.for_each(|(pixel, _)| *pixel = REFERENCE);
            }
            take(&row)?;
        }
        Ok(())
    }
}

/// The size with the proportions of `size` whose longer side has `longest` pixels, and the other one at least.
fn fitting(size: Size, longest: u32) -> Size {
    let (longest, of) = (longest.max(1), size.width().max(size.height()).max(1));
    let side = |side: u32| {
        let rounded = (2 * u128::from(side) * u128::from(longest) + u128::from(of)) / (2 * u128::from(of));
        (rounded as u32).max(1)
    };
    Size::new(side(size.width()), side(size.height())).expect("pictures are no larger than u32::MAX pixels")
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

    fn draw(image: &Image, mask: &Mask, reference: Option<&Mask>, longest: u32) -> Canvas {
        Picture::new(image, mask, reference, longest).canvas()
    }

    fn ground() -> Image {
        Image::new(Size::new(40, 40).unwrap(), vec![100; 1600]).unwrap()
    }

    #[test]
    fn ground_stays_grey_and_bones_are_tinted_within_their_outline() {
        let picture = draw(&ground(), &mask(&[square(0, 10, 30)]), None, 40);
        let at = |x: usize, y: usize| picture.pixels()[y * 40 + x];
        assert_eq!(at(5, 5), [100; 3]);
        assert_eq!(at(10, 20), colour(Bone::ALL[0]));
        assert_eq!(at(29, 29), colour(Bone::ALL[0]));
        assert_eq!(at(20, 20), tinted(100, BoneSet::of(Bone::ALL[0]), 0));
    }

    #[test]
    fn an_overlap_shows_both_bones() {
        let picture = draw(&ground(), &mask(&[square(0, 5, 25), square(4, 15, 35)]), None, 40);
        let inside: std::collections::HashSet<Rgb> = (17..23)
            .flat_map(|y| (17..23).map(move |x| (x, y)))
            .map(|(x, y)| picture.pixels()[y * 40 + x])
            .collect();
        let both = BoneSet::of(Bone::ALL[0]) | BoneSet::of(Bone::ALL[4]);
        assert_eq!(inside, [tinted(100, both, 0), tinted(100, both, 1)].into());
    }

    #[test]
    fn the_reference_is_outlined_on_top() {
        let picture = draw(&ground(), &mask(&[square(0, 10, 30)]), Some(&mask(&[square(0, 10, 20)])), 40);
        assert_eq!([picture.pixels()[10 * 40 + 15], picture.pixels()[15 * 40 + 19]], [REFERENCE; 2]);
        assert_eq!(picture.pixels()[29 * 40 + 15], colour(Bone::ALL[0]));
    }

    #[test]
    fn lines_are_wide_on_large_pictures_and_end_at_the_border() {
        let image = Image::new(Size::new(1, 1).unwrap(), vec![100]).unwrap();
        let size = Size::new(1400, 1400).unwrap();
        let set = BoneSet::of(Bone::ALL[0]);
        let pixel =
            |index: usize| if index / 1400 >= 700 && index % 1400 >= 700 { set } else { BoneSet::EMPTY };
        let mask = Mask::from_dense(size, &(0..1400 * 1400).map(pixel).collect::<Vec<_>>()).unwrap();
        let picture = draw(&image, &mask, None, 1400);
        let at = |x: usize, y: usize| picture.pixels()[y * 1400 + x];
        let (line, inside) = (colour(Bone::ALL[0]), tinted(100, set, 0));
        let around = [[100; 3], line, line, line, inside];
        assert_eq!([698, 699, 700, 701, 702].map(|x| at(x, 900)), around);
        assert_eq!([698, 699, 700, 701, 702].map(|y| at(900, y)), around);
        assert_eq!([at(1397, 1397), at(1398, 1398), at(1399, 1399)], [inside, line, line]);
    }

    #[test]
    fn a_png_file_holds_the_rows_of_the_canvas() {
        let (image, mask) = (ground(), mask(&[square(0, 5, 25), square(4, 15, 35)]));
        let picture = Picture::new(&image, &mask, None, 33);
        let [mut one, mut other] = [Vec::new(), Vec::new()];
        picture.write_png(&mut one).unwrap();
        picture.canvas().write_png(&mut other).unwrap();
        assert_eq!(one, other);
    }

    #[test]
    fn pictures_keep_proportions_and_masks_their_place_at_other_sizes() {
        assert_eq!(fitting(Size::new(3000, 1500).unwrap(), 512), Size::new(512, 256).unwrap());
        let large = Mask::empty(Size::new(300, 100).unwrap());
        assert_eq!(Picture::new(&ground(), &large, None, 512).size(), large.size());
        assert_eq!(Picture::magnified(&ground(), &large, 512).size(), Size::new(512, 171).unwrap());
        assert_eq!(fitting(Size::new(9000, 1).unwrap(), 100), Size::new(100, 1).unwrap());
        let small = Image::new(Size::new(10, 10).unwrap(), vec![50; 100]).unwrap();
        let picture = draw(&small, &mask(&[square(0, 20, 40)]), None, 20);
        assert_eq!((picture.width(), picture.height()), (20, 20));
        assert_eq!(picture.pixels()[0], [50; 3]);
        assert_eq!(picture.pixels()[19 * 20 + 19], colour(Bone::ALL[0]));
    }
}
