//! Fields: where each pixel of the result comes from.

use serde::Serialize;

use crate::{Homography, Mesh};

/// Where each pixel of the result comes from: the point p shows what was at `base`(p + d(p)), with d the displacement of
/// the `mesh`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    /// From the pixels of the result back to those before.
    pub base: Homography,
    /// Displacements in the plane of the result.
    pub mesh: Option<Mesh>,
}

impl Field {
    /// Leaves everything where it is.
    pub const IDENTITY: Field = Field { base: Homography::IDENTITY, mesh: None };

    /// Where the point p of the result comes from.
    pub fn apply(&self, point: [f64; 2]) -> [f64; 2] {
        let [right, down] = self.mesh.as_ref().map_or([0.0; 2], |mesh| mesh.at(point));
        self.base.apply([point[0] + right, point[1] + down])
    }
}

/// Composes fields: one step after the other, each applied to the image as the steps before left it.
///
/// Maps without a mesh between them are one map exactly. As soon as there is a mesh, what the steps come to together is
/// computed at the nodes of one mesh in the result's plane, as fine as the finest of them and 8 pixels at most.
#[derive(Clone, Debug)]
pub struct Fields {
    size: [u32; 2],
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    /// The map back.
    Rigid(Homography),
    Bent(Mesh),
}

/// Pixels between the nodes of a composed mesh at most.
const CELL: u32 = 8;

impl Fields {
    /// No step yet, on images of `size` (width, height).
    pub fn new(size: [u32; 2]) -> Fields {
        Fields { size, steps: Vec::new() }
    }

    /// Moves what is at p to `forward`(p). A map without an inverse is left out.
    pub fn rigid(&mut self, forward: Homography) {
        let Some(back) = forward.inverse() else { return };
        match self.steps.last_mut() {
            Some(Step::Rigid(before)) => *before = *before * back,
            _ => self.steps.push(Step::Rigid(back)),
        }
    }

    /// Shows at each p what was at p + d(p), as `cv2.remap` does.
    pub fn bent(&mut self, mesh: Mesh) {
        self.steps.push(Step::Bent(mesh));
    }

    /// All steps as one field.
    pub fn finish(self) -> Field {
        let rigid = |step: &Step| match step {
            Step::Rigid(back) => Some(*back),
            Step::Bent(_) => None,
        };
        let base = self.steps.iter().filter_map(rigid).fold(Homography::IDENTITY, |base, back| base * back);
        if self.steps.iter().all(|step| matches!(step, Step::Rigid(_))) {
            return Field { base, mesh: None };
        }
        // Each step has an inverse, but many that shrink may leave nothing of the plane.
        let Some(forward) = base.inverse() else { return Field { base, mesh: None } };
        let cell = |step: &Step| match step {
            Step::Rigid(_) => CELL,
            Step::Bent(mesh) => mesh.cell(),
        };
        let cell = self.steps.iter().map(cell).fold(CELL, u32::min).max(1);
        let mesh = Mesh::new(self.size, cell, |node| {
            let before = self.steps.iter().rev().fold(node, |point, step| match step {
                Step::Rigid(back) => back.apply(point),
                Step::Bent(mesh) => {
                    let moved = mesh.at(point);
                    [point[0] + moved[0], point[1] + moved[1]]
                }
            });
            let shown = forward.apply(before);
            [shown[0] - node[0], shown[1] - node[1]]
        });
        Field { base, mesh: Some(mesh) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: [f64; 2], expected: [f64; 2], within: f64) {
        let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < within);
        assert!(near, "{found:?}, expected {expected:?}");
    }

    #[test]
    fn steps_follow_one_another() {
        let size = [64, 48];
        let turn = Homography::rotation(0.4).about([31.5, 23.5]);
        let zoom = Homography::scaling(1.5, 1.5);
        let mut fields = Fields::new(size);
        fields.rigid(turn);
        fields.rigid(zoom);
        let field = fields.finish();
        assert_eq!(field.mesh, None);
        // What was at p is at zoom(turn(p)) now.
        close(field.apply(zoom.apply(turn.apply([10.0, 12.0]))), [10.0, 12.0], 1e-9);
    }

    #[test]
    fn a_mesh_between_maps_is_one_mesh_behind_them() {
        let size = [64, 48];
        let wave = |[x, y]: [f64; 2]| [3.0 * (y / 9.0).sin(), 2.0 * (x / 11.0).cos()];
        let turn = Homography::rotation(0.3).about([31.5, 23.5]);
        let zoom = Homography::scaling(0.8, 0.8);
        let mesh = Mesh::new(size, 4, wave);
        let mut fields = Fields::new(size);
        fields.rigid(turn);
        fields.bent(mesh.clone());
        fields.rigid(zoom);
        let field = fields.finish();
        for point in [[8.0, 8.0], [24.0, 16.0], [19.0, 21.5]] {
            let shown = zoom.inverse().map(|back| back.apply(point)).unwrap_or(point);
            let moved = mesh.at(shown);
            let back = turn.inverse().map(|back| back.apply([shown[0] + moved[0], shown[1] + moved[1]]));
            // At the nodes exactly, else as near as a grid of 4 pixels follows the wave.
            let within = if point.iter().all(|at| at % 4.0 == 0.0) { 1e-9 } else { 0.1 };
            close(field.apply(point), back.unwrap_or(point), within);
        }
    }

    #[test]
    fn no_steps_change_nothing() {
        assert_eq!(Fields::new([5, 5]).finish(), Field::IDENTITY);
    }
}
