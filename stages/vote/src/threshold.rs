//! Thresholds of bones, as command lines and files give them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use bones::Bone;
use bones::bone::COUNT;
use bones::scores::Thresholds;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use stage::{Failure, Job};

/// A threshold of one bone, or of all.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ThresholdOf {
    /// Whose; `None` is all bones.
    pub bone: Option<Bone>,
    /// The score above which the bone is there.
    pub score: f32,
}

impl FromStr for ThresholdOf {
    type Err = String;

    fn from_str(text: &str) -> Result<ThresholdOf, String> {
        let (bone, score) = match text.split_once('=') {
            Some((name, score)) => {
                let bone = Bone::from_name(name);
                (Some(bone.ok_or_else(|| format!("no bone is called `{name}`"))?), score)
            }
            None => (None, text),
        };
        match score.parse() {
            Ok(score) if score > 0.0 && score < 1.0 => Ok(ThresholdOf { bone, score }),
            _ => Err(format!("`{score}` is no score between 0 and 1, both excluded")),
        }
    }
}

impl fmt::Display for ThresholdOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bone {
            Some(bone) => write!(f, "{bone}={}", self.score),
            None => write!(f, "{}", self.score),
        }
    }
}

impl Serialize for ThresholdOf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for ThresholdOf {
    fn schema_name() -> Cow<'static, str> {
        "ThresholdOf".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": ["string", "number"] })
    }
}

/// The thresholds of all bones: 0.5, then those of the JSON file at `path`, then `given`, the last one counting.
pub(crate) fn read(job: &mut Job, path: Option<&Path>, given: &[ThresholdOf]) -> Result<Thresholds, Failure> {
    let mut scores = [0.5; COUNT];
    if let Some(path) = path {
        let bytes = job.read_file("thresholds", path)?;
        let refuse = |reason: String| Failure::data(path.display(), reason);
        let file: BTreeMap<String, f32> = serde_json::from_slice(&bytes).map_err(|error| {
            refuse(format!("is no JSON object of thresholds such as {{\"finger-1\": 0.4}}: {error}"))
        })?;
        for (name, score) in file {
            let bone = Bone::from_name(&name).ok_or_else(|| refuse(format!("no bone is called `{name}`")))?;
            scores[bone.index()] = score;
        }
        Thresholds::new(scores).map_err(|error| refuse(error.to_string()))?;
    }
    for ThresholdOf { bone, score } in given {
        match bone {
            Some(bone) => scores[bone.index()] = *score,
            None => scores = [*score; COUNT],
        }
    }
    Thresholds::new(scores).map_err(|error| Failure::Usage(error.to_string()))
}
