//! PAN on any encoder that can be dilated.
//!
//! Li, Xiong, An, Wang: Pyramid Attention Network, 2018 (arXiv:1805.10180), in the form and with the keys of
//! segmentation-models-pytorch 0.6 `PAN`: encoder dilated to stride 16.
//!
//! | 512² input, resnet34 | in                    | out            |
//! |----------------------|-----------------------|----------------|
//! | `decoder.fpa`        | 512 × 32²             | 32 × 32²       |
//! | `decoder.gau3`       | 256 × 32², 32 × 32²   | 32 × 32²       |
//! | `decoder.gau2`       | 128 × 64², 32 × 32²   | 32 × 64²       |
//! | `decoder.gau1`       | 64 × 128², 32 × 64²   | 32 × 128²      |
//! | `segmentation_head`  | 32 × 128²             | classes × 512² |

use tch::Tensor;

use super::head::Head;
use super::{Architecture, Decoder, DecoderOptions, USUAL};
use crate::Coarse;
use crate::layers::{BatchNorm2d, Conv2d, ConvNorm, ConvShape, Running, size_of};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

const CHANNELS: i64 = 32;

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "pan",
    output_stride: 16,
    // The coarsest map is halved three times.
    min_size: 8 * 16,
    pools: true,
    build: |scope, options| Box::new(Pan::new(scope, options)),
    ..USUAL
};

#[derive(Debug)]
struct Pan {
    fpa: PyramidAttention,
    /// At positions 4, 3 and 2.
    gaus: Vec<Gate>,
    head: Head,
}

impl Pan {
    fn new(scope: &Scope, options: &DecoderOptions) -> Self {
        let decoder = scope.at("decoder");
        let gate = |position: usize| {
            Gate::new(&decoder.at(format!("gau{}", position - 1)), options.channels(position))
        };
        Self {
            fpa: PyramidAttention::new(&decoder.at("fpa"), options.coarsest()),
            gaus: (2..=4).rev().map(gate).collect(),
            head: Head::new(scope, CHANNELS, options.classes, 3, Init::XavierUniform),
        }
    }
}

impl Decoder for Pan {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Coarse {
        let mut features = self.fpa.forward(pyramid.coarsest(), train);
        for (position, gate) in (2..=4).rev().zip(&self.gaus) {
            features = gate.forward(pyramid.expect(position), &features, train);
        }
        self.head.forward(&features, pyramid)
    }
}

/// A convolution with bias and its normalisation: `conv`, `bn`.
fn conv_norm(scope: &Scope, inputs: i64, outputs: i64, kernel: i64) -> ConvNorm {
    let shape = ConvShape::same(inputs, outputs, kernel);
    let conv = Conv2d::with_bias(&scope.at("conv"), shape, Init::KaimingUniform);
    ConvNorm::of(conv, BatchNorm2d::new(&scope.at("bn"), outputs, Running::default()))
}

fn enlarge(features: &Tensor, size: [i64; 2]) -> Tensor {
    features.upsample_bilinear2d(size, true, None, None)
}

/// Feature pyramid attention: a map of weights from three scales, `down*` and `conv*`, on the features themselves,
/// `mid`, and their mean, `branch1`.
#[derive(Debug)]
struct PyramidAttention {
    mean: ConvNorm,
    mid: ConvNorm,
    down1: ConvNorm,
    down2: ConvNorm,
    down3: [ConvNorm; 2],
    conv2: ConvNorm,
    conv1: ConvNorm,
}

impl PyramidAttention {
    fn new(scope: &Scope, inputs: i64) -> Self {
        let layer = |name: &str, index: i64, inputs: i64, outputs: i64, kernel: i64| {
            conv_norm(&scope.at(name).at(index), inputs, outputs, kernel)
        };
        Self {
            mean: layer("branch1", 1, inputs, CHANNELS, 1),
            mid: layer("mid", 0, inputs, CHANNELS, 1),
            down1: layer("down1", 1, inputs, 1, 7),
            down2: layer("down2", 1, 1, 1, 5),
            down3: [layer("down3", 1, 1, 1, 3), layer("down3", 2, 1, 1, 3)],
            conv2: conv_norm(&scope.at("conv2"), 1, 1, 5),
            conv1: conv_norm(&scope.at("conv1"), 1, 1, 7),
        }
    }

    // [B, inputs, H, W] -> [B, CHANNELS, H, W]
    fn forward(&self, features: &Tensor, train: bool) -> Tensor {
        let relu = |layer: &ConvNorm, x: &Tensor| layer.forward(x, train).relu_();
        let halve = |x: &Tensor| x.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false);
        let size = size_of(features);

        let mean = enlarge(&relu(&self.mean, &features.adaptive_avg_pool2d([1, 1])), size);
        let mid = relu(&self.mid, features);
        let half = relu(&self.down1, &halve(features));
        let quarter = relu(&self.down2, &halve(&half));
        let [first, second] = &self.down3;
        let eighth = relu(second, &relu(first, &halve(&quarter)));

        let weights = enlarge(&eighth, size_of(&quarter)) + relu(&self.conv2, &quarter);
        let weights = enlarge(&weights, size_of(&half)) + relu(&self.conv1, &half);
        enlarge(&weights, size) * mid + mean
    }
}

/// Global attention upsampling: the coarser map's means weigh the finer map's channels: `conv1`, `conv2`.
#[derive(Debug)]
struct Gate {
    weigh: ConvNorm,
    conv: ConvNorm,
}

impl Gate {
    fn new(scope: &Scope, inputs: i64) -> Self {
        Self {
            weigh: conv_norm(&scope.at("conv1").at(1), CHANNELS, CHANNELS, 1),
            conv: conv_norm(&scope.at("conv2"), inputs, CHANNELS, 3),
        }
    }

    // [B, inputs, H, W], [B, CHANNELS, h, w] -> [B, CHANNELS, H, W]
    fn forward(&self, finer: &Tensor, coarser: &Tensor, train: bool) -> Tensor {
        let weights = self.weigh.forward(&coarser.adaptive_avg_pool2d([1, 1]), train).sigmoid_();
        enlarge(coarser, size_of(finer)) + self.conv.forward(finer, train).relu_() * weights
    }
}
