//! The pyramid of features: all that crosses the seam from an encoder to a decoder.

use tch::Tensor;

use crate::layers::size_of;

/// The shape of one feature map: `[B, channels, H / stride, W / stride]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Input pixels per feature pixel, along either axis.
    pub stride: i64,
    /// Feature channels; 0 where the encoder has no map of this stride.
    pub channels: i64,
}

/// The feature maps of one batch of images, finest first, counted from 1: position p has the stride 2ᵖ, unless the
/// encoder's output stride ends the shrinking earlier.
#[derive(Debug)]
pub(crate) struct Pyramid {
    images: Tensor,
    maps: Vec<Option<Tensor>>,
}

impl Pyramid {
    /// A pyramid without features yet, for images `[B, C, H, W]`.
    pub(crate) fn of(images: &Tensor) -> Self {
        Self { images: images.shallow_clone(), maps: Vec::new() }
    }

    /// Adds the map of the next position.
    pub(crate) fn push(&mut self, features: Tensor) {
        self.maps.push(Some(features));
    }

    /// Leaves the next position without a map: the encoder shrinks past it at once.
    pub(crate) fn skip(&mut self) {
        self.maps.push(None);
    }

    /// The map at `position`, where the encoder has one.
    pub(crate) fn at(&self, position: usize) -> Option<&Tensor> {
        self.maps.get(position.checked_sub(1)?).and_then(Option::as_ref)
    }

    /// The map at `position`, which the encoder must have: every one has those from position 2 on.
    pub(crate) fn expect(&self, position: usize) -> &Tensor {
        self.at(position).expect("an encoder has a map at each of its levels with channels")
    }

    /// The map at the last position.
    pub(crate) fn coarsest(&self) -> &Tensor {
        self.expect(self.maps.len())
    }

    /// Height and width at `position`, whether or not the encoder has a map there; the images' at 0.
    pub(crate) fn size_at(&self, position: usize) -> [i64; 2] {
        match self.at(position) {
            Some(features) => size_of(features),
            None => size_of(&self.images).map(|side| side >> position),
        }
    }

    /// Maps from the coarsest to the finest.
    pub(crate) fn coarsest_first(&self) -> impl Iterator<Item = &Tensor> {
        self.maps.iter().rev().flatten()
    }
}
