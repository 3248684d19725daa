//! Layouts of published encoder weights: how each library's keys become ours.
//!
//! Our encoders have the keys of segmentation-models-pytorch, which for most families are those of timm, torchvision
//! or the authors already. A [`Layout`] is a table of rules for the others. Every rule of a layout is applied to every
//! key, one after the other; the layout that finds most of the encoder is taken.

use std::collections::{BTreeMap, BTreeSet};

use regex::{Captures, Regex};
use tch::Tensor;

/// How a library keeps weights of one or more families.
struct Layout {
    /// The library.
    name: &'static str,
    /// Pattern and replacement. `{n+k}` and `{n/k}` in a replacement are worked out; `#` in it is how many matches of
    /// the pattern have lower numbers in their groups. A key that becomes `key[i]` is part `i` of a tensor that is split
    /// along its first axis.
    rules: &'static [(&'static str, &'static str)],
}

const LAYOUTS: &[Layout] = &[
    Layout { name: "segmentation-models-pytorch, timm or torchvision", rules: &[] },
    // Encoders `tu-*` are timm's in a wrapper, and some of those have their outermost lists taken apart.
    Layout { name: "timm", rules: &[("^", "model.")] },
    Layout {
        name: "timm",
        rules: &[(r"^(stem|stages|layers|blocks)\.(\d+)\.", "${1}_$2."), ("^", "model.")],
    },
    // Before torchvision 0.3.
    Layout { name: "torchvision", rules: &[(r"(denselayer\d+)\.(norm|conv)\.(\d)\.", "$1.$2$3.")] },
    Layout { name: "torchvision", rules: &[(r"^features\.", "")] },
    Layout {
        name: "torchvision",
        rules: &[
            (r"^features\.0\.0\.", "model.patch_embed.proj."),
            (r"^features\.0\.2\.", "model.patch_embed.norm."),
            (r"^features\.([246])\.(norm|reduction)\.", "model.layers_{$1/2}.downsample.$2."),
            (r"^features\.([1357])\.", "model.layers_{$1/2}.blocks."),
            (r"\.mlp\.0\.", ".mlp.fc1."),
            (r"\.mlp\.3\.", ".mlp.fc2."),
        ],
    },
    Layout {
        name: "torchvision",
        rules: &[
            (r"^features\.0\.([01])\.", "model.stem_$1."),
            (r"^features\.([246])\.([01])\.", "model.stages_{$1/2}.downsample.$2."),
            (r"^features\.([1357])\.", "model.stages_{$1/2}.blocks."),
            (r"\.layer_scale$", ".gamma"),
            (r"\.block\.0\.", ".conv_dw."),
            (r"\.block\.2\.", ".norm."),
            (r"\.block\.3\.", ".mlp.fc1."),
            (r"\.block\.5\.", ".mlp.fc2."),
        ],
    },
    // MobileNetV2.
    Layout {
        name: "timm",
        rules: &[
            (r"^conv_stem\.", "features.0.0."),
            (r"^bn1\.", "features.0.1."),
            (r"^(blocks\.0\.\d)\.conv_dw\.", "$1.conv.0.0."),
            (r"^(blocks\.0\.\d)\.bn1\.", "$1.conv.0.1."),
            (r"^(blocks\.0\.\d)\.conv_pw\.", "$1.conv.1."),
            (r"^(blocks\.0\.\d)\.bn2\.", "$1.conv.2."),
            (r"\.conv_pw\.", ".conv.0.0."),
            (r"\.bn1\.", ".conv.0.1."),
            (r"\.conv_dw\.", ".conv.1.0."),
            (r"\.bn2\.", ".conv.1.1."),
            (r"\.conv_pwl\.", ".conv.2."),
            (r"\.bn3\.", ".conv.3."),
            (r"^blocks\.(\d)\.(\d)\.", "features.{#+1}."),
            (r"^conv_head\.", "features.18.0."),
            (r"^bn2\.", "features.18.1."),
        ],
    },
    // EfficientNet, whose keys are EfficientNet-PyTorch's.
    Layout {
        name: "timm",
        rules: &[
            (r"^conv_(stem|head)\.", "_conv_$1."),
            (r"^bn1\.", "_bn0."),
            (r"^bn2\.", "_bn1."),
            (r"^(blocks\.0\.\d+)\.bn([12])\.", "$1._bn$2."),
            (r"^(blocks\.0\.\d+)\.conv_pw\.", "$1._project_conv."),
            (r"\.conv_pw\.", "._expand_conv."),
            (r"\.bn1\.", "._bn0."),
            (r"\.conv_dw\.", "._depthwise_conv."),
            (r"\.bn2\.", "._bn1."),
            (r"\.se\.conv_(reduce|expand)\.", "._se_$1."),
            (r"\.conv_pwl\.", "._project_conv."),
            (r"\.bn3\.", "._bn2."),
            (r"^blocks\.(\d+)\.(\d+)\.", "_blocks.{#+0}."),
        ],
    },
    Layout {
        name: "torchvision",
        rules: &[
            (r"^features\.0\.0\.", "_conv_stem."),
            (r"^features\.0\.1\.", "_bn0."),
            (r"^features\.8\.0\.", "_conv_head."),
            (r"^features\.8\.1\.", "_bn1."),
            // Blocks of the first stage do not expand, and count from what would be the second layer.
            (r"^(features\.1\.\d+\.block)\.(\d)\.", "$1.{$2+1}."),
            (r"\.block\.0\.0\.", "._expand_conv."),
            (r"\.block\.1\.0\.", "._depthwise_conv."),
            (r"\.block\.3\.0\.", "._project_conv."),
            (r"\.block\.([01])\.1\.", "._bn$1."),
            (r"\.block\.3\.1\.", "._bn2."),
            (r"\.block\.2\.fc1\.", "._se_reduce."),
            (r"\.block\.2\.fc2\.", "._se_expand."),
            (r"^features\.(\d+)\.(\d+)\.", "_blocks.{#+0}."),
        ],
    },
    // RegNet.
    Layout {
        name: "torchvision",
        rules: &[
            (r"^stem\.0\.", "model.stem.conv."),
            (r"^stem\.1\.", "model.stem.bn."),
            (r"^trunk_output\.block\d\.block(\d)-(\d+)\.", "model.s$1.b{$2+1}."),
            (r"\.f\.a\.", ".conv1."),
            (r"\.f\.b\.", ".conv2."),
            (r"\.f\.c\.", ".conv3."),
            (r"\.proj\.", ".downsample."),
            (r"\.(conv[123]|downsample)\.0\.", ".$1.conv."),
            (r"\.(conv[123]|downsample)\.1\.", ".$1.bn."),
        ],
    },
    // What transformers calls its models stands before each key.
    Layout { name: "transformers", rules: &[(r"^(swin|convnext|resnet|segformer)\.", "")] },
    Layout { name: "transformers", rules: &[(r"^segformer\.encoder\.", "")] },
    Layout {
        name: "transformers",
        rules: &[
            (r"^resnet\.embedder\.embedder\.convolution\.", "conv1."),
            (r"^resnet\.embedder\.embedder\.normalization\.", "bn1."),
            (r"^resnet\.encoder\.stages\.(\d)\.layers\.", "layer{$1+1}."),
            (r"\.layer\.(\d)\.convolution\.", ".conv{$1+1}."),
            (r"\.layer\.(\d)\.normalization\.", ".bn{$1+1}."),
            (r"\.shortcut\.convolution\.", ".downsample.0."),
            (r"\.shortcut\.normalization\.", ".downsample.1."),
        ],
    },
    Layout {
        name: "transformers",
        rules: &[
            (r"^segformer\.encoder\.patch_embeddings\.(\d)\.", "patch_embed{$1+1}."),
            (r"^segformer\.encoder\.block\.(\d)\.", "block{$1+1}."),
            (r"^segformer\.encoder\.layer_norm\.(\d)\.", "norm{$1+1}."),
            (r"^(patch_embed\d)\.layer_norm\.", "$1.norm."),
            (r"\.layer_norm_([12])\.", ".norm$1."),
            (r"\.attention\.self\.query\.", ".attn.q."),
            (r"\.attention\.self\.key\.(\w+)$", ".attn.kv.$1[0]"),
            (r"\.attention\.self\.value\.(\w+)$", ".attn.kv.$1[1]"),
            (r"\.attention\.self\.sr\.", ".attn.sr."),
            (r"\.attention\.self\.layer_norm\.", ".attn.norm."),
            (r"\.attention\.output\.dense\.", ".attn.proj."),
            (r"\.mlp\.dense([12])\.", ".mlp.fc$1."),
        ],
    },
    // The same since transformers 5.
    Layout {
        name: "transformers",
        rules: &[
            (r"^segformer\.stages\.(\d)\.patch_embeddings\.", "patch_embed{$1+1}."),
            (r"^segformer\.stages\.(\d)\.blocks\.", "block{$1+1}."),
            (r"^segformer\.stages\.(\d)\.layer_norm\.", "norm{$1+1}."),
            (r"^(patch_embed\d)\.layer_norm\.", "$1.norm."),
            (r"\.layernorm_before\.", ".norm1."),
            (r"\.layernorm_after\.", ".norm2."),
            (r"\.attention\.q_proj\.", ".attn.q."),
            (r"\.attention\.k_proj\.(\w+)$", ".attn.kv.$1[0]"),
            (r"\.attention\.v_proj\.(\w+)$", ".attn.kv.$1[1]"),
            (r"\.attention\.o_proj\.", ".attn.proj."),
            (r"\.attention\.sequence_reduction\.sequence_reduction\.", ".attn.sr."),
            (r"\.attention\.sequence_reduction\.layer_norm\.", ".attn.norm."),
        ],
    },
    Layout {
        name: "transformers",
        rules: &[
            (r"^swin\.embeddings\.patch_embeddings\.projection\.", "model.patch_embed.proj."),
            (r"^swin\.embeddings\.norm\.", "model.patch_embed.norm."),
            (r"^swin\.encoder\.layers\.(\d)\.downsample\.", "model.layers_{$1+1}.downsample."),
            (r"^swin\.encoder\.layers\.(\d)\.", "model.layers_$1."),
            (r"\.layernorm_before\.", ".norm1."),
            (r"\.layernorm_after\.", ".norm2."),
            (r"\.attention\.(?:self\.query|q_proj)\.(\w+)$", ".attn.qkv.$1[0]"),
            (r"\.attention\.(?:self\.key|k_proj)\.(\w+)$", ".attn.qkv.$1[1]"),
            (r"\.attention\.(?:self\.value|v_proj)\.(\w+)$", ".attn.qkv.$1[2]"),
            (r"\.attention\.(?:self|relative_position_bias)\.relative", ".attn.relative"),
            (r"\.attention\.(?:output\.dense|o_proj)\.", ".attn.proj."),
            (r"\.intermediate\.dense\.", ".mlp.fc1."),
            (r"\.output\.dense\.", ".mlp.fc2."),
        ],
    },
    Layout {
        name: "transformers",
        rules: &[
            (r"^convnext\.embeddings\.patch_embeddings\.", "model.stem_0."),
            (r"^convnext\.embeddings\.layernorm\.", "model.stem_1."),
            (r"^convnext\.encoder\.stages\.(\d)\.downsampling_layer\.", "model.stages_$1.downsample."),
            (r"^convnext\.encoder\.stages\.(\d)\.layers\.", "model.stages_$1.blocks."),
            (r"\.dwconv\.", ".conv_dw."),
            (r"\.layernorm\.", ".norm."),
            (r"\.pwconv([12])\.", ".mlp.fc$1."),
            (r"\.layer_scale_parameter$", ".gamma"),
        ],
    },
];

