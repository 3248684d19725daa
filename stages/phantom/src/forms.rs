//! The forms of the hand's long bones, as tables.

use crate::shaft::{End, Shaft, Station};

const fn at(at: f64, width: f64, dorsal: f64, palmar: f64, cortex: f64) -> Station {
    Station { at, width, dorsal, palmar, cortex }
}

const PLAIN: End =
    End { cap: 0.3, power: 3.0, dish: 0.0, furrow: 0.0, tilt: 0.0, slope: 0.0, process: [0.0, 0.0, 1.0] };

/// A base with a shallow socket: phalanges.
const SOCKET: End = End { cap: 0.32, power: 2.8, dish: 0.16, ..PLAIN };

/// A base with two facets for a two-humped head: middle and distal phalanges.
const DOUBLE_SOCKET: End = End { cap: 0.30, power: 2.8, dish: 0.20, process: [0.0, 0.12, 0.28], ..PLAIN };

/// A head like a pulley.
const PULLEY: End = End { cap: 0.42, power: 2.7, furrow: 0.11, ..PLAIN };

/// Proximal phalanx of a finger.
pub(crate) const PROXIMAL: Shaft = Shaft {
    stations: &[
        at(0.00, 0.90, 0.62, 0.62, 0.55),
        at(0.07, 1.00, 0.66, 0.70, 0.50),
        at(0.16, 0.93, 0.62, 0.62, 0.60),
        at(0.30, 0.72, 0.56, 0.46, 1.00),
        at(0.50, 0.60, 0.52, 0.38, 1.45),
        at(0.66, 0.585, 0.46, 0.36, 1.30),
        at(0.80, 0.66, 0.42, 0.40, 0.85),
        at(0.90, 0.735, 0.42, 0.50, 0.55),
        at(0.96, 0.74, 0.42, 0.54, 0.50),
        at(1.00, 0.70, 0.40, 0.52, 0.50),
    ],
    base: SOCKET,
    head: PULLEY,
    bow: 0.018,
    rough: 0.0,
};

/// Middle phalanx.
pub(crate) const MIDDLE: Shaft = Shaft {
    stations: &[
        at(0.00, 0.93, 0.56, 0.58, 0.50),
        at(0.09, 1.00, 0.58, 0.64, 0.48),
        at(0.20, 0.87, 0.54, 0.52, 0.60),
        at(0.36, 0.68, 0.50, 0.40, 1.00),
        at(0.55, 0.60, 0.46, 0.34, 1.25),
        at(0.70, 0.62, 0.40, 0.34, 1.00),
        at(0.83, 0.72, 0.40, 0.40, 0.60),
        at(0.92, 0.785, 0.40, 0.46, 0.48),
        at(1.00, 0.76, 0.38, 0.46, 0.45),
    ],
    base: DOUBLE_SOCKET,
    head: End { furrow: 0.08, ..PULLEY },
    bow: 0.015,
    rough: 0.0,
};

/// Distal phalanx: narrow waist, then the tuft.
pub(crate) const DISTAL: Shaft = Shaft {
    stations: &[
        at(0.00, 0.92, 0.58, 0.56, 0.45),
        at(0.10, 1.00, 0.60, 0.58, 0.42),
        at(0.22, 0.86, 0.50, 0.46, 0.50),
        at(0.38, 0.56, 0.38, 0.32, 0.75),
        at(0.54, 0.455, 0.33, 0.28, 0.85),
        at(0.68, 0.47, 0.29, 0.25, 0.65),
        at(0.77, 0.60, 0.27, 0.25, 0.40),
        at(0.84, 0.68, 0.26, 0.25, 0.32),
        at(0.93, 0.66, 0.24, 0.24, 0.30),
        at(1.00, 0.60, 0.22, 0.22, 0.30),
    ],
    base: DOUBLE_SOCKET,
    head: End { cap: 0.50, power: 2.3, furrow: 0.03, ..PLAIN },
    bow: 0.0,
    rough: 0.06,
};

/// Metacarpals of the four fingers: angular base, slender shaft, round head.
const METACARPAL: Shaft = Shaft {
    stations: &[
        at(0.00, 0.78, 0.72, 0.70, 0.60),
        at(0.04, 0.86, 0.80, 0.78, 0.55),
        at(0.10, 0.84, 0.74, 0.72, 0.65),
        at(0.20, 0.64, 0.58, 0.54, 0.95),
        at(0.36, 0.51, 0.46, 0.46, 1.45),
        at(0.52, 0.475, 0.42, 0.48, 1.60),
        at(0.66, 0.51, 0.42, 0.52, 1.35),
        at(0.78, 0.68, 0.48, 0.66, 0.85),
        at(0.87, 0.95, 0.60, 0.84, 0.60),
        at(0.92, 1.00, 0.62, 0.94, 0.50),
        at(1.00, 0.90, 0.60, 0.94, 0.50),
    ],
    base: End { cap: 0.16, power: 4.0, ..PLAIN },
    head: End { cap: 0.95, power: 2.25, ..PLAIN },
    bow: 0.022,
    rough: 0.0,
};

