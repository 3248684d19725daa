//! U-Net++ on any encoder.
//!
//! Zhou, Siddiquee, Tajbakhsh, Liang: UNet++, 2018 (arXiv:1807.10165), in the form and with the keys of
//! segmentation-models-pytorch 0.6 `UnetPlusPlus`. Node `x_d_l` stands in column l, whose maps have the stride
//! 16 / 2^l, and d columns below the decoder's own path; it takes what all deeper nodes of its column made.
//!
//! | 512² input, resnet34 | in                      | beside it           | out       |
//! |----------------------|-------------------------|---------------------|-----------|
//! | `decoder.blocks.x_0_0` | encoder, 512 × 16²    | 256 × 32²           | 256 × 32² |
//! | `decoder.blocks.x_1_1` | encoder, 256 × 32²    | 128 × 64²           | 128 × 64² |
//! | `decoder.blocks.x_0_1` | `x_0_0`, 256 × 32²    | 2 × 128 × 64²       | 128 × 64² |
//! | `decoder.blocks.x_0_2` | `x_0_1`, 128 × 64²    | 3 × 64 × 128²       | 64 × 128² |
//! | `decoder.blocks.x_0_3` | `x_0_2`, 64 × 128²    | 4 × 64 × 256²       | 32 × 256² |
//! | `decoder.blocks.x_0_4` | `x_0_3`, 32 × 256²    | –                   | 16 × 512² |
//! | `segmentation_head`    | 16 × 512²             | –                   | classes × 512² |

use tch::Tensor;

use super::head::Head;
use super::up::Up;
use super::{Architecture, Decoder, DecoderOptions, USUAL};
use crate::Coarse;
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

/// Output channels of the nodes `x_0_*`, which work at strides 16, 8, 4, 2 and 1.
const CHANNELS: [i64; 5] = [256, 128, 64, 32, 16];

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "unetplusplus",
    build: |scope, options| Box::new(UNetPlusPlus::new(scope, options)),
    ..USUAL
};

#[derive(Debug)]
struct UNetPlusPlus {
    /// By column, then by depth. A node would have as many channels as the encoder at its stride, and is left out
    /// where that is none.
    columns: Vec<Vec<Option<Up>>>,
    last: Up,
    head: Head,
}

impl UNetPlusPlus {
    fn new(scope: &Scope, options: &DecoderOptions) -> Self {
        let blocks = scope.at("decoder").at("blocks");
        let below = |column: usize| options.channels(5 - column);
        let beside = |column: usize| options.channels(4 - column);
        let node = |depth: usize, column: usize| {
            let (inputs, outputs) = match depth {
                0 if column == 0 => (below(column), CHANNELS[column]),
                0 => (CHANNELS[column - 1], CHANNELS[column]),
                _ => (below(column), beside(column)),
            };
            let inputs = inputs + beside(column) * (column + 1 - depth) as i64;
            (outputs > 0).then(|| Up::new(&blocks.at(format!("x_{depth}_{column}")), inputs, outputs))
        };
        Self {
            columns: (0..4).map(|column| (0..=column).map(|depth| node(depth, column)).collect()).collect(),
            last: Up::new(&blocks.at("x_0_4"), CHANNELS[3], CHANNELS[4]),
            head: Head::new(scope, CHANNELS[4], options.classes, 3, Init::XavierUniform),
        }
    }
}

impl Decoder for UNetPlusPlus {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Coarse {
        // What the nodes of the previous and of this column made, deepest first.
        let mut previous: Vec<Option<Tensor>> = Vec::new();
        for (column, nodes) in self.columns.iter().enumerate() {
            let size = pyramid.size_at(4 - column);
            let mut made: Vec<Option<Tensor>> = Vec::new();
            for (depth, node) in nodes.iter().enumerate().rev() {
                // The deepest node goes up from the encoder, the others from their neighbour to the left.
                let input = match previous.get(column.wrapping_sub(depth + 1)) {
                    Some(left) => left.as_ref(),
                    None => pyramid.at(5 - column),
                };
                let deeper = made.iter().rev().flatten();
                let beside: Vec<&Tensor> = deeper.chain(pyramid.at(4 - column)).collect();
                let output =
                    node.as_ref().zip(input).map(|(node, input)| node.forward(input, size, &beside, train));
                made.push(output);
            }
            previous = made;
        }
        let top = previous.pop().flatten().expect("nodes of depth 0 are always there");
        self.head.forward(&self.last.forward(&top, pyramid.size_at(0), &[], train), pyramid)
    }
}
