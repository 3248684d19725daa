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

use std::rc::Rc;

use tch::Tensor;

use super::{Encoder, EncoderOptions, Library};
use crate::layers::{ConvNorm, ConvShape};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;
use crate::segment::segment;
use crate::switches::Switches;

/// Channels of the stem, and of the first stage before expansion.
pub(super) const STEM: i64 = 64;

/// A residual block's inner form.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// Two 3×3 convolutions.
    Basic,
    /// 1×1, grouped 3×3, 1×1; `width` is the channels of one group at the first stage.
    Bottleneck { groups: i64, width: i64 },
}

impl Form {
    /// Output channels over a stage's nominal channels.
    pub(super) fn expansion(self) -> i64 {
        match self {
            Form::Basic => 1,
            Form::Bottleneck { .. } => 4,
        }
    }
}

pub(super) const BOTTLENECK: Form = Form::Bottleneck { groups: 1, width: 64 };

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

    fn channels(&self) -> [i64; 5] {
        let stage = |index: usize| (STEM << index) * self.form.expansion();
        [STEM, stage(0), stage(1), stage(2), stage(3)]
    }

    fn libraries(&self) -> &'static [Library] {
        &[Library::Smp, Library::Torchvision]
    }

    fn dilates(&self) -> bool {
        true
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        Box::new(ResNet::new(scope, self, options))
    }
}

#[derive(Debug)]
struct ResNet {
    stem: ConvNorm,
    /// All four, as their keys are in checkpoints of any depth.
    stages: Vec<Vec<Block>>,
    depth: usize,
}

impl ResNet {
    fn new(scope: &Scope, variant: &Variant, options: EncoderOptions) -> Self {
        let shape = ConvShape::same(options.in_channels, STEM, 7).strided(2);
        let stem = ConvNorm::new(&scope.at("conv1"), &scope.at("bn1"), shape, Init::KaimingNormalFanOut);
        let mut inputs = STEM;
        let mut stages = Vec::new();
        for (index, &depth) in variant.depths.iter().enumerate() {
            let stage = scope.at(format!("layer{}", index + 1));
            let channels = STEM << index;
            let dilation = options.dilation(4 << index);
            let stride = if index > 0 && dilation == 1 { 2 } else { 1 };
            let block = |block: i64, inputs: i64, steps: Steps| {
                Block::new(&stage.at(block), variant.form, inputs, channels, steps)
            };
            let first = block(0, inputs, Steps { stride, dilation: options.first_dilation(4 << index) });
            inputs = channels * variant.form.expansion();
            let others = (1..depth).map(|index| block(index, inputs, Steps { stride: 1, dilation }));
            stages.push(std::iter::once(first).chain(others).collect());
        }
        Self { stem, stages, depth: options.depth }
    }
}

impl Encoder for ResNet {
    fn forward(&self, images: &Tensor, train: bool) -> Pyramid {
        let mut pyramid = Pyramid::of(images);
        let stem = self.stem.forward(images, train).relu_();
        let mut features = stem.max_pool2d([3, 3], [2, 2], [1, 1], [1, 1], false);
        pyramid.push(stem);
        for stage in &self.stages[..self.depth - 1] {
            for block in stage {
                features = block.forward(&features, train);
            }
            pyramid.push(features.shallow_clone());
        }
        pyramid
    }
}

/// How a block's middle convolution moves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps {
    pub(super) stride: i64,
    pub(super) dilation: i64,
}

/// Convolutions `conv1`/`bn1`, … with a shortcut around them, `downsample` where the shape changes.
#[derive(Debug)]
pub(super) struct Block {
    branches: Rc<Branches>,
    switches: Switches,
}

#[derive(Debug)]
struct Branches {
    layers: Vec<ConvNorm>,
    downsample: Option<ConvNorm>,
}

impl Block {
    pub(super) fn new(scope: &Scope, form: Form, inputs: i64, channels: i64, steps: Steps) -> Self {
        let Steps { stride, dilation } = steps;
        let outputs = channels * form.expansion();
        let shapes = match form {
            Form::Basic => {
                vec![
                    ConvShape::same(inputs, channels, 3).strided(stride).dilated(dilation),
                    ConvShape::same(channels, channels, 3).dilated(dilation),
                ]
            }
            Form::Bottleneck { groups, width } => {
                let inner = channels * width / STEM * groups;
                vec![
                    ConvShape::same(inputs, inner, 1),
                    ConvShape { groups, ..ConvShape::same(inner, inner, 3) }
                        .strided(stride)
                        .dilated(dilation),
                    ConvShape::same(inner, outputs, 1),
                ]
            }
        };
        let layers = (1..)
            .zip(shapes)
            .map(|(index, shape)| {
                let (conv, norm) = (scope.at(format!("conv{index}")), scope.at(format!("bn{index}")));
                ConvNorm::new(&conv, &norm, shape, Init::KaimingNormalFanOut)
            })
            .collect();
        let downsample = (stride != 1 || inputs != outputs).then(|| {
            let shortcut = scope.at("downsample");
            let shape = ConvShape::same(inputs, outputs, 1).strided(stride);
            ConvNorm::new(&shortcut.at(0), &shortcut.at(1), shape, Init::KaimingNormalFanOut)
        });
        Self { branches: Rc::new(Branches { layers, downsample }), switches: scope.switches() }
    }

    pub(super) fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        let branches = Rc::clone(&self.branches);
        segment(&self.switches, train, &[images], move |images| branches.forward(&images[0], train))
    }
}

impl Branches {
    // [B, inputs, H, W] -> [B, outputs, H / stride, W / stride]
    fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        let mut features = images.shallow_clone();
        for (index, layer) in self.layers.iter().enumerate() {
            features = layer.forward(&features, train);
            if index + 1 < self.layers.len() {
                features = features.relu_();
            }
        }
        let shortcut = match &self.downsample {
            Some(layer) => layer.forward(images, train),
            None => images.shallow_clone(),
        };
        features.g_add_(&shortcut).relu_()
    }
}
