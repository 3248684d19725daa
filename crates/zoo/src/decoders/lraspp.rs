//! Lite reduced atrous spatial pyramid pooling on MobileNetV3.
//!
//! Howard et al.: Searching for MobileNetV3, 2019 (arXiv:1905.02244), section 6.4, in the form and with the keys of
//! torchvision's `lraspp_mobilenet_v3_large`.
//!
//! | 512² input                   | in            | out            |
//! |------------------------------|---------------|----------------|
//! | `classifier.cbr`             | 960 × 32²     | 128 × 32²      |
//! | `classifier.scale`           | 960 × 1²      | 128 × 1²       |
//! | `classifier.low_classifier`  | 40 × 64²      | classes × 64²  |
//! | `classifier.high_classifier` | 128 × 64²     | classes × 64²  |
//! | sum, upsampled               | classes × 64² | classes × 512² |

use super::{Architecture, Decoder, DecoderOptions, TORCHVISION};
use crate::Coarse;
use crate::layers::{Conv2d, ConvNormRelu, ConvShape, size_of};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

const CHANNELS: i64 = 128;
/// The position of the finer of the two maps, of stride 8.
const LOW: usize = 3;

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "lraspp",
    known_as: "lraspp_",
    encoders: &["mobilenet_v3_large"],
    output_stride: 16,
    build: |scope, options| Box::new(Lraspp::new(&scope.at("classifier"), options)),
    ..TORCHVISION
};

#[derive(Debug)]
struct Lraspp {
    cbr: ConvNormRelu,
    scale: Conv2d,
    low_classifier: Conv2d,
    high_classifier: Conv2d,
}

impl Lraspp {
    fn new(scope: &Scope, options: &DecoderOptions) -> Self {
        let reduced = ConvShape::same(options.coarsest(), CHANNELS, 1);
        let classifier = |name: &str, inputs: i64| {
            Conv2d::with_bias(&scope.at(name), ConvShape::same(inputs, options.classes, 1), Init::PyTorch)
        };
        Self {
            cbr: ConvNormRelu::new(&scope.at("cbr"), reduced, Init::PyTorch),
            scale: Conv2d::new(&scope.at("scale").at(1), reduced, Init::PyTorch),
            low_classifier: classifier("low_classifier", options.channels(LOW)),
            high_classifier: classifier("high_classifier", CHANNELS),
        }
    }
}

impl Decoder for Lraspp {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Coarse {
        let (low, high) = (pyramid.expect(LOW), pyramid.coarsest());
        let scale = self.scale.forward(&high.adaptive_avg_pool2d([1, 1])).sigmoid_();
        let scaled =
            (self.cbr.forward(high, train) * scale).upsample_bilinear2d(size_of(low), false, None, None);
        let logits = self.low_classifier.forward(low) + self.high_classifier.forward(&scaled);
        Coarse { logits, size: pyramid.size_at(0), align_corners: false }
    }
}
