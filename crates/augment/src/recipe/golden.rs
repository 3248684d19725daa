//! What drawn values do is what OpenCV and albumentations make of them; see `tests/golden/recipe/make.py`.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::bend::{ElasticTransform, GridDistortion, deviation};
use super::perspective::tilt;
use super::pose::Pose;
use super::random::Random;
use super::{Recipe, filter};
use crate::{Homography, Tone};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    #[serde(rename = "versions")]
    _versions: Value,
    poses: Vec<Drawn>,
    rotations: Vec<Rotation>,
    tilts: Vec<Tilt>,
    elastic: Vec<Elastic>,
    grids: Vec<Grid>,
    lines: Vec<Line>,
    sharpening: Vec<Sharpening>,
    curves: Vec<Curve>,
}

#[derive(Deserialize)]
struct Drawn {
    name: String,
    size: [u32; 2],
    keys: Value,
    matrix: [[f64; 3]; 3],
}

#[derive(Deserialize)]
struct Rotation {
    size: [f64; 2],
    rotate: f64,
    scale: f64,
    matrix: [[f64; 3]; 3],
}

#[derive(Deserialize)]
struct Tilt {
    size: [f64; 2],
    points: [[f64; 2]; 4],
    matrix: [[f64; 3]; 3],
}

#[derive(Deserialize)]
struct Elastic {
    sigma: f64,
    deviation: f64,
    correlation: f64,
}

#[derive(Deserialize)]
struct Grid {
    side: u32,
    normalized: bool,
    factors: Vec<f64>,
    comes_from: Vec<f64>,
}

#[derive(Deserialize)]
struct Line {
    side: u32,
    angle: f64,
    weights: Vec<f32>,
}

#[derive(Deserialize)]
struct Sharpening {
    alpha: f64,
    lightness: f64,
    weights: Vec<f64>,
}

#[derive(Deserialize)]
struct Curve {
    name: String,
    keys: Value,
    values: Vec<u8>,
}

static GOLDEN: LazyLock<Golden> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../../tests/golden/recipe/recipe.json")).unwrap()
});

/// A recipe of one transform with these keys.
fn one(name: &str, keys: &Value) -> Recipe {
    let mut transform = keys.clone();
    let entries = transform.as_object_mut().unwrap();
    entries.extend([("name".to_owned(), name.into()), ("p".to_owned(), 1.into())]);
    serde_json::from_value(serde_json::json!({ "transforms": [transform] })).unwrap()
}

/// The same points go to the same places, within a share of a pixel.
fn assert_same(found: Homography, matrix: [[f64; 3]; 3], within: f64, what: &str) {
    for [x, y] in [[0.0, 0.0], [60.0, 0.0], [0.0, 45.0], [60.0, 45.0], [31.5, 23.5]] {
        let (found, expected) = (found.apply([x, y]), Homography(matrix).apply([x, y]));
        let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < within);
        assert!(near, "{what}: ({x}, {y}) goes to {found:?}, expected {expected:?}");
    }
}

#[test]
fn poses_are_those_of_albumentations() {
    assert_eq!(GOLDEN.poses.len(), 16);
    for Drawn { name, size, keys, matrix } in &GOLDEN.poses {
        let plan = one(name, keys).plan(*size, 0);
        assert_same(plan.field.base.inverse().unwrap(), *matrix, 1e-9, &format!("{name} {keys}"));
    }
}

#[test]
fn rotations_are_those_of_opencv() {
    for &Rotation { size, rotate, scale, matrix } in &GOLDEN.rotations {
        let pose = Pose { scale: [scale; 2], rotate, ..Pose::UPRIGHT };
        assert_same(pose.forward(size), matrix, 1e-9, &format!("{rotate}°"));
    }
}

#[test]
fn perspectives_are_those_of_opencv() {
    for &Tilt { size, points, matrix } in &GOLDEN.tilts {
        // OpenCV takes points of 24 bits.
        assert_same(tilt(points, size).unwrap(), matrix, 1e-3, &format!("{points:?}"));
    }
}

