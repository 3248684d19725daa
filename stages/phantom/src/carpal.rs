//! Wrist bones: an outline in the hand's plane, given a body to the front and the back.
//!
//! The eight outlines are drawn together, in the frame of the hand (see [`crate::frame`]; origin at the middle of
//! the third metacarpal's base), so that neighbours fit as they do in a wrist.

use crate::frame::Point;
use crate::maths::{PI, bell, cos, pow, sin};
use crate::random::Random;
use crate::shell::Shell;

/// The form of a carpal bone in millimetres.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carpal {
    /// Corners of the outline, (x, y), in turn; a smooth curve goes through them.
    pub(crate) corners: &'static [(f64, f64)],
    /// Half the extent from palm to back, and where its middle lies.
    pub(crate) depth: f64,
    pub(crate) middle: f64,
    /// How much the palmar face is smaller (positive) or larger than the dorsal one.
    pub(crate) wedge: f64,
    /// A tubercle or hook on the palmar face: (x, y, height, width).
    pub(crate) hook: [f64; 4],
}

/// Trapezium.
pub(crate) const TRAPEZIUM: Carpal = Carpal {
    corners: &[
        (15.6, -7.6),
        (16.5, -3.6),
        (19.7, -1.0),
        (24.1, -0.5),
        (27.8, -3.1),
        (31.1, -7.7),
        (33.0, -11.2),
        (30.3, -14.5),
        (25.5, -15.1),
        (20.1, -13.8),
        (16.5, -11.3),
    ],
    depth: 7.0,
    middle: -5.0,
    wedge: -0.05,
    hook: [21.0, -9.0, 3.0, 2.6],
};

/// Trapezoid.
pub(crate) const TRAPEZOID: Carpal = Carpal {
    corners: &[
        (11.1, -3.1),
        (13.3, -0.1),
        (17.0, 0.6),
        (20.3, -1.5),
        (21.3, -5.5),
        (20.1, -9.7),
        (17.0, -12.6),
        (13.3, -12.0),
        (11.1, -7.9),
    ],
    depth: 7.0,
    middle: -0.5,
    wedge: 0.14,
    hook: [0.0, 0.0, 0.0, 1.0],
};

/// Capitate.
pub(crate) const CAPITATE: Carpal = Carpal {
    corners: &[
        (8.6, -1.6),
        (3.5, -1.0),
        (-2.5, -1.3),
        (-7.0, -1.6),
        (-8.4, -4.2),
        (-8.0, -9.0),
        (-7.6, -14.0),
        (-6.4, -19.0),
        (-3.2, -23.2),
        (1.0, -24.5),
        (5.4, -23.2),
        (8.4, -19.4),
        (9.2, -15.0),
        (8.5, -11.0),
        (9.4, -7.0),
        (9.9, -3.4),
    ],
    depth: 8.6,
    middle: 0.0,
    wedge: 0.08,
    hook: [0.0, 0.0, 0.0, 1.0],
};

/// Hamate.
pub(crate) const HAMATE: Carpal = Carpal {
    corners: &[
        (-8.5, -2.6),
        (-13.0, -2.0),
        (-17.5, -2.8),
        (-21.3, -4.8),
        (-23.3, -8.4),
        (-23.1, -12.4),
        (-20.5, -16.2),
        (-17.5, -19.6),
        (-13.5, -22.4),
        (-9.7, -22.6),
        (-8.0, -18.8),
        (-8.4, -13.0),
        (-8.8, -8.0),
    ],
    depth: 7.8,
    middle: -3.2,
    wedge: 0.06,
    hook: [-17.0, -9.0, 11.0, 2.7],
};

/// Scaphoid.
pub(crate) const SCAPHOID: Carpal = Carpal {
    corners: &[
        (23.9, -16.8),
        (23.5, -21.0),
        (19.7, -25.8),
        (14.5, -29.8),
        (9.1, -31.8),
        (5.3, -30.2),
        (4.9, -26.6),
        (6.9, -22.8),
        (7.5, -18.6),
        (8.7, -15.0),
        (12.9, -13.0),
        (17.9, -13.2),
        (21.7, -14.2),
    ],
    depth: 6.4,
    middle: -2.2,
    wedge: 0.04,
    hook: [22.0, -17.2, 3.5, 3.2],
};

/// Lunate.
pub(crate) const LUNATE: Carpal = Carpal {
    corners: &[
        (-9.0, -22.5),
        (-5.6, -22.7),
        (-2.0, -23.7),
        (1.4, -23.9),
        (4.6, -22.9),
        (7.0, -22.3),
        (7.4, -26.1),
        (5.8, -30.7),
        (1.8, -33.9),
        (-4.0, -34.3),
        (-8.4, -31.5),
        (-9.6, -26.6),
    ],
    depth: 8.0,
    middle: -0.5,
    wedge: -0.08,
    hook: [0.0, 0.0, 0.0, 1.0],
};

