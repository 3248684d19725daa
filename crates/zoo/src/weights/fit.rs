//! Weights made to fit a model: heads replaced, first convolutions folded, and encoders found in other layouts.

use std::collections::{BTreeMap, BTreeSet};

use checkpoint::{Part, Pretrained};
use tch::{Kind, Tensor};

use super::arrange::{Arranged, arrange};
use super::source::Content;
use super::{Mismatch, Source, WeightsError, wrappers};
use crate::catalog::ModelSpec;
use crate::provenance;
use crate::segmenter::{Segmenter, outline};

/// Weights that a model took.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What was done beside copying, and whose they are, in words.
    pub told: Vec<String>,
    /// What a checkpoint says of them.
    pub pretrained: Pretrained,
}

impl Segmenter {
    /// Takes all weights from `source`, if every key, shape and dtype is the model's; else
    /// [`WeightsError::Mismatch`] has every difference, and nothing changes.
    ///
    /// What wrappers such as DataParallel put before every key is taken off. Half, bfloat16 and double precision are
    /// cast to the model's. Weights of a model with one input channel fit one with three, and the other way round: see
    /// [`Self::load_encoder`]. With `replace_head`, heads of another number of classes are left out, and the model's
    /// own stay.
    pub fn load(&self, source: &Source, replace_head: bool) -> Result<Loaded, WeightsError> {
        let Content { tensors, mut told, sha256 } = source.read()?;
        let (mut tensors, taken_off) = wrappers::take_off(tensors, |key| self.weights().get(key).is_some());
        told.extend(taken_off);
        told.extend(self.cast(&mut tensors));
        told.extend(self.fold_channels(&mut tensors));
        let heads = self.keys_that_depend_on(|spec| spec.classes += 1);
        let other: Vec<&String> = heads
            .iter()
            .filter(|key| {
                let both = tensors.get(*key).zip(self.weights().get(key));
                both.is_some_and(|(found, own)| differ_at(0, &found.size(), &own.tensor.size()))
            })
            .collect();
        if replace_head {
            for key in &other {
                let classes = tensors.remove(*key).expect("it was found").size()[0];
                let own = self.spec().classes;
                told.push(format!("{key} is of {classes} classes: a fresh one of {own} takes its place"));
            }
        }
        let mut mismatch = self.weights().compare(&tensors);
        if replace_head {
            mismatch.missing.retain(|key| !other.contains(&key));
        } else if !other.is_empty() && other.len() == mismatch.wrong_shape.len() {
            mismatch.remedy = Some("with --replace-head fresh heads take their place".to_owned());
        }
        self.take(source, mismatch, &tensors)?;
        Ok(self.loaded(Part::Model, source, sha256, &[], told))
    }

    /// Takes the encoder's weights from `source`, in the layout of any of the libraries that publish them: timm,
    /// torchvision, segmentation-models-pytorch or transformers. All of the encoder must be there but for what no
    /// classifier has; only classification heads may be left over. Wrappers are taken off and values are cast as by
    /// [`Self::load`].
    ///
    /// The first convolution is folded where its input channels differ: for one channel the sum over three, which
    /// gives the same on a grey image; for three a third each.
    pub fn load_encoder(&self, source: &Source) -> Result<Loaded, WeightsError> {
        let prefix = format!("{}.", self.encoder_key());
        let entries = self.weights().entries().iter();
        let wanted: BTreeMap<&str, Vec<i64>> = entries
            .filter_map(|entry| Some((entry.key.strip_prefix(&prefix)?, entry.tensor.size())))
            .collect();
        let Content { tensors, mut told, sha256 } = source.read()?;
        let (mut tensors, taken_off) = wrappers::take_off(tensors, |key| wanted.contains_key(key));
        told.extend(taken_off);
        told.extend(self.cast(&mut tensors));
        let Arranged { libraries, tensors, left_over, fresh } = arrange(tensors, &wanted);
        let mut tensors: BTreeMap<String, Tensor> =
            tensors.into_iter().map(|(key, tensor)| (prefix.clone() + &key, tensor)).collect();
        told.push(format!("read as weights in {}'s layout", any_of(libraries)));
        told.extend(self.fold_channels(&mut tensors));
        if !left_over.is_empty() {
            told.push(format!("left over, as a classifier's: {}", left_over.join(", ")));
        }
        if !fresh.is_empty() {
            told.push(format!("no classifier has, and so they start afresh: {}", fresh.join(", ")));
        }
        let mut mismatch = self.weights().compare(&tensors);
        let loadable = |key: &str| !fresh.iter().any(|fresh| fresh == key);
        mismatch.missing.retain(|key| key.strip_prefix(&prefix).is_some_and(loadable));
        self.take(source, mismatch, &tensors)?;
        Ok(self.loaded(Part::Encoder, source, sha256, libraries, told))
    }

    /// What there is to say of weights that this model took.
    fn loaded(
        &self,
        part: Part,
        source: &Source,
        sha256: String,
        libraries: &[&str],
        changes: Vec<String>,
    ) -> Loaded {
        let published = provenance::published(source.repository(), &sha256);
        let mut told = changes.clone();
        told.push(match published {
            Some(weights) => {
                format!("published as {}, licence: {}", weights.name, weights.licence.unwrap_or("unknown"))
            }
            None => "whose they are, and under which licence, is unknown".to_owned(),
        });
        let agreed = || provenance::agreed_normalisation(&self.spec().encoder, libraries);
        let pretrained = Pretrained {
            part,
            source: source.repository().map(|_| source.to_string()),
            sha256,
            published: published.map(|weights| weights.name.to_owned()),
            licence: published.and_then(|weights| weights.licence).map(str::to_owned),
            normalisation: published.map(|weights| weights.normalisation).or_else(agreed),
            layout: (part == Part::Encoder).then(|| any_of(libraries)),
            changes,
        };
        Loaded { told, pretrained }
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

    /// Casts tensors of other precisions to the model's; says so.
    fn cast(&self, tensors: &mut BTreeMap<String, Tensor>) -> Vec<String> {
        let own = self.placement().kind;
        let other = [Kind::Half, Kind::BFloat16, Kind::Double].into_iter().filter(|kind| *kind != own);
        let mut told = Vec::new();
        for kind in other {
            let mut count = 0;
            for tensor in tensors.values_mut().filter(|tensor| tensor.kind() == kind) {
                *tensor = tensor.to_kind(own);
                count += 1;
            }
            if count > 0 {
                told.push(format!(
                    "{count} tensor(s) of {} were cast to {}",
                    precision(kind),
                    precision(own)
                ));
            }
        }
        told
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
        let changed = outline(&spec).expect("no number of classes or channels is refused");
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

/// What a floating-point type is called.
fn precision(kind: Kind) -> &'static str {
    match kind {
        Kind::Half => "half precision",
        Kind::BFloat16 => "bfloat16",
        Kind::Double => "double precision",
        _ => "single precision",
    }
}

/// `a, b or c`.
fn any_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => (*name).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
