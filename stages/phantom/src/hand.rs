//! A posed hand: every bone as two skins in millimetres, every piece of flesh as a part.

use bones::Bone;
use bones::bone::COUNT;

use crate::anatomy::Anatomy;
use crate::carpal::{self, Carpal};
use crate::flesh::{Part, flesh};
use crate::forms;
use crate::frame::{Frame, Point, Turn};
use crate::pose::Pose;
use crate::random::Random;
use crate::shaft::Shaft;
use crate::shell::Shell;

/// What fills a bone's cortex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filling {
    /// Marrow in the shaft, spongy bone at the ends.
    Shaft,
    /// Spongy bone throughout.
    Spongy,
}

/// A posed bone.
#[derive(Clone, Debug)]
pub(crate) struct PosedBone {
    pub(crate) bone: Bone,
    /// Outside and inside of the cortex.
    pub(crate) outer: Shell,
    pub(crate) inner: Shell,
    /// The axis, base to head.
    pub(crate) base: Point,
    pub(crate) head: Point,
    pub(crate) filling: Filling,
}

/// A posed hand, in millimetres, in a frame whose z axis is the ray's.
#[derive(Clone, Debug)]
pub(crate) struct Hand {
    /// In canonical order.
    pub(crate) bones: Vec<PosedBone>,
    pub(crate) flesh: Vec<Part>,
    /// Joint centres of thumb … little finger: metacarpal base, its head, then the end of each phalanx.
    pub(crate) chains: [[Point; 5]; 5],
    /// Where forearm and hand meet, and a point of the forearm 40 mm below.
    pub(crate) wrist: [Point; 2],
}

/// Canonical indices of each finger's bones, metacarpal first.
pub(crate) const CHAINS: [&[usize]; 5] =
    [&[2, 1, 0], &[6, 5, 4, 3], &[10, 9, 8, 7], &[14, 13, 12, 11], &[18, 17, 16, 15]];

/// Where the metacarpals' bases lie in the reference hand, thumb to little finger.
const BASES: [Point; 5] = [
    Point::new(30.6, -4.6, -7.0),
    Point::new(15.4, 1.3, 0.0),
    Point::new(0.6, 0.4, 0.5),
    Point::new(-12.4, -1.2, 0.0),
    Point::new(-21.8, -3.4, -1.5),
];

/// The centre that the wrist turns about, in the reference hand: the head of the capitate.
const PIVOT: Point = Point::new(1.0, -21.0, 0.0);

const RADIUS_LENGTH: f64 = 150.0;
const ULNA_LENGTH: f64 = 145.0;

