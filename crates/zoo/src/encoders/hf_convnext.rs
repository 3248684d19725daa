//! ConvNeXt as transformers has it.
//!
//! [`convnext`](super::convnext) in the form of transformers' `ConvNextBackbone`, and with its keys as the published
//! `openmmlab/upernet-convnext-*` checkpoints have them below `backbone.`: each stage's outputs are normalised.
//!
//! | 512² input | tiny, small | base       |                                                    |
//! |------------|-------------|------------|----------------------------------------------------|
//! | stride 4   | 96 × 128²   | 128 × 128² | `embeddings`, `encoder.stages.0`                   |
//! | stride 8   | 192 × 64²   | 256 × 64²  | `encoder.stages.1`                                 |
//! | stride 16  | 384 × 32²   | 512 × 32²  | `encoder.stages.2`                                 |
//! | stride 32  | 768 × 16²   | 1024 × 16² | `encoder.stages.3`                                 |
//! | each       |             |            | `hidden_states_norms.stage1` … `.stage4`           |

use super::convnext::{self, ConvNeXt, Dialect};
use super::{Encoder, EncoderOptions, Library};
use crate::parameters::Scope;

/// A row of the paper's table under this dialect's name.
#[derive(Debug)]
pub(super) struct Variant {
    name: &'static str,
    row: convnext::Variant,
}

pub(super) const VARIANTS: &[Variant] = &[
    Variant { name: "convnext_tiny", row: convnext::TINY },
    Variant { name: "convnext_small", row: convnext::SMALL },
    Variant { name: "convnext_base", row: convnext::BASE },
];

const DIALECT: Dialect = Dialect {
    stem: ["embeddings.patch_embeddings", "embeddings.layernorm"],
    stage: "encoder.stages.",
    downsample: ["downsampling_layer.0", "downsampling_layer.1"],
    blocks: "layers",
    scale: "layer_scale_parameter",
    conv: "dwconv",
    norm: "layernorm",
    mlp: ["pwconv1", "pwconv2"],
    output_norm: Some("hidden_states_norms.stage"),
};

impl super::Variant for Variant {
    fn name(&self) -> &'static str {
        self.name
    }

    fn channels(&self) -> [i64; 5] {
        super::Variant::channels(&self.row)
    }

    fn libraries(&self) -> &'static [Library] {
        &[Library::Transformers]
    }

    fn dilates(&self) -> bool {
        false
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        Box::new(ConvNeXt::new(scope, &self.row, &DIALECT, options))
    }
}
