//! Positions: where the points of a row come from, in fixed point.

use pulp::Arch;

use crate::{Homography, Mesh};

/// Bits behind the point of a position. Pixels up to 2¹⁷ from the origin are told apart, to 1/4096.
pub(super) const FRACTION: u32 = 12;

/// As far as positions go: what is beyond is outside every image anyhow.
const FAR: f64 = 131_071.0;

/// Bits behind the point while positions are added up: over 2¹⁷ steps they stay exact to 2⁻¹⁴.
const FINE: u32 = 32;

/// From the points of a result to those of a source: `map`(p + d(p)), with d the displacement of the mesh.
#[derive(Clone, Copy)]
pub(super) struct Back<'a> {
    pub(super) map: Homography,
    pub(super) mesh: Option<&'a Mesh>,
}

/// Evenly spaced points of a row: (first + i·step, y).
#[derive(Clone, Copy)]
pub(super) struct Points {
    pub(super) first: f64,
    pub(super) step: f64,
    pub(super) y: f64,
}

impl Back<'_> {
    /// Where the points come from: x and y of each, rounded to fixed point.
    pub(super) fn of(&self, points: Points, xs: &mut [i32], ys: &mut [i32]) {
        match self.mesh {
            None => self.straight([points.first, points.y], [points.step, 0.0], xs, ys),
            Some(mesh) => self.bent(mesh, points, xs, ys),
        }
    }

    /// The same cell by cell of the mesh: between two columns of nodes a displacement grows evenly.
    fn bent(&self, mesh: &Mesh, points: Points, xs: &mut [i32], ys: &mut [i32]) {
        let Points { first, step, y } = points;
        let cell = f64::from(mesh.cell());
        let displacements = mesh.row(y);
        let last = mesh.columns() - 1;
        let mut start = 0;
        while start < xs.len() {
            let x = first + step * start as f64;
            let column = (x / cell).floor();
            // Before the first column of nodes and behind the last the displacement stays.
            let (from, slope, end) = if column < 0.0 {
                (displacements.at(0), [0.0; 2], 0.0)
            } else if column >= last as f64 {
                (displacements.at(last), [0.0; 2], f64::INFINITY)
            } else {
                let (one, other) = (displacements.at(column as usize), displacements.at(column as usize + 1));
                let slope = [0, 1].map(|axis| (other[axis] - one[axis]) / cell);
                let past = x - column * cell;
                ([0, 1].map(|axis| one[axis] + slope[axis] * past), slope, (column + 1.0) * cell)
            };
            let end = (((end - first) / step).ceil() as usize).clamp(start + 1, xs.len());
            let from = [x + from[0], y + from[1]];
            let slope = [step * (1.0 + slope[0]), step * slope[1]];
            self.straight(from, slope, &mut xs[start..end], &mut ys[start..end]);
            start = end;
        }
    }

    /// Where the points from + i·step come from, by the map alone.
    fn straight(&self, from: [f64; 2], step: [f64; 2], xs: &mut [i32], ys: &mut [i32]) {
        if !self.map.is_affine() {
            return self.tilted(from, step, xs, ys);
        }
        let Homography([row_x, row_y, _]) = self.map;
        let start = self.map.apply(from);
        let slope = [row_x, row_y].map(|[a, b, _]| a * step[0] + b * step[1]);
        let count = xs.len();
        for (axis, positions) in [xs, ys].into_iter().enumerate() {
            let end = start[axis] + slope[axis] * count as f64;
            if start[axis].abs() < FAR && end.abs() < FAR {
                evenly(start[axis], slope[axis], positions);
            } else {
                positions
                    .iter_mut()
                    .enumerate()
                    .for_each(|(i, position)| *position = fixed(start[axis] + slope[axis] * i as f64));
            }
        }
    }
}

impl Back<'_> {
    /// The same where the map is no affine one: a division a point.
    fn tilted(&self, from: [f64; 2], step: [f64; 2], xs: &mut [i32], ys: &mut [i32]) {
        let Homography(rows) = self.map;
        // Along a row each line of the map grows evenly.
        let [(u, du), (v, dv), (w, dw)] =
            rows.map(|[a, b, c]| (a * from[0] + b * from[1] + c, a * step[0] + b * step[1]));
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (i, (x, y)) in xs.iter_mut().zip(ys).enumerate() {
                    let i = f64::from(i as u32);
                    let share = 1.0 / (w + dw * i);
                    (*x, *y) = (fixed((u + du * i) * share), fixed((v + dv * i) * share));
                }
            },
        );
    }
}

/// Where pixels of a row and the centres of their quarters come from, one pixel after the other.
pub(super) struct Quarters {
    /// The next pixel, with [`FINE`] bits, and what it is to the one after it.
    at: [i64; 2],
    step: [i64; 2],
    /// From a pixel's centre to its quarters': upper left, upper right, lower left, lower right.
    pub(super) offsets: [[i32; 2]; 4],
}

