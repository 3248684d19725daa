//! Long bones: a cross-section swept along an axis, closed by shaped ends.

use crate::frame::Point;
use crate::maths::{PI, bell, cos, pow, sin, smoothstep};
use crate::shell::Shell;
use crate::texture::noise;

/// A cross-section at `at` (0 base … 1 head). Half-widths and depths are in units of the widest half-width.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Station {
    pub(crate) at: f64,
    /// Half-width.
    pub(crate) width: f64,
    /// From the axis to the back of the hand.
    pub(crate) dorsal: f64,
    /// From the axis to the palm.
    pub(crate) palmar: f64,
    /// Thickness of the cortex in millimetres.
    pub(crate) cortex: f64,
}

/// How an end is closed and shaped. Heights are outwards along the axis, in units of the widest half-width.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    /// Length of the closing cap.
    pub(crate) cap: f64,
    /// 2 closes round, 4 nearly square.
    pub(crate) power: f64,
    /// How far the middle lies behind the rim (a socket; negative: a ball).
    pub(crate) dish: f64,
    /// Depth of the furrow between two humps.
    pub(crate) furrow: f64,
    /// Rise towards the thumb's side.
    pub(crate) tilt: f64,
    /// Rise towards the back of the hand.
    pub(crate) slope: f64,
    /// A process: where across (−1 … 1, thumb's side positive), how high, how wide.
    pub(crate) process: [f64; 3],
}

/// The form of a kind of long bone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shaft {
    pub(crate) stations: &'static [Station],
    pub(crate) base: End,
    pub(crate) head: End,
    /// How far the middle of the axis lies dorsally, as a share of the length.
    pub(crate) bow: f64,
    /// Roughness of the head's outline, relative (the tuft of a distal phalanx).
    pub(crate) rough: f64,
}

/// One bone's own deviations from its form.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Individual {
    /// Relative change of the waist's width.
    pub(crate) waist: f64,
    /// Relative change of the cortex' thickness.
    pub(crate) cortex: f64,
    /// Sideways bow, as a share of the length.
    pub(crate) bend: f64,
    /// Tilt added to the head.
    pub(crate) tilt: f64,
    /// Relative change of furrow and process.
    pub(crate) relief: f64,
    /// Seeds the surface's small bumps.
    pub(crate) grain: u64,
}

const COLUMNS: usize = 72;
const CAP_ROWS: usize = 16;
const BODY_ROWS: usize = 56;

impl Shaft {
    /// The bone's outer surface, base at the origin, head at `(0, length, 0)`, and the thickness of the cortex at
    /// each row. `half` is the widest half-width; all in millimetres.
    pub(crate) fn solid(&self, length: f64, half: f64, own: &Individual) -> (Shell, Vec<f64>) {
        let rows = self.rows(length, half);
        let sections: Vec<Station> = rows.iter().map(|&(t, _)| self.section(t)).collect();
        let around: Vec<(f64, f64)> =
            (0..COLUMNS).map(|column| corner(2.0 * PI * column as f64 / COLUMNS as f64)).collect();
        let shell = Shell::from_grid(rows.len(), COLUMNS, |row, column| {
            self.surface(&sections[row], rows[row].1, around[column], length, half, own)
        });
        let cortex = sections.iter().map(|section| section.cortex * (1.0 + own.cortex)).collect();
        (shell, cortex)
    }

    /// Where along the axis each ring lies, and how far the cap closes it (0 pole … 1 open).
    fn rows(&self, length: f64, half: f64) -> Vec<(f64, f64)> {
        let cap = |end: &End, step: usize| {
            let angle = PI / 2.0 * step as f64 / CAP_ROWS as f64;
            let share = end.cap * half / length;
            (share * (1.0 - pow(cos(angle).max(0.0), 2.0 / end.power)), pow(sin(angle), 2.0 / end.power))
        };
        let first = cap(&self.base, CAP_ROWS).0;
        let last = 1.0 - cap(&self.head, CAP_ROWS).0;
        let mut rows: Vec<(f64, f64)> = (0..CAP_ROWS).map(|step| cap(&self.base, step)).collect();
        rows.extend(
            (0..=BODY_ROWS).map(|step| (first + (last - first) * step as f64 / BODY_ROWS as f64, 1.0)),
        );
        rows.extend((0..CAP_ROWS).rev().map(|step| {
            let (t, closing) = cap(&self.head, step);
            (1.0 - t, closing)
        }));
        rows
    }

