//! MiT, the Mix Transformer encoder of SegFormer.
//!
//! Xie, Wang, Yu, Anandkumar, Alvarez, Luo: SegFormer, 2021 (arXiv:2105.15203), tables 6 and 7. Keys:
//! segmentation-models-pytorch's `mit_b*`, which are the authors' own, or those of transformers' checkpoints; in the
//! comments below the former.
//!
//! | 512² input | b0        | b1 … b5   |                                            |
//! |------------|-----------|-----------|--------------------------------------------|
//! | stride 4   | 32 × 128² | 64 × 128² | `patch_embed1`, `block1`, `norm1`          |
//! | stride 8   | 64 × 64²  | 128 × 64² | `patch_embed2`, …                          |
//! | stride 16  | 160 × 32² | 320 × 32² |                                            |
//! | stride 32  | 256 × 16² | 512 × 16² |                                            |

mod names;

use tch::Tensor;

use self::names::{KeyValue, Names};
use super::{Encoder, EncoderOptions, Library};
use crate::layers::{Conv2d, ConvShape, LayerNorm, Linear, drop_path, size_of, to_images, to_tokens};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;
use crate::segment::{Shared, locked, segment, shared};
use crate::switches::Switches;

/// Attention heads of the four stages.
const HEADS: [i64; 4] = [1, 2, 5, 8];
/// By how much each stage thins the keys and values, along either axis.
const REDUCTIONS: [i64; 4] = [8, 4, 2, 1];
/// Hidden over outer channels of the feed-forward layer.
const EXPANSION: i64 = 4;
/// Stochastic depth of the last block; the rate rises linearly from 0 at the first.
const DROP_PATH: f64 = 0.1;
/// The reference draws a normal truncated at ±2, a hundred standard deviations away.
const LINEAR: Init = Init::Normal { std: 0.02 };

/// A row of the paper's table 6.
#[derive(Debug)]
pub(super) struct Variant {
    name: &'static str,
    channels: [i64; 4],
    depths: [i64; 4],
}

const WIDE: [i64; 4] = [64, 128, 320, 512];

pub(super) const VARIANTS: &[Variant] = &[
    Variant { name: "mit_b0", channels: [32, 64, 160, 256], depths: [2, 2, 2, 2] },
    Variant { name: "mit_b1", channels: WIDE, depths: [2, 2, 2, 2] },
    Variant { name: "mit_b2", channels: WIDE, depths: [3, 4, 6, 3] },
    Variant { name: "mit_b3", channels: WIDE, depths: [3, 4, 18, 3] },
    Variant { name: "mit_b4", channels: WIDE, depths: [3, 8, 27, 3] },
    Variant { name: "mit_b5", channels: WIDE, depths: [3, 6, 40, 3] },
];

impl super::Variant for Variant {
    fn name(&self) -> &'static str {
        self.name
    }

    fn channels(&self) -> [i64; 5] {
        let [first, second, third, fourth] = self.channels;
        [0, first, second, third, fourth]
    }

    fn libraries(&self) -> &'static [Library] {
        &[Library::Smp, Library::Transformers]
    }

    fn dilates(&self) -> bool {
        true
    }

    fn refused_by(&self) -> &'static [&'static str] {
        &["unetplusplus", "linknet"]
    }

    fn min_size(&self) -> i64 {
        // The first stage thins its keys by 8 × 8 windows at stride 4.
        32
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        Box::new(MixTransformer::new(scope, self, options))
    }
}

#[derive(Debug)]
struct MixTransformer {
    /// All four, as their keys are in checkpoints of any depth.
    stages: Vec<Stage>,
    depth: usize,
}

#[derive(Debug)]
struct Stage {
    patch_embed: PatchEmbed,
    blocks: Vec<Block>,
    norm: LayerNorm,
}