#[test]
fn elastic_displacements_are_as_strong_and_as_smooth_as_smoothed_noise() {
    let size = [512, 512];
    for golden in &GOLDEN.elastic {
        let transform = ElasticTransform { p: 1.0, alpha: 1.0, sigma: golden.sigma };
        assert!((deviation(1.0, golden.sigma) / golden.deviation - 1.0).abs() < 0.03, "{}", golden.sigma);
        let (mut squares, mut products, mut count) = (0.0, 0.0, 0.0);
        let mut corner = 0.0;
        for key in 0..24 {
            let mesh = transform.mesh(size, &mut Random::new(key));
            let columns = mesh.columns();
            // At the nodes, and between nodes that lie a sigma apart as nearly as may be.
            let apart = (golden.sigma / f64::from(mesh.cell())).round().max(1.0) as usize;
            for row in mesh.nodes().chunks_exact(columns) {
                for (one, other) in row.iter().zip(&row[apart..]) {
                    squares += (one[0] * one[0] + other[1] * other[1]) / 2.0;
                    products += (one[0] * other[0] + one[1] * other[1]) / 2.0;
                    count += 1.0;
                }
            }
            corner += mesh.nodes()[0].map(|at| at * at).iter().sum::<f64>() / 2.0 / 24.0;
        }
        let found = (squares / count).sqrt();
        assert!((found / golden.deviation - 1.0).abs() < 0.05, "sigma {}: {found}", golden.sigma);
        // Nodes are at least 4 pixels apart, so that noise finer than that is left out.
        if golden.sigma >= 6.0 {
            let mesh = transform.mesh(size, &mut Random::new(0));
            let cell = f64::from(mesh.cell());
            let apart = (golden.sigma / cell).round() * cell;
            let expected = golden.correlation.powf((apart / golden.sigma).powi(2));
            let found = products / squares;
            assert!((found - expected).abs() < 0.05, "sigma {}: {found}, not {expected}", golden.sigma);
        }
        // As strong at the borders as inside, but for chance.
        assert!((0.5..1.6).contains(&(corner.sqrt() / golden.deviation)), "sigma {}", golden.sigma);
    }
}

#[test]
fn grids_come_from_where_albumentations_has_them() {
    assert_eq!(GOLDEN.grids.len(), 8);
    for Grid { side, normalized, factors, comes_from } in &GOLDEN.grids {
        let transform = GridDistortion { normalized: *normalized, ..GridDistortion::default() };
        let (width, edges) = transform.edges(*side, factors);
        for (at, &expected) in comes_from.iter().enumerate() {
            let strip = ((at as f64 / width) as usize).min(edges.len() - 2);
            // The reference stretches each strip by a pixel, so that its last one shows the edge; and what is beyond five
            // whole strips is squeezed into the rest where it is not normalised.
            if strip < 5 {
                let share = at as f64 / width - strip as f64;
                let found = edges[strip] + (edges[strip + 1] - edges[strip]) * share;
                assert!((found - expected).abs() < 1.4, "{side}: {at} comes from {found}, not {expected}");
                let starts = at as f64 == width * strip as f64;
                assert!(!starts || (found - expected).abs() < 1e-3, "{side}: {at} starts a strip");
            }
        }
        if *normalized {
            let rest = f64::from(*side) - 5.0 * width;
            let last = edges[5] + (edges[6] - edges[5]) * rest / width;
            assert!((last - f64::from(*side)).abs() < 1e-9, "{last} of {side}");
        }
    }
}

#[test]
fn lines_of_motion_are_those_of_albumentations() {
    for Line { side, angle, weights } in &GOLDEN.lines {
        let found = filter::line(*side, *angle, [0.0; 2]);
        let near = found.iter().zip(weights).all(|(found, expected)| (found - expected).abs() < 1e-6);
        assert!(near && found.len() == weights.len(), "{side} {angle}: {found:?}, expected {weights:?}");
    }
}

#[test]
fn sharpening_is_that_of_albumentations() {
    for Sharpening { alpha, lightness, weights } in &GOLDEN.sharpening {
        let found = filter::sharpening(*alpha, *lightness);
        assert!(found.iter().zip(weights).all(|(found, expected)| (found - expected).abs() < 1e-9));
        assert_eq!(found.len(), weights.len());
    }
}

#[test]
fn curves_are_those_of_albumentations_but_rounded() {
    assert_eq!(GOLDEN.curves.len(), 6);
    for Curve { name, keys, values } in &GOLDEN.curves {
        let plan = one(name, keys).plan([8, 8], 0);
        let [Tone::Curve(curve)] = plan.tone.as_slice() else { panic!("{plan}") };
        for (grey, (&found, &expected)) in curve.values().iter().zip(values).enumerate() {
            let above = i32::from(found) - i32::from(expected);
            assert!((0..=1).contains(&above), "{name} {keys}: {grey} becomes {found}, not {expected}");
        }
    }
}

#[test]
fn the_sigmoid_is_what_its_formula_says() {
    let keys = serde_json::json!({ "gain": 10, "cutoff": 0.5 });
    let plan = one("SigmoidContrast", &keys).plan([8, 8], 0);
    let [Tone::Curve(curve)] = plan.tone.as_slice() else { panic!("{plan}") };
    // skimage.exposure.adjust_sigmoid(image, cutoff=0.5, gain=10): 1/(1 + e^5), 1/2, 1/(1 + e^-5) of white.
    let values = curve.values();
    assert_eq!([values[0], values[127], values[128], values[255]], [2, 126, 129, 253]);
}
