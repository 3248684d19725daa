//! The hand of one patient: how long, broad, dense and bent each of the 29 bones is.

use bones::bone::COUNT;

use crate::figures::{OUTLINES, THIRD_METACARPAL};
use crate::random::Random;
use crate::shaft::Individual;

/// One hand's measures. Both hands of a patient come from the same draw and differ only a little.
#[derive(Clone, Debug)]
pub(crate) struct Anatomy {
    /// Size relative to the reference hand, whose third metacarpal is 65 mm long.
    pub(crate) size: f64,
    /// Lengths and widest half-widths in millimetres, canonical order.
    pub(crate) lengths: [f64; COUNT],
    pub(crate) half_widths: [f64; COUNT],
    /// Each bone's deviations from its form.
    pub(crate) own: [Individual; COUNT],
    /// Density of bone relative to a young adult's.
    pub(crate) density: f64,
    /// Coarseness of the spongy texture, 1 in a young adult.
    pub(crate) coarseness: f64,
    /// Soft tissue's thickness relative to a slim hand.
    pub(crate) fleshiness: f64,
    /// Width of joint gaps relative to a healthy joint.
    pub(crate) cartilage: f64,
    /// Seeds the individual bumps and textures.
    pub(crate) grain: u64,
}

/// What a patient's record says that shows in the hand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constitution {
    /// Length of the third metacarpal in millimetres.
    pub(crate) metacarpal: f64,
    pub(crate) female: bool,
    pub(crate) age: f64,
    /// Weight over height squared, kg/m².
    pub(crate) body_mass: f64,
}

/// Factors that bring the outlines of the posed solids, flares and bumps included, onto the measured figures.
/// Found by comparing phantoms with [`OUTLINES`]; (length, width) in canonical order; the wrist's bones are drawn true.
const TRIM: [(f64, f64); COUNT] = [
    (1.060, 1.190),
    (1.070, 1.170),
    (1.030, 1.120),
    (1.095, 1.055),
    (1.083, 1.055),
    (1.083, 1.058),
    (1.030, 1.070),
    (1.095, 1.055),
    (1.083, 1.055),
    (1.083, 1.058),
    (1.000, 1.080),
    (1.095, 1.055),
    (1.083, 1.055),
    (1.083, 1.058),
    (1.040, 1.080),
    (1.095, 1.055),
    (1.083, 1.055),
    (1.083, 1.058),
    (1.010, 1.080),
    (1.000, 1.000),
    (1.000, 1.000),
    (1.000, 1.000),
    (1.000, 1.000),
    (1.000, 1.000),
    (1.000, 1.000),
    (1.000, 1.000),
    (1.000, 1.000),
    (1.000, 1.090),
    (1.000, 1.040),
];

impl Anatomy {
    /// The hand of a patient; `patient` is the patient's stream (the same for both hands), `side` the hand's own.
    pub(crate) fn of(body: &Constitution, patient: &mut Random, side: &mut Random) -> Anatomy {
        let size = body.metacarpal / THIRD_METACARPAL * side.factor(0.006);
        let slender = if body.female { 0.95 } else { 1.01 } * patient.factor(0.03);
        let mut lengths = [0.0; COUNT];
        let mut half_widths = [0.0; COUNT];
        let mut own = [Individual::default(); COUNT];
        for (bone, (outline, (trim_length, trim_width))) in OUTLINES.iter().zip(TRIM).enumerate() {
            let length = outline.length * THIRD_METACARPAL * trim_length;
            let width = outline.length * outline.ratio * THIRD_METACARPAL * trim_width;
            lengths[bone] = length * size * patient.factor(0.022) * side.factor(0.006);
            half_widths[bone] = 0.5 * width * size * slender * patient.factor(0.03) * side.factor(0.008);
            own[bone] = Individual {
                waist: 0.05 * patient.normal(),
                cortex: 0.10 * patient.normal(),
                bend: 0.008 * patient.normal(),
                tilt: 0.05 * patient.normal(),
                relief: 0.35 * patient.normal().max(-2.0),
                grain: patient.bits(),
            };
        }
        // Bone thins after fifty, more so in women.
        let loss = ((body.age - 50.0).max(0.0) / 40.0) * if body.female { 0.35 } else { 0.18 };
        let cortex = (1.0 - loss) * patient.factor(0.07);
        for individual in &mut own {
            individual.cortex = (1.0 + individual.cortex) * cortex - 1.0;
        }
        Anatomy {
            size,
            lengths,
            half_widths,
            own,
            density: (1.0 - 0.8 * loss) * patient.factor(0.06),
            coarseness: 1.0 + 0.6 * loss + 0.1 * patient.normal(),
            fleshiness: (1.0 + 0.022 * (body.body_mass - 22.5)).clamp(0.85, 1.3) * patient.factor(0.03),
            cartilage: (1.0 - 0.25 * ((body.age - 45.0).max(0.0) / 40.0)) * patient.factor(0.10),
            grain: patient.bits(),
        }
    }
}