impl Hand {
    /// The hand of `anatomy` in `pose`.
    pub(crate) fn posed(anatomy: &Anatomy, pose: &Pose, random: &mut Random) -> Hand {
        let size = anatomy.size;
        let whole =
            Frame::turned(Point::default(), Turn { abduction: pose.tilt, twist: pose.roll, flexion: 0.0 });
        let pivot = PIVOT * size;
        let proximal = whole.join(Frame::about(pivot, Turn::abduct(0.30 * pose.deviation)));
        let forearm = whole.join(Frame::about(pivot, Turn::abduct(pose.deviation)));
        let mut bones: Vec<Option<PosedBone>> = vec![None; COUNT];
        let mut chains = [[Point::default(); 5]; 5];
        for (finger, chain) in CHAINS.into_iter().enumerate() {
            let mut frame = whole.join(Frame::turned(BASES[finger] * size, pose.fingers[finger].metacarpal));
            chains[finger][0] = frame.origin;
            for (step, &index) in chain.iter().enumerate() {
                let length = anatomy.lengths[index];
                let form = long_form(finger, step, chain.len());
                bones[index] = Some(long_bone(index, form, length, anatomy, &frame));
                let end = frame.place(Point::new(0.0, length, 0.0));
                chains[finger][step + 1] = end;
                if step + 1 < chain.len() {
                    let gap =
                        if step == 0 { 0.2 } else { 0.1 } * size * anatomy.cartilage + 0.12 * random.normal();
                    let turn = pose.fingers[finger].joints[step];
                    frame = frame.join(Frame::turned(Point::new(0.0, length + gap, 0.0), turn));
                }
            }
        }
        let wrist_bones: [(usize, &Carpal, &Frame); 8] = [
            (19, &carpal::TRAPEZIUM, &whole),
            (20, &carpal::TRAPEZOID, &whole),
            (21, &carpal::CAPITATE, &whole),
            (22, &carpal::HAMATE, &whole),
            (23, &carpal::SCAPHOID, &proximal),
            (24, &carpal::LUNATE, &proximal),
            (25, &carpal::TRIQUETRUM, &proximal),
            (26, &carpal::PISIFORM, &proximal),
        ];
        for (index, form, row) in wrist_bones {
            bones[index] = Some(carpal_bone(index, form, anatomy, row, random));
        }
        // The forearm's bones end at the wrist, so they are hung up by their heads.
        let radius = forearm.join(Frame::turned(
            Point::new(8.4 * size, (-33.3 - RADIUS_LENGTH) * size, -size),
            Turn::abduct(0.6 * random.normal()),
        ));
        bones[27] = Some(long_bone(27, &forms::RADIUS, RADIUS_LENGTH * size, anatomy, &radius));
        let ulna = forearm.join(Frame::turned(
            Point::new(-17.4 * size, (-39.8 - ULNA_LENGTH + 0.9 * random.normal()) * size, 2.0 * size),
            Turn::abduct(0.6 * random.normal() + 1.0),
        ));
        bones[28] = Some(long_bone(28, &forms::ULNA, ULNA_LENGTH * size, anatomy, &ulna));
        let wrist = [0.0, -40.0].map(|y| forearm.place(Point::new(0.0, (-30.0 + y) * size, 0.0)));
        let flesh = flesh(anatomy, &chains, &whole, &forearm);
        Hand { bones: bones.into_iter().flatten().collect(), flesh, chains, wrist }
    }
}

fn long_form(finger: usize, step: usize, steps: usize) -> &'static Shaft {
    match (step, finger) {
        (0, 0) => &forms::METACARPAL_1,
        (0, 1) => &forms::METACARPAL_2,
        (0, 2) => &forms::METACARPAL_3,
        (0, 3) => &forms::METACARPAL_4,
        (0, _) => &forms::METACARPAL_5,
        (step, _) if step + 1 == steps => &forms::DISTAL,
        (1, _) => &forms::PROXIMAL,
        _ => &forms::MIDDLE,
    }
}

fn named(index: usize) -> Bone {
    Bone::ALL[index]
}

fn long_bone(index: usize, form: &Shaft, length: f64, anatomy: &Anatomy, frame: &Frame) -> PosedBone {
    let (outer, cortex) = form.solid(length, anatomy.half_widths[index], &anatomy.own[index]);
    let inner = outer.inset(|row, _| cortex[row] * anatomy.size);
    PosedBone {
        bone: named(index),
        outer: outer.placed(frame),
        inner: inner.placed(frame),
        base: frame.origin,
        head: frame.place(Point::new(0.0, length, 0.0)),
        filling: Filling::Shaft,
    }
}

fn carpal_bone(
    index: usize,
    form: &Carpal,
    anatomy: &Anatomy,
    row: &Frame,
    random: &mut Random,
) -> PosedBone {
    let size = anatomy.size;
    // Both hands of a patient have the same bumps: the shape's stream is keyed by the patient's grain.
    let outer = form.solid(size, &mut Random::keyed(anatomy.grain, &[index as u64]));
    let (x, y) = form.centre();
    let centre = Point::new(x * size, y * size, form.middle * size);
    let mut turned = |spread: f64| spread * random.normal();
    let turn = Turn { abduction: turned(2.5), twist: turned(6.5), flexion: turned(6.5) };
    let nudge = Point::new(turned(0.75), turned(0.75), 0.0);
    let about = Frame::about(centre, turn);
    let frame = row.join(Frame { origin: about.origin + nudge, ..about });
    let cortex = 0.75 * size * (1.0 + anatomy.own[index].cortex);
    PosedBone {
        bone: named(index),
        inner: outer.inset(|_, _| cortex).placed(&frame),
        outer: outer.placed(&frame),
        base: frame.place(centre + Point::new(0.0, -8.0 * size, 0.0)),
        head: frame.place(centre + Point::new(0.0, 8.0 * size, 0.0)),
        filling: Filling::Spongy,
    }
}
