//! The pyramid of features: all that crosses the seam from an encoder to a decoder.

use tch::Tensor;

/// The shape of one feature map: `[B, channels, H / stride, W / stride]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Input pixels per feature pixel, along either axis.
    pub stride: i64,
    /// Feature channels.
    pub channels: i64,
}

/// The feature maps of one batch of images, finest first.
#[derive(Debug)]
pub(crate) struct Pyramid {
    /// Height and width of the images.
    pub(crate) image_size: (i64, i64),
    features: Vec<(i64, Tensor)>,
}

impl Pyramid {
    /// A pyramid without features yet, for images `[B, C, H, W]`.
    pub(crate) fn of(images: &Tensor) -> Self {
        let shape = images.size();
        Self { image_size: (shape[2], shape[3]), features: Vec::new() }
    }

    /// Adds the next coarser map.
    pub(crate) fn push(&mut self, stride: i64, features: Tensor) {
        self.features.push((stride, features));
    }

    /// The map at `stride`, where the encoder has one.
    pub(crate) fn at(&self, stride: i64) -> Option<&Tensor> {
        self.features.iter().find(|(level, _)| *level == stride).map(|(_, features)| features)
    }

    /// Height and width of a map at `stride`, whether or not the encoder has one.
    pub(crate) fn size_at(&self, stride: i64) -> [i64; 2] {
        [self.image_size.0 / stride, self.image_size.1 / stride]
    }

    /// Maps from the coarsest to the finest.
    pub(crate) fn coarsest_first(&self) -> impl Iterator<Item = &Tensor> {
        self.features.iter().rev().map(|(_, features)| features)
    }
}
