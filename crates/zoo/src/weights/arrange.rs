//! An encoder's weights with our keys, from the layout of whichever library published them.

use std::collections::{BTreeMap, BTreeSet};

use regex::{Captures, Regex};
use tch::Tensor;

use super::layouts::{CLASSIFIER, DERIVED, FRESH, LAYOUTS, Layout};

/// Weights with our keys.
pub(super) struct Arranged {
    /// The libraries in whose layout they were.
    pub(super) libraries: &'static [&'static str],
    pub(super) tensors: BTreeMap<String, Tensor>,
    /// Keys of the classifier.
    pub(super) left_over: Vec<String>,
    /// Keys of the encoder that no classifier has, where they are missing.
    pub(super) fresh: Vec<String>,
}

/// Gives `tensors` the keys of the encoder whose keys and shapes are `wanted`, by the layout that finds most of it. Keys
/// that no layout knows stay.
pub(super) fn arrange(tensors: BTreeMap<String, Tensor>, wanted: &BTreeMap<&str, Vec<i64>>) -> Arranged {
    let found = |names: &[String]| names.iter().filter(|name| wanted.contains_key(part(name).0)).count();
    let best = LAYOUTS
        .iter()
        .map(|layout| (layout.libraries, renamed(layout, tensors.keys())))
        .rev()
        .max_by_key(|(_, names)| found(names));
    let (libraries, names) = best.expect("there are layouts");
    let (classifier, derived) = (pattern(CLASSIFIER), pattern(DERIVED));
    let mut arranged =
        Arranged { libraries, tensors: BTreeMap::new(), left_over: Vec::new(), fresh: Vec::new() };
    let mut parts: BTreeMap<String, BTreeMap<usize, (String, Tensor)>> = BTreeMap::new();
    for ((old, tensor), new) in tensors.into_iter().zip(&names) {
        match part(new) {
            (key, _) if !wanted.contains_key(key) && derived.is_match(&old) => {}
            (key, _) if !wanted.contains_key(key) && classifier.is_match(&old) => {
                arranged.left_over.push(old)
            }
            (key, _) if !wanted.contains_key(key) => drop(arranged.tensors.insert(old, tensor)),
            (key, None) => drop(arranged.tensors.insert(key.to_owned(), shaped(tensor, &wanted[key]))),
            (key, Some(index)) => {
                drop(parts.entry(key.to_owned()).or_default().insert(index, (old, tensor)));
            }
        }
    }
    for (key, parts) in parts {
        let (old, parts): (Vec<String>, Vec<Tensor>) = parts.into_values().unzip();
        match Tensor::f_cat(&parts, 0) {
            Ok(whole) => drop(arranged.tensors.insert(key, whole)),
            // Of shapes that do not go together, and so no encoder's.
            Err(_) => arranged.tensors.extend(old.into_iter().zip(parts)),
        }
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
    // A number in a key may be too large to reckon with; no such key is an encoder's.
    let worked_out = |captures: &Captures| {
        let [n, k] = [1, 3].map(|group| captures[group].parse::<u32>().ok());
        let reckon = if &captures[2] == "+" { u32::checked_add } else { u32::checked_div };
        n.zip(k)
            .and_then(|(n, k)| reckon(n, k))
            .map_or_else(|| captures[0].to_owned(), |value| value.to_string())
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
        library: &[&str],
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
        assert_eq!(arranged.libraries, library, "{model}");
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
        let [left_over, fresh] = check("unet/tu-hrnet_w48", "encoder", inner, &head, &["timm"]);
        assert_eq!((left_over.as_slice(), fresh.len()), (head.map(str::to_owned).as_slice(), 0));

        let listed = |key: &str| Some(inner(key)?.replace("blocks_", "blocks.").replace("stem_", "stem."));
        let [left_over, _] = check("unet/tu-xception71", "encoder", listed, &["head.fc.bias"], &["timm"]);
        assert_eq!(left_over, ["head.fc.bias"]);

        let norm = "hidden_states_norms.";
        let named = |key: &str| (!key.starts_with(norm)).then(|| format!("swin.{key}"));
        // Releases before 5 kept this with each block.
        let index = "swin.encoder.layers.0.blocks.1.attention.self.relative_position_index";
        let head = ["classifier.weight", "swin.layernorm.weight", index];
        let [left_over, fresh] = check("hf-upernet/swin_tiny", "backbone", named, &head, &["transformers"]);
        assert_eq!(left_over, head[..2]);
        assert!(fresh.len() == 8 && fresh.iter().all(|key| key.starts_with(norm)), "{fresh:?}");
    }

    /// An encoder, a library that publishes it, a classifier's key there, and other keys with ours.
    type Row = (&'static str, &'static [&'static str], &'static str, &'static [[&'static str; 2]]);

    const OURS: &[&str] = &["segmentation-models-pytorch", "timm", "torchvision"];
    const PUBLISHED: &[Row] = &[
        (
            "densenet121",
            &["torchvision"],
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
            &["timm"],
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
            &["timm"],
            "fc.bias",
            &[
                ["conv1.weight", "model.conv1.weight"],
                ["layer3.5.convs.2.weight", "model.layer3.5.convs.2.weight"],
                ["layer3.5.bns.2.weight", "model.layer3.5.bns.2.weight"],
            ],
        ),
        (
            "timm-regnetx_320",
            &["timm"],
            "head.fc.weight",
            &[
                ["stem.conv.weight", "model.stem.conv.weight"],
                ["s3.b13.conv2.bn.weight", "model.s3.b13.conv2.bn.weight"],
            ],
        ),
        (
            "timm-regnetx_320",
            &["torchvision"],
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
            &["timm"],
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
            assert_eq!(arranged.libraries, *library, "{encoder}");
            assert_eq!(arranged.left_over, [*classifier], "{encoder}");
            let mut ours: Vec<&str> = keys.iter().map(|[_, ours]| *ours).collect();
            ours.sort_unstable();
            assert_eq!(arranged.tensors.into_keys().collect::<Vec<_>>(), ours, "{encoder}");
        }
    }
}