/// Keys that only a classifier has: heads, and what lies between the last feature map and the head.
const CLASSIFIER: &str = r"(?x)
    ^(fc|_fc|last_linear|classifier|head|head_dist|norm|norm_pre|final_conv|conv_head|_conv_head|_bn1|bn2)\.
    | ^(final_layer|incre_modules|downsamp_modules)\.
    | ^(resnet|segformer|swin|convnext)\.layernorm\.
    | ^features\.norm5\. | ^features\.18\.";

/// Keys of what is worked out when a model is built, and need not be loaded.
const DERIVED: &str = r"\.(relative_position_index|relative_coords_table|attn_mask)$";

/// Keys of layers that an encoder has and the classifier which it comes from lacks: they start as in a new model.
const FRESH: &str = r"^hidden_states_norms\.";

/// Weights with our keys.
pub(super) struct Arranged {
    /// The library in whose layout they were.
    pub(super) layout: &'static str,
    pub(super) tensors: BTreeMap<String, Tensor>,
    /// Keys of the classifier.
    pub(super) left_over: Vec<String>,
    /// Keys of the encoder that no classifier has, where they are missing.
    pub(super) fresh: Vec<String>,
}

/// Gives `tensors` the keys of the encoder whose keys and shapes are `wanted`. Keys that no layout knows stay.
pub(super) fn arrange(tensors: BTreeMap<String, Tensor>, wanted: &BTreeMap<&str, Vec<i64>>) -> Arranged {
    let found = |names: &[String]| names.iter().filter(|name| wanted.contains_key(part(name).0)).count();
    let best = LAYOUTS
        .iter()
        .map(|layout| (layout.name, renamed(layout, tensors.keys())))
        .rev()
        .max_by_key(|(_, names)| found(names));
    let (layout, names) = best.unwrap_or_default();
    let (classifier, derived) = (pattern(CLASSIFIER), pattern(DERIVED));
    let mut arranged =
        Arranged { layout, tensors: BTreeMap::new(), left_over: Vec::new(), fresh: Vec::new() };
    let mut parts: BTreeMap<String, BTreeMap<usize, Tensor>> = BTreeMap::new();
    for ((old, tensor), new) in tensors.into_iter().zip(&names) {
        match part(new) {
            (key, _) if !wanted.contains_key(key) && derived.is_match(&old) => {}
            (key, _) if !wanted.contains_key(key) && classifier.is_match(&old) => {
                arranged.left_over.push(old)
            }
            (key, _) if !wanted.contains_key(key) => drop(arranged.tensors.insert(old, tensor)),
            (key, None) => drop(arranged.tensors.insert(key.to_owned(), shaped(tensor, &wanted[key]))),
            (key, Some(index)) => drop(parts.entry(key.to_owned()).or_default().insert(index, tensor)),
        }
    }
    for (key, parts) in parts {
        let parts: Vec<Tensor> = parts.into_values().collect();
        arranged.tensors.insert(key, Tensor::cat(&parts, 0));
    }
    let fresh = pattern(FRESH);
    let missing = |key: &&&str| fresh.is_match(key) && !arranged.tensors.contains_key(**key);
    arranged.fresh = wanted.keys().filter(missing).map(|key| (*key).to_owned()).collect();
    arranged
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What a layout makes of each key.
fn renamed<'a>(layout: &Layout, keys: impl Iterator<Item = &'a String>) -> Vec<String> {
    let sum = pattern(r"\{(\d+)([+/])(\d+)\}");
    let worked_out = |captures: &Captures| {
        let [n, k] = [1, 3].map(|group| captures[group].parse::<u32>().unwrap_or_default());
        if &captures[2] == "+" { n + k } else { n / k.max(1) }.to_string()
    };
    let mut keys: Vec<String> = keys.cloned().collect();
    for (from, to) in layout.rules {
        let from = pattern(from);
        let matched = |key: &String| numbers(&from.captures(key)?);
        let matches: BTreeSet<Vec<u32>> = keys.iter().filter_map(matched).collect();
        for key in &mut keys {
            let Some(captures) = from.captures(key) else { continue };
            let lower = numbers(&captures).map_or(0, |own| matches.range(..own).count());
            let replaced = from.replace(key, to.replace('#', &lower.to_string())).into_owned();
            *key = sum.replace(&replaced, worked_out).into_owned();
        }
    }
    keys
}

