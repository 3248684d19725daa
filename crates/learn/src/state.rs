//! State: what a part of training needs beside its configuration to go on bit for bit.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tch::Tensor;

/// What has a state between steps: optimizer, average, schedule. A checkpoint stores both parts and looks into neither.
pub trait Stateful {
    /// The tensors of its state, each under a key of its own, as they are now: views, which later steps change.
    fn tensors(&self) -> Vec<(String, Tensor)>;

    /// All else of its state; null where there is nothing.
    fn notes(&self) -> Value;

    /// Goes on where it was that had these tensors and notes. It is unchanged where something does not fit.
    ///
    /// # Errors
    /// Names the first tensor or note that is missing or of another form.
    fn restore(&mut self, tensors: &BTreeMap<String, Tensor>, notes: &Value) -> Result<(), Misfit>;
}

/// A part of a stored state that does not fit what is to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The tensor's key, or `notes`.
    pub key: String,
    /// What was expected of it, and what was found.
    pub what: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: the state is of another model or configuration", self.key, self.what)
    }
}

impl std::error::Error for Misfit {}

/// The stored tensor for each of `targets`, all looked up before any is copied.
pub(crate) fn matching<'a>(
    targets: &[(String, Tensor)],
    stored: &'a BTreeMap<String, Tensor>,
) -> Result<Vec<&'a Tensor>, Misfit> {
    let one = |(key, target): &(String, Tensor)| {
        let misfit = |found: String| Misfit {
            key: key.clone(),
            what: format!("expected {:?} {:?}, found {found}", target.kind(), target.size()),
        };
        let found = stored.get(key).ok_or_else(|| misfit("no such tensor".to_owned()))?;
        if found.size() != target.size() || found.kind() != target.kind() {
            return Err(misfit(format!("{:?} {:?}", found.kind(), found.size())));
        }
        Ok(found)
    };
    targets.iter().map(one).collect()
}

/// Copies each stored tensor over its target.
pub(crate) fn put(targets: &[(String, Tensor)], found: &[&Tensor]) {
    tch::no_grad(|| {
        for ((_, target), found) in targets.iter().zip(found) {
            target.shallow_clone().copy_(found);
        }
    });
}

/// Notes as what they were written from.
pub(crate) fn read_notes<T: DeserializeOwned>(notes: &Value) -> Result<T, Misfit> {
    T::deserialize(notes).map_err(|error| Misfit { key: "notes".to_owned(), what: error.to_string() })
}
