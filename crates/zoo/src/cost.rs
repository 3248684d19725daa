//! What a forward pass costs: multiply-adds, counted on shapes alone.

#![allow(unsafe_code, reason = "the calls of cost.cpp")]

use tch::Tensor;
use torch_sys::C_tensor;

use crate::Error;
use crate::catalog::ModelSpec;
use crate::parameters::Registry;
use crate::segmenter::Network;

// SAFETY: as defined in cost.cpp; the first two change this thread's state only.
unsafe extern "C" {
    safe fn zoo_count_begin();
    safe fn zoo_count_end() -> i64;
    safe fn zoo_meta_images(batch: i64, channels: i64, height: i64, width: i64) -> *mut C_tensor;
}

/// A model in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Learnt values.
    pub parameters: usize,
    /// Multiply-adds of one image in evaluation mode: those of convolutions, matrix products and attention; additions,
    /// normalisation, pooling and resizing are not counted. As floating-point operations they are twice as many.
    pub multiply_adds: i64,
    /// What the height and the width of an image must be multiples of.
    pub stride: i64,
    /// The smallest legal height and width.
    pub min_size: i64,
}

/// The figures of a model for images of `height` × `width` pixels.
///
/// Nothing is computed and no weights are made, so that it takes milliseconds.
pub fn figures(spec: &ModelSpec, height: i64, width: i64) -> Result<Figures, Error> {
    let registry = Registry::outline();
    let network = Network::new(spec, &registry)?;
    network.sizes.check(spec, height, width)?;
    // SAFETY: the shim gives a tensor that nobody else owns.
    let images = unsafe { Tensor::from_ptr(zoo_meta_images(1, spec.in_channels, height, width)) };
    let counting = Counting::begin();
    let logits = tch::no_grad(|| network.forward(&images, false));
    let multiply_adds = counting.end();
    assert_eq!(logits.size(), [1, spec.classes, height, width], "{} on shapes alone", spec.name());
    Ok(Figures {
        parameters: registry.finish().parameter_count(),
        multiply_adds,
        stride: network.sizes.multiple,
        min_size: network.sizes.smallest,
    })
}

/// The time in which this thread counts; it ends on unwinding too.
struct Counting;

impl Counting {
    fn begin() -> Self {
        zoo_count_begin();
        Self
    }

    fn end(self) -> i64 {
        zoo_count_end()
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        let _ = zoo_count_end();
    }
}
