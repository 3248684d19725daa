//! Bones stand on their images: of a disc that is drawn in the image and in the mask, tint and outline lie on the bright
//! pixels, whatever the sizes of image, mask and picture.
#![allow(clippy::unwrap_used)]

use bones::{Bone, BoneSet, Mask, Size};
use drawing::{Canvas, Picture, Rgb, colour};
use planes::Image;

/// The disc: its centre, and its radius, as shares of the width and the height.
const CENTRE: [f64; 2] = [0.46, 0.57];
const RADIUS: f64 = 0.24;

const BONE: Bone = Bone::ALL[7];
const WHITE: Rgb = [255; 3];

fn size(width: u32, height: u32) -> Size {
    Size::new(width, height).unwrap()
}

/// Whether the pixels have their centres on the disc (an ellipse where the sides differ).
fn disc(size: Size) -> Vec<bool> {
    let sides = [size.width(), size.height()].map(f64::from);
    let on = |index: u32| {
        let place = [index % size.width(), index / size.width()].map(f64::from);
        let far = [0, 1].map(|axis| (place[axis] + 0.5) / sides[axis] - CENTRE[axis]);
        far[0].hypot(far[1]) < RADIUS
    };
    (0..size.pixels()).map(on).collect()
}

fn image(size: Size) -> Image {
    Image::new(size, disc(size).into_iter().map(|on| if on { 200 } else { 20 }).collect()).unwrap()
}

fn mask(size: Size) -> Mask {
    let set = |on| if on { BoneSet::of(BONE) } else { BoneSet::EMPTY };
    Mask::from_dense(size, &disc(size).into_iter().map(set).collect::<Vec<_>>()).unwrap()
}

/// Means of what lies halfway between the first and the last of the pixels in each row, and in each column: (x, y). Unlike
/// their centroid, it does not depend on how many pixels of a row an outline has.
fn middle(canvas: &Canvas, is: impl Fn(usize) -> bool) -> [f64; 2] {
    let sides = [canvas.width(), canvas.height()];
    [0, 1].map(|axis| {
        let [along, lines] = [sides[axis], sides[1 - axis]];
        let halfway = |line: usize| {
            let mut found =
                (0..along).filter(|&at| is(if axis == 0 { line * along + at } else { at * lines + line }));
            let first = found.next()?;
            Some((first + found.last().unwrap_or(first)) as f64 / 2.0)
        };
        let found: Vec<f64> = (0..lines).filter_map(halfway).collect();
        assert!(!found.is_empty());
        found.iter().sum::<f64>() / found.len() as f64
    })
}

fn centroid(canvas: &Canvas, is: impl Fn(usize) -> bool) -> [f64; 2] {
    let places: Vec<usize> = (0..canvas.pixels().len()).filter(|&at| is(at)).collect();
    let mean = |of: &dyn Fn(usize) -> usize| {
        places.iter().map(|&at| of(at)).sum::<usize>() as f64 / places.len() as f64
    };
    [mean(&|at| at % canvas.width()), mean(&|at| at / canvas.width())]
}

/// Checks a picture with a bone against the same without; what they are off by is at most `most` pixels.
fn check(what: &str, most: f64, bare: &Canvas, drawn: &Canvas, line: Rgb) {
    let is_bright = |at: usize| bare.pixels()[at][0] >= 110;
    let is_line = |at: usize| drawn.pixels()[at] == line;
    let near = |name: &str, found: [f64; 2], expected: [f64; 2]| {
        for axis in 0..2 {
            let off = found[axis] - expected[axis];
            assert!(off.abs() <= most, "{what}: the {name} is {off:.2} pixels off along axis {axis}");
        }
    };
    // White outlines of a reference have nothing inside.
    if line != WHITE {
        let is_tinted = |at: usize| drawn.pixels()[at] != bare.pixels()[at];
        near("tint", centroid(bare, is_tinted), centroid(bare, is_bright));
    }
    near("outline", middle(bare, is_line), middle(bare, is_bright));
}

/// Sizes of image and mask, and the picture's longer side.
const CASES: [([u32; 2], [u32; 2], u32); 10] = [
    ([2048, 2048], [2048, 2048], 2048),
    ([2048, 2048], [2048, 2048], 1024),
    ([2048, 2048], [2048, 2048], 1400),
    ([2048, 2048], [2048, 2048], 301),
    ([2048, 2048], [2048, 2048], 64),
    ([512, 512], [2048, 2048], 700),
    ([512, 384], [2048, 1536], 512),
    ([512, 512], [2048, 1536], 512),
    ([384, 512], [1536, 2048], 1800),
    ([100, 37], [2001, 731], 333),
];

#[test]
fn bones_lie_on_their_images() {
    for (of_image, of_mask, longest) in CASES {
        let [of_image, of_mask] = [of_image, of_mask].map(|[width, height]| size(width, height));
        let (image, mask, none) = (image(of_image), mask(of_mask), Mask::empty(of_mask));
        let bare = Picture::new(&image, &none, None, longest).canvas();
        let what = format!("{of_image}, {of_mask} at {longest}");
        check(&what, 0.3, &bare, &Picture::new(&image, &mask, None, longest).canvas(), colour(BONE));
        check(&what, 0.3, &bare, &Picture::new(&image, &none, Some(&mask), longest).canvas(), WHITE);
    }
}

#[test]
fn bones_lie_on_magnified_images() {
    for (of_image, of_mask, longest) in
        [(64, 64, 256), (64, 128, 256), (96, 192, 288), (100, 100, 333), (48, 48, 1500)]
    {
        let [of_image, of_mask] = [of_image, of_mask].map(|side| size(side, side));
        let (image, mask, none) = (image(of_image), mask(of_mask), Mask::empty(of_mask));
        let bare = Picture::magnified(&image, &none, longest).canvas();
        assert_eq!((bare.width(), bare.height()), (longest as usize, longest as usize));
        let what = format!("{of_image}, {of_mask} at {longest}");
        // Of other pixels than the image's, the disc itself is up to a tenth of them elsewhere.
        let most = if of_image == of_mask { 0.3 } else { 0.1 * f64::from(longest / of_image.width()) };
        check(&what, most, &bare, &Picture::magnified(&image, &mask, longest).canvas(), colour(BONE));
    }
}
