//! ResNet, and ResNeXt by its grouped bottleneck.
//!
//! He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, 2015 (arXiv:1512.03385), with the stride on
//! the bottleneck's 3×3 convolution ("v1.5"). Xie et al.: Aggregated Residual Transformations, 2016
//! (arXiv:1611.05431). Keys: torchvision's, as segmentation-models-pytorch has them below `encoder.`.
//!
//! | 512² input | basic     | bottleneck |                     |
//! |------------|-----------|------------|---------------------|
//! | stride 2   | 64 × 256² | 64 × 256²  | `conv1`, `bn1`      |
//! | stride 4   | 64 × 128² | 256 × 128² | max pool, `layer1`  |
//! | stride 8   | 128 × 64² | 512 × 64²  | `layer2`            |
//! | stride 16  | 256 × 32² | 1024 × 32² | `layer3`            |
//! | stride 32  | 512 × 16² | 2048 × 16² | `layer4`            |

use tch::Tensor;

use super::{Encoder, EncoderOptions};
use crate::Level;
use crate::layers::{BatchNorm2d, Conv2d, ConvShape};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

/// Channels of the stem, and of the first stage before expansion.
const STEM: i64 = 64;

/// A residual block's inner form.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// Two 3×3 convolutions.
    Basic,
    /// 1×1, grouped 3×3, 1×1; `width` is the channels of one group at the first stage.
    Bottleneck { groups: i64, width: i64 },
}

impl Form {
    /// Output channels over a stage's nominal channels.
    fn expansion(self) -> i64 {
        match self {
            Form::Basic => 1,
            Form::Bottleneck { .. } => 4,
        }
    }
}

const BOTTLENECK: Form = Form::Bottleneck { groups: 1, width: 64 };

/// A row of the paper's table 1.
#[derive(Debug)]
pub(super) struct Variant {
    name: &'static str,
    form: Form,
    /// Blocks of the four stages.
    depths: [i64; 4],
}

pub(super) const VARIANTS: &[Variant] = &[
    Variant { name: "resnet18", form: Form::Basic, depths: [2, 2, 2, 2] },
    Variant { name: "resnet34", form: Form::Basic, depths: [3, 4, 6, 3] },
    Variant { name: "resnet50", form: BOTTLENECK, depths: [3, 4, 6, 3] },
    Variant { name: "resnet101", form: BOTTLENECK, depths: [3, 4, 23, 3] },
    Variant { name: "resnet152", form: BOTTLENECK, depths: [3, 8, 36, 3] },
    Variant {
        name: "resnext50_32x4d",
        form: Form::Bottleneck { groups: 32, width: 4 },
        depths: [3, 4, 6, 3],
    },
    Variant {
        name: "resnext101_32x8d",
        form: Form::Bottleneck { groups: 32, width: 8 },
        depths: [3, 4, 23, 3],
    },
];

impl super::Variant for Variant {
    fn name(&self) -> &'static str {
        self.name
    }

    fn levels(&self) -> Vec<Level> {
        let stage =
            |index: u32| Level { stride: 4 << index, channels: (STEM << index) * self.form.expansion() };
        let stem = Level { stride: 2, channels: STEM };
        std::iter::once(stem).chain((0..4).map(stage)).collect()
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        Box::new(ResNet::new(scope, self, options.in_channels))
    }
}

#[derive(Debug)]
struct ResNet {
    levels: Vec<Level>,
    conv1: Conv2d,
    bn1: BatchNorm2d,
    stages: Vec<Vec<Block>>,
}

impl ResNet {
    fn new(scope: &Scope, variant: &Variant, in_channels: i64) -> Self {
        let stem = ConvShape::same(in_channels, STEM, 7).strided(2);
        let conv1 = Conv2d::new(&scope.at("conv1"), stem, Init::KaimingNormalFanOut);
        let bn1 = BatchNorm2d::new(&scope.at("bn1"), STEM);
        let mut inputs = STEM;
        let mut stages = Vec::new();
        for (index, &depth) in variant.depths.iter().enumerate() {
            let stage = scope.at(format!("layer{}", index + 1));
            let channels = STEM << index;
            let block = |block: i64, inputs: i64| {
                let stride = if block == 0 && index > 0 { 2 } else { 1 };
                Block::new(&stage.at(block), variant.form, inputs, channels, stride)
            };
            let first = block(0, inputs);
            inputs = channels * variant.form.expansion();
            stages.push(std::iter::once(first).chain((1..depth).map(|index| block(index, inputs))).collect());
        }
        Self { levels: super::Variant::levels(variant), conv1, bn1, stages }
    }
}

impl Encoder for ResNet {
    fn levels(&self) -> Vec<Level> {
        self.levels.clone()
    }

    fn forward(&self, images: &Tensor, train: bool) -> Pyramid {
        let mut pyramid = Pyramid::of(images);
        let stem = self.bn1.forward(&self.conv1.forward(images), train).relu_();
        let mut features = stem.max_pool2d([3, 3], [2, 2], [1, 1], [1, 1], false);
        pyramid.push(2, stem);
        for (stage, level) in self.stages.iter().zip(&self.levels[1..]) {
            for block in stage {
                features = block.forward(&features, train);
            }
            pyramid.push(level.stride, features.shallow_clone());
        }
        pyramid
    }
}

/// Convolutions `conv1`/`bn1`, … with a shortcut around them, `downsample` where the shape changes.
#[derive(Debug)]
struct Block {
    layers: Vec<(Conv2d, BatchNorm2d)>,
    downsample: Option<(Conv2d, BatchNorm2d)>,
}

impl Block {
    fn new(scope: &Scope, form: Form, inputs: i64, channels: i64, stride: i64) -> Self {
        let outputs = channels * form.expansion();
        let shapes = match form {
            Form::Basic => {
                vec![
                    ConvShape::same(inputs, channels, 3).strided(stride),
                    ConvShape::same(channels, channels, 3),
                ]
            }
            Form::Bottleneck { groups, width } => {
                let inner = channels * width / STEM * groups;
                vec![
                    ConvShape::same(inputs, inner, 1),
                    ConvShape { groups, ..ConvShape::same(inner, inner, 3).strided(stride) },
                    ConvShape::same(inner, outputs, 1),
                ]
            }
        };
        let pair = |conv: &Scope, norm: &Scope, shape: ConvShape| {
            (Conv2d::new(conv, shape, Init::KaimingNormalFanOut), BatchNorm2d::new(norm, shape.outputs))
        };
        let layers = (1..)
            .zip(shapes)
            .map(|(index, shape)| {
                pair(&scope.at(format!("conv{index}")), &scope.at(format!("bn{index}")), shape)
            })
            .collect();
        let downsample = (stride != 1 || inputs != outputs).then(|| {
            let shortcut = scope.at("downsample");
            pair(&shortcut.at(0), &shortcut.at(1), ConvShape::same(inputs, outputs, 1).strided(stride))
        });
        Self { layers, downsample }
    }

    // [B, inputs, H, W] -> [B, outputs, H / stride, W / stride]
    fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        let apply = |(conv, norm): &(Conv2d, BatchNorm2d), x: &Tensor| norm.forward(&conv.forward(x), train);
        let mut features = images.shallow_clone();
        for (index, layer) in self.layers.iter().enumerate() {
            features = apply(layer, &features);
            if index + 1 < self.layers.len() {
                features = features.relu_();
            }
        }
        let shortcut = match &self.downsample {
            Some(layer) => apply(layer, images),
            None => images.shallow_clone(),
        };
        features.g_add_(&shortcut).relu_()
    }
}
