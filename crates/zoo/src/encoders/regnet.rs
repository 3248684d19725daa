//! RegNet X.
//!
//! Radosavovic, Kosaraju, Girshick, He, Dollár: Designing Network Design Spaces, 2020 (arXiv:2003.13678), section 4.
//! Keys: timm's, as segmentation-models-pytorch keeps them below `encoder.model.`.
//!
//! | 512² input | X-32GF     |        |
//! |------------|------------|--------|
//! | stride 2   | 32 × 256²  | `stem` |
//! | stride 4   | 336 × 128² | `s1`   |
//! | stride 8   | 672 × 64²  | `s2`   |
//! | stride 16  | 1344 × 32² | `s3`   |
//! | stride 32  | 2520 × 16² | `s4`   |

use super::residual::{Level, Residual, Trunk, conv_bn, last_conv_bn};
use super::{Encoder, EncoderOptions};
use crate::layers::ConvShape;
use crate::parameters::Scope;
use crate::segment::shared;

/// Channels of the stem.
const STEM: i64 = 32;

/// A row of the paper's figure 15, worked out: what its widths are quantised to.
#[derive(Debug)]
pub(super) struct Variant {
    name: &'static str,
    channels: [i64; 4],
    /// Blocks of the four stages.
    depths: [i64; 4],
    /// Channels of one group.
    group: i64,
}

pub(super) const VARIANTS: &[Variant] = &[Variant {
    name: "timm-regnetx_320",
    channels: [336, 672, 1344, 2520],
    depths: [2, 7, 13, 1],
    group: 168,
}];

impl super::Variant for Variant {
    fn name(&self) -> &'static str {
        self.name
    }

    fn channels(&self) -> [i64; 5] {
        let [first, second, third, fourth] = self.channels;
        [STEM, first, second, third, fourth]
    }

    fn dilates(&self) -> bool {
        true
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        let scope = scope.at("model");
        let shape = ConvShape::same(options.in_channels, STEM, 3).strided(2);
        let stem = vec![conv_bn(&scope.at("stem"), shape)];
        // Only those that are used: timm's checkpoints of a lower depth end there.
        let levels = (0..options.depth - 1).map(|index| self.stage(&scope, index, options)).collect();
        Box::new(Trunk { stem, pool: false, levels, depth: options.depth, switches: scope.switches() })
    }
}

impl Variant {
    /// `s1`, …, its blocks `b1`, ….
    fn stage(&self, scope: &Scope, index: usize, options: EncoderOptions) -> Level {
        let scope = scope.at(format!("s{}", index + 1));
        let outputs = self.channels[index];
        let groups = outputs / self.group;
        let dilation = options.dilation(4 << index);
        let middle = ConvShape { groups, ..ConvShape::same(outputs, outputs, 3) };
        let first =
            middle.strided(if dilation == 1 { 2 } else { 1 }).dilated(options.dilation_before(4 << index));
        let inputs = if index == 0 { STEM } else { self.channels[index - 1] };
        let block = |number: i64| {
            let (inputs, middle) =
                if number == 1 { (inputs, first) } else { (outputs, middle.dilated(dilation)) };
            shared(block(&scope.at(format!("b{number}")), inputs, middle)) as _
        };
        (1..=self.depths[index]).map(block).collect()
    }
}

/// 1×1, grouped 3×3, 1×1, all of the same width: `conv1` to `conv3`; and `downsample`, where the shape changes.
fn block(scope: &Scope, inputs: i64, middle: ConvShape) -> Residual {
    let outputs = middle.outputs;
    let layers = vec![
        conv_bn(&scope.at("conv1"), ConvShape::same(inputs, outputs, 1)),
        conv_bn(&scope.at("conv2"), middle),
        last_conv_bn(&scope.at("conv3"), ConvShape::same(outputs, outputs, 1)),
    ];
    let shortcut = (inputs != outputs).then(|| {
        let shape = ConvShape::same(inputs, outputs, 1).strided(middle.stride);
        conv_bn(&scope.at("downsample"), shape)
    });
    Residual { layers, shortcut }
}
