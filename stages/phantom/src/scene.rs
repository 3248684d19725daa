//! One radiograph from beginning to end: patient, pose, rays, film, outlines.

use bones::Bone;
use bones::bone::COUNT;

use crate::anatomy::Anatomy;
use crate::detector::Exposure;
use crate::figures::{METACARPAL_SHARE, THIRD_METACARPAL};
use crate::hand::Hand;
use crate::patient::Patient;
use crate::pose::Pose;
use crate::project::Projection;
use crate::radiograph::Paths;
use crate::random::Random;
use crate::silhouette::{Vertex, thin};

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
    pub(crate) outlines: [(Bone, Vec<Vertex>); COUNT],
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
        let exposure = Exposure::draw(&mut stream(5), difficulty);
        let mut grey = exposure.respond(&paths.values);
        exposure.develop(&mut grey, size);
        let pixels = exposure.print(&grey, size);
        let mut clicks = stream(6);
        let outlines = std::array::from_fn(|index| {
            let ring = silhouettes[index].border();
            (Bone::ALL[index], thin(&ring, vertices(index, &mut clicks)))
        });
        Radiograph { pixels, outlines }
    }
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
    let top = 2.0 + random.unit() * spare.min(9.0 * loose);
    Projection { scale, origin: (0.5 * edge - middle * scale, (high.1 + 4.0 + top) * scale), mirrored }
}
