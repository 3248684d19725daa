//! DeepLabV3 on any encoder that can be dilated.
//!
//! Chen, Papandreou, Schroff, Adam: Rethinking Atrous Convolution for Semantic Image Segmentation, 2017
//! (arXiv:1706.05587), in the form and with the keys of segmentation-models-pytorch 0.6 `DeepLabV3`: encoder dilated
//! to stride 8.
//!
//! | 512² input, resnet34     | in         | out            |
//! |--------------------------|------------|----------------|
//! | `decoder.aspp.convs.*`   | 512 × 64²  | 5 × 256 × 64²  |
//! | `decoder.aspp.project`   | 1280 × 64² | 256 × 64²      |
//! | `decoder.conv`, `bn`     | 256 × 64²  | 256 × 64²      |
//! | `segmentation_head`      | 256 × 64²  | classes × 512² |

use super::aspp::{Aspp, CHANNELS};
use super::head::Head;
use super::{Architecture, Decoder, DecoderOptions, USUAL};
use crate::Coarse;
use crate::layers::{ConvNorm, ConvShape};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "deeplabv3",
    output_stride: 8,
    pools: true,
    dropout: 0.5,
    build: |scope, options| Box::new(DeepLabV3::new(scope, options)),
    ..USUAL
};

#[derive(Debug)]
struct DeepLabV3 {
    aspp: Aspp,
    conv: ConvNorm,
    head: Head,
}

impl DeepLabV3 {
    fn new(scope: &Scope, options: &DecoderOptions) -> Self {
        let decoder = scope.at("decoder");
        let shape = ConvShape::same(CHANNELS, CHANNELS, 3);
        // The reference leaves this decoder and its head as PyTorch makes them.
        Self {
            aspp: Aspp::new(&decoder.at("aspp"), options.coarsest(), false, options.dropout),
            conv: ConvNorm::new(&decoder.at("conv"), &decoder.at("bn"), shape, Init::PyTorch),
            head: Head::new(scope, CHANNELS, options.classes, 1, Init::PyTorch),
        }
    }
}

impl Decoder for DeepLabV3 {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Coarse {
        let mixed = self.aspp.forward(pyramid.coarsest(), train);
        self.head.forward(&self.conv.forward(&mixed, train).relu_(), pyramid)
    }
}
