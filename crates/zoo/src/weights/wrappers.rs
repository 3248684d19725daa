//! What wrappers of a model put before every key of its state dict.

use std::collections::BTreeMap;

use tch::Tensor;

/// DataParallel and DistributedDataParallel; Lightning's modules, and others that call the network so; `torch.compile`.
const PREFIXES: [&str; 3] = ["module.", "model.", "_orig_mod."];

/// Takes off what stands before every key, as long as no key is `known` as it is; what was taken off, if anything.
pub(super) fn take_off(
    mut tensors: BTreeMap<String, Tensor>,
    known: impl Fn(&str) -> bool,
) -> (BTreeMap<String, Tensor>, Option<String>) {
    let mut taken = String::new();
    while let Some((first, _)) = tensors.first_key_value() {
        let Some(prefix) = PREFIXES.iter().find(|prefix| first.starts_with(**prefix)) else { break };
        if !tensors.keys().all(|key| key.starts_with(prefix)) || tensors.keys().any(|key| known(key)) {
            break;
        }
        taken += prefix;
        tensors = tensors.into_iter().map(|(key, tensor)| (key[prefix.len()..].to_owned(), tensor)).collect();
    }
    let told = (!taken.is_empty()).then(|| format!("every key begins with `{taken}`, which was taken off"));
    (tensors, told)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys that are left, and what was taken off.
    fn taken_off(keys: &[&str], known: &[&str]) -> (Vec<String>, Option<String>) {
        let tensors = keys.iter().map(|key| ((*key).to_owned(), Tensor::from(0.0))).collect();
        let (left, told) = take_off(tensors, |key| known.contains(&key));
        (left.into_keys().collect(), told)
    }

    #[test]
    fn what_stands_before_every_key_is_taken_off_in_any_nesting() {
        for wrappers in PREFIXES.iter().flat_map(|one| {
            PREFIXES
                .iter()
                .flat_map(move |two| [(*one).to_owned(), format!("{one}{two}"), format!("{one}{two}{one}")])
        }) {
            let keys = ["a.weight", "b.bias"].map(|key| wrappers.clone() + key);
            let (left, told) = taken_off(&[&keys[0], &keys[1]], &[]);
            assert_eq!(left, ["a.weight", "b.bias"]);
            assert!(told.is_some_and(|told| told.contains(&format!("`{wrappers}`"))), "{wrappers}");
        }
    }

    #[test]
    fn the_models_own_keys_and_what_not_all_have_stay() {
        // timm's models in a wrapper of segmentation-models-pytorch are called `model` themselves.
        let (left, told) = taken_off(&["module.model.a", "module.model.b"], &["model.a"]);
        assert_eq!((left, told.is_some()), (vec!["model.a".to_owned(), "model.b".to_owned()], true));
        for keys in [["model.a", "model.b"], ["module.a", "other.b"]] {
            assert_eq!(taken_off(&keys, &["model.a"]), (keys.map(str::to_owned).to_vec(), None));
        }
        assert_eq!(taken_off(&[], &[]), (Vec::new(), None));
    }
}
