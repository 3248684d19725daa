//! Annotations: a JSON file of the competition's layout → outlines.

use std::borrow::Cow;
use std::fmt;

use bones::Bone;
use bones::polygon::{Outline, truncate};
use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use thiserror::Error;

use crate::json;

/// What an annotation file says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Annotation {
    /// At most one outline a bone, in canonical order; their rings may be empty.
    pub outlines: Vec<Outline>,
    /// The bone of each outline that a later one of the same bone replaced.
    pub replaced: Vec<Bone>,
}

impl Annotation {
    /// How many bones have no outline, or an empty one.
    pub fn missing(&self) -> u64 {
        let drawn = self.outlines.iter().filter(|outline| !outline.ring.is_empty()).count();
        (bones::bone::COUNT - drawn) as u64
    }
}

/// Why a file is no annotation.
#[derive(Debug, Error)]
pub enum AnnotationError {
    /// No JSON, or not of the annotations' form.
    #[error(
        "is no annotation: {0}; an object with `annotations`, each with `label` and `points`, was expected"
    )]
    Form(#[from] serde_json::Error),
    /// A label that is no bone.
    #[error("annotation {number} has the unknown label {label:?}; did you mean `{nearest}`?")]
    Label {
        /// Which annotation, counted from 1.
        number: usize,
        /// The label.
        label: String,
        /// The bone whose name is nearest.
        nearest: Bone,
    },
    /// An annotation that is no outline.
    #[error("annotation {number} (`{bone}`) is a {kind:?}; only outlines, `poly_seg`, can be read")]
    Kind {
        /// Which annotation, counted from 1.
        number: usize,
        /// Its bone.
        bone: Bone,
        /// Its type.
        kind: String,
    },
    /// A coordinate that is no place in any image.
    #[error("annotation {number} (`{bone}`): point {point} is ({x}, {y}); pixel coordinates were expected")]
    Point {
        /// Which annotation, counted from 1.
        number: usize,
        /// Its bone.
        bone: Bone,
        /// Which point, counted from 1.
        point: usize,
        /// Its first coordinate.
        x: f64,
        /// Its second coordinate.
        y: f64,
    },
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    annotations: Vec<Drawn<'a>>,
}

#[derive(Deserialize)]
struct Drawn<'a> {
    #[serde(borrow)]
    label: Cow<'a, str>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    points: Vec<[Coordinate; 2]>,
}

/// A number; also Python's `NaN` and infinities, which [`json::standard`] made texts: no pixel is there, but an error
/// that names the point says more than one that names a column.
#[derive(Clone, Copy)]
struct Coordinate(f64);

impl<'de> Deserialize<'de> for Coordinate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Coordinate, D::Error> {
        deserializer.deserialize_any(Number).map(Coordinate)
    }
}

struct Number;

impl Visitor<'_> for Number {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_f64<E>(self, number: f64) -> Result<f64, E> {
        Ok(number)
    }

    fn visit_i64<E>(self, number: i64) -> Result<f64, E> {
        Ok(number as f64)
    }

    fn visit_u64<E>(self, number: u64) -> Result<f64, E> {
        Ok(number as f64)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<f64, E> {
        match text {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            _ => Err(E::invalid_type(Unexpected::Str(text), &self)),
        }
    }
}

