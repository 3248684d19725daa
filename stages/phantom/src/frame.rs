//! Points in millimetres and the rigid frames that bones are placed by.
//!
//! Axes of every frame: x to the thumb's side, y distally (towards the fingertips), z dorsally (towards the tube).

use std::ops::{Add, Mul, Sub};

use crate::maths::{cos, radians, sin};

/// A point or vector in millimetres.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) z: f64,
}

impl Point {
    pub(crate) const fn new(x: f64, y: f64, z: f64) -> Point {
        Point { x, y, z }
    }

    pub(crate) fn length(self) -> f64 {
        (self.x * self.x + self.y * self.y + self.z * self.z).sqrt()
    }

    pub(crate) fn cross(self, other: Point) -> Point {
        Point::new(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )
    }

    /// The share `t` of the way to `other`.
    pub(crate) fn towards(self, other: Point, t: f64) -> Point {
        self + (other - self) * t
    }
}

impl Add for Point {
    type Output = Point;
    fn add(self, other: Point) -> Point {
        Point::new(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl Sub for Point {
    type Output = Point;
    fn sub(self, other: Point) -> Point {
        Point::new(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Mul<f64> for Point {
    type Output = Point;
    fn mul(self, factor: f64) -> Point {
        Point::new(self.x * factor, self.y * factor, self.z * factor)
    }
}

/// Where a bone is: a rotation (the images of the three axes) and an origin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) x: Point,
    pub(crate) y: Point,
    pub(crate) z: Point,
    pub(crate) origin: Point,
}

/// A joint's three angles in degrees.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Turn {
    /// In the picture's plane, towards the thumb's side.
    pub(crate) abduction: f64,
    /// About the bone's own axis.
    pub(crate) twist: f64,
    /// Towards the palm.
    pub(crate) flexion: f64,
}

impl Turn {
    /// A turn in the picture's plane only.
    pub(crate) fn abduct(degrees: f64) -> Turn {
        Turn { abduction: degrees, ..Turn::default() }
    }
}

impl Frame {
    /// The hand's own frame.
    pub(crate) const HAND: Frame = Frame {
        x: Point::new(1.0, 0.0, 0.0),
        y: Point::new(0.0, 1.0, 0.0),
        z: Point::new(0.0, 0.0, 1.0),
        origin: Point::new(0.0, 0.0, 0.0),
    };

    /// A frame at `origin` turned by `turn`: flexed first, twisted next, abducted last.
    pub(crate) fn turned(origin: Point, turn: Turn) -> Frame {
        let (a, t, f) = (radians(turn.abduction), radians(turn.twist), radians(turn.flexion));
        let rotate = |p: Point| {
            let p = Point::new(p.x, cos(f) * p.y + sin(f) * p.z, cos(f) * p.z - sin(f) * p.y);
            let p = Point::new(cos(t) * p.x + sin(t) * p.z, p.y, cos(t) * p.z - sin(t) * p.x);
            Point::new(cos(a) * p.x + sin(a) * p.y, cos(a) * p.y - sin(a) * p.x, p.z)
        };
        Frame { x: rotate(Frame::HAND.x), y: rotate(Frame::HAND.y), z: rotate(Frame::HAND.z), origin }
    }

    /// A turn in the picture's plane about `centre`.
    pub(crate) fn about(centre: Point, turn: Turn) -> Frame {
        let turned = Frame::turned(Point::default(), turn);
        Frame { origin: centre - turned.direct(centre), ..turned }
    }

    /// A point of this frame in the frame around it.
    pub(crate) fn place(&self, p: Point) -> Point {
        self.origin + self.direct(p)
    }

    /// A direction of this frame in the frame around it.
    pub(crate) fn direct(&self, p: Point) -> Point {
        self.x * p.x + self.y * p.y + self.z * p.z
    }

    /// `child`, given in this frame, in the frame around it.
    pub(crate) fn join(&self, child: Frame) -> Frame {
        Frame {
            x: self.direct(child.x),
            y: self.direct(child.y),
            z: self.direct(child.z),
            origin: self.place(child.origin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_keep_lengths_and_point_where_they_say() {
        let frame =
            Frame::turned(Point::new(1.0, 2.0, 3.0), Turn { abduction: 20.0, twist: 30.0, flexion: 10.0 });
        let p = Point::new(3.0, -4.0, 12.0);
        assert!((frame.direct(p).length() - 13.0).abs() < 1e-9);
        let abducted = Frame::turned(Point::default(), Turn::abduct(90.0)).direct(Point::new(0.0, 1.0, 0.0));
        assert!(abducted.x > 0.999, "abduction leads to the thumb's side");
        let flexed = Frame::turned(Point::default(), Turn { flexion: 90.0, ..Turn::default() });
        assert!(flexed.direct(Point::new(0.0, 1.0, 0.0)).z < -0.999, "flexion leads to the palm");
    }
}
