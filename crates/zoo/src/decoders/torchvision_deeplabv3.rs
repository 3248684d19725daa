//! DeepLabV3 as torchvision has it.
//!
//! Chen, Papandreou, Schroff, Adam: Rethinking Atrous Convolution for Semantic Image Segmentation, 2017
//! (arXiv:1706.05587), in the form and with the keys of torchvision's `deeplabv3_resnet50` and `deeplabv3_resnet101`.
//!
//! | 512² input             | in         | out            |
//! |------------------------|------------|----------------|
//! | `classifier.0.convs.*` | 2048 × 64² | 5 × 256 × 64²  |
//! | `classifier.0.project` | 1280 × 64² | 256 × 64²      |
//! | `classifier.1`, `2`    | 256 × 64²  | 256 × 64²      |
//! | `classifier.4`         | 256 × 64²  | classes × 64²  |
//! | upsampled              |            | classes × 512² |

use super::aspp::{Aspp, CHANNELS};
use super::{Architecture, Decoder, DecoderOptions, TORCHVISION, fcn};
use crate::Coarse;
use crate::layers::{Conv2d, ConvNorm, ConvShape};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "torchvision-deeplabv3",
    known_as: "deeplabv3_",
    encoders: &["resnet50", "resnet101"],
    output_stride: 8,
    pools: true,
    dropout: 0.5,
    build: |scope, options| {
        let head = DeepLabV3::new(&scope.at("classifier"), options);
        fcn::auxiliary(scope, options);
        Box::new(head)
    },
    ..TORCHVISION
};

#[derive(Debug)]
struct DeepLabV3 {
    aspp: Aspp,
    conv: ConvNorm,
    classes: Conv2d,
}

impl DeepLabV3 {
    fn new(scope: &Scope, options: &DecoderOptions) -> Self {
        let conv = ConvShape::same(CHANNELS, CHANNELS, 3);
        let classes = ConvShape::same(CHANNELS, options.classes, 1);
        Self {
            aspp: Aspp::new(&scope.at(0), options.coarsest(), false, options.dropout),
            conv: ConvNorm::new(&scope.at(1), &scope.at(2), conv, Init::PyTorch),
            classes: Conv2d::with_bias(&scope.at(4), classes, Init::PyTorch),
        }
    }
}

impl Decoder for DeepLabV3 {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Coarse {
        let mixed = self.aspp.forward(pyramid.coarsest(), train);
        let logits = self.classes.forward(&self.conv.forward(&mixed, train).relu_());
        Coarse { logits, size: pyramid.size_at(0), align_corners: false }
    }
}
