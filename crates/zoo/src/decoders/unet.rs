//! U-Net on any encoder.
//!
//! Ronneberger, Fischer, Brox: U-Net, 2015 (arXiv:1505.04597), in the form and with the keys of
//! segmentation-models-pytorch 0.6 `Unet`: nearest upsampling, the encoder's map beside it, two convolutions.
//!
//! | 512² input, resnet34 | in        | beside it | out       |
//! |----------------------|-----------|-----------|-----------|
//! | `decoder.blocks.0`   | 512 × 16² | 256 × 32² | 256 × 32² |
//! | `decoder.blocks.1`   | 256 × 32² | 128 × 64² | 128 × 64² |
//! | `decoder.blocks.2`   | 128 × 64² | 64 × 128² | 64 × 128² |
//! | `decoder.blocks.3`   | 64 × 128² | 64 × 256² | 32 × 256² |
//! | `decoder.blocks.4`   | 32 × 256² | –         | 16 × 512² |
//! | `segmentation_head`  | 16 × 512² | –         | classes × 512² |

use tch::Tensor;

use super::head::Head;
use super::up::Up;
use super::{Architecture, Decoder, DecoderOptions, USUAL};
use crate::Coarse;
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

/// Output channels of the five blocks, which work at strides 16, 8, 4, 2 and 1.
const CHANNELS: [i64; 5] = [256, 128, 64, 32, 16];

pub(super) const ARCHITECTURE: Architecture =
    Architecture { name: "unet", build: |scope, options| Box::new(UNet::new(scope, options)), ..USUAL };

#[derive(Debug)]
struct UNet {
    blocks: Vec<Up>,
    head: Head,
}

impl UNet {
    fn new(scope: &Scope, options: &DecoderOptions) -> Self {
        let decoder = scope.at("decoder").at("blocks");
        let mut inputs = options.coarsest();
        let mut blocks = Vec::new();
        for (index, outputs) in CHANNELS.into_iter().enumerate() {
            blocks.push(Up::new(&decoder.at(index), inputs + options.channels(4 - index), outputs));
            inputs = outputs;
        }
        Self { blocks, head: Head::new(scope, inputs, options.classes, 3, Init::XavierUniform) }
    }
}

impl Decoder for UNet {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Coarse {
        let mut features = pyramid.coarsest().shallow_clone();
        for (position, block) in (0..5).rev().zip(&self.blocks) {
            let beside: Vec<&Tensor> = pyramid.at(position).into_iter().collect();
            features = block.forward(&features, pyramid.size_at(position), &beside, train);
        }
        self.head.forward(&features, pyramid)
    }
}
