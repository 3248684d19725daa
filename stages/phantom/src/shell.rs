//! A closed surface as a grid of vertices between two poles, and its inset: the two skins of the cortex.

use crate::frame::{Frame, Point};

/// A closed surface: `rows` rings of `columns` vertices each. The first and the last ring may be a single point
/// repeated (a pole); either way the surface is closed by joining neighbours around and along.
#[derive(Clone, Debug)]
pub(crate) struct Shell {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Row-major: `rows × columns` vertices.
    pub(crate) vertices: Vec<Point>,
}

impl Shell {
    /// The surface with vertices `at(row, column)`.
    pub(crate) fn from_grid(rows: usize, columns: usize, mut at: impl FnMut(usize, usize) -> Point) -> Shell {
        let mut vertices = Vec::with_capacity(rows * columns);
        for row in 0..rows {
            vertices.extend((0..columns).map(|column| at(row, column)));
        }
        Shell { rows, columns, vertices }
    }

    fn at(&self, row: usize, column: usize) -> Point {
        self.vertices[row * self.columns + column]
    }

    /// The surface moved inwards along its normals by `depth(row, column)` millimetres.
    pub(crate) fn inset(&self, depth: impl Fn(usize, usize) -> f64) -> Shell {
        // The sign that makes normals point outwards is that of the enclosed volume.
        let inwards = if self.signed_volume() > 0.0 { -1.0 } else { 1.0 };
        Shell::from_grid(self.rows, self.columns, |row, column| {
            let normal = self.normal(row, column);
            self.at(row, column) + normal * (inwards * depth(row, column))
        })
    }

    /// The unit normal, of consistent but unknown sign; at a pole the mean over the ring beside it.
    fn normal(&self, row: usize, column: usize) -> Point {
        let last = self.rows - 1;
        if row == 0 || row == last {
            let beside = if row == 0 { 1 } else { last - 1 };
            let sum = (0..self.columns).fold(Point::default(), |sum, c| sum + self.slanted_normal(beside, c));
            return sum * (1.0 / sum.length().max(1e-12));
        }
        let normal = self.slanted_normal(row, column);
        normal * (1.0 / normal.length().max(1e-12))
    }

    fn slanted_normal(&self, row: usize, column: usize) -> Point {
        let columns = self.columns;
        let around = self.at(row, (column + 1) % columns) - self.at(row, (column + columns - 1) % columns);
        let along = self.at(row + 1, column) - self.at(row - 1, column);
        let normal = around.cross(along);
        normal * (1.0 / normal.length().max(1e-12))
    }

    fn signed_volume(&self) -> f64 {
        let mut volume = 0.0;
        for [a, b, c] in self.triangles() {
            let (a, b, c) = (self.vertices[a], self.vertices[b], self.vertices[c]);
            let cross = b.cross(c);
            volume += a.x * cross.x + a.y * cross.y + a.z * cross.z;
        }
        volume
    }

    /// The surface's triangles as vertex indices, all wound the same way.
    pub(crate) fn triangles(&self) -> impl Iterator<Item = [usize; 3]> {
        let columns = self.columns;
        (0..self.rows - 1).flat_map(move |row| {
            (0..columns).flat_map(move |column| {
                let next = (column + 1) % columns;
                let (a, b) = (row * columns + column, row * columns + next);
                let (c, d) = (a + columns, b + columns);
                [[a, b, d], [a, d, c]]
            })
        })
    }

    /// The surface placed by `frame`.
    pub(crate) fn placed(&self, frame: &Frame) -> Shell {
        Shell { vertices: self.vertices.iter().map(|&p| frame.place(p)).collect(), ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maths::{PI, cos, sin};

    fn ball(radius: f64) -> Shell {
        Shell::from_grid(25, 48, |row, column| {
            let (phi, theta) = (PI * row as f64 / 24.0, 2.0 * PI * column as f64 / 48.0);
            Point::new(sin(phi) * cos(theta), sin(phi) * sin(theta), cos(phi)) * radius
        })
    }

    #[test]
    fn an_inset_ball_is_a_smaller_ball() {
        let inner = ball(10.0).inset(|_, _| 1.0);
        for vertex in inner.vertices {
            assert!((vertex.length() - 9.0).abs() < 0.02, "{vertex:?}");
        }
    }
}