/// The numbers that a pattern's groups captured, if they are numbers.
fn numbers(captures: &Captures) -> Option<Vec<u32>> {
    captures.iter().skip(1).map(|group| group?.as_str().parse().ok()).collect()
}

/// `key[i]` as the key and `i`.
fn part(name: &str) -> (&str, Option<usize>) {
    let index = name.strip_suffix(']').and_then(|name| name.rsplit_once('['));
    match index.map(|(key, index)| (key, index.parse().ok())) {
        Some((key, Some(index))) => (key, Some(index)),
        _ => (name, None),
    }
}

/// The tensor in this shape, where only axes of length 1 are more or less.
fn shaped(tensor: Tensor, wanted: &[i64]) -> Tensor {
    let long = |shape: &[i64]| shape.iter().copied().filter(|&size| size != 1).collect::<Vec<_>>();
    if long(&tensor.size()) == long(wanted) { tensor.reshape(wanted) } else { tensor }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{ModelSpec, outline};

    /// The encoder of a model in the layout that `published` makes of its keys, with keys of a classifier besides, is
    /// found; the answer is what was left over and what starts afresh.
    fn check(
        model: &str,
        place: &str,
        published: impl Fn(&str) -> Option<String>,
        classifier: &[&str],
        library: &str,
    ) -> [Vec<String>; 2] {
        let weights = outline(&ModelSpec::named(model, 3).unwrap()).unwrap();
        let encoder = weights.entries().iter().filter_map(|entry| {
            Some((entry.key.strip_prefix(place)?.strip_prefix('.')?, entry.tensor.size()))
        });
        let wanted: BTreeMap<&str, Vec<i64>> = encoder.collect();
        // Each tensor has its number everywhere, and the memory of one value.
        let numbered = |number: usize, shape: &[i64]| Tensor::from(number as f64).expand(shape, false);
        let mut tensors = BTreeMap::new();
        for (number, (key, shape)) in wanted.iter().enumerate() {
            tensors.extend(published(key).map(|key| (key, numbered(number, shape))));
        }
        tensors.extend(classifier.iter().map(|key| ((*key).to_owned(), numbered(0, &[10]))));
        let arranged = arrange(tensors, &wanted);
        assert_eq!(arranged.layout, library, "{model}");
        assert_eq!(arranged.tensors.len() + arranged.fresh.len(), wanted.len(), "{model}");
        for (number, (key, shape)) in wanted.iter().enumerate() {
            let Some(found) = arranged.tensors.get(*key) else { continue };
            assert_eq!(
                (found.size(), found.max().double_value(&[])),
                (shape.clone(), number as f64),
                "{key}"
            );
        }
        [arranged.left_over, arranged.fresh]
    }

    #[test]
    fn classifiers_are_found_in_the_layout_of_their_library() {
        let inner = |key: &str| key.strip_prefix("model.").map(str::to_owned);
        let head = ["classifier.weight", "downsamp_modules.2.0.bias", "final_layer.0.weight"];
        let [left_over, fresh] = check("unet/tu-hrnet_w48", "encoder", inner, &head, "timm");
        assert_eq!((left_over.as_slice(), fresh.len()), (head.map(str::to_owned).as_slice(), 0));

        let listed = |key: &str| Some(inner(key)?.replace("blocks_", "blocks.").replace("stem_", "stem."));
        let [left_over, _] = check("unet/tu-xception71", "encoder", listed, &["head.fc.bias"], "timm");
        assert_eq!(left_over, ["head.fc.bias"]);

        let norm = "hidden_states_norms.";
        let named = |key: &str| (!key.starts_with(norm)).then(|| format!("swin.{key}"));
        // Releases before 5 kept this with each block.
        let index = "swin.encoder.layers.0.blocks.1.attention.self.relative_position_index";
        let head = ["classifier.weight", "swin.layernorm.weight", index];
        let [left_over, fresh] = check("hf-upernet/swin_tiny", "backbone", named, &head, "transformers");
        assert_eq!(left_over, head[..2]);
        assert!(fresh.len() == 8 && fresh.iter().all(|key| key.starts_with(norm)), "{fresh:?}");
    }

    /// An encoder, a library that publishes it, a classifier's key there, and other keys with ours.
    type Row = (&'static str, &'static str, &'static str, &'static [[&'static str; 2]]);

    const OURS: &str = "segmentation-models-pytorch, timm or torchvision";
    const PUBLISHED: &[Row] = &[
        (
            "densenet121",
            "torchvision",
            "classifier.weight",
            &[
                ["features.conv0.weight", "features.conv0.weight"],
                [
                    "features.denseblock2.denselayer12.norm.1.running_var",
                    "features.denseblock2.denselayer12.norm1.running_var",
                ],
                [
                    "features.denseblock4.denselayer1.conv.2.weight",
                    "features.denseblock4.denselayer1.conv2.weight",
                ],
                ["features.transition3.norm.bias", "features.transition3.norm.bias"],
                ["features.norm5.weight", "features.norm5.weight"],
            ],
        ),
        (
            "densenet161",
            OURS,
            "classifier.bias",
            &[
                [
                    "features.denseblock4.denselayer24.conv2.weight",
                    "features.denseblock4.denselayer24.conv2.weight",
                ],
                ["features.norm5.weight", "features.norm5.weight"],
            ],
        ),
        (
            "timm-resnest50d",
            "timm",
            "fc.weight",
            &[
                ["conv1.6.weight", "model.conv1.6.weight"],
                ["bn1.weight", "model.bn1.weight"],
                ["layer2.0.conv2.fc1.bias", "model.layer2.0.conv2.fc1.bias"],
                ["layer4.0.downsample.2.running_mean", "model.layer4.0.downsample.2.running_mean"],
            ],
        ),
        (
            "timm-res2net50_26w_4s",
            "timm",
            "fc.bias",
            &[
                ["conv1.weight", "model.conv1.weight"],
                ["layer3.5.convs.2.weight", "model.layer3.5.convs.2.weight"],
                ["layer3.5.bns.2.weight", "model.layer3.5.bns.2.weight"],
            ],
        ),
        (
            "timm-regnetx_320",
            "timm",
            "head.fc.weight",
            &[
                ["stem.conv.weight", "model.stem.conv.weight"],
                ["s3.b13.conv2.bn.weight", "model.s3.b13.conv2.bn.weight"],
            ],
        ),
        (
            "timm-regnetx_320",
            "torchvision",
            "fc.weight",
            &[
                ["stem.0.weight", "model.stem.conv.weight"],
                ["stem.1.running_var", "model.stem.bn.running_var"],
                ["trunk_output.block1.block1-0.proj.0.weight", "model.s1.b1.downsample.conv.weight"],
                ["trunk_output.block1.block1-0.proj.1.bias", "model.s1.b1.downsample.bn.bias"],
                ["trunk_output.block3.block3-12.f.a.0.weight", "model.s3.b13.conv1.conv.weight"],
                ["trunk_output.block3.block3-12.f.b.1.weight", "model.s3.b13.conv2.bn.weight"],
                ["trunk_output.block4.block4-0.f.c.0.weight", "model.s4.b1.conv3.conv.weight"],
            ],
        ),
        (
            "tu-gernet_l",
            "timm",
            "head.fc.bias",
            &[
                ["stem.conv.weight", "model.stem.conv.weight"],
                ["stages.0.0.shortcut.conv.weight", "model.stages_0.0.shortcut.conv.weight"],
                ["stages.4.3.conv3_1x1.bn.weight", "model.stages_4.3.conv3_1x1.bn.weight"],
                ["final_conv.bn.bias", "model.final_conv.bn.bias"],
            ],
        ),
    ];

    #[test]
    fn published_keys_become_ours_and_the_classifier_is_left_over() {
        for (encoder, library, classifier, keys) in PUBLISHED {
            let weights = outline(&ModelSpec::named(&format!("unet/{encoder}"), 3).unwrap()).unwrap();
            let wanted: BTreeMap<&str, Vec<i64>> = (weights.entries().iter())
                .filter_map(|entry| Some((entry.key.strip_prefix("encoder.")?, entry.tensor.size())))
                .collect();
            let zeros = |shape: &[i64]| Tensor::zeros(shape, (tch::Kind::Float, tch::Device::Cpu));
            let mut tensors: BTreeMap<String, Tensor> =
                keys.iter().map(|[theirs, ours]| ((*theirs).to_owned(), zeros(&wanted[ours]))).collect();
            tensors.insert((*classifier).to_owned(), zeros(&[1]));
            let arranged = arrange(tensors, &wanted);
            assert_eq!(arranged.layout, *library, "{encoder}");
            assert_eq!(arranged.left_over, [*classifier], "{encoder}");
            let mut ours: Vec<&str> = keys.iter().map(|[_, ours]| *ours).collect();
            ours.sort_unstable();
            assert_eq!(arranged.tensors.into_keys().collect::<Vec<_>>(), ours, "{encoder}");
        }
    }
}
