//! What a window is cut around.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use bones::crop::Region;
use bones::{Bone, BoneSet};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

/// A region of the hand, or one bone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// One window or several, see [`Region`].
    Region(Region),
    /// One window around the bone.
    Bone(Bone),
}

impl Target {
    /// The windows that several targets make together, each once.
    pub fn parts_of(targets: &[Target]) -> Vec<(&'static str, BoneSet)> {
        let mut parts: Vec<(&'static str, BoneSet)> = Vec::new();
        for part in targets.iter().flat_map(|target| target.parts()) {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        parts
    }

    /// The windows to make: the name that goes into the record's key, and the bones to be seen.
    pub fn parts(self) -> Vec<(&'static str, BoneSet)> {
        let alone = |bone: Bone| (bone.name(), BoneSet::of(bone));
        match self {
            Target::Region(Region::Wrist) => vec![(Region::Wrist.name(), Region::Wrist.bones())],
            Target::Region(Region::Fingertips) => Region::Fingertips.bones().iter().map(alone).collect(),
            Target::Bone(bone) => vec![alone(bone)],
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Region(region) => region.fmt(f),
            Target::Bone(bone) => bone.fmt(f),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        let region = Region::ALL.into_iter().find(|region| region.name() == text).map(Target::Region);
        region.or_else(|| Bone::from_name(text).map(Target::Bone)).ok_or_else(|| {
            let regions = Region::ALL.map(Region::name).join("`, `");
            format!("`{text}` is neither a region (`{regions}`) nor a bone (`{}`)", Bone::NAMES.join("`, `"))
        })
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Target {
    fn schema_name() -> Cow<'static, str> {
        "Target".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = Region::ALL.map(Region::name).into_iter().chain(Bone::NAMES).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}
