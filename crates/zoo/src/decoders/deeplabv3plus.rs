//! DeepLabV3+ on any encoder that can be dilated.
//!
//! Chen, Zhu, Papandreou, Schroff, Adam: Encoder-Decoder with Atrous Separable Convolution, 2018
//! (arXiv:1802.02611), in the form and with the keys of segmentation-models-pytorch 0.6 `DeepLabV3Plus`: encoder
//! dilated to stride 16, its second level beside what the pyramid pooling made.
//!
//! | 512² input, resnet34       | in         | out            |
//! |----------------------------|------------|----------------|
//! | `decoder.aspp.0.convs.*`   | 512 × 32²  | 5 × 256 × 32²  |
//! | `decoder.aspp.0.project`   | 1280 × 32² | 256 × 32²      |
//! | `decoder.aspp.1`, `.2`     | 256 × 32²  | 256 × 32²      |
//! | `decoder.block1`           | 64 × 128²  | 48 × 128²      |
//! | `decoder.block2`           | 304 × 128² | 256 × 128²     |
//! | `segmentation_head`        | 256 × 128² | classes × 512² |

use tch::Tensor;

use super::aspp::{Aspp, CHANNELS, SeparableNormRelu};
use super::head::Head;
use super::{Architecture, Decoder, DecoderOptions, USUAL};
use crate::Coarse;
use crate::layers::{ConvNormRelu, ConvShape, size_of};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

/// The position, of stride 4, of the map beside.
const BESIDE: usize = 2;
/// Channels that the map beside is narrowed to.
const NARROWED: i64 = 48;

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "deeplabv3plus",
    output_stride: 16,
    pools: true,
    dropout: 0.5,
    build: |scope, options| Box::new(DeepLabV3Plus::new(scope, options)),
    ..USUAL
};

#[derive(Debug)]
struct DeepLabV3Plus {
    aspp: Aspp,
    after: SeparableNormRelu,
    narrow: ConvNormRelu,
    merge: SeparableNormRelu,
    head: Head,
}

impl DeepLabV3Plus {
    fn new(scope: &Scope, options: &DecoderOptions) -> Self {
        let decoder = scope.at("decoder");
        let (aspp, merge) = (decoder.at("aspp"), decoder.at("block2"));
        let window = |inputs: i64| ConvShape::same(inputs, CHANNELS, 3);
        let narrowed = ConvShape::same(options.channels(BESIDE), NARROWED, 1);
        // The reference leaves this decoder and its head as PyTorch makes them.
        Self {
            aspp: Aspp::new(&aspp.at(0), options.coarsest(), true, options.dropout),
            after: SeparableNormRelu::new(&aspp.at(1), &aspp.at(2), window(CHANNELS)),
            narrow: ConvNormRelu::new(&decoder.at("block1"), narrowed, Init::PyTorch),
            merge: SeparableNormRelu::new(&merge.at(0), &merge.at(1), window(NARROWED + CHANNELS)),
            head: Head::new(scope, CHANNELS, options.classes, 1, Init::PyTorch),
        }
    }
}

impl Decoder for DeepLabV3Plus {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Coarse {
        let mixed = self.after.forward(&self.aspp.forward(pyramid.coarsest(), train), train);
        let beside = self.narrow.forward(pyramid.expect(BESIDE), train);
        let mixed = mixed.upsample_bilinear2d(size_of(&beside), true, None, None);
        self.head.forward(&self.merge.forward(&Tensor::cat(&[mixed, beside], 1), train), pyramid)
    }
}
