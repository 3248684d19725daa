//! Everything in which weights differ from a model, told together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use tch::{Kind, Tensor};

use crate::parameters::Weights;

/// Keys listed per kind of mismatch before the rest is only counted.
const LISTED: usize = 12;

/// BatchNorm's count of training batches. It takes no part in any result, and exporters often leave it out: the
/// one key that a file may lack. Where the file has it, it must fit like any other.
pub(super) const OPTIONAL_SUFFIX: &str = ".num_batches_tracked";

/// Everything in which a file differs from a model. Each list is in the order of the keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mismatch {
    /// Keys that the model has and the file lacks.
    pub missing: Vec<String>,
    /// Keys that the file has and the model lacks.
    pub unexpected: Vec<String>,
    /// Keys whose tensors have another shape.
    pub wrong_shape: Vec<Difference<Vec<i64>>>,
    /// Keys whose tensors have another element type. Single precision fits a model in double precision as well.
    pub wrong_dtype: Vec<Difference<Kind>>,
    /// What would make it fit, where something would.
    pub remedy: Option<String>,
}

/// One key on which file and model disagree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference<T> {
    /// The key.
    pub key: String,
    /// What the model has.
    pub expected: T,
    /// What the file has.
    pub found: T,
}

impl Mismatch {
    /// Whether file and model agree.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty()
            && self.unexpected.is_empty()
            && self.wrong_shape.is_empty()
            && self.wrong_dtype.is_empty()
    }
}

impl Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn differ<T: fmt::Debug>(differences: &[Difference<T>]) -> Vec<String> {
            let line = |d: &Difference<T>| format!("{} is {:?}, expected {:?}", d.key, d.found, d.expected);
            differences.iter().map(line).collect()
        }
        let lists = [
            ("missing", self.missing.clone()),
            ("unexpected", self.unexpected.clone()),
            ("of another shape", differ(&self.wrong_shape)),
            ("of another dtype", differ(&self.wrong_dtype)),
        ];
        let mut separator = "";
        for (what, lines) in lists.iter().filter(|(_, lines)| !lines.is_empty()) {
            write!(f, "{separator}{} {what}:", lines.len())?;
            for line in lines.iter().take(LISTED) {
                write!(f, "\n    {line}")?;
            }
            if lines.len() > LISTED {
                write!(f, "\n    … and {} more", lines.len() - LISTED)?;
            }
            separator = "\n  ";
        }
        match &self.remedy {
            Some(remedy) => write!(f, "{separator}{remedy}"),
            None => Ok(()),
        }
    }
}

impl Weights {
    /// In what `tensors` differ from this model.
    pub fn compare(&self, tensors: &BTreeMap<String, Tensor>) -> Mismatch {
        let mut mismatch = Mismatch::default();
        let known = |key: &&str| !self.unused().contains(*key);
        let mut unexpected: BTreeSet<&str> = tensors.keys().map(String::as_str).filter(known).collect();
        for entry in self.entries() {
            unexpected.remove(entry.key.as_str());
            let key = || entry.key.clone();
            let Some(found) = tensors.get(&entry.key) else {
                if !entry.key.ends_with(OPTIONAL_SUFFIX) {
                    mismatch.missing.push(key());
                }
                continue;
            };
            let (expected, found_shape) = (entry.tensor.size(), found.size());
            if expected != found_shape {
                mismatch.wrong_shape.push(Difference { key: key(), expected, found: found_shape });
            }
            let (expected, found) = (entry.tensor.kind(), found.kind());
            if expected != found && (expected, found) != (Kind::Double, Kind::Float) {
                mismatch.wrong_dtype.push(Difference { key: key(), expected, found });
            }
        }
        mismatch.unexpected = unexpected.into_iter().map(str::to_owned).collect();
        mismatch.missing.sort_unstable();
        mismatch.wrong_shape.sort_by(|a, b| a.key.cmp(&b.key));
        mismatch.wrong_dtype.sort_by(|a, b| a.key.cmp(&b.key));
        mismatch
    }

    /// Takes the values of `tensors`, which fit; what is not among them stays.
    pub(super) fn copy(&self, tensors: &BTreeMap<String, Tensor>) {
        tch::no_grad(|| {
            for entry in self.entries() {
                if let Some(values) = tensors.get(&entry.key) {
                    entry.tensor.shallow_clone().copy_(values);
                }
            }
        });
    }
}
