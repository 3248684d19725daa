//! Warps of smooth pictures are OpenCV 4.10's within one grey level; see `tests/golden/warp/make.py`.
//!
//! On noise they can't be: OpenCV rounds positions to 1/32 of a pixel. `make.py noise` measured how far it is from
//! interpolation in f64 there: by up to 7.1 grey levels in warpAffine, 6.4 in warpPerspective, 6.7 in remap. This crate is
//! within one (`grey_values_are_bilinear` in `render.rs`).
#![allow(clippy::unwrap_used)]

use std::f64::consts::PI;

use augment::render::{Cells, LabelForm, Memory, Pyramid, Source, render};
use augment::{Field, Fields, Homography, Mesh, Plan};
use bones::{Mask, Size};
use pixels::{Filter, Placement};
use planes::Image;
use serde::Deserialize;

const CASES: &str = include_str!("../../../tests/golden/warp/warp.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    picture: Picture,
    /// Width and height of the picture.
    size: [u32; 2],
    /// Width and height of the result.
    result: [u32; 2],
    steps: Vec<Step>,
    mesh: Option<Nodes>,
    /// The result in hexadecimal digits.
    pixels: String,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Debug)]
#[serde(rename_all = "lowercase")]
enum Picture {
    Dim,
    Bright,
    Full,
}

/// Moves what is at p.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Step {
    /// `cv2.getRotationMatrix2D`: counter-clockwise, in degrees.
    Turn { angle: f64, scale: f64, centre: [f64; 2] },
    /// `cv2.getPerspectiveTransform`.
    Four { from: [[f64; 2]; 4], to: [[f64; 2]; 4] },
    /// The rows of the matrix.
    Affine([f64; 3], [f64; 3]),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nodes {
    cell: u32,
    columns: usize,
    nodes: Vec<[f64; 2]>,
}

impl Step {
    fn forward(&self) -> Homography {
        match *self {
            Step::Turn { angle, scale, centre } => {
                (Homography::rotation(-angle.to_radians()) * Homography::scaling(scale, scale)).about(centre)
            }
            Step::Four { from, to } => Homography::between(from, to).unwrap(),
            Step::Affine(x, y) => Homography::affine(x, y),
        }
    }
}

impl Case {
    fn grey(&self) -> Vec<u8> {
        let [width, height] = self.size;
        let grey = |x: f64, y: f64| {
            let waves = 0.6 * (x / 9.0 + y / 17.0 + 1.0).sin() + 0.4 * (x / 23.0 - y / 8.0 + 2.0).sin();
            let arch = |at: f64, side: u32| (PI * (at + 0.5) / f64::from(side)).sin();
            match self.picture {
                Picture::Dim => 32.0 + 24.0 * waves,
                Picture::Bright => 24.0 + arch(x, width) * arch(y, height) * (150.0 + 50.0 * waves),
                Picture::Full => 128.0 + 112.0 * waves,
            }
        };
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (f64::from(x), f64::from(y))));
        places.map(|(x, y)| (grey(x, y) + 0.5).floor() as u8).collect()
    }

    fn field(&self) -> Field {
        let mut fields = Fields::new(self.result);
        self.steps.iter().for_each(|step| fields.rigid(step.forward()));
        // Set, not composed: both sides mean the same nodes, behind the maps.
        let mesh = self.mesh.as_ref().map(|Nodes { cell, columns, nodes }| {
            let mesh = Mesh::new(self.result, *cell, |place| {
                let [column, row] = place.map(|at| at as usize / *cell as usize);
                nodes[row * columns + column]
            });
            assert_eq!((mesh.columns(), mesh.nodes()), (*columns, nodes.as_slice()));
            mesh
        });
        Field { mesh, ..fields.finish() }
    }

    fn rendered(&self) -> Vec<u8> {
        let [size, result] =
            [self.size, self.result].map(|[width, height]| Size::new(width, height).unwrap());
        let pyramid = Pyramid::new(Image::new(size, self.grey()).unwrap(), size, Filter::Linear, 1.0);
        let cells = Cells::new(&Mask::empty(size), size, LabelForm::Centre);
        let source = Source {
            pyramid: &pyramid,
            cells: &cells,
            labels: LabelForm::Centre,
            placement: Placement::window(size, size, [0, 0], result),
        };
        let pixels = result.pixels() as usize;
        let (mut image, mut labels) = (vec![7; pixels], vec![7; LabelForm::Centre.words() * pixels]);
        let plan = Plan { field: self.field(), ..Plan::IDENTITY };
        render(&plan, &source, &mut image, &mut labels, &mut Memory::default());
        image
    }

    fn expected(&self) -> Vec<u8> {
        let digits = self.pixels.as_bytes().chunks(2);
        digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
    }
}

#[test]
fn smooth_pictures_are_warped_as_by_opencv() {
    let cases: Vec<Case> = serde_json::from_str(CASES).unwrap();
    assert!(cases.len() >= 15, "{} cases", cases.len());
    let (mut all, mut off) = (0, 0);
    for (number, case) in cases.iter().enumerate() {
        let (found, expected) = (case.rendered(), case.expected());
        assert_eq!(found.len(), expected.len());
        // There is something to see, and black beside it.
        assert!(
            expected.contains(&0) && expected.iter().filter(|&&grey| grey > 0).count() * 12 > expected.len()
        );
        for (at, (found, expected)) in found.into_iter().zip(expected).enumerate() {
            let (x, y) = (at as u32 % case.result[0], at as u32 / case.result[0]);
            assert!(
                found.abs_diff(expected) <= 1,
                "case {number} ({:?}, {:?}): {found} at {x},{y}; OpenCV has {expected}",
                case.picture,
                case.steps,
            );
            all += 1;
            off += usize::from(found != expected);
        }
    }
    // Most pixels are the same: nothing leans to one side.
    assert!(off * 20 < all, "{off} of {all} pixels differ");
}
