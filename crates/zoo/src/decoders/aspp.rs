//! Atrous spatial pyramid pooling, the centre of both DeepLabs.
//!
//! Chen, Papandreou, Schroff, Adam: Rethinking Atrous Convolution, 2017 (arXiv:1706.05587); with separable
//! convolutions Chen, Zhu, Papandreou, Schroff, Adam, 2018 (arXiv:1802.02611).

use tch::Tensor;

use crate::layers::{Conv2d, ConvNorm, ConvNormRelu, ConvShape, size_of};
use crate::parameters::{Init, Scope};

/// Output channels of everything in the decoder.
pub(super) const CHANNELS: i64 = 256;
/// How far apart the pixels of the three dilated windows are.
const RATES: [i64; 3] = [12, 24, 36];

/// Five views of the same features side by side, `convs`, and their mixture, `project`.
#[derive(Debug)]
pub(super) struct Aspp {
    point: ConvNormRelu,
    dilated: Vec<Dilated>,
    pooled: ConvNorm,
    project: ConvNormRelu,
    dropout: f64,
}

#[derive(Debug)]
enum Dilated {
    Dense(ConvNormRelu),
    Separable(SeparableNormRelu),
}

impl Aspp {
    pub(super) fn new(scope: &Scope, inputs: i64, separable: bool, dropout: f64) -> Self {
        let convs = scope.at("convs");
        let point = ConvShape::same(inputs, CHANNELS, 1);
        let dilated = |(index, rate): (usize, i64)| {
            let scope = convs.at(index);
            let window = ConvShape::same(inputs, CHANNELS, 3).dilated(rate);
            if separable {
                Dilated::Separable(SeparableNormRelu::new(&scope.at(0), &scope.at(1), window))
            } else {
                Dilated::Dense(ConvNormRelu::new(&scope, window, Init::PyTorch))
            }
        };
        Self {
            point: ConvNormRelu::new(&convs.at(0), point, Init::PyTorch),
            dilated: (1..).zip(RATES).map(dilated).collect(),
            pooled: ConvNorm::new(&convs.at(4).at(1), &convs.at(4).at(2), point, Init::PyTorch),
            project: ConvNormRelu::new(
                &scope.at("project"),
                ConvShape::same(5 * CHANNELS, CHANNELS, 1),
                Init::PyTorch,
            ),
            dropout,
        }
    }

    // [B, inputs, H, W] -> [B, CHANNELS, H, W]
    pub(super) fn forward(&self, features: &Tensor, train: bool) -> Tensor {
        let mut views = vec![self.point.forward(features, train)];
        views.extend(self.dilated.iter().map(|conv| match conv {
            Dilated::Dense(conv) => conv.forward(features, train),
            Dilated::Separable(conv) => conv.forward(features, train),
        }));
        let pooled = self.pooled.forward(&features.adaptive_avg_pool2d([1, 1]), train).relu_();
        views.push(pooled.upsample_bilinear2d(size_of(features), false, None, None));
        self.project.forward(&Tensor::cat(&views, 1), train).dropout(self.dropout, train)
    }
}

/// A convolution of each channel by itself, `0.weight`, one across channels, `1.weight`, batch normalisation, ReLU.
#[derive(Debug)]
pub(super) struct SeparableNormRelu {
    depthwise: Conv2d,
    pointwise: ConvNorm,
}

impl SeparableNormRelu {
    /// `shape` is the dense convolution that this stands in for.
    pub(super) fn new(conv: &Scope, norm: &Scope, shape: ConvShape) -> Self {
        let depthwise = ConvShape { outputs: shape.inputs, groups: shape.inputs, ..shape };
        let pointwise = ConvShape::same(shape.inputs, shape.outputs, 1);
        Self {
            depthwise: Conv2d::new(&conv.at(0), depthwise, Init::PyTorch),
            pointwise: ConvNorm::new(&conv.at(1), norm, pointwise, Init::PyTorch),
        }
    }

    pub(super) fn forward(&self, features: &Tensor, train: bool) -> Tensor {
        self.pointwise.forward(&self.depthwise.forward(features), train).relu_()
    }
}