/// Metacarpal of the index finger: a forked base astride the trapezoid.
pub(crate) const METACARPAL_2: Shaft = Shaft {
    base: End { dish: 0.14, furrow: 0.10, tilt: -0.16, process: [-0.7, 0.16, 0.25], ..METACARPAL.base },
    ..METACARPAL
};

/// Metacarpal of the middle finger: a styloid at the base, on the thumb's side.
pub(crate) const METACARPAL_3: Shaft =
    Shaft { base: End { tilt: 0.16, process: [0.72, 0.20, 0.24], ..METACARPAL.base }, ..METACARPAL };

/// Metacarpal of the ring finger: a square, small base.
pub(crate) const METACARPAL_4: Shaft =
    Shaft { base: End { tilt: 0.08, dish: -0.04, ..METACARPAL.base }, ..METACARPAL };

/// Metacarpal of the little finger: an oblique base with a tubercle on the outer side.
pub(crate) const METACARPAL_5: Shaft = Shaft {
    base: End { tilt: -0.18, dish: 0.05, process: [-0.8, 0.12, 0.3], ..METACARPAL.base },
    ..METACARPAL
};

/// Metacarpal of the thumb: short, broad, with a saddle.
pub(crate) const METACARPAL_1: Shaft = Shaft {
    stations: &[
        at(0.00, 0.82, 0.70, 0.70, 0.60),
        at(0.07, 0.98, 0.78, 0.78, 0.55),
        at(0.16, 0.90, 0.70, 0.68, 0.80),
        at(0.32, 0.66, 0.55, 0.50, 1.50),
        at(0.50, 0.58, 0.50, 0.46, 1.80),
        at(0.66, 0.60, 0.50, 0.48, 1.40),
        at(0.80, 0.80, 0.56, 0.60, 0.80),
        at(0.90, 0.98, 0.60, 0.74, 0.55),
        at(0.95, 1.00, 0.60, 0.76, 0.50),
        at(1.00, 0.92, 0.56, 0.74, 0.50),
    ],
    base: End { cap: 0.32, power: 2.8, dish: 0.10, process: [-0.75, 0.22, 0.35], ..PLAIN },
    head: End { cap: 0.60, power: 2.4, furrow: 0.03, ..PLAIN },
    bow: 0.03,
    rough: 0.0,
};

/// Radius, from the elbow's side to the wrist: broad, a styloid on the thumb's side.
pub(crate) const RADIUS: Shaft = Shaft {
    stations: &[
        at(0.00, 0.47, 0.42, 0.42, 2.60),
        at(0.50, 0.46, 0.40, 0.40, 2.50),
        at(0.66, 0.49, 0.38, 0.40, 2.30),
        at(0.78, 0.60, 0.40, 0.44, 1.60),
        at(0.87, 0.78, 0.46, 0.52, 1.00),
        at(0.94, 0.95, 0.52, 0.60, 0.75),
        at(0.975, 1.00, 0.54, 0.62, 0.75),
        at(1.00, 0.98, 0.52, 0.60, 0.75),
    ],
    base: PLAIN,
    head: End {
        cap: 0.14,
        power: 3.6,
        dish: 0.14,
        tilt: 0.33,
        slope: 0.12,
        process: [0.86, 0.20, 0.26],
        ..PLAIN
    },
    bow: 0.0,
    rough: 0.0,
};

/// Ulna, from the elbow's side to the wrist: narrow, a small styloid on the little finger's side.
pub(crate) const ULNA: Shaft = Shaft {
    stations: &[
        at(0.00, 0.76, 0.76, 0.76, 2.30),
        at(0.60, 0.70, 0.70, 0.70, 2.10),
        at(0.80, 0.66, 0.66, 0.66, 1.60),
        at(0.90, 0.74, 0.72, 0.72, 1.00),
        at(0.955, 0.98, 0.86, 0.84, 0.65),
        at(0.98, 1.00, 0.88, 0.86, 0.60),
        at(1.00, 0.96, 0.84, 0.82, 0.60),
    ],
    base: PLAIN,
    head: End { cap: 0.34, power: 2.6, tilt: 0.04, process: [-0.82, 0.55, 0.22], ..PLAIN },
    bow: 0.0,
    rough: 0.0,
};
