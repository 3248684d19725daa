//! One radiograph from beginning to end: patient, pose, rays, film, outlines.

use bones::polygon::Outline;

use crate::anatomy::Anatomy;
use crate::detector::Exposure;
use crate::figures::{METACARPAL_SHARE, THIRD_METACARPAL};
use crate::film::{Collimation, strip};
use crate::hand::Hand;
use crate::objects::{adorn, mark};
use crate::patient::Patient;
use crate::pose::Pose;
use crate::project::Projection;
use crate::radiograph::{Paths, Silhouette};
use crate::random::Random;
use crate::silhouette::thin;

/// Which hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Right,
    Left,
}

/// What decides a radiograph besides the patient and the side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) seed: u64,
    /// Pixels along each edge.
    pub(crate) size: usize,
    /// 0 … 1.
    pub(crate) difficulty: f64,
    /// Probability of a bent wrist.
    pub(crate) bent: f64,
}

/// A radiograph and its labels.
#[derive(Debug)]
pub(crate) struct Radiograph {
    /// Row-major grey values, size².
    pub(crate) pixels: Vec<u8>,
    /// One closed ring a bone, canonical order.
    pub(crate) outlines: Vec<Outline>,
}

impl Radiograph {
    /// Draws the radiograph of one hand.
    pub(crate) fn draw(patient: &Patient, side: Side, setting: &Setting) -> Radiograph {
        let Setting { seed, size, difficulty, .. } = *setting;
        let hand_number = match side {
            Side::Right => 1,
            Side::Left => 2,
        };
        let stream = |purpose: u64| Random::keyed(seed, &[patient.number, hand_number, purpose]);
        let mut shared = Random::keyed(seed, &[patient.number, 3]);
        let anatomy = Anatomy::of(&patient.constitution(), &mut shared, &mut stream(1));
        // Both hands are usually laid alike, so whether the wrist is bent is mostly the patient's matter.
        let bent = Random::keyed(seed, &[patient.number, 4]).chance(setting.bent);
        let pose = Pose::draw(&mut stream(2), difficulty, bent);
        let hand = Hand::posed(&anatomy, &pose, &mut stream(3));
        let projection = place(&hand, size, side, &mut stream(4), difficulty);
        let mut paths = Paths::through_flesh(&hand, &anatomy, &projection, size);
        let silhouettes: Vec<_> =
            hand.bones.iter().map(|bone| paths.add_bone(bone, &anatomy, &projection)).collect();
        let content = content(&paths);
        adorn(&mut paths, &hand, &anatomy, &projection, patient.polish, difficulty, &mut stream(7));
        let mut extras = stream(8);
        if extras.chance(0.55) {
            mark(&mut paths, &projection, &mut extras);
        }
        let exposure = Exposure::draw(&mut stream(5), difficulty);
        let mut grey = exposure.respond(&paths.values);
        exposure.develop(&mut grey, size);
        if extras.chance(0.10 + 0.30 * difficulty) {
            Collimation::draw(content, size, &mut extras).shade(&mut grey, size);
        }
        if extras.chance(0.03 + 0.14 * difficulty) {
            strip(&mut grey, size, &mut extras);
        }
        let pixels = exposure.print(&grey, size);
        let mut clicks = stream(6);
        let outline = |silhouette: &Silhouette| Outline {
            bone: silhouette.bone,
            ring: thin(&silhouette.border(), vertices(silhouette.bone.index(), &mut clicks)),
        };
        let outlines = silhouettes.iter().map(outline).collect();
        Radiograph { pixels, outlines }
    }
}

/// The rectangle (left, top, right, bottom) that the hand fills, in pixels.
fn content(paths: &Paths) -> [f64; 4] {
    let size = paths.size;
    let (mut left, mut top, mut right, mut bottom) = (size, size, 0, 0);
    for (y, line) in paths.values.chunks_exact(size).enumerate() {
        let Some(first) = line.iter().position(|&path| path > 0.0) else { continue };
        let last = line.iter().rposition(|&path| path > 0.0).expect("there is a first one");
        (left, right) = (left.min(first), right.max(last));
        (top, bottom) = (top.min(y), y);
    }
    [left, top, right, bottom].map(|v| v as f64)
}

/// How many vertices an annotator spends on a bone.
fn vertices(index: usize, random: &mut Random) -> usize {
    let (low, high) = match index {
        27 => (300.0, 1100.0),
        28 => (200.0, 800.0),
        0 | 3 | 7 | 11 | 15 => (20.0, 44.0),
        19..=26 => (17.0, 40.0),
        _ => (26.0, 60.0),
    };
    random.range(low, high) as usize
}

/// Puts the hand on the image: fingertips near the top, the forearm leaving at the bottom, nothing but the forearm
/// cut off.
fn place(hand: &Hand, size: usize, side: Side, random: &mut Random, difficulty: f64) -> Projection {
    let loose = 0.4 + 1.2 * difficulty;
    let edge = size as f64;
    let mirrored = side == Side::Right;
    let mut low = (f64::MAX, hand.wrist[1].y);
    let mut high = (f64::MIN, f64::MIN);
    for point in hand.chains.iter().flatten().chain(&hand.wrist) {
        low.0 = low.0.min(point.x);
        high = (high.0.max(point.x), high.1.max(point.y));
    }
    // Flesh around the joint centres.
    const FLESH: f64 = 10.0;
    let natural = METACARPAL_SHARE / THIRD_METACARPAL * edge * random.factor(0.015 * loose);
    let fit = (edge / (high.1 + FLESH - low.1)).min(edge / (high.0 - low.0 + 2.0 * FLESH + 4.0));
    let scale = natural.min(fit);
    let room = edge / scale - (high.0 - low.0) - 2.0 * FLESH;
    let middle = 0.5 * (low.0 + high.0) + (0.5 * room).min(14.0 * loose) * random.range(-0.8, 0.8);
    let middle = if mirrored { -middle } else { middle };
    let spare = (edge / scale - (high.1 + FLESH - low.1)).max(0.0);
    let top = (5.0 + random.unit() * 18.0 * loose).min(spare);
    Projection { scale, origin: (0.5 * edge - middle * scale, (high.1 + 4.0 + top) * scale), mirrored }
}
