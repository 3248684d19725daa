//! Swin as transformers has it.
//!
//! [`swin`](super::swin) in the form of transformers' `SwinBackbone`, and with its keys as the published
//! `openmmlab/upernet-swin-*` checkpoints have them below `backbone.`. Each stage's outputs are normalised; maps are
//! filled up to whole windows before they are shifted, and shifted in every stage, whatever their size.
//!
//! | 512² input | tiny, small | base       | large      |                                          |
//! |------------|-------------|------------|------------|------------------------------------------|
//! | stride 4   | 96 × 128²   | 128 × 128² | 192 × 128² | `embeddings`, `encoder.layers.0.blocks`  |
//! | stride 8   | 192 × 64²   | 256 × 64²  | 384 × 64²  | `….0.downsample`, `….1.blocks`           |
//! | stride 16  | 384 × 32²   | 512 × 32²  | 768 × 32²  | `….1.downsample`, `….2.blocks`           |
//! | stride 32  | 768 × 16²   | 1024 × 16² | 1536 × 16² | `….2.downsample`, `….3.blocks`           |
//! | each       |             |            |            | `hidden_states_norms.stage1` … `.stage4` |

use super::swin::{self, Dialect, Swin};
use super::window::{BlockKeys, EPSILON, LINEAR};
use super::{Encoder, EncoderOptions, Library};
use crate::layers::LayerNorm;
use crate::parameters::{Init, Scope};

/// A row of the paper's table under this dialect's name.
#[derive(Debug)]
pub(super) struct Variant {
    name: &'static str,
    row: swin::Variant,
}

/// The two larger ones have windows of 12 pixels, as their checkpoints.
pub(super) const VARIANTS: &[Variant] = &[
    Variant { name: "swin_tiny", row: swin::TINY },
    Variant { name: "swin_small", row: swin::SMALL },
    Variant { name: "swin_base", row: swin::BASE_384 },
    Variant { name: "swin_large", row: swin::LARGE_384 },
];

const DIALECT: Dialect = Dialect {
    patches: ["embeddings.patch_embeddings.projection", "embeddings.norm"],
    patches_init: LINEAR,
    stage: "encoder.layers.",
    merging: ["downsample.norm", "downsample.reduction"],
    merging_behind: true,
    blocks: "blocks",
    block: BlockKeys {
        norms: ["layernorm_before", "layernorm_after"],
        table: "attention.self.relative_position_bias_table",
        table_init: Init::Constant(0.0),
        offsets: Some("attention.self.relative_position_index"),
        qkv: &["attention.self.query", "attention.self.key", "attention.self.value"],
        proj: "attention.output.dense",
        mlp: ["intermediate.dense", "output.dense"],
    },
    output_norm: Some("hidden_states_norms.stage"),
    pads_first: true,
    shift: |variant, _| variant.window / 2,
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
        // Releases since 5 build and save the classifier's normalisation too.
        let [.., channels] = super::Variant::channels(self);
        LayerNorm::new(&scope.unused("swin.layernorm"), channels, EPSILON);
        Box::new(Swin::new(scope, &self.row, &DIALECT, options))
    }
}