impl MixTransformer {
    fn new(scope: &Scope, variant: &Variant, options: EncoderOptions) -> Self {
        let last = (variant.depths.iter().sum::<i64>() - 1) as f64;
        let rate = options.drop_path.unwrap_or(DROP_PATH);
        let mut rates = (0..).map(|block| rate * f64::from(block) / last);
        let names = Names::of(options.library);
        let mut inputs = options.in_channels;
        let part = |name: &str, index: usize| scope.at(format!("{name}{}", names.first + index));
        let mut patch_embed = |index: usize| {
            let (kernel, stride) = if index == 0 { (7, 4) } else { (3, 2) };
            let patches = ConvShape::same(inputs, variant.channels[index], kernel);
            let dilation = options.dilation(4 << index);
            let patches = if dilation > 1 { patches.dilated(dilation) } else { patches.strided(stride) };
            inputs = variant.channels[index];
            PatchEmbed::new(&part(names.patch_embed, index), patches, names)
        };
        // The authors register the four embeddings before the first block.
        let patch_embeds = [0, 1, 2, 3].map(&mut patch_embed);
        let mut stages = Vec::new();
        for (index, patch_embed) in patch_embeds.into_iter().enumerate() {
            let channels = variant.channels[index];
            let blocks = part(names.block, index);
            let form = Form {
                channels,
                heads: HEADS[index],
                reduction: REDUCTIONS[index],
                dilation: options.dilation(4 << index),
                names,
            };
            let block = |(block, rate): (i64, f64)| Block::new(&blocks.at(block), form, rate);
            stages.push(Stage {
                patch_embed,
                blocks: (0..variant.depths[index]).zip(&mut rates).map(block).collect(),
                norm: LayerNorm::new(&part(names.norm, index), channels, names.epsilon),
            });
        }
        Self { stages, depth: options.depth }
    }
}

impl Encoder for MixTransformer {
    fn forward(&self, images: &Tensor, train: bool) -> Pyramid {
        let mut pyramid = Pyramid::of(images);
        pyramid.skip();
        let mut features = images.shallow_clone();
        for stage in &self.stages[..self.depth - 1] {
            let (mut tokens, size) = stage.patch_embed.forward(&features);
            for block in &stage.blocks {
                tokens = block.forward(&tokens, size, train);
            }
            features = to_images(&stage.norm.forward(&tokens), size);
            pyramid.push(features.shallow_clone());
        }
        pyramid
    }
}

/// Overlapping patches as tokens: `proj`, `norm`.
#[derive(Debug)]
struct PatchEmbed {
    proj: Conv2d,
    norm: LayerNorm,
}

impl PatchEmbed {
    fn new(scope: &Scope, shape: ConvShape, names: &Names) -> Self {
        Self {
            proj: Conv2d::with_bias(&scope.at("proj"), shape, (names.conv_init)(shape)),
            norm: LayerNorm::new(&scope.at(names.patch_norm), shape.outputs, 1e-5),
        }
    }

    // [B, inputs, H, W] -> [B, H/s · W/s, channels], and the size H/s, W/s
    fn forward(&self, images: &Tensor) -> (Tensor, [i64; 2]) {
        let patches = self.proj.forward(images);
        (self.norm.forward(&to_tokens(&patches)), size_of(&patches))
    }
}

/// What the blocks of one stage share.
#[derive(Debug, Clone, Copy)]
struct Form {
    channels: i64,
    heads: i64,
    /// By how much keys and values are thinned; not at all where the stage is dilated.
    reduction: i64,
    /// How far apart the pixels of all windows are.
    dilation: i64,
    names: &'static Names,
}

/// Attention, then feed-forward, each normalised first and added to its input: `norm1`, `attn`, `norm2`, `mlp`.
#[derive(Debug)]
struct Block {
    layers: Shared<Layers>,
    switches: Switches,
}

#[derive(Debug)]
struct Layers {
    norm1: LayerNorm,
    attn: Attention,
    norm2: LayerNorm,
    mlp: MixFeedForward,
    drop_path: f64,
}

impl Block {
    fn new(scope: &Scope, form: Form, drop_path: f64) -> Self {
        let norm = |name: &str| LayerNorm::new(&scope.at(name), form.channels, form.names.epsilon);
        let [norm1, norm2] = form.names.norms;
        let layers = Layers {
            norm1: norm(norm1),
            attn: Attention::new(scope, form),
            norm2: norm(norm2),
            mlp: MixFeedForward::new(scope, form),
            drop_path,
        };
        Self { layers: shared(layers), switches: scope.switches() }
    }

    fn forward(&self, tokens: &Tensor, size: [i64; 2], train: bool) -> Tensor {
        let layers = Shared::clone(&self.layers);
        segment(&self.switches, train, &[tokens], move |tokens| {
            locked(&layers).forward(&tokens[0], size, train)
        })
    }
}

impl Layers {
    // [B, H·W, C] -> [B, H·W, C]
    fn forward(&self, tokens: &Tensor, size: [i64; 2], train: bool) -> Tensor {
        let attended = self.attn.forward(&self.norm1.forward(tokens), size);
        let tokens = tokens + drop_path(attended, self.drop_path, train);
        let mixed = self.mlp.forward(&self.norm2.forward(&tokens), size);
        &tokens + drop_path(mixed, self.drop_path, train)
    }
}

