//! The measured figures of a hand that the phantoms are drawn after and checked against.

use bones::bone::COUNT;

/// Length of the third metacarpal of the reference hand in millimetres. Every other length in the tables of this
/// crate is for a hand of this size.
pub(crate) const THIRD_METACARPAL: f64 = 65.0;

/// Length of the third metacarpal as a share of the image's height, where hand and wrist fill the frame.
pub(crate) const METACARPAL_SHARE: f64 = 0.26;

/// A bone's outline: its length relative to the third metacarpal, and its width relative to its own length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outline {
    pub(crate) length: f64,
    pub(crate) ratio: f64,
}

const fn outline(length: f64, ratio: f64) -> Outline {
    Outline { length, ratio }
}

/// Outlines of the 29 bones in canonical order, from one adult hand; for Radius and Ulna the part in the frame.
pub(crate) const OUTLINES: [Outline; COUNT] = [
    outline(0.33, 0.56),
    outline(0.49, 0.45),
    outline(0.70, 0.38),
    outline(0.25, 0.62),
    outline(0.34, 0.59),
    outline(0.66, 0.40),
    outline(1.07, 0.26),
    outline(0.27, 0.60),
    outline(0.42, 0.50),
    outline(0.72, 0.36),
    outline(1.00, 0.28),
    outline(0.28, 0.58),
    outline(0.42, 0.45),
    outline(0.68, 0.37),
    outline(0.88, 0.26),
    outline(0.25, 0.52),
    outline(0.30, 0.52),
    outline(0.52, 0.43),
    outline(0.82, 0.31),
    outline(0.27, 0.75),
    outline(0.19, 0.78),
    outline(0.36, 0.77),
    outline(0.31, 0.72),
    outline(0.34, 0.71),
    outline(0.25, 0.75),
    outline(0.25, 0.78),
    outline(0.20, 0.80),
    outline(0.77, 0.67),
    outline(0.63, 0.39),
];

/// Areas of the wrist's bones relative to the capitate's, by canonical index.
pub(crate) const CARPAL_AREAS: [(usize, f64); 7] =
    [(22, 0.75), (23, 0.69), (19, 0.55), (24, 0.50), (25, 0.48), (20, 0.38), (26, 0.33)];

/// Overlaps as a share of the smaller bone: two canonical indices, median, 90th percentile.
pub(crate) const OVERLAPS: [(usize, usize, f64, Option<f64>); 6] = [
    (26, 25, 0.73, Some(0.97)),
    (19, 20, 0.44, Some(0.71)),
    (21, 24, 0.06, Some(0.19)),
    (21, 23, 0.05, Some(0.20)),
    (14, 18, 0.05, Some(0.10)),
    (21, 22, 0.02, Some(0.22)),
];