impl Quarters {
    /// Where the next pixel's centre comes from.
    #[inline(always)]
    pub(super) fn next(&mut self) -> (i32, i32) {
        let found = self.at.map(|at| (at >> (FINE - FRACTION)) as i32);
        self.at = [self.at[0] + self.step[0], self.at[1] + self.step[1]];
        (found[0], found[1])
    }
}

impl Back<'_> {
    /// For the pixels of a row from this one on; `None` where the way back is bent, or leads so far that positions end.
    pub(super) fn quarters(&self, from: [f64; 2]) -> Option<Quarters> {
        if self.mesh.is_some() || !self.map.is_affine() {
            return None;
        }
        let start = self.map.apply(from);
        let rows = [self.map.0[0], self.map.0[1]];
        // As far as the longest row could lead.
        let near = [0, 1].map(|axis| start[axis].abs() + rows[axis][0].abs() * 16_384.0 < FAR);
        let offset = |right: f64, down: f64| rows.map(|[a, b, _]| fixed(a * right + b * down));
        near.into_iter().all(|near| near).then(|| Quarters {
            at: start.map(|start| fine(start) + ROUND),
            step: rows.map(|row| fine(row[0])),
            offsets: [offset(-0.25, -0.25), offset(0.25, -0.25), offset(-0.25, 0.25), offset(0.25, 0.25)],
        })
    }
}

/// A coordinate in fixed point; what is no number is far outside.
#[inline(always)]
#[allow(clippy::manual_clamp, reason = "a clamp leaves what is no number as it is")]
fn fixed(coordinate: f64) -> i32 {
    // Added to it, a number below 2⁵¹ is rounded, and stands in the low bits: many are done at once, where a conversion
    // that looks out for what does not fit is done one by one.
    const ROUNDER: f64 = (3u64 << 51) as f64;
    // `max` takes the number where the other is none.
    let coordinate = coordinate.max(-FAR).min(FAR);
    (coordinate * f64::from(1 << FRACTION) + ROUNDER).to_bits() as i32
}

/// Half of the last bit of a position.
const ROUND: i64 = 1 << (FINE - FRACTION - 1);

/// A coordinate with [`FINE`] bits behind the point.
fn fine(coordinate: f64) -> i64 {
    (coordinate * (1u64 << FINE) as f64) as i64
}

/// first + i·step, in whole numbers: a sum of equal steps is the same on every machine, and many are done at once.
fn evenly(first: f64, step: f64, positions: &mut [i32]) {
    let (first, step) = (fine(first) + ROUND, fine(step));
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let mut at = first;
            for position in positions {
                *position = (at >> (FINE - FRACTION)) as i32;
                at += step;
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fields;

    fn positions(back: Back<'_>, points: Points, count: usize) -> Vec<[f64; 2]> {
        let (mut xs, mut ys) = (vec![0; count], vec![0; count]);
        back.of(points, &mut xs, &mut ys);
        let real = |position: i32| f64::from(position) / f64::from(1 << FRACTION);
        xs.into_iter().zip(ys).map(|(x, y)| [real(x), real(y)]).collect()
    }

    #[test]
    fn they_are_those_of_the_field() {
        let turn = Homography::rotation(0.3).about([40.0, 20.0]) * Homography::scaling(1.3, 0.7);
        let tilt = Homography([[1.0, 0.1, 3.0], [-0.05, 0.9, 1.0], [1e-3, 5e-4, 1.0]]);
        let mut bent = Fields::new([80, 40]);
        bent.rigid(turn);
        bent.bent(Mesh::new([80, 40], 8, |[x, y]| [3.0 * (y / 9.0).sin(), 2.0 * (x / 11.0).cos()]));
        let bent = bent.finish();
        for (map, mesh) in
            [(turn, None), (tilt, None), (bent.base, bent.mesh.as_ref()), (tilt, bent.mesh.as_ref())]
        {
            let back = Back { map, mesh };
            let field = crate::Field { base: map, mesh: mesh.cloned() };
            for points in [
                Points { first: 0.0, step: 1.0, y: 17.0 },
                Points { first: -0.25, step: 0.5, y: 16.75 },
                Points { first: -0.5, step: 8.0, y: 39.0 },
            ] {
                let count = (80.0 / points.step) as usize;
                for (i, found) in positions(back, points, count).into_iter().enumerate() {
                    let expected = field.apply([points.first + points.step * i as f64, points.y]);
                    let off = [0, 1].map(|axis| (found[axis] - expected[axis]).abs());
                    assert!(off.iter().all(|off| *off < 2e-4), "{found:?}, expected {expected:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_far_out_stays_out() {
        let huge = Back { map: Homography::scaling(1e9, -1e9), mesh: None };
        let found = positions(huge, Points { first: 1.0, step: 1.0, y: 1.0 }, 3);
        assert!(found.iter().all(|[x, y]| *x > 1e5 && *y < -1e5), "{found:?}");
        let flat = Back { map: Homography([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, -1.0]]), mesh: None };
        let found = positions(flat, Points { first: 0.0, step: 1.0, y: 1.0 }, 3);
        assert!(found.iter().flatten().all(|at| at.abs() > 1e5), "{found:?}");
    }
}