/// Triquetrum.
pub(crate) const TRIQUETRUM: Carpal = Carpal {
    corners: &[
        (-14.5, -25.5),
        (-16.9, -23.1),
        (-19.9, -20.5),
        (-23.1, -18.4),
        (-26.5, -19.5),
        (-29.3, -23.7),
        (-28.2, -28.4),
        (-23.9, -32.1),
        (-18.8, -32.9),
        (-15.0, -32.1),
        (-12.7, -30.2),
        (-12.8, -27.8),
    ],
    depth: 6.2,
    middle: -1.5,
    wedge: 0.04,
    hook: [0.0, 0.0, 0.0, 1.0],
};

/// Pisiform, lying in front of the triquetrum.
pub(crate) const PISIFORM: Carpal = Carpal {
    corners: &[
        (-20.5, -29.7),
        (-17.3, -25.7),
        (-18.2, -20.5),
        (-22.1, -16.9),
        (-26.8, -17.1),
        (-29.3, -21.1),
        (-27.7, -26.1),
        (-24.1, -29.7),
    ],
    depth: 5.0,
    middle: -12.0,
    wedge: 0.0,
    hook: [0.0, 0.0, 0.0, 1.0],
};

const STEPS: usize = 8;
const ROWS: usize = 33;

impl Carpal {
    /// The outer surface in the hand's frame, for a hand `size` times the reference; `random` gives it individual
    /// bumps.
    pub(crate) fn solid(&self, size: f64, random: &mut Random) -> Shell {
        let centre = self.centre();
        let bumps: Vec<(f64, f64)> = self
            .corners
            .iter()
            .map(|&(x, y)| {
                let (factor, push) = (random.factor(0.012), 0.18 * random.normal());
                (centre.0 + (x - centre.0) * factor + push, centre.1 + (y - centre.1) * factor + push)
            })
            .collect();
        let ring = smooth(&bumps);
        let [hook_x, hook_y, height, width] = self.hook;
        let hook = height * random.factor(0.15);
        Shell::from_grid(ROWS, ring.len(), |row, column| {
            let phi = PI * (row as f64 / (ROWS - 1) as f64 - 0.5);
            // Nearly upright walls: edge-on cortex is what draws the bone's bright rim.
            let reach = pow(cos(phi).max(0.0), 0.50);
            let height = if phi < 0.0 { -pow(sin(-phi), 0.75) } else { pow(sin(phi), 0.75) };
            let reach = reach * (1.0 + self.wedge * height);
            let x = centre.0 + (ring[column].0 - centre.0) * reach;
            let y = centre.1 + (ring[column].1 - centre.1) * reach;
            let mut z = self.middle + self.depth * height;
            if hook > 0.0 && height < 0.0 {
                let away = ((x - hook_x) * (x - hook_x) + (y - hook_y) * (y - hook_y)).sqrt() / width;
                z -= hook * bell(away * away) * -height;
            }
            Point::new(x, y, z) * size
        })
    }

    /// The centre of the corners, in the reference hand.
    pub(crate) fn centre(&self) -> (f64, f64) {
        let n = self.corners.len() as f64;
        let (x, y) = self.corners.iter().fold((0.0, 0.0), |sum, c| (sum.0 + c.0, sum.1 + c.1));
        (x / n, y / n)
    }
}

/// A closed curve through `corners` (Catmull and Rom), [`STEPS`] points to a side.
fn smooth(corners: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let n = corners.len();
    let mut curve = Vec::with_capacity(n * STEPS);
    for i in 0..n {
        let [p, q, r, s] = [corners[(i + n - 1) % n], corners[i], corners[(i + 1) % n], corners[(i + 2) % n]];
        for step in 0..STEPS {
            let u = step as f64 / STEPS as f64;
            let weights = [
                0.5 * u * (u * (2.0 - u) - 1.0),
                0.5 * (u * u * (3.0 * u - 5.0) + 2.0),
                0.5 * u * (u * (4.0 - 3.0 * u) + 1.0),
                0.5 * u * u * (u - 1.0),
            ];
            let mix = |f: fn((f64, f64)) -> f64| {
                weights[0] * f(p) + weights[1] * f(q) + weights[2] * f(r) + weights[3] * f(s)
            };
            curve.push((mix(|c| c.0), mix(|c| c.1)));
        }
    }
    curve
}
