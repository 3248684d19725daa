//! Where models and weights come from: the implementation that each model equals, whose weights it usually starts from,
//! and which published weights a file has.
//!
//! Published weights are recognised by the repository in the hub or by the beginning of the file's SHA-256, which
//! publishers put into names. Their licences and the normalisation of their images are what the libraries' own tables
//! say (`tests/golden/zoo/published.py` has the details); what no table says is unknown here as well.

mod published;

pub use published::{Published, agreed_normalisation, published};

/// Published weights of an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsualWeights {
    /// Who published them, trained on what.
    pub weights: &'static str,
    /// Their licence, by its SPDX identifier where it has one.
    pub licence: &'static str,
}

/// The reference implementation of an architecture; an empty text where the zoo has no such architecture.
pub fn of_architecture(name: &str) -> &'static str {
    REFERENCES.iter().find(|(names, _)| names.contains(&name)).map_or("", |(_, reference)| reference)
}

/// The usual weights of an encoder; empty texts where the zoo has no such encoder.
pub fn of_encoder(name: &str) -> UsualWeights {
    let found = USUAL_WEIGHTS.iter().find(|(names, _)| names.contains(&name));
    found.map_or(UsualWeights { weights: "", licence: "" }, |(_, origin)| *origin)
}

const REFERENCES: &[(&[&str], &str)] = &[
    (
        &[
            "unet",
            "unetplusplus",
            "manet",
            "linknet",
            "fpn",
            "pspnet",
            "pan",
            "deeplabv3",
            "deeplabv3plus",
            "upernet",
            "segformer",
        ],
        "segmentation-models-pytorch 0.6",
    ),
    (&["fcn", "lraspp", "torchvision-deeplabv3"], "torchvision"),
    (&["hf-segformer", "hf-upernet"], "transformers"),
];

const TORCHVISION: UsualWeights =
    UsualWeights { weights: "torchvision, ImageNet-1k", licence: "BSD-3-Clause" };
const TIMM: UsualWeights = UsualWeights { weights: "timm, ImageNet-1k", licence: "Apache-2.0" };
const TIMM_LARGE: UsualWeights = UsualWeights { weights: "timm, ImageNet-21k and 1k", licence: "Apache-2.0" };
const MICROSOFT: UsualWeights = UsualWeights { weights: "Microsoft, ImageNet-1k", licence: "MIT" };
const MICROSOFT_LARGE: UsualWeights =
    UsualWeights { weights: "Microsoft, ImageNet-22k and 1k", licence: "MIT" };
const LUKEMELAS: UsualWeights =
    UsualWeights { weights: "EfficientNet-PyTorch, ImageNet-1k", licence: "Apache-2.0" };
const RES2NET: UsualWeights =
    UsualWeights { weights: "Res2Net's authors, ImageNet-1k", licence: "none is stated" };
const OPENMMLAB: UsualWeights =
    UsualWeights { weights: "OpenMMLab, with the decoder, ADE20K", licence: "MIT" };
/// NVIDIA's source code licence: research and evaluation only.
const NVIDIA: UsualWeights =
    UsualWeights { weights: "NVIDIA, ImageNet-1k", licence: "NVIDIA, not commercial" };

const USUAL_WEIGHTS: &[(&[&str], UsualWeights)] = &[
    (&["resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d"], TORCHVISION),
    (&["resnext101_32x8d", "densenet121", "densenet161", "mobilenet_v2", "mobilenet_v3_large"], TORCHVISION),
    (&["timm-regnetx_320"], TORCHVISION),
    (&["mit_b0", "mit_b1", "mit_b2", "mit_b3", "mit_b4", "mit_b5"], NVIDIA),
    (&["efficientnet-b0", "efficientnet-b1", "efficientnet-b2", "efficientnet-b3"], LUKEMELAS),
    (&["efficientnet-b4", "efficientnet-b5", "efficientnet-b6", "efficientnet-b7"], LUKEMELAS),
    (&["timm-efficientnet-b8", "tu-gernet_l", "tu-xception71", "timm-resnest50d"], TIMM),
    (&["tu-tf_efficientnetv2_xl", "tu-convnext_tiny", "tu-convnext_small", "tu-convnext_base"], TIMM_LARGE),
    (&["timm-res2net50_26w_4s"], RES2NET),
    (&["tu-hrnet_w48", "tu-hrnet_w64", "tu-swin_tiny_patch4_window7_224"], MICROSOFT),
    (&["tu-swin_small_patch4_window7_224", "tu-swin_base_patch4_window7_224"], MICROSOFT_LARGE),
    (&["tu-swin_large_patch4_window7_224", "tu-swin_base_patch4_window12_384"], MICROSOFT_LARGE),
    (&["tu-swin_large_patch4_window12_384"], MICROSOFT_LARGE),
    (&["swin_tiny", "swin_small", "swin_base", "swin_large"], OPENMMLAB),
    (&["convnext_tiny", "convnext_small", "convnext_base"], OPENMMLAB),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn every_model_has_a_provenance() {
        let (encoders, architectures) = (catalog::encoders(), catalog::architectures());
        for name in &encoders {
            assert!(!of_encoder(name).licence.is_empty(), "{name} has no row in USUAL_WEIGHTS");
        }
        for name in &architectures {
            assert!(!of_architecture(name).is_empty(), "{name} has no row in REFERENCES");
        }
    }
}
