//! A hand and the things on it, turned into the optical path of every pixel's ray, and each bone's silhouette.
//!
//! The path is Σ μ·t in units in which the film's response saturates as 1 − e^(−path) (see [`crate::detector`]).

use bones::Bone;

use crate::anatomy::Anatomy;
use crate::flesh::Field;
use crate::hand::{Filling, Hand, PosedBone};
use crate::maths::smoothstep;
use crate::project::{Projection, Window, thickness};
use crate::random::scatter;
use crate::texture::{Spongiosa, mottle};

/// Path per millimetre of soft tissue.
const FLESH: f32 = 0.049;
/// Path per millimetre of cortex, of spongy bone at a shaft's ends and in the wrist, and of marrow, above that of the
/// soft tissue they displace.
const CORTEX: f32 = 0.29;
const SPONGY: f32 = 0.044;
const MARROW: f32 = 0.005;

/// The pixels that a bone covers.
#[derive(Clone, Debug)]
pub(crate) struct Silhouette {
    pub(crate) bone: Bone,
    pub(crate) window: Window,
    /// Row-major over the window.
    pub(crate) covered: Vec<bool>,
}

/// The optical path over an image of `size` pixels squared.
#[derive(Debug)]
pub(crate) struct Paths {
    pub(crate) size: usize,
    pub(crate) values: Vec<f32>,
}

impl Paths {
    /// Soft tissue alone.
    pub(crate) fn through_flesh(
        hand: &Hand,
        anatomy: &Anatomy,
        projection: &Projection,
        size: usize,
    ) -> Paths {
        let field = Field::of(&hand.flesh, projection, size);
        let mut values = vec![0.0f32; size * size];
        for (y, line) in values.chunks_exact_mut(size.max(1)).enumerate() {
            field.thickness(y, line);
            for (x, value) in line.iter_mut().enumerate().filter(|(_, value)| **value > 0.0) {
                let (px, py) = projection.point(x as f64 + 0.5, y as f64 + 0.5);
                let mottle = mottle(anatomy.grain, px as f32, py as f32);
                // Fat under the skin is a little thinner to the rays than muscle.
                let lean = *value / (*value + 1.6);
                *value *= FLESH * (0.82 + 0.22 * lean) * (1.0 + 0.055 * mottle);
            }
        }
        Paths { size, values }
    }

    /// Adds a bone's rays, and returns where they went.
    pub(crate) fn add_bone(
        &mut self,
        bone: &PosedBone,
        anatomy: &Anatomy,
        projection: &Projection,
    ) -> Silhouette {
        let window = Window::around(&bone.outer, projection, self.size);
        let outer = thickness(&bone.outer, projection, window);
        let inner = thickness(&bone.inner, projection, window);
        let grain = Spongiosa {
            seed: scatter(anatomy.grain ^ bone.bone.index() as u64),
            pitch: 0.42 * (anatomy.size * anatomy.coarseness) as f32,
        };
        let density = anatomy.density as f32;
        let axis = Axis::of(bone);
        for row in 0..window.height {
            let y = window.top + row;
            let line = &mut self.values[y * self.size + window.left..][..window.width];
            for (column, path) in line.iter_mut().enumerate() {
                let whole = outer[row * window.width + column];
                if whole <= 0.0 {
                    continue;
                }
                let core = inner[row * window.width + column].min(whole);
                let (x, y) = projection.point((window.left + column) as f64 + 0.5, y as f64 + 0.5);
                let (across, along) = axis.of_point(x, y);
                let (filling, streak) = bone.filling.at(along / axis.length, axis.length - along, along);
                let texture = grain.at(across, along, streak);
                let spongy = core * filling * (1.0 + texture);
                // Haversian streaks make the cortex uneven too.
                let cortical = (whole - core) * CORTEX * (1.0 + 0.10 * texture);
                *path += (spongy + cortical) * density;
            }
        }
        Silhouette { bone: bone.bone, window, covered: outer.iter().map(|&t| t > 0.0).collect() }
    }
}

/// A bone's own coordinates on the image plane.
struct Axis {
    base: (f64, f64),
    unit: (f64, f64),
    /// In millimetres, foreshortened.
    length: f32,
}

impl Axis {
    fn of(bone: &PosedBone) -> Axis {
        let (dx, dy) = (bone.head.x - bone.base.x, bone.head.y - bone.base.y);
        let length = (dx * dx + dy * dy).sqrt().max(1e-6);
        Axis { base: (bone.base.x, bone.base.y), unit: (dx / length, dy / length), length: length as f32 }
    }

    fn of_point(&self, x: f64, y: f64) -> (f32, f32) {
        let (dx, dy) = (x - self.base.0, y - self.base.1);
        ((dx * self.unit.1 - dy * self.unit.0) as f32, (dx * self.unit.0 + dy * self.unit.1) as f32)
    }
}

impl Filling {
    /// Path per millimetre and streakiness at the share `t` of a bone's length, `left` mm before its head and `gone`
    /// mm past its base.
    fn at(self, t: f32, left: f32, gone: f32) -> (f32, f32) {
        match self {
            Filling::Spongy => (SPONGY * 1.36, 0.25),
            Filling::Shaft => {
                let t = f64::from(t);
                let end = (1.0 - smoothstep(0.06, 0.34, t) + smoothstep(0.70, 0.92, t)) as f32;
                // Spongiosa condenses towards the joint.
                let near = f64::from(left.min(gone));
                let joint = (1.0 - smoothstep(0.5, 4.5, near)) as f32;
                (MARROW + (SPONGY - MARROW) * end + 0.022 * joint, 0.95 - 0.45 * end)
            }
        }
    }
}
