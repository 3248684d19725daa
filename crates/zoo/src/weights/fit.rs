//! Weights made to fit a model: heads replaced, first convolutions folded, and encoders found in other layouts.

use std::collections::{BTreeMap, BTreeSet};

use tch::{Kind, Tensor};

use super::{Mismatch, Source, WeightsError, layouts};
use crate::catalog::ModelSpec;
use crate::segmenter::{Segmenter, outline};

impl Segmenter {
    /// Takes all weights from `source`, if every key, shape and dtype is the model's; else
    /// [`WeightsError::Mismatch`] has every difference, and nothing changes.
    ///
    /// Weights of a model with one input channel fit one with three, and the other way round: see
    /// [`Self::load_encoder`]. With `replace_head`, heads of another number of classes are left out, and the model's
    /// own stay. The answer is what was done beside copying, in words.
    pub fn load(&self, source: &Source, replace_head: bool) -> Result<Vec<String>, WeightsError> {
        let mut loaded = source.read()?;
        let everything: BTreeMap<&str, &Tensor> =
            self.weights().entries().iter().map(|entry| (entry.key.as_str(), &entry.tensor)).collect();
        loaded.told.extend(self.fold_channels(&mut loaded.tensors));
        let heads = self.keys_that_depend_on(|spec| spec.classes += 1);
        let other: Vec<&String> = heads
            .iter()
            .filter(|key| {
                let found = loaded.tensors.get(*key).map(Tensor::size);
                found.is_some_and(|found| differ_at(0, &found, &everything[key.as_str()].size()))
            })
            .collect();
        if replace_head {
            for key in &other {
                let classes = loaded.tensors.remove(*key).map_or(0, |found| found.size()[0]);
                let own = self.spec().classes;
                loaded
                    .told
                    .push(format!("{key} is of {classes} classes: a fresh one of {own} takes its place"));
            }
        }
        let mut mismatch = self.weights().compare(&loaded.tensors);
        if replace_head {
            mismatch.missing.retain(|key| !other.contains(&key));
        } else if !other.is_empty() && other.len() == mismatch.wrong_shape.len() {
            mismatch.remedy = Some("with --replace-head fresh heads take their place".to_owned());
        }
        self.take(source, mismatch, &loaded.tensors)?;
        Ok(loaded.told)
    }

    /// Takes the encoder's weights from `source`, in the layout of any of the libraries that publish them: timm,
    /// torchvision, segmentation-models-pytorch or transformers. All of the encoder must be there but for what no
    /// classifier has; only classification heads may be left over. The answer is what was done beside copying, in words.
    ///
    /// The first convolution is folded where its input channels differ: for one channel the sum over three, which
    /// gives the same on a grey image; for three a third each.
    pub fn load_encoder(&self, source: &Source) -> Result<Vec<String>, WeightsError> {
        let prefix = format!("{}.", self.encoder_key());
        let entries = self.weights().entries().iter();
        let wanted: BTreeMap<&str, Vec<i64>> = entries
            .filter_map(|entry| Some((entry.key.strip_prefix(&prefix)?, entry.tensor.size())))
            .collect();
        let loaded = source.read()?;
        let arranged = layouts::arrange(loaded.tensors, &wanted);
        let mut tensors: BTreeMap<String, Tensor> =
            arranged.tensors.into_iter().map(|(key, tensor)| (prefix.clone() + &key, tensor)).collect();
        let mut told = loaded.told;
        told.push(format!("read as weights in {}'s layout", arranged.layout));
        told.extend(self.fold_channels(&mut tensors));
        if !arranged.left_over.is_empty() {
            told.push(format!("left over, as a classifier's: {}", arranged.left_over.join(", ")));
        }
        if !arranged.fresh.is_empty() {
            told.push(format!("no classifier has, and so they start afresh: {}", arranged.fresh.join(", ")));
        }
        let mut mismatch = self.weights().compare(&tensors);
        let loadable = |key: &str| !arranged.fresh.iter().any(|fresh| fresh == key);
        mismatch.missing.retain(|key| key.strip_prefix(&prefix).is_some_and(loadable));
        self.take(source, mismatch, &tensors)?;
        Ok(told)
    }

    fn take(
        &self,
        source: &Source,
        mismatch: Mismatch,
        tensors: &BTreeMap<String, Tensor>,
    ) -> Result<(), WeightsError> {
        if !mismatch.is_empty() {
            return Err(WeightsError::Mismatch { from: source.to_string(), mismatch: Box::new(mismatch) });
        }
        self.weights().copy(tensors);
        Ok(())
    }

    /// Folds tensors for three input channels into ones for one, and the other way round; says so.
    fn fold_channels(&self, tensors: &mut BTreeMap<String, Tensor>) -> Vec<String> {
        let own = self.spec().in_channels;
        let other = if own == 3 { 1 } else { 3 };
        let first = self.keys_that_depend_on(|spec| spec.in_channels = other);
        let mut told = Vec::new();
        for key in first {
            let Some((found, wanted)) = tensors.get(&key).zip(self.weights().get(&key)) else { continue };
            let (size, wanted) = (found.size(), wanted.tensor.size());
            if !differ_at(1, &size, &wanted) {
                continue;
            }
            let folded = match (size[1], wanted[1]) {
                (3, 1) => found.sum_dim_intlist([1i64].as_slice(), true, None::<Kind>),
                (1, 3) => (found / 3.0).expand(&wanted, false).contiguous(),
                _ => continue,
            };
            told.push(format!("{key} is for {} input channel(s): folded for {}", size[1], wanted[1]));
            tensors.insert(key, folded);
        }
        told
    }

    /// Keys whose shapes are others in the model that `change` makes of this one.
    fn keys_that_depend_on(&self, change: impl FnOnce(&mut ModelSpec)) -> BTreeSet<String> {
        let mut spec = self.spec().clone();
        change(&mut spec);
        let Ok(changed) = outline(&spec) else { return BTreeSet::new() };
        let here = self.weights().entries().iter();
        let differing =
            here.zip(changed.entries()).filter(|(own, other)| own.tensor.size() != other.tensor.size());
        differing.map(|(own, _)| own.key.clone()).collect()
    }
}

/// Whether two shapes differ along this axis and no other.
fn differ_at(axis: usize, one: &[i64], other: &[i64]) -> bool {
    one.len() == other.len() && one.iter().zip(other).enumerate().all(|(at, (a, b))| (a != b) == (at == axis))
}
