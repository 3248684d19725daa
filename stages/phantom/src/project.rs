//! From millimetres to pixels: parallel rays through closed surfaces.
//!
//! The length of a ray inside a closed surface is the sum of its exits minus its entries, so every triangle is
//! rasterised once and adds its depth with the sign of the way it faces. Coordinates are snapped to 1/256 pixel and
//! the top-left rule decides edges, so that a surface has no cracks and no pixel counts twice.

use crate::frame::Point;
use crate::shell::Shell;

/// Where the hand's millimetres fall on the image. A mirrored projection is a right hand's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Projection {
    /// Pixels per millimetre.
    pub(crate) scale: f64,
    /// The pixel of the millimetre frame's origin.
    pub(crate) origin: (f64, f64),
    /// The thumb's side is to the left.
    pub(crate) mirrored: bool,
}

impl Projection {
    /// The pixel position of a point.
    pub(crate) fn pixel(&self, x: f64, y: f64) -> (f64, f64) {
        let x = if self.mirrored { -x } else { x };
        (self.origin.0 + x * self.scale, self.origin.1 - y * self.scale)
    }

    /// The point at a pixel position.
    pub(crate) fn point(&self, x: f64, y: f64) -> (f64, f64) {
        let across = (x - self.origin.0) / self.scale;
        (if self.mirrored { -across } else { across }, (self.origin.1 - y) / self.scale)
    }
}

/// A rectangle of pixels inside the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl Window {
    /// The pixels that `shell` may touch in an image of `size` pixels squared.
    pub(crate) fn around(shell: &Shell, projection: &Projection, size: usize) -> Window {
        let mut low = (f64::MAX, f64::MAX);
        let mut high = (f64::MIN, f64::MIN);
        for p in &shell.vertices {
            let (x, y) = projection.pixel(p.x, p.y);
            low = (low.0.min(x), low.1.min(y));
            high = (high.0.max(x), high.1.max(y));
        }
        let clamp = |v: f64| v.clamp(0.0, size as f64) as usize;
        let (left, top) = (clamp(low.0 - 2.0), clamp(low.1 - 2.0));
        Window {
            left,
            top,
            width: clamp(high.0 + 3.0).saturating_sub(left),
            height: clamp(high.1 + 3.0).saturating_sub(top),
        }
    }
}

const SUBPIXELS: f64 = 256.0;

/// Millimetres of each pixel's ray inside `shell`, row-major over `window`.
pub(crate) fn thickness(shell: &Shell, projection: &Projection, window: Window) -> Vec<f32> {
    let mut depth = vec![0.0f32; window.width * window.height];
    let snapped: Vec<(i64, i64, f64)> = shell
        .vertices
        .iter()
        .map(|&Point { x, y, z }| {
            let (px, py) = projection.pixel(x, y);
            // Relative to the centre of the window's first pixel.
            let snap = |v: f64, start: usize| ((v - start as f64 - 0.5) * SUBPIXELS + 0.5).floor() as i64;
            (snap(px, window.left), snap(py, window.top), z)
        })
        .collect();
    for [a, b, c] in shell.triangles() {
        add_triangle([snapped[a], snapped[b], snapped[c]], window, &mut depth);
    }
    for value in &mut depth {
        *value = value.abs();
    }
    depth
}

fn add_triangle([a, mut b, mut c]: [(i64, i64, f64); 3], window: Window, depth: &mut [f32]) {
    let mut area = (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0);
    if area == 0 {
        return;
    }
    let sign = if area < 0 { -1.0 } else { 1.0 };
    if area < 0 {
        std::mem::swap(&mut b, &mut c);
        area = -area;
    }
    let first = |v: i64| ((v + 255) >> 8).max(0);
    let last = |v: i64, end: usize| (v >> 8).min(end as i64 - 1);
    let (x0, x1) = (first(a.0.min(b.0).min(c.0)), last(a.0.max(b.0).max(c.0), window.width));
    let (y0, y1) = (first(a.1.min(b.1).min(c.1)), last(a.1.max(b.1).max(c.1), window.height));
    if x0 > x1 || y0 > y1 {
        return;
    }
    // Each edge's function is positive inside; edges that are neither top nor left give their pixels away.
    let edge = |p: (i64, i64, f64), q: (i64, i64, f64)| {
        let (dx, dy) = (q.0 - p.0, q.1 - p.1);
        let keep = dy < 0 || (dy == 0 && dx > 0);
        let start = dx * (y0 * 256 - p.1) - dy * (x0 * 256 - p.0) - i64::from(!keep);
        (start, -dy * 256, dx * 256)
    };
    let (ab, bc, ca) = (edge(a, b), edge(b, c), edge(c, a));
    let scale = sign / area as f64;
    let (za, zb, zc) = (a.2 * scale, b.2 * scale, c.2 * scale);
    let (mut row_ab, mut row_bc, mut row_ca) = (ab.0, bc.0, ca.0);
    for y in y0..=y1 {
        let (mut e_ab, mut e_bc, mut e_ca) = (row_ab, row_bc, row_ca);
        let line = &mut depth[y as usize * window.width..][..window.width];
        for value in &mut line[x0 as usize..=x1 as usize] {
            if (e_ab | e_bc | e_ca) >= 0 {
                *value += (e_bc as f64 * za + e_ca as f64 * zb + e_ab as f64 * zc) as f32;
            }
            e_ab += ab.1;
            e_bc += bc.1;
            e_ca += ca.1;
        }
        row_ab += ab.2;
        row_bc += bc.2;
        row_ca += ca.2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maths::{PI, cos, sin};

    #[test]
    fn a_ball_is_as_thick_as_its_chord() {
        let ball = Shell::from_grid(81, 160, |row, column| {
            let (phi, theta) = (PI * row as f64 / 80.0, 2.0 * PI * column as f64 / 160.0);
            Point::new(sin(phi) * cos(theta), cos(phi), sin(phi) * sin(theta)) * 10.0
        });
        for mirrored in [false, true] {
            let projection = Projection { scale: 4.0, origin: (50.5, 50.5), mirrored };
            let window = Window::around(&ball, &projection, 100);
            let depth = thickness(&ball, &projection, window);
            for y in 0..100usize {
                for x in 0..100usize {
                    let (px, py) = projection.point(x as f64 + 0.5, y as f64 + 0.5);
                    let chord = 2.0 * (100.0 - px * px - py * py).max(0.0).sqrt();
                    let inside = x.checked_sub(window.left).zip(y.checked_sub(window.top));
                    let found = match inside {
                        Some((x, y)) if x < window.width && y < window.height => depth[y * window.width + x],
                        _ => 0.0,
                    };
                    assert!((f64::from(found) - chord).abs() < 0.6, "({x}, {y}): {found} instead of {chord}");
                }
            }
        }
    }
}
