//! GENet, timm's GEResNet.
//!
//! Lin, Chen, Sun, Qian, Li, Jin: Neural Architecture Design for GPU-Efficient Networks, 2020 (arXiv:2006.14090),
//! table 2. Keys: timm's `gernet_*`, as segmentation-models-pytorch keeps them below `encoder.model.`.
//!
//! | 512² input | large      |                                      |
//! |------------|------------|--------------------------------------|
//! | stride 2   | 32 × 256²  | `stem`                               |
//! | stride 4   | 128 × 128² | `stages_0`                           |
//! | stride 8   | 192 × 64²  | `stages_1`                           |
//! | stride 16  | 640 × 32²  | `stages_2`                           |
//! | stride 32  | 2560 × 16² | `stages_3`, `stages_4`, `final_conv` |

use tch::Tensor;

use super::residual::{Block, Level, Residual, Trunk, conv_bn, last_conv_bn};
use super::{Encoder, EncoderOptions};
use crate::layers::{ConvNorm, ConvShape};
use crate::parameters::Scope;
use crate::segment::shared;

/// A block's inner form, by its name in the paper.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// XX: two 3×3 convolutions.
    Basic,
    /// BL: 1×1, 3×3, 1×1, a quarter as wide inside.
    Bottleneck,
    /// DW: 1×1, depthwise 3×3, 1×1, three times as wide inside.
    Depthwise,
}

/// A stage: a line of the paper's table.
#[derive(Debug, Clone, Copy)]
struct Stage {
    form: Form,
    channels: i64,
    /// The stride, in pixels of the images, of its outputs.
    stride: i64,
    /// Blocks.
    depth: i64,
}

/// A column of the paper's table.
#[derive(Debug)]
pub(super) struct Variant {
    name: &'static str,
    stem: i64,
    stages: [Stage; 5],
    /// Channels of the last convolution.
    last: i64,
}

pub(super) const VARIANTS: &[Variant] = &[Variant {
    name: "tu-gernet_l",
    stem: 32,
    stages: [
        Stage { form: Form::Basic, channels: 128, stride: 4, depth: 1 },
        Stage { form: Form::Basic, channels: 192, stride: 8, depth: 2 },
        Stage { form: Form::Bottleneck, channels: 640, stride: 16, depth: 6 },
        Stage { form: Form::Depthwise, channels: 640, stride: 32, depth: 5 },
        Stage { form: Form::Depthwise, channels: 640, stride: 32, depth: 4 },
    ],
    last: 2560,
}];

impl super::Variant for Variant {
    fn name(&self) -> &'static str {
        self.name
    }

    fn channels(&self) -> [i64; 5] {
        let [first, second, third, ..] = self.stages;
        [self.stem, first.channels, second.channels, third.channels, self.last]
    }

    fn dilates(&self) -> bool {
        true
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        let scope = scope.at("model");
        let shape = ConvShape::same(options.in_channels, self.stem, 3).strided(2);
        let stem = vec![conv_bn(&scope.at("stem"), shape)];
        let (mut inputs, mut stride) = (self.stem, 2);
        let mut levels: Vec<Level> = Vec::new();
        for (index, stage) in self.stages.iter().enumerate() {
            if stage.stride > 1 << options.depth {
                // timm's checkpoints of a lower depth end here.
                break;
            }
            let blocks = stage.blocks(&scope.at(format!("stages_{index}")), inputs, stride, options);
            match levels.last_mut() {
                Some(level) if stage.stride == stride => level.extend(blocks),
                _ => levels.push(blocks),
            }
            (inputs, stride) = (stage.channels, stage.stride);
        }
        if let Some(level) = levels.get_mut(3) {
            let shape = ConvShape::same(inputs, self.last, 1);
            level.push(shared(Layer(conv_bn(&scope.at("final_conv"), shape))));
        }
        Box::new(Trunk { stem, pool: false, levels, depth: options.depth, switches: scope.switches() })
    }
}

impl Stage {
    /// Blocks `0`, …, on maps of the stride `from`.
    fn blocks(&self, scope: &Scope, inputs: i64, from: i64, options: EncoderOptions) -> Level {
        let dilation = options.dilation(self.stride);
        let stride = if dilation == 1 { self.stride / from } else { 1 };
        let first = Steps { stride, dilation: options.dilation_before(self.stride), then: dilation };
        let others = Steps { stride: 1, dilation, then: dilation };
        let block = |number: i64| {
            let (inputs, steps) = if number == 0 { (inputs, first) } else { (self.channels, others) };
            shared(self.block(&scope.at(number), inputs, steps)) as _
        };
        (0..self.depth).map(block).collect()
    }

    /// `shortcut`, where the shape or the dilation changes, and `conv1_kxk`, `conv2_kxk` or `conv1_1x1`, `conv2_kxk`,
    /// `conv3_1x1`.
    fn block(&self, scope: &Scope, inputs: i64, steps: Steps) -> Residual {
        let Steps { stride, dilation, then } = steps;
        let outputs = self.channels;
        let changes = inputs != outputs || stride != 1 || dilation != then;
        let shortcut = changes
            .then(|| conv_bn(&scope.at("shortcut"), ConvShape::same(inputs, outputs, 1).strided(stride)));
        let bottleneck = |middle: ConvShape| {
            let inner = middle.inputs;
            vec![
                conv_bn(&scope.at("conv1_1x1"), ConvShape::same(inputs, inner, 1)),
                conv_bn(&scope.at("conv2_kxk"), middle.strided(stride).dilated(dilation)),
                last_conv_bn(&scope.at("conv3_1x1"), ConvShape::same(inner, outputs, 1)),
            ]
        };
        let layers = match self.form {
            Form::Basic => {
                let first = ConvShape::same(inputs, outputs, 3).strided(stride).dilated(dilation);
                let second = ConvShape::same(outputs, outputs, 3).dilated(then);
                vec![conv_bn(&scope.at("conv1_kxk"), first), last_conv_bn(&scope.at("conv2_kxk"), second)]
            }
            Form::Bottleneck => bottleneck(ConvShape::same(outputs / 4, outputs / 4, 3)),
            Form::Depthwise => bottleneck(ConvShape::depthwise(outputs * 3, 3)),
        };
        Residual { layers, shortcut }
    }
}

/// How a block's 3×3 convolutions move.
#[derive(Debug, Clone, Copy)]
struct Steps {
    stride: i64,
    /// Of the first one.
    dilation: i64,
    /// The stage's dilation, of the second one.
    then: i64,
}

/// A convolution and a ReLU.
#[derive(Debug)]
struct Layer(ConvNorm);

impl Block for Layer {
    fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        self.0.forward(images, train).relu_()
    }
}
