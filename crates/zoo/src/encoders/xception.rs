//! Aligned Xception: residual blocks of three separable convolutions.
//!
//! Chollet: Xception, 2016 (arXiv:1610.02357), with the changes of Chen, Zhu, Papandreou, Schroff, Adam: Encoder-Decoder
//! with Atrous Separable Convolution, 2018 (arXiv:1802.02611), section 3.2. Keys: timm's, as
//! segmentation-models-pytorch's `tu-xception71` keeps them below `encoder.`.
//!
//! | 512² input | output     |                                                     |
//! |------------|------------|-----------------------------------------------------|
//! | stride 2   | 128 × 256² | `model.stem_0`, `stem_1`, `blocks_0` up to its step |
//! | stride 4   | 256 × 128² | `blocks_0` from there on, … `blocks_2`              |
//! | stride 8   | 728 × 64²  | … `blocks_4`                                        |
//! | stride 16  | 1024 × 32² | … `blocks_21`                                       |
//! | stride 32  | 2048 × 16² | … `blocks_22`                                       |
//!
//! A map is what a block's strided convolution, its third, looks at.

use tch::Tensor;

use super::{Encoder, EncoderOptions};
use crate::layers::{ConvNorm, ConvShape, Running};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;
use crate::segment::{Shared, locked, segment, shared};
use crate::switches::Switches;

const INIT: Init = Init::PyTorch;
const RUNNING: Running = Running { epsilon: 1e-3, momentum: 0.1 };
/// Channels of the stem's two convolutions.
const STEM: [i64; 2] = [32, 64];
/// Blocks of the middle flow.
const MIDDLE: usize = 16;

/// A block: the outputs of its three convolutions.
#[derive(Debug, Clone, Copy)]
struct Row {
    outputs: [i64; 3],
    /// Whether it halves its maps.
    halves: bool,
    form: Form,
}

/// Where a block has its activations, and whether it has a shortcut.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    /// Before each separable convolution; with a shortcut.
    Residual,
    /// Behind each convolution, depthwise or pointwise; without a shortcut.
    Plain,
}

const fn row(outputs: [i64; 3], halves: bool) -> Row {
    Row { outputs, halves, form: Form::Residual }
}

/// The family's one row: Xception-71.
#[derive(Debug)]
pub(super) struct Variant;

pub(super) const VARIANTS: &[Variant] = &[Variant];

/// Entry flow, middle flow, exit flow.
fn rows() -> impl Iterator<Item = Row> {
    let entry = [
        row([128; 3], true),
        row([256; 3], false),
        row([256; 3], true),
        row([728; 3], false),
        row([728; 3], true),
    ];
    let exit =
        [row([728, 1024, 1024], true), Row { outputs: [1536, 1536, 2048], halves: false, form: Form::Plain }];
    entry.into_iter().chain([row([728; 3], false); MIDDLE]).chain(exit)
}

impl super::Variant for Variant {
    fn name(&self) -> &'static str {
        "tu-xception71"
    }

    fn channels(&self) -> [i64; 5] {
        [128, 256, 728, 1024, 2048]
    }

    fn dilates(&self) -> bool {
        true
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        Box::new(Xception::new(&scope.at("model"), options))
    }
}

#[derive(Debug)]
struct Xception {
    stem: [ConvNorm; 2],
    /// Only those that are used: timm's checkpoints of a lower depth end there.
    blocks: Vec<Block>,
}

impl Xception {
    fn new(scope: &Scope, options: EncoderOptions) -> Self {
        let [first, second] = STEM;
        let shapes =
            [ConvShape::same(options.in_channels, first, 3).strided(2), ConvShape::same(first, second, 3)];
        let stem =
            [0, 1].map(|index| layer(&scope.at(format!("stem_{index}")), ["conv", "bn"], shapes[index]));
        let (mut inputs, mut stride, mut dilation, mut maps) = (second, 2, 1, 0);
        let mut blocks = Vec::new();
        for (index, row) in rows().enumerate() {
            // The last map is what all blocks give.
            if maps == options.depth {
                break;
            }
            let halves = row.halves && stride < options.output_stride;
            let steps = Steps { stride: if halves { 2 } else { 1 }, dilation };
            blocks.push(Block::new(&scope.at(format!("blocks_{index}")), inputs, row, steps));
            // A block that halves its maps no more widens the windows of those behind it, not its own.
            if halves {
                stride *= 2;
            } else if row.halves {
                dilation *= 2;
            }
            maps += usize::from(row.halves);
            inputs = row.outputs[2];
        }
        Self { stem, blocks }
    }
}

