//! Meshes: displacements on a coarse grid, bilinear in between.

use serde::Serialize;

/// Displacements (x, y) in pixels at the nodes of a grid, `cell` pixels apart, the first at (0, 0); between nodes they
/// are interpolated bilinearly. Beyond the last node the displacement is that of the border.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mesh {
    cell: u32,
    columns: usize,
    nodes: Vec<[f64; 2]>,
}

impl Mesh {
    /// The displacement at each node, by the pixel that the node stands on, over an image of `width` × `height`: enough
    /// nodes that every pixel lies between some.
    ///
    /// # Panics
    /// Where `cell` is 0.
    pub fn new(
        [width, height]: [u32; 2],
        cell: u32,
        mut displacement: impl FnMut([f64; 2]) -> [f64; 2],
    ) -> Mesh {
        let [columns, rows] = [width, height].map(|side| side.saturating_sub(1).div_ceil(cell) as usize + 1);
        let node = |at: usize| f64::from(cell) * at as f64;
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| [node(column), node(row)]));
        Mesh { cell, columns, nodes: places.map(&mut displacement).collect() }
    }

    /// Pixels between nodes.
    pub fn cell(&self) -> u32 {
        self.cell
    }

    /// Nodes in a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The displacements of all nodes, row-major.
    pub fn nodes(&self) -> &[[f64; 2]] {
        &self.nodes
    }

    /// The displacements of the row `y`, at the columns of nodes.
    pub(crate) fn row(&self, y: f64) -> MeshRow<'_> {
        let rows = self.nodes.len() / self.columns;
        let place = (y / f64::from(self.cell)).clamp(0.0, (rows - 1) as f64);
        let first = (place as usize).min(rows.saturating_sub(2));
        let row = |number: usize| &self.nodes[number * self.columns..][..self.columns];
        MeshRow { above: row(first), below: row((first + 1).min(rows - 1)), share: place - first as f64 }
    }

    /// The displacement at the point (x, y).
    pub fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let rows = self.nodes.len() / self.columns;
        let split = |place: f64, count: usize| {
            let place = (place / f64::from(self.cell)).clamp(0.0, (count - 1) as f64);
            let first = (place as usize).min(count.saturating_sub(2));
            (first, (first + 1).min(count - 1), place - first as f64)
        };
        let ((left, right, across), (top, bottom, down)) = (split(x, self.columns), split(y, rows));
        let node = |row: usize, column: usize| self.nodes[row * self.columns + column];
        let between = |one: [f64; 2], other: [f64; 2], share: f64| {
            [0, 1].map(|axis| one[axis] + (other[axis] - one[axis]) * share)
        };
        between(
            between(node(top, left), node(top, right), across),
            between(node(bottom, left), node(bottom, right), across),
            down,
        )
    }
}

/// The displacements of a row between two rows of nodes.
#[derive(Clone, Copy)]
pub(crate) struct MeshRow<'a> {
    above: &'a [[f64; 2]],
    below: &'a [[f64; 2]],
    share: f64,
}

impl MeshRow<'_> {
    /// That at a column of nodes.
    pub(crate) fn at(&self, column: usize) -> [f64; 2] {
        let (above, below) = (self.above[column], self.below[column]);
        [0, 1].map(|axis| above[axis] + (below[axis] - above[axis]) * self.share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bilinear_between_its_nodes() {
        let bilinear = |[x, y]: [f64; 2]| [x * 0.25 - y, x * y * 0.125];
        for size in [[33, 17], [1, 1], [16, 40]] {
            let mesh = Mesh::new(size, 8, bilinear);
            for y in 0..size[1] {
                for x in 0..size[0] {
                    let at = [x, y].map(f64::from);
                    assert_eq!(mesh.at(at)[0], bilinear(at)[0]);
                }
            }
        }
        let one = Mesh::new([9, 9], 8, |[x, y]| [x * y, 0.0]);
        assert_eq!([one.at([4.0, 4.0]), one.at([-3.0, 100.0])], [[16.0, 0.0], [0.0, 0.0]]);
    }
}
