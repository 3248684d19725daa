//! FCN's head on a dilated ResNet.
//!
//! Long, Shelhamer, Darrell: Fully Convolutional Networks, 2014 (arXiv:1411.4038), in the form and with the keys of
//! torchvision's `fcn_resnet50` and `fcn_resnet101`: the last two stages keep stride 8 and are dilated instead.
//!
//! | 512² input     | in         | out             |
//! |----------------|------------|-----------------|
//! | `classifier.0` | 2048 × 64² | 512 × 64²       |
//! | `classifier.4` | 512 × 64²  | classes × 64²   |
//! | upsampled      |            | classes × 512²  |

use super::{Architecture, Decoder, DecoderOptions, TORCHVISION};
use crate::Coarse;
use crate::layers::{Conv2d, ConvNormRelu, ConvShape};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

/// The position whose map torchvision's auxiliary heads look at.
const AUXILIARY: usize = 4;

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "fcn",
    known_as: "fcn_",
    encoders: &["resnet50", "resnet101"],
    output_stride: 8,
    dropout: 0.1,
    build: |scope, options| {
        auxiliary(scope, options);
        Box::new(Head::new(&scope.at("classifier"), options.coarsest(), options))
    },
    ..TORCHVISION
};

/// Names the keys of the head that published checkpoints have for a second loss in training; logits don't need it.
pub(super) fn auxiliary(scope: &Scope, options: &DecoderOptions) {
    Head::new(&scope.unused("aux_classifier"), options.channels(AUXILIARY), options);
}

/// Convolution to a quarter of the channels, dropout, classes: `0`, `1`, `4`.
#[derive(Debug)]
struct Head {
    conv: ConvNormRelu,
    classes: Conv2d,
    dropout: f64,
}

impl Head {
    fn new(scope: &Scope, inputs: i64, options: &DecoderOptions) -> Self {
        let channels = inputs / 4;
        let classes = ConvShape::same(channels, options.classes, 1);
        Self {
            conv: ConvNormRelu::new(scope, ConvShape::same(inputs, channels, 3), Init::PyTorch),
            classes: Conv2d::with_bias(&scope.at(4), classes, Init::PyTorch),
            dropout: options.dropout,
        }
    }
}

impl Decoder for Head {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Coarse {
        let features = self.conv.forward(pyramid.coarsest(), train).dropout(self.dropout, train);
        let logits = self.classes.forward(&features);
        Coarse { logits, size: pyramid.size_at(0), align_corners: false }
    }
}
