//! What else the rays meet: sesamoid bones, rings, nail polish, plates and pins, the side marker.
//!
//! None of it is ever labelled.

use crate::anatomy::Anatomy;
use crate::frame::Point;
use crate::hand::Hand;
use crate::maths::{PI, cos, radians, sin, smoothstep};
use crate::project::Projection;
use crate::radiograph::Paths;
use crate::random::Random;

/// Path per millimetre of a small, dense bone, of gold or steel, and through a lead letter.
const SESAMOID: f64 = 0.115;
const METAL: f64 = 0.85;
const LEAD: f64 = 5.0;

/// A stretch on the image with coordinates of its own: `across` and `along` in millimetres.
#[derive(Clone, Copy, Debug)]
struct Place {
    centre: (f64, f64),
    /// Direction of `along`.
    unit: (f64, f64),
    /// Reach in millimetres beyond which nothing is drawn.
    reach: f64,
}

impl Place {
    /// The share `t` of the way between two joints.
    fn on(from: Point, to: Point, t: f64, reach: f64) -> Place {
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let length = (dx * dx + dy * dy).sqrt().max(1e-6);
        let centre = from.towards(to, t);
        Place { centre: (centre.x, centre.y), unit: (dx / length, dy / length), reach }
    }

    /// Adds `path(across, along)` to every pixel in reach.
    fn add(&self, paths: &mut Paths, projection: &Projection, path: impl Fn(f64, f64) -> f64) {
        let (px, py) = projection.pixel(self.centre.0, self.centre.1);
        let reach = self.reach * projection.scale;
        let clamp = |v: f64| v.clamp(0.0, paths.size as f64) as usize;
        for y in clamp(py - reach)..clamp(py + reach + 1.0) {
            for x in clamp(px - reach)..clamp(px + reach + 1.0) {
                let (mx, my) = projection.point(x as f64 + 0.5, y as f64 + 0.5);
                let (dx, dy) = (mx - self.centre.0, my - self.centre.1);
                let more = path(dx * self.unit.1 - dy * self.unit.0, dx * self.unit.0 + dy * self.unit.1);
                paths.values[y * paths.size + x] += more as f32;
            }
        }
    }
}

/// Adds a hand's accessories. `polish` is the patient's, the rest is drawn.
pub(crate) fn adorn(
    paths: &mut Paths,
    hand: &Hand,
    anatomy: &Anatomy,
    projection: &Projection,
    polish: bool,
    difficulty: f64,
    random: &mut Random,
) {
    let size = anatomy.size;
    // Two sesamoids at the thumb; single ones at the little and index fingers of some.
    for (finger, chance) in
        [(0, 1.0), (0, 1.0), (4, 0.45), (1, 0.35)].into_iter().enumerate().map(|(n, (f, c))| {
            // The pair lies to both sides of the thumb's axis.
            ((f, if n == 0 { -1.0 } else { 1.0 }), c)
        })
    {
        if random.chance(chance) {
            sesamoid(paths, hand, projection, finger, size, random);
        }
    }
    if polish {
        let strength = random.range(0.05, 0.13);
        for (finger, chain) in hand.chains.iter().enumerate() {
            let (from, to) = if finger == 0 { (chain[2], chain[3]) } else { (chain[3], chain[4]) };
            let width = [5.8, 4.9, 5.2, 4.8, 4.0][finger] * size;
            Place::on(from, to, 0.86, 12.0 * size).add(paths, projection, |across, along| {
                let (u, v) = (across / width, along / (6.2 * size));
                strength * smoothstep(1.06, 0.94, (u * u * u * u + v * v * v * v).sqrt())
            });
        }
    }
    if random.chance(0.04 + 0.10 * difficulty) {
        let finger = if random.chance(0.75) { 3 } else { 1 + random.below(3) };
        ring(paths, hand, projection, finger, size, random);
    }
    if random.chance(0.008 + 0.03 * difficulty) {
        hardware(paths, hand, projection, size, random);
    }
}

fn sesamoid(
    paths: &mut Paths,
    hand: &Hand,
    projection: &Projection,
    (finger, side): (usize, f64),
    size: f64,
    random: &mut Random,
) {
    let chain = &hand.chains[finger];
    let reach = 8.0 * size;
    let place = Place::on(chain[0], chain[1], 0.955 + 0.02 * random.normal(), reach);
    let offset = side * if finger == 0 { 4.4 } else { 2.4 } * size + 0.5 * random.normal();
    let (a, b) = (random.range(1.7, 2.5) * size, random.range(2.1, 3.1) * size);
    let thick = 2.0 * random.range(1.8, 2.6) * size;
    place.add(paths, projection, |across, along| {
        let (u, v) = ((across - offset) / a, along / b);
        SESAMOID * thick * (1.0 - u * u - v * v).max(0.0).sqrt()
    });
}

