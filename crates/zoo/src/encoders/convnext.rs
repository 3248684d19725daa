//! ConvNeXt.
//!
//! Liu, Mao, Wu, Feichtenhofer, Darrell, Xie: A ConvNet for the 2020s, 2022 (arXiv:2201.03545), section 2 and
//! appendix A.1. The mathematics is one, the keys are a [`Dialect`]'s; the variants here have timm's, as
//! segmentation-models-pytorch's `tu-convnext_*` keeps them below `encoder.`.
//!
//! | 512² input | tiny, small | base       |                                        |
//! |------------|-------------|------------|----------------------------------------|
//! | stride 2   | –           | –          |                                        |
//! | stride 4   | 96 × 128²   | 128 × 128² | `model.stem_0`, `stem_1`, `stages_0`   |
//! | stride 8   | 192 × 64²   | 256 × 64²  | `model.stages_1`                       |
//! | stride 16  | 384 × 32²   | 512 × 32²  | `model.stages_2`                       |
//! | stride 32  | 768 × 16²   | 1024 × 16² | `model.stages_3`                       |

use tch::Tensor;

use super::{Encoder, EncoderOptions};
use crate::layers::{Conv2d, ConvShape, LayerNorm, Linear, drop_path};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;
use crate::segment::{Shared, locked, segment, shared};
use crate::switches::Switches;

/// Side of the patches that become the first map's pixels.
const PATCH: i64 = 4;
/// Hidden over outer channels of a block's feed-forward layer.
const EXPANSION: i64 = 4;
/// ε of every normalisation.
const EPSILON: f64 = 1e-6;
/// Where the layer scale starts.
const SCALE: f64 = 1e-6;
/// The references draw a normal, truncated or not, a hundred standard deviations away at the nearest.
const WEIGHT: Init = Init::Normal { std: 0.02 };

/// A row of the paper's section 3.1.
#[derive(Debug)]
pub(super) struct Variant {
    name: &'static str,
    pub(super) channels: [i64; 4],
    pub(super) depths: [i64; 4],
}

pub(super) const VARIANTS: &[Variant] = &[TINY, SMALL, BASE];

pub(super) const TINY: Variant =
    Variant { name: "tu-convnext_tiny", channels: [96, 192, 384, 768], depths: [3, 3, 9, 3] };
pub(super) const SMALL: Variant =
    Variant { name: "tu-convnext_small", channels: [96, 192, 384, 768], depths: [3, 3, 27, 3] };
pub(super) const BASE: Variant =
    Variant { name: "tu-convnext_base", channels: [128, 256, 512, 1024], depths: [3, 3, 27, 3] };

