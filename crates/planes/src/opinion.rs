//! Opinion: the classes that the masks of a record say anything about (partial labels).
//!
//! A submission without any row for a bone has no opinion on it, which is not the same as finding it nowhere. What is
//! read from it carries that in the attribute [`attribute::OPINION`], so that a vote or a score of masks is that of the
//! submission that they are from.

use std::collections::BTreeMap;

use bones::{Bone, BoneSet, Mask};
use shard::Record;

use crate::{PlaneError, attribute, name};

/// The bones on which the masks of a record with these attributes have an opinion: all of them, where the attribute
/// `opinion` does not say otherwise.
pub fn opinion(attributes: &BTreeMap<String, String>) -> Result<BoneSet, PlaneError> {
    let Some(text) = attributes.get(attribute::OPINION) else { return Ok(BoneSet::ALL) };
    text.split_whitespace()
        .map(|name| {
            Bone::from_name(name).ok_or_else(|| PlaneError::Attribute {
                attribute: attribute::OPINION,
                what: format!(
                    "has `{name}`, which is no bone; names of bones separated by blanks were expected"
                ),
            })
        })
        .collect()
}

/// Says on which bones the masks of a record have an opinion.
pub fn set_opinion(record: &mut Record, opinion: BoneSet) {
    if opinion == BoneSet::ALL {
        record.attributes.remove(attribute::OPINION);
        return;
    }
    let names: Vec<&str> = opinion.iter().map(Bone::name).collect();
    record.attributes.insert(attribute::OPINION.to_owned(), names.join(" "));
}

/// What the plane `masks` says of the bones on which it has an opinion, which are the second value.
pub fn masks_and_opinion(record: &Record) -> Result<(Mask, BoneSet), PlaneError> {
    let (mask, opinion) = (crate::masks(record)?, opinion(&record.attributes)?);
    match (BoneSet::ALL - mask.absent() - opinion).iter().next() {
        None => Ok((mask, opinion)),
        Some(bone) => Err(PlaneError::Form {
            plane: name::MASKS,
            what: format!(
                "it shows {bone}, on which it has no opinion by the attribute `{}`",
                attribute::OPINION
            ),
        }),
    }
}

/// The first few names of a set of bones, for messages: `Radius, Ulna`, or `finger-1, finger-2, finger-3, finger-4, …`.
pub fn first_names(bones: BoneSet) -> String {
    let names: Vec<&str> = bones.iter().take(4).map(Bone::name).collect();
    let more = if bones.len() > names.len() { ", …" } else { "" };
    names.join(", ") + more
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bones::Size;

    use super::*;

    #[test]
    fn an_opinion_comes_back_and_none_said_is_one_on_all_bones() {
        let mut record = Record::default();
        assert_eq!(opinion(&record.attributes).unwrap(), BoneSet::ALL);
        for some in [BoneSet::CARPALS, BoneSet::EMPTY, BoneSet::ALL] {
            set_opinion(&mut record, some);
            assert_eq!(opinion(&record.attributes).unwrap(), some);
        }
        assert!(record.attributes.is_empty());
        record.attributes.insert(attribute::OPINION.to_owned(), "Radius Elbow".to_owned());
        assert!(
            opinion(&record.attributes).unwrap_err().to_string().contains("has `Elbow`, which is no bone")
        );
    }

    #[test]
    fn a_mask_that_shows_what_it_has_no_opinion_on_is_refused() {
        let size = Size::new(1, 1).unwrap();
        let mut record = Record::default();
        crate::set_masks(&mut record, &Mask::from_dense(size, &[BoneSet::of(Bone::ALL[3])]).unwrap());
        assert!(masks_and_opinion(&record).is_ok());
        set_opinion(&mut record, BoneSet::CARPALS);
        let told = masks_and_opinion(&record).unwrap_err().to_string();
        assert!(told.contains("it shows finger-4, on which it has no opinion"), "{told}");
    }
}
