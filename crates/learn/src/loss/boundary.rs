//! Boundary loss.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor, no_grad};

use super::check::Check;
use super::comparison::Comparison;
use super::criterion::Criterion;
use super::distance;

/// Boundary loss of every class and pixel, averaged: p · the signed distance to the bone's outline, in the network's pixels
/// (Kervadec and others, "Boundary loss for highly unbalanced segmentation", MIDL 2019). Its authors add it to an overlap loss
/// with a weight that begins at 0.01; alone it can end in nothing being found.
///
/// The distance is, as in their `one_hot2dist`, that to the nearest pixel of the bone outside of it, and inside 1 − that to the
/// nearest pixel outside, so that the bone's rim has 0 and the loss of a good prediction is below 0. A pixel is the bone's where
/// its target is ½ or more. It is 0 everywhere where a radiograph shows nothing of a bone, as theirs is, and where it
/// shows nothing else: then there is no outline.
///
/// The maps are made on the CPU, at 512² in some 10 ms of a core a bone and image: a device waits for them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Boundary {
    /// Its factor in the sum, 0 or more.
    pub weight: f64,
}

impl Default for Boundary {
    fn default() -> Boundary {
        Boundary { weight: 1.0 }
    }
}

impl Criterion for Boundary {
    fn name(&self) -> &'static str {
        "boundary"
    }

    fn check(&self, _: &mut Check) {}

    fn of(&self, comparison: &Comparison) -> Tensor {
        let distances = no_grad(|| distances(&comparison.given, comparison.kind()));
        comparison.mean_of_pixels(&(comparison.probabilities() * distances))
    }
}

/// The signed distances of targets `[B, classes, H, W]`, of the same shape on the same device.
fn distances(targets: &Tensor, kind: Kind) -> Tensor {
    let sides = targets.size();
    let (width, plane) = (sides[3] as usize, (sides[2] * sides[3]) as usize);
    let inside = targets.ge(0.5).to_device(Device::Cpu).contiguous();
    // An image at a time: in f64, all of them would be large.
    let images = (0..sides[0]).map(|index| {
        let inside = Vec::<bool>::try_from(inside.get(index).view([-1]))
            .expect("a tensor of one dimension on the CPU is copied as it is");
        let mut distances = vec![0.0; inside.len()];
        let maps = distances.par_chunks_exact_mut(plane).zip(inside.par_chunks_exact(plane));
        maps.for_each(|(distances, inside)| distance::signed(inside, width, distances));
        Tensor::from_slice(&distances).view(&sides[1..]).to_kind(kind)
    });
    Tensor::stack(&images.collect::<Vec<Tensor>>(), 0).to_device(targets.device())
}
