//! Homographies: maps of the plane that keep straight lines straight.

use std::ops::Mul;

use serde::Serialize;

/// A projective map of pixel coordinates, row-major as `cv2.warpPerspective` takes it; pixel (0, 0) has its centre at
/// (0, 0). `one * other` does `other` first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Homography(pub [[f64; 3]; 3]);

impl Homography {
    /// Leaves everything where it is.
    pub const IDENTITY: Homography = Homography::affine([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]);

    /// (x, y) ↦ (a·x + b·y + c, d·x + e·y + f), given a, b, c and d, e, f.
    pub const fn affine(x: [f64; 3], y: [f64; 3]) -> Homography {
        Homography([x, y, [0.0, 0.0, 1.0]])
    }

    /// Moves by `x` to the right and `y` down.
    pub const fn translation(x: f64, y: f64) -> Homography {
        Homography::affine([1.0, 0.0, x], [0.0, 1.0, y])
    }

    /// Scales about the origin.
    pub const fn scaling(x: f64, y: f64) -> Homography {
        Homography::affine([x, 0.0, 0.0], [0.0, y, 0.0])
    }

    /// Turns by `angle` radians about the origin: clockwise as seen on a screen, as y goes down.
    pub fn rotation(angle: f64) -> Homography {
        let (sin, cos) = angle.sin_cos();
        Homography::affine([cos, -sin, 0.0], [sin, cos, 0.0])
    }

    /// The same about the point (x, y) instead of the origin.
    pub fn about(self, [x, y]: [f64; 2]) -> Homography {
        Homography::translation(x, y) * self * Homography::translation(-x, -y)
    }

    /// From the pixels of an image of `from` to those of the same image resized to `to` (width, height): half-pixel
    /// centres.
    pub fn resize(from: [f64; 2], to: [f64; 2]) -> Homography {
        let along = |axis: usize| {
            let scale = to[axis] / from[axis];
            (scale, (scale - 1.0) / 2.0)
        };
        let ((x, right), (y, down)) = (along(0), along(1));
        Homography::affine([x, 0.0, right], [0.0, y, down])
    }

    /// The map that takes four points to four others; `None` where three of them lie on a line.
    pub fn between(from: [[f64; 2]; 4], to: [[f64; 2]; 4]) -> Option<Homography> {
        Some(unit_square_to(to)? * unit_square_to(from)?.inverse()?)
    }

    /// Where the point (x, y) goes.
    pub fn apply(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [u, v, w] = self.0.map(|[a, b, c]| a * x + b * y + c);
        [u / w, v / w]
    }

    /// Whether parallel lines stay parallel.
    pub fn is_affine(&self) -> bool {
        self.0[2] == [0.0, 0.0, 1.0]
    }

    /// The map back; `None` where areas vanish.
    pub fn inverse(&self) -> Option<Homography> {
        let m = &self.0;
        let minor = |r: usize, c: usize| {
            let ([r0, r1], [c0, c1]) = ([(r + 1) % 3, (r + 2) % 3], [(c + 1) % 3, (c + 2) % 3]);
            m[r0][c0] * m[r1][c1] - m[r0][c1] * m[r1][c0]
        };
        let determinant: f64 = (0..3).map(|c| m[0][c] * minor(0, c)).sum();
        let inverse = [0, 1, 2].map(|r| [0, 1, 2].map(|c| minor(c, r) / determinant));
        let all_finite = inverse.iter().flatten().all(|value| value.is_finite());
        (determinant != 0.0 && all_finite).then(|| Homography(inverse).normalised())
    }

    /// The area that a unit square around the point (x, y) has afterwards: the determinant of the Jacobian, negative
    /// where it is mirrored.
    pub fn area(&self, [x, y]: [f64; 2]) -> f64 {
        let m = &self.0;
        let w = m[2][0] * x + m[2][1] * y + m[2][2];
        let determinant = (0..3)
            .map(|c| {
                m[0][c] * (m[1][(c + 1) % 3] * m[2][(c + 2) % 3] - m[1][(c + 2) % 3] * m[2][(c + 1) % 3])
            })
            .sum::<f64>();
        determinant / (w * w * w)
    }

    /// How much longer the longest line of unit length at the point (x, y) becomes: the greatest singular value of the
    /// Jacobian.
    pub fn stretch(&self, [x, y]: [f64; 2]) -> f64 {
        let m = &self.0;
        let w = m[2][0] * x + m[2][1] * y + m[2][2];
        let [u, v] = self.apply([x, y]);
        let row = |row: usize, at: f64| [0, 1].map(|c| (m[row][c] - at * m[2][c]) / w);
        let ([a, b], [c, d]) = (row(0, u), row(1, v));
        let (sum, difference) = (a * a + b * b + c * c + d * d, a * a + b * b - c * c - d * d);
        let mixed = 2.0 * (a * c + b * d);
        ((sum + (difference * difference + mixed * mixed).sqrt()) / 2.0).sqrt()
    }

