//! DenseNet.
//!
//! Huang, Liu, van der Maaten, Weinberger: Densely Connected Convolutional Networks, 2016 (arXiv:1608.06993), table 1:
//! with bottlenecks, and transitions that halve the channels ("BC"). Keys: torchvision's, as
//! segmentation-models-pytorch has them below `encoder.`.
//!
//! | 512² input | densenet121 | densenet161 |                                                    |
//! |------------|-------------|-------------|----------------------------------------------------|
//! | stride 2   | 64 × 256²   | 96 × 256²   | `features.conv0`, `norm0`                          |
//! | stride 4   | 256 × 128²  | 384 × 128²  | max pool, `denseblock1`, `transition1.norm`        |
//! | stride 8   | 512 × 64²   | 768 × 64²   | `transition1.conv`, average pool, `denseblock2`, … |
//! | stride 16  | 1024 × 32²  | 2112 × 32²  |                                                    |
//! | stride 32  | 1024 × 16²  | 2208 × 16²  | …, `denseblock4`, `norm5`                          |
//!
//! A map is taken within a transition, before its channels are halved; the coarsest is the only one without a ReLU.

use tch::Tensor;

use super::{Encoder, EncoderOptions};
use crate::layers::{BatchNorm2d, Conv2d, ConvNorm, ConvShape, Running};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;
use crate::segment::{Shared, locked, segment, shared};
use crate::switches::Switches;

const INIT: Init = Init::KaimingNormal;
/// Channels between a layer's two convolutions, over those that it adds.
const BOTTLENECK: i64 = 4;

/// A row of the paper's table 1.
#[derive(Debug)]
pub(super) struct Variant {
    name: &'static str,
    stem: i64,
    /// Channels that each layer adds.
    growth: i64,
    /// Layers of the four blocks.
    depths: [i64; 4],
}

pub(super) const VARIANTS: &[Variant] = &[
    Variant { name: "densenet121", stem: 64, growth: 32, depths: [6, 12, 24, 16] },
    Variant { name: "densenet161", stem: 96, growth: 48, depths: [6, 12, 36, 24] },
];

impl super::Variant for Variant {
    fn name(&self) -> &'static str {
        self.name
    }

    fn channels(&self) -> [i64; 5] {
        let mut channels = [self.stem; 5];
        let mut inputs = self.stem;
        for (index, depth) in self.depths.iter().enumerate() {
            channels[index + 1] = inputs + depth * self.growth;
            inputs = channels[index + 1] / 2;
        }
        channels
    }

    fn dilates(&self) -> bool {
        // Its maps shrink by pooling.
        false
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        Box::new(DenseNet::new(&scope.at("features"), self, options))
    }
}

#[derive(Debug)]
struct DenseNet {
    stem: ConvNorm,
    /// All four, as their keys are in checkpoints of any depth.
    stages: Vec<Stage>,
    depth: usize,
}

/// From one map of the pyramid to the next.
#[derive(Debug)]
struct Stage {
    /// What halves the channels of the map before; the first stage does not.
    halve: Option<Conv2d>,
    layers: Vec<Layer>,
    norm: BatchNorm2d,
}

impl DenseNet {
    fn new(scope: &Scope, variant: &Variant, options: EncoderOptions) -> Self {
        let shape = ConvShape::same(options.in_channels, variant.stem, 7).strided(2);
        let stem = ConvNorm::new(&scope.at("conv0"), &scope.at("norm0"), shape, INIT);
        let mut channels = variant.stem;
        let mut stages = Vec::new();
        for (number, depth) in (1..).zip(variant.depths) {
            let halve = (number > 1).then(|| {
                let conv = scope.at(format!("transition{}", number - 1)).at("conv");
                Conv2d::new(&conv, ConvShape::same(channels, channels / 2, 1), INIT)
            });
            if halve.is_some() {
                channels /= 2;
            }
            let block = scope.at(format!("denseblock{number}"));
            let layer = |index: i64| {
                let inputs = channels + index * variant.growth;
                Layer::new(&block.at(format!("denselayer{}", index + 1)), inputs, variant.growth)
            };
            let layers = (0..depth).map(layer).collect();
            channels += depth * variant.growth;
            let norm = match number {
                4 => scope.at("norm5"),
                _ => scope.at(format!("transition{number}")).at("norm"),
            };
            let norm = BatchNorm2d::new(&norm, channels, Running::default());
            stages.push(Stage { halve, layers, norm });
        }
        Self { stem, stages, depth: options.depth }
    }
}

impl Encoder for DenseNet {
    fn forward(&self, images: &Tensor, train: bool) -> Pyramid {
        let mut pyramid = Pyramid::of(images);
        let mut features = self.stem.forward(images, train).relu_();
        pyramid.push(features.shallow_clone());
        for (number, stage) in (1..).zip(&self.stages[..self.depth - 1]) {
            let mut map = stage.forward(&features, train);
            features = if number < self.stages.len() { map.relu_() } else { map };
            pyramid.push(features.shallow_clone());
        }
        pyramid
    }
}

impl Stage {
    // [B, C, H, W] -> [B, C or C / 2 and what the layers add, H / 2, W / 2]
    fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        let mut maps = vec![match &self.halve {
            Some(conv) => conv.forward(images).avg_pool2d([2, 2], [2, 2], [0, 0], false, true, None),
            None => images.max_pool2d([3, 3], [2, 2], [1, 1], [1, 1], false),
        }];
        for layer in &self.layers {
            maps.push(layer.forward(&maps, train));
        }
        self.norm.forward(&Tensor::cat(&maps, 1), train)
    }
}

/// Normalised first: `norm1`, `conv1`, `norm2`, `conv2`.
#[derive(Debug)]
struct Layer {
    convolutions: Shared<Convolutions>,
    switches: Switches,
}

#[derive(Debug)]
struct Convolutions {
    norm: BatchNorm2d,
    /// 1×1, with the second normalisation.
    narrow: ConvNorm,
    /// 3×3.
    add: Conv2d,
}

impl Layer {
    fn new(scope: &Scope, inputs: i64, growth: i64) -> Self {
        let inner = growth * BOTTLENECK;
        let norm = BatchNorm2d::new(&scope.at("norm1"), inputs, Running::default());
        let narrow =
            ConvNorm::new(&scope.at("conv1"), &scope.at("norm2"), ConvShape::same(inputs, inner, 1), INIT);
        let add = Conv2d::new(&scope.at("conv2"), ConvShape::same(inner, growth, 3), INIT);
        Self { convolutions: shared(Convolutions { norm, narrow, add }), switches: scope.switches() }
    }

    /// What it adds to `maps`, all those before it in its block. Where training computes segments twice, the maps'
    /// concatenation is not kept either.
    fn forward(&self, maps: &[Tensor], train: bool) -> Tensor {
        let convolutions = Shared::clone(&self.convolutions);
        let inputs: Vec<&Tensor> = maps.iter().collect();
        segment(&self.switches, train, &inputs, move |maps| locked(&convolutions).forward(maps, train))
    }
}

impl Convolutions {
    // [[B, c, H, W], …] -> [B, growth, H, W]
    fn forward(&self, maps: &[Tensor], train: bool) -> Tensor {
        let normalised = self.norm.forward(&Tensor::cat(maps, 1), train).relu_();
        self.add.forward(&self.narrow.forward(&normalised, train).relu_())
    }
}