/// Reads an annotation file.
///
/// Annotations come in any order; of two with one label the later holds, as in every loader in use. Coordinates are
/// truncated toward zero. A byte order mark, and Python's `NaN` and infinities outside of points, are read past. Everything else in the file, sizes and file names included, is not looked at: it is often
/// wrong.
pub fn read(json: &[u8]) -> Result<Annotation, AnnotationError> {
    let json = json::standard(json);
    let document: Document<'_> = serde_json::from_slice(&json)?;
    let mut outlines: [Option<Outline>; bones::bone::COUNT] = Default::default();
    let mut replaced = Vec::new();
    for (number, drawn) in (1..).zip(document.annotations) {
        let bone = Bone::from_name(&drawn.label).ok_or_else(|| AnnotationError::Label {
            number,
            nearest: Bone::nearest(&drawn.label),
            label: drawn.label.into_owned(),
        })?;
        if let Some(kind) = drawn.kind.filter(|kind| kind != "poly_seg") {
            return Err(AnnotationError::Kind { number, bone, kind: kind.into_owned() });
        }
        let corner = |(point, [Coordinate(x), Coordinate(y)]): (usize, [Coordinate; 2])| match (
            truncate(x),
            truncate(y),
        ) {
            (Some(x), Some(y)) => Ok([x, y]),
            _ => Err(AnnotationError::Point { number, bone, point, x, y }),
        };
        let ring = (1..).zip(drawn.points).map(corner).collect::<Result<Vec<_>, _>>()?;
        if outlines[bone.index()].replace(Outline { bone, ring }).is_some() {
            replaced.push(bone);
        }
    }
    Ok(Annotation { outlines: outlines.into_iter().flatten().collect(), replaced })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn error(json: &str) -> String {
        read(json.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn annotations_come_in_any_order_with_other_keys_and_empty_rings() {
        let json = r#"{
            "metadata": {"width": 3060, "height": 3060}, "filename": "other.jpg", "attributes": null,
            "annotations": [
                {"id": "b", "type": "poly_seg", "attributes": {}, "label": "Ulna", "points": [[1.9, -0.9], [2e3, 3]]},
                {"id": "a", "type": "poly_seg", "attributes": {}, "label": "finger-1", "points": []}
            ]
        }"#;
        let outline = |index, ring| Outline { bone: Bone::from_index(index).unwrap(), ring };
        let annotation = read(json.as_bytes()).unwrap();
        assert_eq!(annotation.outlines, [outline(0, vec![]), outline(28, vec![[1, 0], [2000, 3]])]);
        assert!(annotation.replaced.is_empty());
    }

    #[test]
    fn a_byte_order_mark_and_numbers_that_json_lacks_are_read_past() {
        let json = "\u{feff}{\"spacing\": NaN, \"annotations\": [{\"score\": -Infinity, \"label\": \"Ulna\", \
                    \"points\": [[1, 2]]}], \"x\": [Infinity, {\"y\": NaN}]}";
        assert_eq!(read(json.as_bytes()).unwrap().outlines[0].ring, [[1, 2]]);
    }

    #[test]
    fn the_later_of_two_outlines_holds() {
        let json = r#"{"annotations": [
            {"label": "Radius", "points": [[1, 1]]},
            {"label": "Radius", "points": [[2, 2]]},
            {"label": "Radius", "points": [[3, 3]]}
        ]}"#;
        let annotation = read(json.as_bytes()).unwrap();
        let radius = annotation.outlines[0].bone;
        assert_eq!(
            (annotation.outlines[0].ring.as_slice(), annotation.replaced),
            ([[3, 3]].as_slice(), vec![radius; 2])
        );
    }

    #[test]
    fn what_can_not_be_meant_is_named() {
        let one = |label: &str, points: &str| {
            error(&format!(r#"{{"annotations": [{{"label": "{label}", "points": {points}}}]}}"#))
        };
        assert!(
            one("radius", "[]")
                .contains(r#"annotation 1 has the unknown label "radius"; did you mean `Radius`?"#)
        );
        assert!(one("Radius", "[[0, 0], [3e9, 1]]").contains("(`Radius`): point 2 is (3000000000, 1)"));
        assert!(one("Radius", "[[1, 0], [NaN, 0]]").contains("(`Radius`): point 2 is (NaN, 0)"));
        assert!(one("Radius", "[[0, -Infinity]]").contains("(`Radius`): point 1 is (0, -inf)"));
        assert!(one("Radius", "[[\"1\", 0]]").contains("expected a number at line 1 column"));
        assert!(one("Radius", "[[1e999, 0]]").contains("number out of range"));
        assert!(one("Radius", "[[1, 2, 3]]").contains("is no annotation"));
        assert!(one("Radius", "[[null, 3]]").contains("is no annotation"));
        assert!(error(r#"{"annotations": [{"label": "Ulna"}]}"#).contains("missing field `points`"));
        assert!(
            error(r#"{"annotations": [{"label": "Ulna", "type": "bbox", "points": []}]}"#)
                .contains(r#"is a "bbox""#)
        );
        assert!(error("[]").contains("was expected"));
        assert!(error("").contains("EOF"));
        assert!(error(&"[".repeat(100_000)).contains("is no annotation"));
    }
}
