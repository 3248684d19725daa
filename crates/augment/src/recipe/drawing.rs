//! Drawings: plans in the making.

use crate::{Curve, Drawn, Fields, Hole, Homography, Plan, Tone};

/// What was drawn so far for one sample.
#[derive(Clone, Debug)]
pub(super) struct Drawing {
    /// Width and height of the network's plane.
    pub(super) size: [u32; 2],
    /// Steps of the warp.
    pub(super) fields: Fields,
    /// Steps of tone.
    pub(super) tone: Vec<Tone>,
    /// What is covered.
    pub(super) holes: Vec<Hole>,
    drawn: Vec<Drawn>,
}

impl Drawing {
    /// Nothing yet.
    pub(super) fn new(size: [u32; 2]) -> Drawing {
        let fields = Fields::new(size);
        Drawing { size, fields, tone: Vec::new(), holes: Vec::new(), drawn: Vec::new() }
    }

    /// Width and height as numbers.
    pub(super) fn sides(&self) -> [f64; 2] {
        self.size.map(f64::from)
    }

    /// Moves what is at p to `forward`(p).
    pub(super) fn rigid(&mut self, forward: Homography) {
        if forward != Homography::IDENTITY {
            self.fields.rigid(forward);
        }
    }

    /// Each grey value becomes the function's, rounded and clamped.
    pub(super) fn curve(&mut self, function: impl Fn(f64) -> f64) {
        self.tone.push(Tone::Curve(Curve::of(function)));
    }

    /// Notes in words what was drawn.
    pub(super) fn note(&mut self, name: &'static str, values: &[f64], unit: &'static str) {
        self.drawn.push(Drawn { name, values: values.to_vec(), unit });
    }

    /// The plan.
    pub(super) fn finish(self) -> Plan {
        let Drawing { fields, tone, holes, drawn, .. } = self;
        Plan { field: fields.finish(), tone, holes, drawn }
    }
}
