//! An arena: the weights and the state of a parameter group, each in one flat buffer.

use std::ops::Range;

use tch::{Device, Tensor};

use super::Parameter;
use super::groups::Group;
use super::place::{LINE, Place};

/// How an optimizer goes through its buffers.
///
/// ```text
/// weights   | a            |·| b      | c                 |··|     · fills up to a cache line, and stays 0
/// gradient  | a            |·|        | c                 |··|     b has none in this step: two pieces
/// first     | a            |·| b      | c                 |··|
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Tensor by tensor, along its own gradient, in blocks of at most so many elements, which stay in a core's cache
    /// through all the operations of an update: for CPUs.
    Blocks(i64),
    /// All tensors that have a gradient and did the same number of steps at once, as far as they lie beside each
    /// other; gradients are brought together first. A handful of operations a group: for GPUs, which wait for each.
    Whole,
}

impl Layout {
    /// What suits tensors of this device.
    pub fn suiting(device: Option<Device>) -> Layout {
        match device {
            None | Some(Device::Cpu) => Layout::Blocks(1 << 15),
            Some(_) => Layout::Whole,
        }
    }
}

/// The weights and the state of a group.
#[derive(Debug)]
pub(super) struct Arena {
    pub(super) group: Group,
    places: Vec<Place>,
    leaves: Vec<Tensor>,
    /// Steps that each tensor did.
    steps: Vec<u64>,
    weights: Tensor,
    /// The gradients, where they are brought together.
    gradient: Option<Tensor>,
    /// Zeros for what lies between gradients.
    filling: Tensor,
    state: Vec<(&'static str, Tensor)>,
}

/// Neighbours in an arena that are updated together.
#[derive(Debug)]
pub(super) struct Piece {
    tensors: Range<usize>,
    start: i64,
    /// Their gradient `[elements]`.
    pub(super) gradient: Tensor,
}

impl Arena {
    /// An arena of `members`, which become views of it, with a state of these names.
    pub(super) fn new(group: Group, members: Vec<Parameter>, states: &[&'static str]) -> Arena {
        let mut places: Vec<Place> = Vec::with_capacity(members.len());
        for Parameter { key, tensor, .. } in &members {
            let start = places.last().map_or(0, Place::end);
            places.push(Place::of(key, start, tensor));
        }
        let length = places.last().map_or(0, Place::end);
        let options = (members[0].tensor.kind(), members[0].tensor.device());
        let zeros = || Tensor::zeros([length], options);
        let weights = zeros();
        let leaves: Vec<Tensor> = members.into_iter().map(|member| member.tensor).collect();
        tch::no_grad(|| {
            for (place, leaf) in places.iter().zip(&leaves) {
                let mut view = place.view(&weights);
                view.copy_(leaf);
                leaf.shallow_clone().set_data(&view);
            }
        });
        let state = states.iter().map(|&name| (name, zeros())).collect();
        let filling = Tensor::zeros([LINE], options);
        Arena { group, steps: vec![0; places.len()], places, leaves, weights, gradient: None, filling, state }
    }

    /// The gradients that there are.
    pub(super) fn collect(&mut self, layout: Layout) -> Vec<Piece> {
        let gradients: Vec<Option<Tensor>> = self.places.iter().zip(&self.leaves).map(gradient).collect();
        match layout {
            Layout::Blocks(_) => pieces_alone(&self.places, gradients),
            Layout::Whole => self.pieces_together(&gradients),
        }
    }

    /// Brings gradients together: a piece for each run of tensors that have one and did the same number of steps.
    fn pieces_together(&mut self, gradients: &[Option<Tensor>]) -> Vec<Piece> {
        let buffer = &*self.gradient.get_or_insert_with(|| self.weights.zeros_like());
        let mut pieces = Vec::new();
        let mut first = 0;
        while first < gradients.len() {
            let (steps, has) = (self.steps[first], |index: &usize| gradients[*index].is_some());
            let last = (first..gradients.len()).find(|index| !has(index) || self.steps[*index] != steps);
            let run = first..last.unwrap_or(gradients.len());
            first = run.end.max(first + 1);
            if run.is_empty() {
                continue;
            }
            let (start, end) = (self.places[run.start].start, self.places[run.end - 1].end());
            let mut parts = Vec::with_capacity(2 * run.len());
            for index in run.clone() {
                let place = &self.places[index];
                parts.extend(gradients[index].as_ref().map(Tensor::shallow_clone));
                let fill = place.end() - place.start - place.length;
                if fill > 0 {
                    parts.push(self.filling.narrow(0, 0, fill));
                }
            }
            let gradient = buffer.narrow(0, start, end - start);
            let _ = Tensor::cat_out(&gradient, &parts, 0);
            pieces.push(Piece { tensors: run, start, gradient });
        }
        pieces
    }

    /// Counts a step of the tensors of a piece; which one it is.
    pub(super) fn count(&mut self, piece: &Piece) -> u64 {
        let steps = &mut self.steps[piece.tensors.clone()];
        steps.iter_mut().for_each(|steps| *steps += 1);
        steps[0]
    }

    /// Calls `update` for each block of a piece with its weights, its gradient and its state.
    pub(super) fn blocks(
        &self,
        piece: &Piece,
        layout: Layout,
        mut update: impl FnMut(&mut Tensor, &Tensor, &mut [Tensor]),
    ) {
        let length = piece.gradient.numel() as i64;
        let block = match layout {
            Layout::Blocks(block) => block.max(1),
            Layout::Whole => length.max(1),
        };
        let mut state: Vec<Tensor> = Vec::with_capacity(self.state.len());
        for offset in (0..length).step_by(block as usize) {
            let size = block.min(length - offset);
            let part = |buffer: &Tensor| buffer.narrow(0, piece.start + offset, size);
            state.clear();
            state.extend(self.state.iter().map(|(_, buffer)| part(buffer)));
            update(&mut part(&self.weights), &piece.gradient.narrow(0, offset, size), &mut state);
        }
    }

    pub(super) fn drop_gradients(&self) {
        self.leaves.iter().for_each(zoo::drop_gradient);
    }

    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    pub(super) fn weights(&self) -> &Tensor {
        &self.weights
    }

    /// The buffers of the state by their names.
    pub(super) fn state(&self) -> &[(&'static str, Tensor)] {
        &self.state
    }

    /// Each tensor's key and number of steps.
    pub(super) fn steps(&mut self) -> impl Iterator<Item = (&str, &mut u64)> {
        self.places.iter().map(|place| place.key.as_str()).zip(&mut self.steps)
    }

    /// The keys of tensors that did not do as many steps as `steps`, with their number.
    pub(super) fn late(&self, steps: u64) -> impl Iterator<Item = (String, u64)> {
        let each = self.places.iter().zip(&self.steps);
        each.filter(move |(_, own)| **own != steps).map(|(place, own)| (place.key.clone(), *own))
    }
}

/// A leaf's gradient `[elements]`, in the order of its place.
fn gradient((place, leaf): (&Place, &Tensor)) -> Option<Tensor> {
    let gradient = leaf.grad();
    gradient.defined().then(|| place.flat(&gradient))
}

/// A piece for each tensor that has a gradient.
fn pieces_alone(places: &[Place], gradients: Vec<Option<Tensor>>) -> Vec<Piece> {
    let each = places.iter().enumerate().zip(gradients);
    let piece = |((index, place), gradient): ((usize, &Place), Option<Tensor>)| {
        Some(Piece { tensors: index..index + 1, start: place.start, gradient: gradient? })
    };
    each.filter_map(piece).collect()
}