fn ring(
    paths: &mut Paths,
    hand: &Hand,
    projection: &Projection,
    finger: usize,
    size: f64,
    random: &mut Random,
) {
    let chain = &hand.chains[finger];
    let radius = [10.0, 10.3, 10.6, 10.0, 9.0][finger] * size;
    let (wall, half) = (random.range(1.1, 1.9), random.range(1.2, 3.2));
    let (tilt, lean) = (random.range(-2.2, 2.2), 0.06 * random.normal());
    let place = Place::on(chain[1], chain[2], random.range(0.36, 0.46), radius + 6.0);
    place.add(paths, projection, |across, along| {
        let chord = |r: f64| (1.0 - across * across / (r * r)).max(0.0).sqrt();
        let metal = chord(radius) * radius - chord(radius - wall) * (radius - wall);
        // The wall nearer to the tube and the one nearer to the plate are seen a little apart.
        let wall_at = |side: f64| (along - lean * across - side * tilt * chord(radius)).abs() <= half;
        METAL * metal * (f64::from(wall_at(1.0)) + f64::from(wall_at(-1.0)))
    });
}

/// A plate with screws on a metacarpal, or a wire through a finger.
fn hardware(paths: &mut Paths, hand: &Hand, projection: &Projection, size: f64, random: &mut Random) {
    let finger = 1 + random.below(4);
    let chain = &hand.chains[finger];
    let offset = 0.8 * random.normal();
    if random.chance(0.5) {
        let (length, half) = (random.range(12.0, 18.0) * size, random.range(2.3, 3.2));
        let place = Place::on(chain[0], chain[1], random.range(0.45, 0.6), length + 8.0);
        place.add(paths, projection, |across, along| {
            let across = across - offset;
            let over = (along.abs() - length).max(0.0);
            let inside = (across * across + over * over).sqrt() <= half;
            let pitch = 6.4;
            let turn = along - (along / pitch + 0.5).floor() * pitch;
            let from_screw = (across * across + turn * turn).sqrt();
            let screw = along.abs() < length && from_screw < 1.7;
            METAL
                * (1.6 * f64::from(inside) + 3.0 * f64::from(screw)
                    - 0.5 * f64::from(inside && from_screw < 0.5))
        });
    } else {
        let step = 1 + random.below(3);
        let (radius, lean) = (random.range(0.55, 0.8), 0.08 * random.normal());
        let place = Place::on(chain[step], chain[step + 1], 0.6, 34.0 * size);
        let (low, high) = (-random.range(14.0, 24.0) * size, random.range(14.0, 30.0) * size);
        place.add(paths, projection, |across, along| {
            let across = across - offset - lean * along;
            let inside = (low..high).contains(&along);
            f64::from(inside) * METAL * 2.0 * (radius * radius - across * across).max(0.0).sqrt()
        });
    }
}

/// A lead letter where nothing of the hand is; none where no free place is found.
pub(crate) fn mark(paths: &mut Paths, projection: &Projection, random: &mut Random) {
    let height = random.range(7.0, 12.0);
    let stroke = random.range(0.09, 0.14) * height;
    let angle = radians(6.0 * random.normal());
    let circled = random.chance(0.2);
    let edge = paths.size as f64;
    let reach = 0.95 * height * projection.scale;
    let spot = (0..40).map(|_| (random.range(reach, edge - reach), random.range(reach, edge - reach))).find(
        |&(x, y)| {
            // Along the borders, in free air.
            let near = x.min(y).min(edge - x).min(edge - y) < 0.13 * edge;
            let step = (reach / 8.0).max(1.0) as usize;
            let lines = ((y - reach) as usize..(y + reach) as usize).step_by(step);
            let mut columns = lines.flat_map(|row| {
                ((x - reach) as usize..(x + reach) as usize).step_by(step).map(move |c| (row, c))
            });
            near && reach * 2.0 < edge
                && columns.all(|(row, column)| paths.values[row * paths.size + column] <= 0.0)
        },
    );
    let Some((x, y)) = spot else { return };
    let centre = projection.point(x, y);
    // Letters are read on the picture, so they are mirrored along with a right hand's millimetres.
    let flip = if projection.mirrored { -1.0 } else { 1.0 };
    let place = Place { centre, unit: (flip * sin(angle), cos(angle)), reach: 0.9 * height };
    let lines = if projection.mirrored { letter_r() } else { letter_l() };
    place.add(paths, projection, |across, along| {
        let (u, v) = (flip * across / height, along / height);
        let mut nearest =
            lines.windows(2).map(|pair| from_line((u, v), pair[0], pair[1])).fold(f64::MAX, f64::min);
        if circled {
            nearest = nearest.min(((u * u + v * v).sqrt() - 0.8).abs());
        }
        LEAD * smoothstep(0.56, 0.44, nearest * height / stroke)
    });
}

fn letter_l() -> Vec<(f64, f64)> {
    vec![(-0.28, 0.5), (-0.28, -0.5), (0.3, -0.5)]
}

fn letter_r() -> Vec<(f64, f64)> {
    let bow = (0..=10).map(|step| {
        let angle = PI * (0.5 - step as f64 / 10.0);
        (0.05 + 0.25 * cos(angle), 0.25 + 0.25 * sin(angle))
    });
    let mut lines = vec![(-0.3, -0.5), (-0.3, 0.5)];
    lines.extend(bow);
    lines.extend([(-0.3, 0.0), (0.0, 0.0), (0.32, -0.5)]);
    lines
}

fn from_line(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let t = (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    let (x, y) = (p.0 - a.0 - t * dx, p.1 - a.1 - t * dy);
    (x * x + y * y).sqrt()
}
