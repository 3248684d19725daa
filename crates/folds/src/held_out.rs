//! The patients held out, and on which side of them a record is.

use std::collections::{BTreeMap, BTreeSet};

use planes::attribute;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A side of a fold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Trained on.
    Train,
    /// Held out.
    Validation,
}

/// Patients that are held out from training.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeldOut {
    held_out: BTreeSet<String>,
    /// All patients that are in some fold; none where whoever is not held out is trained on.
    known: Option<BTreeSet<String>>,
}

impl HeldOut {
    /// The patients of a list are held out, all others are not. The list has an ID a line; blank lines and
    /// what follows a `#` are passed over.
    pub fn of_list(text: &str) -> HeldOut {
        let ids = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        HeldOut { held_out: ids.filter(|id| !id.is_empty()).map(str::to_owned).collect(), known: None }
    }

    pub(crate) fn of_known<'a>(
        held_out: impl IntoIterator<Item = &'a String>,
        known: impl IntoIterator<Item = &'a String>,
    ) -> HeldOut {
        HeldOut {
            held_out: held_out.into_iter().cloned().collect(),
            known: Some(known.into_iter().cloned().collect()),
        }
    }

    /// The side of a record, by its key and attributes.
    ///
    /// It is that of its patient (the attribute `patient`, or else the key up to the first slash) and, for a derived
    /// record, of its parent's patient (the key in the attribute `parent` up to the first slash). `None` where
    /// those two are on different sides: such a record may neither be trained on nor validate. An error where
    /// neither of them is known.
    pub fn side(&self, key: &str, attributes: &BTreeMap<String, String>) -> Result<Option<Side>, String> {
        let patient = attributes.get(attribute::PATIENT).map_or_else(|| patient_of(key), String::as_str);
        let parent = attributes.get(attribute::PARENT).map(|parent| patient_of(parent));
        let mut sides = [Some(patient), parent].into_iter().flatten().filter_map(|id| self.side_of(id));
        match (sides.next(), sides.next()) {
            (Some(one), Some(other)) if one != other => Ok(None),
            (Some(side), _) => Ok(Some(side)),
            (None, _) => Err(format!(
                "its patient `{patient}` is in no fold; split the data set that it is of, or leave it out"
            )),
        }
    }

    fn side_of(&self, patient: &str) -> Option<Side> {
        if self.held_out.contains(patient) {
            return Some(Side::Validation);
        }
        let known = self.known.as_ref().is_none_or(|known| known.contains(patient));
        known.then_some(Side::Train)
    }
}

/// The patient in a key `patient/file`.
fn patient_of(key: &str) -> &str {
    key.split_once('/').map_or(key, |(patient, _)| patient)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::Folds;

    fn side(held_out: &HeldOut, key: &str, attributes: &[(&str, &str)]) -> Result<Option<Side>, String> {
        let owned = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        held_out.side(key, &owned.collect())
    }

    fn folds() -> Folds {
        let folds = [vec!["ID001".to_owned()], vec!["ID002".to_owned()]].to_vec();
        Folds { rule: "by hand".to_owned(), seed: 0, folds }
    }

    #[test]
    fn derived_records_are_where_their_parents_are() {
        let held_out = folds().hold_out(1).unwrap();
        assert_eq!(side(&held_out, "ID001/a", &[]), Ok(Some(Side::Train)));
        assert_eq!(side(&held_out, "ID002/a", &[("patient", "ID002")]), Ok(Some(Side::Validation)));
        assert_eq!(side(&held_out, "ID002/a#wrist", &[("parent", "ID002/a")]), Ok(Some(Side::Validation)));
        let posed = [("patient", "P0001"), ("parent", "ID002/a")];
        assert_eq!(side(&held_out, "P0001/image", &posed), Ok(Some(Side::Validation)));
        // Made from two patients on different sides: on neither.
        assert_eq!(side(&held_out, "ID001/mix", &[("parent", "ID002/a")]), Ok(None));
        assert!(side(&held_out, "ID003/a", &[]).unwrap_err().contains("`ID003` is in no fold"));
    }

    #[test]
    fn lists_hold_out_whom_they_name() {
        let held_out = HeldOut::of_list("ID007\r\n\n # a comment\nID009 # another\n");
        assert_eq!(side(&held_out, "ID009/a", &[]), Ok(Some(Side::Validation)));
        assert_eq!(side(&held_out, "ID001/a", &[]), Ok(Some(Side::Train)));
    }

    #[test]
    fn bad_folds_are_refused() {
        assert!(folds().hold_out(2).unwrap_err().to_string().contains("no fold 2; there are 2"));
        let twice = br#"{"rule": "x", "seed": 0, "folds": [["ID001"], ["ID002", "ID001"]]}"#;
        assert!(Folds::from_json(twice).unwrap_err().to_string().contains("ID001 is in more than one"));
    }
}
