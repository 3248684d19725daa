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
        let elsewhere = known_elsewhere(model);
        let (architecture, encoder) = match model.split_once('/') {
            Some(names) if elsewhere.is_none() => names,
            _ => {
                let nearest = elsewhere.unwrap_or_else(|| nearest(model, &models()).to_owned());
                return Err(Error::ModelName { given: model.to_owned(), nearest });
            }
        };
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
    let architecture =
        decoders::ARCHITECTURES.iter().find(|row| row.name == spec.architecture).ok_or_else(|| {
            let known = architectures();
            let nearest = nearest(&spec.architecture, &known).to_owned();
            Error::Unknown { what: "architecture", given: spec.architecture.clone(), nearest, known }
        })?;
    let encoder = encoders::variants()
        .find(|row| row.name() == spec.encoder)
        .ok_or_else(|| unknown_encoder(architecture, &spec.encoder))?;
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

/// The error that names what comes nearest on this architecture, or on another.
fn unknown_encoder(architecture: &Architecture, given: &str) -> Error {
    let (known, others): (Vec<_>, Vec<_>) =
        encoders::variants().partition(|&encoder| architecture.refuses(encoder).is_none());
    let [known, others]: [Vec<&str>; 2] =
        [known, others].map(|encoders| encoders.into_iter().map(Variant::name).collect());
    let own = nearest(given, &known);
    let other = nearest(given, &others);
    let nearest = match other_architecture(other) {
        Some(elsewhere) if distance(given, other) < distance(given, own) => format!("{elsewhere}/{other}"),
        _ => own.to_owned(),
    };
    Error::Unknown { what: "encoder", given: given.to_owned(), nearest, known }
}

/// The first architecture that takes this encoder.
fn other_architecture(encoder: &str) -> Option<&'static str> {
    let encoder = encoders::variants().find(|row| row.name() == encoder)?;
    decoders::ARCHITECTURES.iter().find(|row| row.refuses(encoder).is_none()).map(|row| row.name)
}

/// Every model's name.
fn models() -> Vec<String> {
    let pairs = decoders::ARCHITECTURES
        .iter()
        .flat_map(|row| encoders::variants().map(move |encoder| (row, encoder)));
    let legal = pairs.filter(|(row, encoder)| row.refuses(*encoder).is_none());
    legal.map(|(row, encoder)| format!("{}/{}", row.name, encoder.name())).collect()
}

/// Our name of a model that its reference calls so: `fcn_resnet50`, or `openmmlab/upernet-swin-tiny`.
fn known_elsewhere(given: &str) -> Option<String> {
    let given = given.replace('_', "-");
    let named = decoders::ARCHITECTURES.iter().filter(|row| !row.known_as.is_empty());
    let mut pairs = named.flat_map(|row| row.encoders.iter().map(move |encoder| (row, encoder)));
    let (row, encoder) =
        pairs.find(|(row, encoder)| format!("{}{encoder}", row.known_as).replace('_', "-") == given)?;
    Some(format!("{}/{encoder}", row.name))
}

fn nearest<'a, T: AsRef<str>>(given: &str, known: &'a [T]) -> &'a str {
    let by_distance = known.iter().map(T::as_ref).min_by_key(|name| distance(given, name));
    by_distance.expect("every architecture takes some encoders, and none takes all")
}

/// How far apart two names are: beginnings of each other first, then by edits, of letters and digits alone.
fn distance(one: &str, other: &str) -> (bool, usize) {
    let [one, other] = [one, other].map(|name| {
        let spelled = name.to_lowercase().replace('+', "plus");
        spelled.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>()
    });
    let beginning = one.starts_with(&other) || other.starts_with(&one);
    (!beginning, strsim::damerau_levenshtein(&one, &other))
}