    fn surface(
        &self,
        section: &Station,
        closing: f64,
        (across, depth): (f64, f64),
        length: f64,
        half: f64,
        own: &Individual,
    ) -> Point {
        let t = section.at;
        let middle = smoothstep(0.1, 0.4, t) * smoothstep(0.9, 0.65, t);
        let width = section.width * (1.0 + own.waist * middle) * closing;
        let side = if across < 0.0 { 0.0 } else { 50.0 };
        let bumps = noise(own.grain, (t * length / 5.0) as f32, side)
            + 0.6 * noise(own.grain, (t * length / 2.2) as f32, side);
        let x = width * across * (1.0 + f64::from(bumps) * (0.013 + self.rough * smoothstep(0.7, 0.85, t)));
        let z = closing * depth * if depth > 0.0 { section.dorsal } else { section.palmar };
        let bow = 4.0 * t * (1.0 - t) * length;
        let (near, far) = (self.base.rise(x, z, 0.0, own), self.head.rise(x, z, own.tilt, own));
        let y = length * t - near * half * smoothstep(0.18, 0.0, t) + far * half * smoothstep(0.82, 1.0, t);
        Point::new(x * half + own.bend * bow, y, z * half + self.bow * bow)
    }

    /// The cross-section at `t`: a cubic through the stations.
    fn section(&self, t: f64) -> Station {
        let s = self.stations;
        let next = s.iter().position(|station| station.at > t).unwrap_or(s.len() - 1).max(1);
        let (a, b) = (s[next - 1], s[next]);
        let (before, after) = (s[next.saturating_sub(2)], s[(next + 1).min(s.len() - 1)]);
        let u = ((t - a.at) / (b.at - a.at)).clamp(0.0, 1.0);
        // Cubic Hermite with slopes between the neighbours (Catmull and Rom).
        let blend = |value: fn(&Station) -> f64| {
            let span = b.at - a.at;
            let slope = |p: &Station, q: &Station| {
                if q.at > p.at { (value(q) - value(p)) / (q.at - p.at) * span } else { 0.0 }
            };
            let (m0, m1) = (slope(&before, &b), slope(&a, &after));
            let (u2, u3) = (u * u, u * u * u);
            value(&a) * (2.0 * u3 - 3.0 * u2 + 1.0)
                + m0 * (u3 - 2.0 * u2 + u)
                + value(&b) * (3.0 * u2 - 2.0 * u3)
                + m1 * (u3 - u2)
        };
        Station {
            at: t,
            width: blend(|s| s.width),
            dorsal: blend(|s| s.dorsal),
            palmar: blend(|s| s.palmar),
            cortex: blend(|s| s.cortex),
        }
    }
}

/// The unit section at an angle: a circle a little on its way to a square. Flat sides are what draws crisp cortical
/// lines.
fn corner(theta: f64) -> (f64, f64) {
    let square = |v: f64| if v < 0.0 { -pow(-v, 0.88) } else { pow(v, 0.88) };
    (square(cos(theta)), square(sin(theta)))
}

impl End {
    /// How far the end reaches out at `x`, `z` from its axis (in widest half-widths).
    fn rise(&self, x: f64, z: f64, tilt: f64, own: &Individual) -> f64 {
        let [place, height, spread] = self.process;
        let relief = 1.0 + own.relief;
        let process = if height == 0.0 { 0.0 } else { height * relief * bell((x - place) / spread) };
        (self.tilt + tilt) * x + self.slope * z + process
            - self.furrow * relief * bell(x / 0.28)
            - self.dish * (1.0 - (x * x + 0.3 * z * z).min(1.0))
    }
}