impl Encoder for Xception {
    fn forward(&self, images: &Tensor, train: bool) -> Pyramid {
        let mut pyramid = Pyramid::of(images);
        let stem = self.stem.iter();
        let mut features = stem.fold(images.shallow_clone(), |map, conv| conv.forward(&map, train).relu_());
        for (number, block) in (1..).zip(&self.blocks) {
            if !block.taken {
                features = block.forward(&features, train);
                continue;
            }
            let map = block.head(&features, train);
            pyramid.push(map.shallow_clone());
            if number == self.blocks.len() {
                return pyramid;
            }
            features = block.tail(&map, &features, train);
        }
        pyramid.push(features);
        pyramid
    }
}

/// A convolution and its normalisation.
fn layer(scope: &Scope, [conv, norm]: [&str; 2], shape: ConvShape) -> ConvNorm {
    ConvNorm::running(&scope.at(conv), &scope.at(norm), shape, INIT, RUNNING)
}

/// How a block's convolutions move: all are dilated, the third is strided.
#[derive(Debug, Clone, Copy)]
struct Steps {
    stride: i64,
    dilation: i64,
}

/// Three separable convolutions and a shortcut around them, in two parts with a map between them.
#[derive(Debug)]
struct Block {
    layers: Shared<Layers>,
    /// Whether the pyramid takes that map.
    taken: bool,
    switches: Switches,
}

/// `shortcut`, `stack.conv1` … `stack.conv3`.
#[derive(Debug)]
struct Layers {
    /// Where the shape changes.
    shortcut: Option<ConvNorm>,
    stack: [Separable; 3],
    form: Form,
}

impl Block {
    fn new(scope: &Scope, inputs: i64, row: Row, steps: Steps) -> Self {
        let Row { outputs: [first, second, third], halves, form } = row;
        let Steps { stride, dilation } = steps;
        let shortcut = (form == Form::Residual && (inputs != third || stride != 1)).then(|| {
            let shape = ConvShape::same(inputs, third, 1).strided(stride);
            layer(&scope.at("shortcut"), ["conv", "bn"], shape)
        });
        let separable = |number: i64, inputs: i64, outputs: i64, stride: i64| {
            let windows = ConvShape::depthwise(inputs, 3).strided(stride).dilated(dilation);
            Separable::new(&scope.at("stack").at(format!("conv{number}")), windows, outputs, form)
        };
        let stack = [
            separable(1, inputs, first, 1),
            separable(2, first, second, 1),
            separable(3, second, third, stride),
        ];
        Self { layers: shared(Layers { shortcut, stack, form }), taken: halves, switches: scope.switches() }
    }

    fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        let layers = Shared::clone(&self.layers);
        segment(&self.switches, train, &[images], move |images| {
            let layers = locked(&layers);
            layers.tail(&layers.head(&images[0], train), &images[0], train)
        })
    }

    fn head(&self, images: &Tensor, train: bool) -> Tensor {
        let layers = Shared::clone(&self.layers);
        segment(&self.switches, train, &[images], move |images| locked(&layers).head(&images[0], train))
    }

    fn tail(&self, map: &Tensor, images: &Tensor, train: bool) -> Tensor {
        let layers = Shared::clone(&self.layers);
        segment(&self.switches, train, &[map, images], move |inputs| {
            locked(&layers).tail(&inputs[0], &inputs[1], train)
        })
    }
}

impl Layers {
    // [B, inputs, H, W] -> [B, outputs of the second, H, W]
    fn head(&self, images: &Tensor, train: bool) -> Tensor {
        let [first, second, _] = &self.stack;
        if self.form == Form::Plain {
            return second.forward(&first.forward(images, train), train);
        }
        second.forward(&first.forward(&images.relu(), train).relu_(), train).relu_()
    }

    // [B, outputs of the second, H, W] -> [B, outputs of the third, H / stride, W / stride]
    fn tail(&self, map: &Tensor, images: &Tensor, train: bool) -> Tensor {
        let mut features = self.stack[2].forward(map, train);
        if self.form == Form::Plain {
            return features;
        }
        let shortcut = match &self.shortcut {
            Some(layer) => layer.forward(images, train),
            None => images.shallow_clone(),
        };
        features.g_add_(&shortcut)
    }
}

/// A convolution of each channel, then of each pixel: `conv_dw`, `bn_dw`, `conv_pw`, `bn_pw`.
#[derive(Debug)]
struct Separable {
    windows: ConvNorm,
    pixels: ConvNorm,
    form: Form,
}

impl Separable {
    fn new(scope: &Scope, windows: ConvShape, outputs: i64, form: Form) -> Self {
        let pixels = ConvShape::same(windows.outputs, outputs, 1);
        Self {
            windows: layer(scope, ["conv_dw", "bn_dw"], windows),
            pixels: layer(scope, ["conv_pw", "bn_pw"], pixels),
            form,
        }
    }

    fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        let active = |mut features: Tensor| match self.form {
            Form::Residual => features,
            Form::Plain => features.relu_(),
        };
        active(self.pixels.forward(&active(self.windows.forward(images, train)), train))
    }
}
