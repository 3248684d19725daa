//! The catalog: which architectures and encoders there are, and what a model is called.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::decoders::{self, Architecture};
use crate::encoders::{self, Variant};

/// A model before it is built: what a checkpoint records to build it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// The decoder's name, such as `unet`.
    pub architecture: String,
    /// The encoder's name, such as `resnet34`.
    pub encoder: String,
    /// Output channels, one independent logit each; at least 1.
    pub classes: i64,
    /// Input channels; at least 1.
    #[serde(default = "rgb")]
    pub in_channels: i64,
    /// Rate of stochastic depth in the last block of encoders that have it, in [0, 1); absent: the family's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop_path: Option<f64>,
    /// Rate of dropout in decoders that have it, in [0, 1); absent: the architecture's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropout: Option<f64>,
}

fn rgb() -> i64 {
    3
}

impl ModelSpec {
    /// The model called `architecture/encoder`, for three input channels.
    pub fn named(model: &str, classes: i64) -> Result<Self, Error> {
        let (architecture, encoder) =
            model.split_once('/').ok_or_else(|| Error::ModelName { given: model.to_owned() })?;
        let spec = Self {
            architecture: architecture.to_owned(),
            encoder: encoder.to_owned(),
            classes,
            in_channels: rgb(),
            drop_path: None,
            dropout: None,
        };
        resolve(&spec)?;
        Ok(spec)
    }

    /// `architecture/encoder`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.architecture, self.encoder)
    }
}

/// Every architecture's name.
pub fn architectures() -> Vec<&'static str> {
    decoders::ARCHITECTURES.iter().map(|architecture| architecture.name).collect()
}

/// Every encoder's name.
pub fn encoders() -> Vec<&'static str> {
    encoders::variants().map(Variant::name).collect()
}

/// The rows that a specification names, checked.
pub(crate) fn resolve(spec: &ModelSpec) -> Result<(&'static Architecture, &'static dyn Variant), Error> {
    let architecture = decoders::ARCHITECTURES
        .iter()
        .find(|row| row.name == spec.architecture)
        .ok_or_else(|| unknown("architecture", &spec.architecture, architectures()))?;
    let encoder = encoders::variants()
        .find(|row| row.name() == spec.encoder)
        .ok_or_else(|| unknown("encoder", &spec.encoder, encoders()))?;
    for (field, given) in [("classes", spec.classes), ("in_channels", spec.in_channels)] {
        if given < 1 {
            return Err(Error::Field { field, given: given.to_string(), expected: "at least 1" });
        }
    }
    for (field, rate) in [("drop_path", spec.drop_path), ("dropout", spec.dropout)] {
        if let Some(rate) = rate
            && !(0.0..1.0).contains(&rate)
        {
            return Err(Error::Field { field, given: rate.to_string(), expected: "in [0, 1)" });
        }
    }
    if let Some(reason) = architecture.refuses(encoder) {
        return Err(Error::Pairing {
            architecture: spec.architecture.clone(),
            encoder: spec.encoder.clone(),
            reason,
        });
    }
    Ok((architecture, encoder))
}

fn unknown(what: &'static str, given: &str, known: Vec<&'static str>) -> Error {
    let nearest =
        known.iter().min_by_key(|name| strsim::damerau_levenshtein(name, given)).copied().unwrap_or_default();
    Error::Unknown { what, given: given.to_owned(), nearest, known }
}
