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

use super::{Architecture, Decoder};
use crate::Level;
use crate::layers::{Conv2d, ConvNormRelu, ConvShape};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

/// Output channels of the five blocks, which work at strides 16, 8, 4, 2 and 1.
const CHANNELS: [i64; 5] = [256, 128, 64, 32, 16];

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "unet",
    encoder_key: "encoder",
    refuses: |levels| match levels.last() {
        Some(Level { stride: 32, .. }) => None,
        _ => Some("its five blocks need an encoder whose coarsest stride is 32".to_owned()),
    },
    build: |scope, levels, classes| Box::new(UNet::new(scope, levels, classes)),
};

#[derive(Debug)]
struct UNet {
    blocks: Vec<Block>,
    head: Conv2d,
}

impl UNet {
    fn new(scope: &Scope, levels: &[Level], classes: i64) -> Self {
        let decoder = scope.at("decoder").at("blocks");
        let channels_at = |stride: i64| {
            levels.iter().find(|level| level.stride == stride).map_or(0, |level| level.channels)
        };
        let mut inputs = channels_at(32);
        let mut blocks = Vec::new();
        for (index, outputs) in CHANNELS.into_iter().enumerate() {
            let stride = 16 >> index;
            blocks.push(Block::new(&decoder.at(index), inputs + channels_at(stride), outputs, stride));
            inputs = outputs;
        }
        let head = scope.at("segmentation_head").at(0);
        Self {
            blocks,
            head: Conv2d::with_bias(&head, ConvShape::same(inputs, classes, 3), Init::XavierUniform),
        }
    }
}

impl Decoder for UNet {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Tensor {
        let coarsest = pyramid.at(32).expect("refused at building otherwise");
        let features = self
            .blocks
            .iter()
            .fold(coarsest.shallow_clone(), |features, block| block.forward(&features, pyramid, train));
        self.head.forward(&features)
    }
}

#[derive(Debug)]
struct Block {
    stride: i64,
    conv1: ConvNormRelu,
    conv2: ConvNormRelu,
}

impl Block {
    fn new(scope: &Scope, inputs: i64, outputs: i64, stride: i64) -> Self {
        let conv = |name: &str, inputs: i64| {
            ConvNormRelu::new(&scope.at(name), ConvShape::same(inputs, outputs, 3), Init::KaimingUniform)
        };
        Self { stride, conv1: conv("conv1", inputs), conv2: conv("conv2", outputs) }
    }

    // [B, C, h, w], beside it [B, S, 2h, 2w] -> [B, outputs, 2h, 2w]
    fn forward(&self, features: &Tensor, pyramid: &Pyramid, train: bool) -> Tensor {
        let mut features = features.upsample_nearest2d(pyramid.size_at(self.stride), None, None);
        if let Some(skip) = pyramid.at(self.stride) {
            features = Tensor::cat(&[&features, skip], 1);
        }
        self.conv2.forward(&self.conv1.forward(&features, train), train)
    }
}
