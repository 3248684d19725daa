//! SegFormer as transformers has it.
//!
//! Xie et al.: SegFormer, 2021 (arXiv:2105.15203), in the form of transformers'
//! `SegformerForSemanticSegmentation` and with the keys of the published `nvidia/segformer-b*` checkpoints. Its
//! logits have stride 4; here they are upsampled to the images, as its loss and its post-processing do.
//!
//! | 512² input, mit_b0          | in            | out            |
//! |-----------------------------|---------------|----------------|
//! | `decode_head.linear_c.0`    | 32 × 128²     | 256 × 128²     |
//! | `decode_head.linear_c.1`    | 64 × 64²      | 256 × 128²     |
//! | `decode_head.linear_c.2`    | 160 × 32²     | 256 × 128²     |
//! | `decode_head.linear_c.3`    | 256 × 16²     | 256 × 128²     |
//! | `decode_head.linear_fuse`   | 1024 × 128²   | 256 × 128²     |
//! | `decode_head.classifier`    | 256 × 128²    | classes × 128² |
//!
//! From `mit_b2` on the head has 768 channels instead of 256.

use super::{Architecture, Decoder, DecoderOptions, TRANSFORMERS};
use crate::Coarse;
use crate::layers::{BatchNorm2d, Conv2d, ConvShape, Fusion, Linear, Running};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;

/// The position, of stride 4, at whose size all maps meet.
const MEETING: usize = 2;
const INIT: Init = Init::Normal { std: 0.02 };
/// Channels of the head on each encoder; the published configurations' `decoder_hidden_size`.
const CHANNELS: [(&str, i64); 6] =
    [("mit_b0", 256), ("mit_b1", 256), ("mit_b2", 768), ("mit_b3", 768), ("mit_b4", 768), ("mit_b5", 768)];

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "hf-segformer",
    known_as: "nvidia/",
    encoder_key: "segformer.encoder",
    encoders: &["mit_b0", "mit_b1", "mit_b2", "mit_b3", "mit_b4", "mit_b5"],
    dropout: 0.1,
    build: |scope, options| Box::new(SegFormer::new(&scope.at("decode_head"), options)),
    ..TRANSFORMERS
};

#[derive(Debug)]
struct SegFormer {
    /// Of the levels, coarsest first, as published weights have the channels.
    linear_fuse: Fusion,
    classifier: Conv2d,
    dropout: f64,
}

impl SegFormer {
    fn new(scope: &Scope, options: &DecoderOptions) -> Self {
        let (_, channels) = *(CHANNELS.iter().find(|(name, _)| *name == options.encoder))
            .expect("the architecture takes no other encoders");
        let levels = options.levels.iter().filter(|level| level.channels > 0);
        let mut linear_c: Vec<_> = levels
            .enumerate()
            .map(|(index, level)| {
                Linear::new(&scope.at("linear_c").at(index).at("proj"), level.channels, channels, INIT)
            })
            .collect();
        let fused = ConvShape::same(linear_c.len() as i64 * channels, channels, 1);
        let classes = ConvShape::same(channels, options.classes, 1);
        // Keys count from the finest.
        linear_c.reverse();
        let conv = Conv2d::new(&scope.at("linear_fuse"), fused, INIT);
        let norm = BatchNorm2d::new(&scope.at("batch_norm"), channels, Running::default());
        Self {
            linear_fuse: Fusion::new(linear_c, conv, norm),
            classifier: Conv2d::with_bias(&scope.at("classifier"), classes, INIT),
            dropout: options.dropout,
        }
    }
}

impl Decoder for SegFormer {
    fn forward(&self, pyramid: &Pyramid, train: bool) -> Coarse {
        let fused = self.linear_fuse.forward(pyramid.coarsest_first(), pyramid.size_at(MEETING), train);
        let logits = self.classifier.forward(&fused.dropout(self.dropout, train));
        Coarse { logits, size: pyramid.size_at(0), align_corners: false }
    }
}
