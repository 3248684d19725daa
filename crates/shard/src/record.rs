//! What flows: a [`Header`] once, then [`Record`]s of named [`Plane`]s.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The element type of a plane; bytes are little-endian.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// Unsigned 8 bit.
    U8,
    /// Unsigned 16 bit.
    U16,
    /// Unsigned 32 bit.
    U32,
    /// Signed 32 bit.
    I32,
    /// IEEE half precision.
    F16,
    /// IEEE single precision.
    F32,
}

impl Dtype {
    /// Bytes an element.
    pub const fn size(self) -> usize {
        match self {
            Dtype::U8 => 1,
            Dtype::U16 | Dtype::F16 => 2,
            Dtype::U32 | Dtype::I32 | Dtype::F32 => 4,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dtype::U8 => "u8",
            Dtype::U16 => "u16",
            Dtype::U32 => "u32",
            Dtype::I32 => "i32",
            Dtype::F16 => "f16",
            Dtype::F32 => "f32",
        })
    }
}

/// How a plane's bytes stand for its elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Every element, row-major: length = product of the shape × size of the dtype.
    Dense,
    /// (end, value) pairs of `u32` over the row-major elements of `shape`.
    Runs,
    /// Outlines: for each `u32` class, `u32` number of points, then (x, y) pairs of `i32`.
    Rings,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Encoding::Dense => "dense",
            Encoding::Runs => "runs",
            Encoding::Rings => "rings",
        })
    }
}

/// A named array of a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plane {
    /// `image`, `polygons`, `masks` or `scores`.
    pub name: String,
    /// The element type.
    pub dtype: Dtype,
    /// Extents, outermost first: `[height, width]` for images.
    pub shape: Vec<u64>,
    /// How `bytes` stand for the elements.
    pub encoding: Encoding,
    /// Little-endian bytes.
    pub bytes: Vec<u8>,
}

/// One image's worth of data: a key, attributes and planes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Record {
    /// `patient/file` without extension, such as `ID001/image1661130828152_R`; unique in a stream.
    pub key: String,
    /// Named texts that travel with the planes (patient, side, original size, crop window …).
    pub attributes: BTreeMap<String, String>,
    /// The planes, in the order of the header.
    pub planes: Vec<Plane>,
}

impl Record {
    /// The plane called `name`.
    pub fn plane(&self, name: &str) -> Option<&Plane> {
        self.planes.iter().find(|plane| plane.name == name)
    }

    /// Puts `plane` in the place of the one with its name, or behind the others.
    pub fn set_plane(&mut self, plane: Plane) {
        match self.planes.iter_mut().find(|old| old.name == plane.name) {
            Some(old) => *old = plane,
            None => self.planes.push(plane),
        }
    }

    /// Takes the plane called `name` out.
    pub fn take_plane(&mut self, name: &str) -> Option<Plane> {
        let index = self.planes.iter().position(|plane| plane.name == name)?;
        Some(self.planes.remove(index))
    }
}

/// What every record of a stream has under a name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaneSpec {
    /// The plane's name.
    pub name: String,
    /// Its element type.
    pub dtype: Dtype,
    /// Its encoding.
    pub encoding: Encoding,
}

/// Who wrote a stream.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Producer {
    /// The stage's name.
    pub stage: String,
    /// Its version.
    pub version: String,
}

/// The first frame of a stream.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Who wrote it.
    pub producer: Producer,
    /// The planes of every record, in order.
    pub planes: Vec<PlaneSpec>,
    /// The class list that masks, polygons and scores index; empty where there is none of these.
    pub classes: Vec<String>,
    /// Facts about all records, such as the resize filter.
    pub attributes: BTreeMap<String, String>,
}

impl Header {
    /// The plane called `name`.
    pub fn plane(&self, name: &str) -> Option<&PlaneSpec> {
        self.planes.iter().find(|plane| plane.name == name)
    }
}