/// What a published checkpoint calls the parts, in the order of its keys; a dot separates segments.
#[derive(Debug)]
pub(super) struct Dialect {
    /// Convolution and normalisation.
    pub(super) stem: [&'static str; 2],
    /// Before a stage's number, counted from 0.
    pub(super) stage: &'static str,
    /// Normalisation and convolution, below a stage.
    pub(super) downsample: [&'static str; 2],
    /// Below a stage, before a block's number.
    pub(super) blocks: &'static str,
    /// Below a block, as the next ones.
    pub(super) scale: &'static str,
    pub(super) conv: &'static str,
    pub(super) norm: &'static str,
    /// The two layers of the feed-forward part.
    pub(super) mlp: [&'static str; 2],
    /// Before a stage's number, counted from 1: the normalisation of its outputs, where the dialect has one.
    pub(super) output_norm: Option<&'static str>,
}

const TIMM: Dialect = Dialect {
    stem: ["model.stem_0", "model.stem_1"],
    stage: "model.stages_",
    downsample: ["downsample.0", "downsample.1"],
    blocks: "blocks",
    scale: "gamma",
    conv: "conv_dw",
    norm: "norm",
    mlp: ["mlp.fc1", "mlp.fc2"],
    output_norm: None,
};

impl super::Variant for Variant {
    fn name(&self) -> &'static str {
        self.name
    }

    fn channels(&self) -> [i64; 5] {
        let [first, second, third, fourth] = self.channels;
        [0, first, second, third, fourth]
    }

    fn dilates(&self) -> bool {
        true
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        Box::new(ConvNeXt::new(scope, self, &TIMM, options))
    }
}

#[derive(Debug)]
pub(super) struct ConvNeXt {
    stem: (Conv2d, LayerNorm),
    /// Only those that are used: timm's checkpoints of a lower depth end there.
    stages: Vec<Stage>,
}

#[derive(Debug)]
struct Stage {
    downsample: Option<(LayerNorm, Conv2d)>,
    blocks: Vec<Block>,
    output_norm: Option<LayerNorm>,
}

impl ConvNeXt {
    pub(super) fn new(scope: &Scope, variant: &Variant, dialect: &Dialect, options: EncoderOptions) -> Self {
        let [stem_conv, stem_norm] = dialect.stem.map(|key| scope.at(key));
        let patches = ConvShape::patches(options.in_channels, variant.channels[0], PATCH);
        let stem = (
            Conv2d::with_bias(&stem_conv, patches, WEIGHT),
            LayerNorm::new(&stem_norm, variant.channels[0], EPSILON),
        );
        let last = (variant.depths.iter().sum::<i64>() - 1) as f64;
        let rate = options.drop_path.unwrap_or(0.0);
        let mut rates = (0..).map(|block| rate * f64::from(block) / last);
        let mut stages = Vec::new();
        for index in 0..options.depth - 1 {
            let stage = scope.at(format!("{}{index}", dialect.stage));
            let channels = variant.channels[index];
            let dilation = options.dilation(4 << index);
            let downsample = (index > 0).then(|| {
                let [norm, conv] = dialect.downsample.map(|key| stage.at(key));
                let inputs = variant.channels[index - 1];
                let patches = ConvShape::patches(inputs, channels, 2);
                let patches = match dilation {
                    1 => patches,
                    // timm keeps the window, as far apart as the stage before has it.
                    _ => patches.strided(1).dilated(options.dilation(2 << index)).tensorflow(),
                };
                (LayerNorm::new(&norm, inputs, EPSILON), Conv2d::with_bias(&conv, patches, WEIGHT))
            });
            let blocks = stage.at(dialect.blocks);
            let block = |(block, rate): (i64, f64)| {
                Block::new(
                    &blocks.at(block),
                    dialect,
                    ConvShape::depthwise(channels, 7).dilated(dilation),
                    rate,
                )
            };
            let blocks = (0..variant.depths[index]).zip(&mut rates).map(block).collect();
            stages.push(Stage { downsample, blocks, output_norm: None });
        }
        if let Some(prefix) = dialect.output_norm {
            for (stage, (&channels, number)) in stages.iter_mut().zip(variant.channels.iter().zip(1..)) {
                let norm = scope.at(format!("{prefix}{number}"));
                stage.output_norm = Some(LayerNorm::new(&norm, channels, EPSILON));
            }
        }
        Self { stem, stages }
    }
}

impl Encoder for ConvNeXt {
    fn forward(&self, images: &Tensor, train: bool) -> Pyramid {
        let mut pyramid = Pyramid::of(images);
        pyramid.skip();
        let (conv, norm) = &self.stem;
        let mut features = normalised(norm, &conv.forward(images));
        for stage in &self.stages {
            if let Some((norm, conv)) = &stage.downsample {
                features = conv.forward(&normalised(norm, &features));
            }
            for block in &stage.blocks {
                features = block.forward(&features, train);
            }
            pyramid.push(match &stage.output_norm {
                Some(norm) => normalised(norm, &features),
                None => features.shallow_clone(),
            });
        }
        pyramid
    }
}

// [B, C, H, W] -> [B, C, H, W], normalised over C.
fn normalised(norm: &LayerNorm, images: &Tensor) -> Tensor {
    norm.forward(&images.permute([0, 2, 3, 1])).permute([0, 3, 1, 2])
}

/// A depthwise convolution, then a feed-forward layer on each pixel, scaled and added to the input.
#[derive(Debug)]
struct Block {
    layers: Shared<Layers>,
    switches: Switches,
}

#[derive(Debug)]
struct Layers {
    scale: Tensor,
    conv: Conv2d,
    norm: LayerNorm,
    mlp: [Linear; 2],
    drop_path: f64,
}

impl Block {
    fn new(scope: &Scope, dialect: &Dialect, conv: ConvShape, drop_path: f64) -> Self {
        let channels = conv.outputs;
        let [first, second] = dialect.mlp.map(|key| scope.at(key));
        let layers = Layers {
            scale: scope.parameter(dialect.scale, &[channels], Init::Constant(SCALE)),
            conv: Conv2d::with_bias(&scope.at(dialect.conv), conv, WEIGHT),
            norm: LayerNorm::new(&scope.at(dialect.norm), channels, EPSILON),
            mlp: [
                Linear::new(&first, channels, channels * EXPANSION, WEIGHT),
                Linear::new(&second, channels * EXPANSION, channels, WEIGHT),
            ],
            drop_path,
        };
        Self { layers: shared(layers), switches: scope.switches() }
    }

    fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        let layers = Shared::clone(&self.layers);
        segment(&self.switches, train, &[images], move |images| locked(&layers).forward(&images[0], train))
    }
}

impl Layers {
    // [B, C, H, W] -> [B, C, H, W]
    fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        let [first, second] = &self.mlp;
        let pixels = self.norm.forward(&self.conv.forward(images).permute([0, 2, 3, 1]));
        let branch = second.forward(&first.forward(&pixels).gelu("none")) * &self.scale;
        images + drop_path(branch.permute([0, 3, 1, 2]), self.drop_path, train)
    }
}