    /// The same map with 1 in the last place, where it is not 0 there: an affine one is recognised.
    fn normalised(self) -> Homography {
        let last = self.0[2][2];
        if last == 0.0 || last == 1.0 {
            self
        } else {
            Homography(self.0.map(|row| row.map(|value| value / last)))
        }
    }
}

impl Mul for Homography {
    type Output = Homography;

    fn mul(self, first: Homography) -> Homography {
        let (one, other) = (self.0, first.0);
        let at = |r: usize, c: usize| (0..3).map(|k| one[r][k] * other[k][c]).sum::<f64>();
        Homography([0, 1, 2].map(|r| [0, 1, 2].map(|c| at(r, c)))).normalised()
    }
}

/// The map that takes (0, 0), (1, 0), (1, 1), (0, 1) to four points (Heckbert, "Fundamentals of texture mapping", 1989,
/// § 2.2.3).
fn unit_square_to(points: [[f64; 2]; 4]) -> Option<Homography> {
    let [p0, p1, p2, p3] = points;
    let difference = |a: [f64; 2], b: [f64; 2]| [a[0] - b[0], a[1] - b[1]];
    let (one, two) = (difference(p1, p2), difference(p3, p2));
    let sum = [p0[0] - p1[0] + p2[0] - p3[0], p0[1] - p1[1] + p2[1] - p3[1]];
    let cross = |a: [f64; 2], b: [f64; 2]| a[0] * b[1] - a[1] * b[0];
    let determinant = cross(one, two);
    if determinant == 0.0 {
        return None;
    }
    let (g, h) = (cross(sum, two) / determinant, cross(one, sum) / determinant);
    let row =
        |axis: usize| [p1[axis] - p0[axis] + g * p1[axis], p3[axis] - p0[axis] + h * p3[axis], p0[axis]];
    Some(Homography([row(0), row(1), [g, h, 1.0]]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn close(found: [f64; 2], expected: [f64; 2]) {
        let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9);
        assert!(near, "{found:?}, expected {expected:?}");
    }

    #[test]
    fn a_quarter_turn_is_clockwise() {
        // It takes the middle of the top of an 11 × 11 image to the middle of the right side.
        let quarter = Homography::rotation(std::f64::consts::FRAC_PI_2).about([5.0, 5.0]);
        close(quarter.apply([5.0, 0.0]), [10.0, 5.0]);
    }

    #[test]
    fn corners_of_pixels_stay_corners_when_resized() {
        let map = Homography::resize([100.0, 50.0], [25.0, 200.0]);
        close(map.apply([-0.5, -0.5]), [-0.5, -0.5]);
        close(map.apply([99.5, 49.5]), [24.5, 199.5]);
    }

    #[test]
    fn four_points_make_a_map_and_its_inverse() {
        let from = [[0.0, 0.0], [9.0, 1.0], [8.0, 7.0], [-1.0, 5.0]];
        let to = [[3.0, 2.0], [11.0, 1.0], [12.0, 9.0], [2.0, 8.0]];
        let map = Homography::between(from, to).unwrap();
        assert!(!map.is_affine());
        for (from, to) in from.into_iter().zip(to) {
            close(map.apply(from), to);
            close(map.inverse().unwrap().apply(to), from);
        }
        let line = [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]];
        assert_eq!(Homography::between(line, to), None);
    }

    #[test]
    fn what_is_affine_is_known_to_be() {
        let map =
            Homography::rotation(0.3) * Homography::scaling(2.0, 0.5) * Homography::translation(3.0, -1.0);
        assert!(map.is_affine() && map.inverse().unwrap().is_affine());
        assert!((map.area([7.0, 7.0]) - 1.0).abs() < 1e-12);
        assert!((Homography::scaling(-3.0, 2.0).area([0.0, 0.0]) + 6.0).abs() < 1e-12);
        assert_eq!(Homography::scaling(0.0, 1.0).inverse(), None);
    }

    #[test]
    fn the_stretch_is_the_greatest_there_is() {
        let bent = Homography([[1.1, 0.2, 3.0], [-0.3, 0.8, 1.0], [0.002, -0.001, 1.0]]);
        for map in [bent, Homography::rotation(1.0) * Homography::scaling(0.5, 2.0)] {
            let (point, reach) = ([20.0, 30.0], 1e-6);
            let [u, v] = map.apply(point);
            let along = (0..3600).map(|tenth| {
                let (sin, cos) = (f64::from(tenth) / 10.0).to_radians().sin_cos();
                let [x, y] = map.apply([point[0] + reach * cos, point[1] + reach * sin]);
                (x - u).hypot(y - v) / reach
            });
            let greatest = along.fold(0.0, f64::max);
            assert!((map.stretch(point) - greatest).abs() < 1e-5, "{} {greatest}", map.stretch(point));
        }
    }
}
