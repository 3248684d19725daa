//! The step up of U-Net and its relatives.

use std::borrow::Borrow;

use tch::Tensor;

use crate::layers::{ConvNormRelu, ConvShape, size_of};
use crate::parameters::{Init, Scope};
use crate::segment::{Shared, locked, segment, shared};
use crate::switches::Switches;

/// Nearest upsampling, maps beside, two 3×3 convolutions: `conv1`, `conv2`.
#[derive(Debug)]
pub(super) struct Up {
    convolutions: Shared<[ConvNormRelu; 2]>,
    switches: Switches,
}

impl Up {
    /// `inputs` counts the channels of the maps beside, too.
    pub(super) fn new(scope: &Scope, inputs: i64, outputs: i64) -> Self {
        let conv = |name: &str, inputs: i64| {
            ConvNormRelu::new(&scope.at(name), ConvShape::same(inputs, outputs, 3), Init::KaimingUniform)
        };
        let convolutions = shared([conv("conv1", inputs), conv("conv2", outputs)]);
        Self { convolutions, switches: scope.switches() }
    }

    // [B, C, h, w], beside it maps of `size` -> [B, outputs, H, W]
    pub(super) fn forward(
        &self,
        features: &Tensor,
        size: [i64; 2],
        beside: &[&Tensor],
        train: bool,
    ) -> Tensor {
        let convolutions = Shared::clone(&self.convolutions);
        let [height, width] = size_of(features);
        // A model that is neither trained nor frozen computes as the reference does, and is counted so.
        let raised = size == [2 * height, 2 * width] && (train || self.switches.frozen());
        let maps: Vec<&Tensor> = std::iter::once(features).chain(beside.iter().copied()).collect();
        segment(&self.switches, train, &maps, move |maps| {
            let [conv1, conv2] = &*locked(&convolutions);
            let narrow = if raised {
                let fine = (maps.len() > 1).then(|| side_by_side(&maps[1..]));
                conv1.raised(&maps[0], fine.as_ref(), train)
            } else {
                let features = maps[0].upsample_nearest2d(size, None, None);
                let maps: Vec<&Tensor> = std::iter::once(&features).chain(&maps[1..]).collect();
                conv1.forward(&side_by_side(&maps), train)
            };
            conv2.forward(&narrow, train)
        })
    }

    /// The two convolutions alone.
    pub(super) fn convolve(&self, features: &Tensor, train: bool) -> Tensor {
        let convolutions = Shared::clone(&self.convolutions);
        segment(&self.switches, train, &[features], move |maps| {
            let [conv1, conv2] = &*locked(&convolutions);
            conv2.forward(&conv1.forward(&maps[0], train), train)
        })
    }
}

/// All channels, the first map's first.
fn side_by_side<T: Borrow<Tensor>>(maps: &[T]) -> Tensor {
    match maps {
        [map] => map.borrow().shallow_clone(),
        _ => Tensor::cat(maps, 1),
    }
}