/// Self-attention whose keys and values are thinned by a strided convolution: `attn.` with `q`, `kv`, `sr`, `norm`,
/// `proj`.
#[derive(Debug)]
struct Attention {
    heads: i64,
    q: Linear,
    kv: KeysValues,
    reduce: Option<(Conv2d, LayerNorm)>,
    proj: Linear,
}

impl Attention {
    fn new(scope: &Scope, Form { channels, heads, reduction, dilation, names }: Form) -> Self {
        let windows = ConvShape::same(channels, channels, reduction);
        let thinning = if dilation > 1 {
            windows.dilated(dilation)
        } else {
            ConvShape { padding: 0, ..windows.strided(reduction) }
        };
        Self {
            heads,
            q: Linear::new(&scope.at(names.query), channels, channels, LINEAR),
            kv: KeysValues::new(scope, channels, names.key_value),
            proj: Linear::new(&scope.at(names.proj), channels, channels, LINEAR),
            reduce: (reduction > 1).then(|| {
                let [conv, norm] = names.thinning.map(|name| scope.at(name));
                let conv = Conv2d::with_bias(&conv, thinning, (names.conv_init)(thinning));
                (conv, LayerNorm::new(&norm, channels, 1e-5))
            }),
        }
    }

    fn forward(&self, tokens: &Tensor, size: [i64; 2]) -> Tensor {
        let shape = tokens.size();
        let (batch, count, channels) = (shape[0], shape[1], shape[2]);
        let (heads, per_head) = (self.heads, channels / self.heads);
        // [B, N, C] -> [B, heads, N, C / heads]
        let split = |tokens: Tensor| tokens.reshape([batch, -1, heads, per_head]).transpose(1, 2);
        let sources = match &self.reduce {
            Some((conv, norm)) => norm.forward(&to_tokens(&conv.forward(&to_images(tokens, size)))),
            None => tokens.shallow_clone(),
        };
        let q = split(self.q.forward(tokens));
        let [k, v] = self.kv.forward(&sources).map(split);
        let mixed =
            Tensor::scaled_dot_product_attention(&q, &k, &v, None::<&Tensor>, 0.0, false, None, false);
        self.proj.forward(&mixed.transpose(1, 2).reshape([batch, count, channels]))
    }
}

/// Keys and values, made by one layer or by two.
#[derive(Debug)]
enum KeysValues {
    Joint(Linear),
    Apart([Linear; 2]),
}

impl KeysValues {
    fn new(scope: &Scope, channels: i64, names: KeyValue) -> Self {
        let linear = |name: &str, outputs: i64| Linear::new(&scope.at(name), channels, outputs, LINEAR);
        match names {
            KeyValue::Joint(name) => Self::Joint(linear(name, 2 * channels)),
            KeyValue::Apart(keys, values) => Self::Apart([keys, values].map(|name| linear(name, channels))),
        }
    }

    // [B, M, C] -> 2 × [B, M, C]
    fn forward(&self, tokens: &Tensor) -> [Tensor; 2] {
        match self {
            Self::Joint(linear) => {
                let both = linear.forward(tokens);
                let channels = tokens.size()[2];
                [0, 1].map(|half| both.narrow(2, half * channels, channels))
            }
            Self::Apart(linears) => linears.each_ref().map(|linear| linear.forward(tokens)),
        }
    }
}

/// Feed-forward with a depthwise 3×3 convolution in its middle, which stands in for a positional encoding: `mlp.` with
/// `fc1`, `dwconv.dwconv`, `fc2`.
#[derive(Debug)]
struct MixFeedForward {
    fc1: Linear,
    dwconv: Conv2d,
    fc2: Linear,
}

impl MixFeedForward {
    fn new(scope: &Scope, Form { channels, dilation, names, .. }: Form) -> Self {
        let hidden = channels * EXPANSION;
        let [fc1, fc2] = names.linear;
        let depthwise = ConvShape::depthwise(hidden, 3).dilated(dilation);
        Self {
            fc1: Linear::new(&scope.at(fc1), channels, hidden, LINEAR),
            dwconv: Conv2d::with_bias(
                &scope.at("mlp.dwconv.dwconv"),
                depthwise,
                (names.conv_init)(depthwise),
            ),
            fc2: Linear::new(&scope.at(fc2), hidden, channels, LINEAR),
        }
    }

    fn forward(&self, tokens: &Tensor, size: [i64; 2]) -> Tensor {
        let hidden = to_tokens(&self.dwconv.forward(&to_images(&self.fc1.forward(tokens), size)));
        self.fc2.forward(&hidden.gelu("none"))
    }
}
