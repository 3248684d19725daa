//! Swin: self-attention within windows that every other block shifts.
//!
//! Liu, Lin, Cao, Hu, Wei, Zhang, Lin, Guo: Swin Transformer, 2021 (arXiv:2103.14030), section 3. The mathematics is
//! [`window`](super::window)'s, the keys are a [`Dialect`]'s; the variants here have timm's, as
//! segmentation-models-pytorch's `tu-swin_*` keeps them below `encoder.`. timm takes one image size only unless
//! built with `dynamic_img_size=True`, which changes no key and no result: that form is this one. It remembers the
//! size it was trained at, where the last stage is a single window, and therefore never shifts that one.
//!
//! | 512² input | tiny, small | base       | large      |                                       |
//! |------------|-------------|------------|------------|---------------------------------------|
//! | stride 2   | –           | –          | –          |                                       |
//! | stride 4   | 96 × 128²   | 128 × 128² | 192 × 128² | `model.patch_embed`, `model.layers_0` |
//! | stride 8   | 192 × 64²   | 256 × 64²  | 384 × 64²  | `model.layers_1`                      |
//! | stride 16  | 384 × 32²   | 512 × 32²  | 768 × 32²  | `model.layers_2`                      |
//! | stride 32  | 768 × 16²   | 1024 × 16² | 1536 × 16² | `model.layers_3`                      |

use tch::Tensor;

use super::window::{Block, BlockKeys, EPSILON, LINEAR, Windows};
use super::{Encoder, EncoderOptions};
use crate::layers::{Conv2d, ConvShape, LayerNorm, Linear};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

/// Side of the patches that become the first map's pixels.
const PATCH: i64 = 4;
/// Stochastic depth of the last block; the rate rises linearly from 0 at the first.
const DROP_PATH: f64 = 0.1;

/// A row of the paper's section 3.3.
#[derive(Debug)]
pub(super) struct Variant {
    name: &'static str,
    /// Of the first stage; each next one has twice as many.
    pub(super) channels: i64,
    /// Attention heads of the first stage; each next one has twice as many.
    pub(super) heads: i64,
    pub(super) depths: [i64; 4],
    /// Side of a window, in pixels of its map.
    pub(super) window: i64,
    /// Height and width of the images it was trained on.
    image: i64,
}

pub(super) const VARIANTS: &[Variant] = &[TINY, SMALL, BASE, BASE_384, LARGE, LARGE_384];

pub(super) const TINY: Variant = Variant {
    name: "tu-swin_tiny_patch4_window7_224",
    channels: 96,
    heads: 3,
    depths: [2, 2, 6, 2],
    window: 7,
    image: 224,
};
pub(super) const SMALL: Variant =
    Variant { name: "tu-swin_small_patch4_window7_224", depths: [2, 2, 18, 2], ..TINY };
pub(super) const BASE: Variant =
    Variant { name: "tu-swin_base_patch4_window7_224", channels: 128, heads: 4, ..SMALL };
pub(super) const LARGE: Variant =
    Variant { name: "tu-swin_large_patch4_window7_224", channels: 192, heads: 6, ..SMALL };
pub(super) const BASE_384: Variant =
    Variant { name: "tu-swin_base_patch4_window12_384", window: 12, image: 384, ..BASE };
pub(super) const LARGE_384: Variant =
    Variant { name: "tu-swin_large_patch4_window12_384", window: 12, image: 384, ..LARGE };

impl Variant {
    fn channels_at(&self, stage: usize) -> i64 {
        self.channels << stage
    }

    /// How far timm's blocks shift a stage's windows: not where one window sees all of a training image.
    fn shift(&self, stage: usize) -> i64 {
        if self.image / (PATCH << stage) > self.window { self.window / 2 } else { 0 }
    }
}

