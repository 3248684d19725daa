//! The patients held out, and to which subset that puts a record.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Identity, patient_of, patients_of};

/// What holding a fold out makes of a data set: two subsets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subset {
    /// Trained on.
    Training,
    /// Held out.
    Validation,
}

/// Patients that are held out from training.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeldOut(Named);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Named {
    /// By a list that people wrote; whoever is not in it is trained on.
    List(BTreeSet<Identity>),
    /// By folds, which name everybody.
    Folds { held_out: BTreeSet<String>, all: BTreeSet<String> },
}

impl HeldOut {
    /// The patients of a list are held out, all others are not. The list has an ID a line, in whatever spelling
    /// ([`Identity`]); blank lines and what follows a `#` are passed over.
    pub fn of_list(text: &str) -> HeldOut {
        let ids = text.lines().map(|line| line.split_once('#').map_or(line, |(id, _)| id).trim());
        HeldOut(Named::List(ids.filter(|id| !id.is_empty()).map(Identity::of).collect()))
    }

    pub(crate) fn of_folds<'a>(
        held_out: impl IntoIterator<Item = &'a String>,
        all: impl IntoIterator<Item = &'a String>,
    ) -> HeldOut {
        let held_out = held_out.into_iter().cloned().collect();
        HeldOut(Named::Folds { held_out, all: all.into_iter().cloned().collect() })
    }

    /// The subset of a record, by its key and attributes: that of its patient ([`crate::patient_of`]).
    ///
    /// `None` where it shows, or was derived from, patients of both subsets: such a record may neither be trained on
    /// nor validate. An error where none of them is known.
    pub fn subset(&self, key: &str, attributes: &BTreeMap<String, String>) -> Result<Option<Subset>, String> {
        let mut subsets = patients_of(key, attributes).filter_map(|id| self.subset_of(id));
        match (subsets.next(), subsets.next()) {
            (Some(one), Some(other)) if one != other => Ok(None),
            (Some(subset), _) => Ok(Some(subset)),
            (None, _) => Err(format!(
                "its patient `{}` is in no fold; split the data set that it is of, or leave it out",
                patient_of(key, attributes)
            )),
        }
    }

    fn subset_of(&self, patient: &str) -> Option<Subset> {
        let (held_out, known) = match &self.0 {
            Named::List(list) => (list.contains(&Identity::of(patient)), true),
            Named::Folds { held_out, all } => (held_out.contains(patient), all.contains(patient)),
        };
        match (held_out, known) {
            (true, _) => Some(Subset::Validation),
            (false, true) => Some(Subset::Training),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::Folds;

    fn subset(held_out: &HeldOut, key: &str, attributes: &[(&str, &str)]) -> Result<Option<Subset>, String> {
        let owned = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        held_out.subset(key, &owned.collect())
    }

    fn folds() -> Folds {
        let folds = [vec!["ID001".to_owned()], vec!["ID002".to_owned()]].to_vec();
        Folds { rule: "by hand".to_owned(), seed: 0, folds }
    }

    #[test]
    fn derived_records_are_where_their_parents_are() {
        let held_out = folds().hold_out(1).unwrap();
        assert_eq!(subset(&held_out, "ID001/a", &[]), Ok(Some(Subset::Training)));
        assert_eq!(subset(&held_out, "ID002/a", &[("patient", "ID002")]), Ok(Some(Subset::Validation)));
        assert_eq!(
            subset(&held_out, "ID002/a#wrist", &[("parent", "ID002/a")]),
            Ok(Some(Subset::Validation))
        );
        let posed = [("patient", "P0001"), ("parent", "ID002/a")];
        assert_eq!(subset(&held_out, "P0001/image", &posed), Ok(Some(Subset::Validation)));
        // Made from two patients on both subsets: in neither.
        assert_eq!(subset(&held_out, "ID001/mix", &[("parent", "ID002/a")]), Ok(None));
        assert!(subset(&held_out, "ID003/a", &[]).unwrap_err().contains("`ID003` is in no fold"));
    }

    #[test]
    fn lists_hold_out_whom_they_name() {
        let held_out = HeldOut::of_list("ID007\r\n\n # a comment\nID009 # another\n11\n");
        assert_eq!(subset(&held_out, "ID009/a", &[]), Ok(Some(Subset::Validation)));
        assert_eq!(subset(&held_out, "ID011/a", &[]), Ok(Some(Subset::Validation)));
        assert_eq!(subset(&held_out, "ID001/a", &[]), Ok(Some(Subset::Training)));
    }

    #[test]
    fn bad_folds_are_refused() {
        assert!(folds().hold_out(2).unwrap_err().to_string().contains("no fold 2; there are 2"));
        let twice = br#"{"rule": "x", "seed": 0, "folds": [["ID001"], ["ID002", "ID001"]]}"#;
        assert!(Folds::from_json(twice).unwrap_err().to_string().contains("ID001 is in more than one"));
    }
}
