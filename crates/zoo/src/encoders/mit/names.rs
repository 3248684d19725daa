//! What MiT's parts are called, and what differs beside, in the two implementations that publish weights.

use super::super::Library;
use crate::layers::ConvShape;
use crate::parameters::Init;

/// One implementation's names, as segments of keys, and its choices where the paper is silent.
#[derive(Debug)]
pub(super) struct Names {
    /// The parts of a stage, each followed by the stage's number, and the number of the first stage.
    pub(super) patch_embed: &'static str,
    pub(super) block: &'static str,
    pub(super) norm: &'static str,
    pub(super) first: usize,
    /// The normalisation of patches, beside `proj`.
    pub(super) patch_norm: &'static str,
    /// The normalisations before attention and before the feed-forward layer.
    pub(super) norms: [&'static str; 2],
    pub(super) query: &'static str,
    pub(super) key_value: KeyValue,
    pub(super) proj: &'static str,
    /// The convolution that thins keys and values, and the normalisation behind it.
    pub(super) thinning: [&'static str; 2],
    /// The outer layers of the feed-forward layer.
    pub(super) linear: [&'static str; 2],
    /// ε of the blocks' and stages' normalisations; those inside patch embedding and attention keep PyTorch's 1e-5.
    pub(super) epsilon: f64,
    /// How a convolution starts.
    pub(super) conv_init: fn(ConvShape) -> Init,
}

/// Whether the layers that make keys and values are one.
#[derive(Debug, Clone, Copy)]
pub(super) enum KeyValue {
    Joint(&'static str),
    Apart(&'static str, &'static str),
}

/// The authors', which segmentation-models-pytorch keeps.
const AUTHORS: Names = Names {
    patch_embed: "patch_embed",
    block: "block",
    norm: "norm",
    first: 1,
    patch_norm: "norm",
    norms: ["norm1", "norm2"],
    query: "attn.q",
    key_value: KeyValue::Joint("attn.kv"),
    proj: "attn.proj",
    thinning: ["attn.sr", "attn.norm"],
    linear: ["mlp.fc1", "mlp.fc2"],
    epsilon: 1e-6,
    // Variance 2 / fan_out, counting only the outputs of one group.
    conv_init: |shape| {
        let fan_out = shape.kernel * shape.kernel * shape.outputs / shape.groups;
        Init::Normal { std: (2.0 / fan_out as f64).sqrt() }
    },
};

const TRANSFORMERS: Names = Names {
    patch_embed: "patch_embeddings.",
    block: "block.",
    norm: "layer_norm.",
    first: 0,
    patch_norm: "layer_norm",
    norms: ["layer_norm_1", "layer_norm_2"],
    query: "attention.self.query",
    key_value: KeyValue::Apart("attention.self.key", "attention.self.value"),
    proj: "attention.output.dense",
    thinning: ["attention.self.sr", "attention.self.layer_norm"],
    linear: ["mlp.dense1", "mlp.dense2"],
    epsilon: 1e-5,
    conv_init: |_| super::LINEAR,
};

impl Names {
    pub(super) fn of(library: Library) -> &'static Self {
        match library {
            Library::Transformers => &TRANSFORMERS,
            Library::Smp | Library::Torchvision => &AUTHORS,
        }
    }
}