/// What a published checkpoint calls the parts, and how they start; a dot separates segments.
#[derive(Debug)]
pub(super) struct Dialect {
    /// Convolution and normalisation.
    pub(super) patches: [&'static str; 2],
    /// How the convolution starts.
    pub(super) patches_init: Init,
    /// Before a stage's number, counted from 0.
    pub(super) stage: &'static str,
    /// Below a stage: normalisation and linear layer.
    pub(super) merging: [&'static str; 2],
    /// Whether the merging is kept with the stage whose outputs it merges, not with the one that it feeds.
    pub(super) merging_behind: bool,
    /// Below a stage, before a block's number.
    pub(super) blocks: &'static str,
    /// Below a block.
    pub(super) block: BlockKeys,
    /// Before a stage's number, counted from 1: the normalisation of its outputs, where the dialect has one.
    pub(super) output_norm: Option<&'static str>,
    /// Whether maps are filled up to whole windows before they are shifted, not after.
    pub(super) pads_first: bool,
    /// By how much odd blocks of a stage shift their windows.
    pub(super) shift: fn(&Variant, usize) -> i64,
}

const TIMM: Dialect = Dialect {
    patches: ["model.patch_embed.proj", "model.patch_embed.norm"],
    patches_init: Init::PyTorch,
    stage: "model.layers_",
    merging: ["downsample.norm", "downsample.reduction"],
    merging_behind: false,
    blocks: "blocks",
    block: BlockKeys {
        norms: ["norm1", "norm2"],
        table: "attn.relative_position_bias_table",
        table_init: LINEAR,
        offsets: None,
        qkv: &["attn.qkv"],
        proj: "attn.proj",
        mlp: ["mlp.fc1", "mlp.fc2"],
    },
    output_norm: None,
    pads_first: false,
    shift: Variant::shift,
};

impl super::Variant for Variant {
    fn name(&self) -> &'static str {
        self.name
    }

    fn channels(&self) -> [i64; 5] {
        [0, self.channels_at(0), self.channels_at(1), self.channels_at(2), self.channels_at(3)]
    }

    fn dilates(&self) -> bool {
        false
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        Box::new(Swin::new(scope, self, &TIMM, options))
    }
}

#[derive(Debug)]
pub(super) struct Swin {
    patches: (Conv2d, LayerNorm),
    /// Only those that are used: timm's checkpoints of a lower depth end there.
    stages: Vec<Stage>,
}

#[derive(Debug)]
struct Stage {
    merging: Option<Merging>,
    windows: Windows,
    blocks: Vec<Block>,
    output_norm: Option<LayerNorm>,
}

impl Swin {
    pub(super) fn new(scope: &Scope, variant: &Variant, dialect: &Dialect, options: EncoderOptions) -> Self {
        let [proj, norm] = dialect.patches.map(|key| scope.at(key));
        let shape = ConvShape::patches(options.in_channels, variant.channels, PATCH);
        let patches = (
            Conv2d::with_bias(&proj, shape, dialect.patches_init),
            LayerNorm::new(&norm, variant.channels, EPSILON),
        );
        let last = (variant.depths.iter().sum::<i64>() - 1) as f64;
        let rate = options.drop_path.unwrap_or(DROP_PATH);
        let mut rates = (0..).map(|block| rate * f64::from(block) / last);
        let count = options.depth - 1;
        let mut merging = None;
        let mut stages = Vec::new();
        for index in 0..count {
            let stage = scope.at(format!("{}{index}", dialect.stage));
            let channels = variant.channels_at(index);
            let merge = |inputs: i64| {
                let [norm, reduction] = dialect.merging.map(|key| stage.at(key));
                Merging::new(&norm, &reduction, inputs)
            };
            if index > 0 && !dialect.merging_behind {
                merging = Some(merge(channels / 2));
            }
            let windows = Windows {
                side: variant.window,
                shift: (dialect.shift)(variant, index),
                pads_first: dialect.pads_first,
            };
            let blocks = stage.at(dialect.blocks);
            let heads = variant.heads << index;
            let block = |(block, rate): (i64, f64)| {
                Block::new(&blocks.at(block), &dialect.block, channels, heads, variant.window, rate)
            };
            let blocks = (0..variant.depths[index]).zip(&mut rates).map(block).collect();
            stages.push(Stage { merging: merging.take(), windows, blocks, output_norm: None });
            if index + 1 < count && dialect.merging_behind {
                merging = Some(merge(channels));
            }
        }
        if let Some(prefix) = dialect.output_norm {
            for (index, stage) in stages.iter_mut().enumerate() {
                let norm = scope.at(format!("{prefix}{}", index + 1));
                stage.output_norm = Some(LayerNorm::new(&norm, variant.channels_at(index), EPSILON));
            }
        }
        Self { patches, stages }
    }
}

impl Encoder for Swin {
    fn forward(&self, images: &Tensor, train: bool) -> Pyramid {
        let mut pyramid = Pyramid::of(images);
        pyramid.skip();
        let (proj, norm) = &self.patches;
        // [B, H, W, C] from here on: windows, linear layers and normalisations all work on whole pixels.
        let mut features = norm.forward(&proj.forward(images).permute([0, 2, 3, 1]));
        for stage in &self.stages {
            if let Some(merging) = &stage.merging {
                features = merging.forward(&features);
            }
            let windows = stage.windows.on(&features);
            for (index, block) in stage.blocks.iter().enumerate() {
                features = block.forward(&features, &windows, index % 2 == 1, train);
            }
            let output = match &stage.output_norm {
                Some(norm) => norm.forward(&features),
                None => features.shallow_clone(),
            };
            pyramid.push(output.permute([0, 3, 1, 2]));
        }
        pyramid
    }
}

/// Every 2×2 pixels as one of twice the channels.
#[derive(Debug)]
struct Merging {
    norm: LayerNorm,
    reduction: Linear,
}

impl Merging {
    fn new(norm: &Scope, reduction: &Scope, inputs: i64) -> Self {
        Self {
            norm: LayerNorm::new(norm, 4 * inputs, EPSILON),
            reduction: Linear::without_bias(reduction, 4 * inputs, 2 * inputs, LINEAR),
        }
    }

    // [B, H, W, C] -> [B, H / 2, W / 2, 2 C]; H and W are even, as images are multiples of 32.
    fn forward(&self, features: &Tensor) -> Tensor {
        let &[batch, height, width, channels] = features.size().as_slice() else {
            unreachable!("features are [B, H, W, C]");
        };
        // The four pixels column by column.
        let quads = features
            .reshape([batch, height / 2, 2, width / 2, 2, channels])
            .permute([0, 1, 3, 4, 2, 5])
            .reshape([batch, height / 2, width / 2, 4 * channels]);
        self.reduction.forward(&self.norm.forward(&quads))
    }
}
