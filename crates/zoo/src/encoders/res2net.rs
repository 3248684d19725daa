//! Res2Net.
//!
//! Gao, Cheng, Zhao, Zhang, Yang, Torr: Res2Net: A New Multi-scale Backbone Architecture, 2019 (arXiv:1904.01169),
//! section 3: ResNet's bottleneck, whose 3×3 convolution is split into smaller ones, each of which sees what the one
//! before it made. Keys: timm's, as segmentation-models-pytorch keeps them below `encoder.model.`; the authors' are the
//! same but for that prefix.
//!
//! | 512² input | 50, 26w 4s |                           |
//! |------------|------------|---------------------------|
//! | stride 2   | 64 × 256²  | `conv1`, `bn1`            |
//! | stride 4   | 256 × 128² | max pool, `layer1`        |
//! | stride 8   | 512 × 64²  | `layer2`                  |
//! | stride 16  | 1024 × 32² | `layer3`                  |
//! | stride 32  | 2048 × 16² | `layer4`                  |

use tch::Tensor;

use super::residual::{Block, Trunk};
use super::resnet::{INIT, Place, Plan, STEM, shortcut};
use super::{Encoder, EncoderOptions};
use crate::layers::{BatchNorm2d, Conv2d, ConvNorm, ConvShape, Running};
use crate::parameters::Scope;
use crate::segment::shared;

const EXPANSION: i64 = 4;

/// A row of the paper's table 1.
#[derive(Debug)]
pub(super) struct Variant {
    name: &'static str,
    /// Channels of one part at the first stage: the paper's w.
    width: i64,
    /// Parts: the paper's s.
    scale: i64,
    /// Blocks of the four stages.
    depths: [i64; 4],
}

pub(super) const VARIANTS: &[Variant] =
    &[Variant { name: "timm-res2net50_26w_4s", width: 26, scale: 4, depths: [3, 4, 6, 3] }];

impl super::Variant for Variant {
    fn name(&self) -> &'static str {
        self.name
    }

    fn channels(&self) -> [i64; 5] {
        let stage = |index: usize| (STEM << index) * EXPANSION;
        [STEM, stage(0), stage(1), stage(2), stage(3)]
    }

    fn dilates(&self) -> bool {
        true
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        let scope = scope.at("model");
        let shape = ConvShape::same(options.in_channels, STEM, 7).strided(2);
        let stem = vec![ConvNorm::new(&scope.at("conv1"), &scope.at("bn1"), shape, INIT)];
        let plan = Plan {
            // Only those that are used: timm's checkpoints of a lower depth end there.
            depths: &self.depths[..options.depth - 1],
            expansion: EXPANSION,
            first_dilation: EncoderOptions::dilation_before,
        };
        let levels =
            plan.stages(&scope, options, |scope, place| shared(Bottle2neck::new(scope, self, place)));
        Box::new(Trunk { stem, pool: true, levels, depth: options.depth, switches: scope.switches() })
    }
}

/// 1×1, small 3×3s in a row, 1×1: `conv1`/`bn1`, `convs`/`bns`, `conv3`/`bn3`; and `downsample`.
#[derive(Debug)]
struct Bottle2neck {
    narrow: ConvNorm,
    /// One for each part but the last.
    parts: Vec<ConvNorm>,
    widen: ConvNorm,
    shortcut: Option<ConvNorm>,
    width: i64,
    stride: i64,
}

impl Bottle2neck {
    fn new(scope: &Scope, variant: &Variant, place: Place) -> Self {
        let Place { inputs, channels, outputs, stride, dilation, .. } = place;
        let width = channels * variant.width / STEM;
        let inner = width * variant.scale;
        let part = ConvShape::same(width, width, 3).strided(stride).dilated(dilation);
        let layer = |number: i64| (scope.at(format!("conv{number}")), scope.at(format!("bn{number}")));
        let (conv, norm) = layer(1);
        let narrow = ConvNorm::new(&conv, &norm, ConvShape::same(inputs, inner, 1), INIT);
        // All convolutions are registered before the first normalisation.
        let numbers = 0..variant.scale - 1;
        let convs = numbers.clone().map(|number| Conv2d::new(&scope.at("convs").at(number), part, INIT));
        let convs: Vec<Conv2d> = convs.collect();
        let norms =
            numbers.map(|number| BatchNorm2d::new(&scope.at("bns").at(number), width, Running::default()));
        let parts = convs.into_iter().zip(norms).map(|(conv, norm)| ConvNorm::of(conv, norm)).collect();
        let (conv, norm) = layer(3);
        let widen = ConvNorm::silent(&conv, &norm, ConvShape::same(inner, outputs, 1), INIT);
        Self { narrow, parts, widen, shortcut: shortcut(scope, place), width, stride }
    }
}

impl Block for Bottle2neck {
    // [B, inputs, H, W] -> [B, outputs, H / stride, W / stride]
    fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        let features = self.narrow.forward(images, train).relu_();
        let parts = features.split(self.width, 1);
        // A block that changes the shape can't add the parts up.
        let adds = self.shortcut.is_none();
        let mut made: Vec<Tensor> = Vec::new();
        for (layer, part) in self.parts.iter().zip(&parts) {
            let mut outputs = match made.last() {
                Some(before) if adds => layer.forward(&(before + part), train),
                _ => layer.forward(part, train),
            };
            made.push(outputs.relu_());
        }
        let last = &parts[self.parts.len()];
        made.push(match adds {
            true => last.shallow_clone(),
            false => last.avg_pool2d([3, 3], [self.stride; 2], [1, 1], false, true, None),
        });
        let shortcut = match &self.shortcut {
            Some(layer) => layer.forward(images, train),
            None => images.shallow_clone(),
        };
        self.widen.forward(&Tensor::cat(&made, 1), train).g_add_(&shortcut).relu_()
    }
}
