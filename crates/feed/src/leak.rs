//! Refuses training data that knows the validation patients.

use std::collections::HashMap;

use crate::Member;

/// What is in both training and validation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// `patient ID003`, or `record ID003/a`.
    pub what: String,
    /// The training record that shows it.
    pub training: String,
    /// The validation record that shows it.
    pub validation: String,
}

/// The first training record that knows a validation patient: both show, or were derived from, one patient, or one
/// record.
pub fn leak(training: &[Member], validation: &[Member]) -> Option<Leak> {
    let (mut patients, mut records) = (HashMap::new(), HashMap::new());
    for member in validation {
        for patient in patients_of(member) {
            patients.entry(patient).or_insert(member);
        }
        for key in pedigree(member) {
            records.entry(key).or_insert(member);
        }
    }
    training.iter().find_map(|member| {
        let patient = patients_of(member)
            .find_map(|id| patients.get(id).map(|other: &&Member| (format!("patient {id}"), *other)));
        let record = || {
            pedigree(member).find_map(|key| records.get(key).map(|other| (format!("record {key}"), *other)))
        };
        let (what, other) = patient.or_else(record)?;
        Some(Leak { what, training: member.key.clone(), validation: other.key.clone() })
    })
}

/// Everybody whom the record shows or was derived from.
fn patients_of(member: &Member) -> impl Iterator<Item = &str> {
    std::iter::once(member.patient.as_str()).chain(member.besides.as_deref())
}

/// The keys of the record itself and of what it was derived from.
fn pedigree(member: &Member) -> impl Iterator<Item = &str> {
    std::iter::once(member.key.as_str()).chain(member.ancestors.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn member(key: &str, attributes: &[(&str, &str)]) -> Member {
        let owned = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Member::new(key, &owned.collect(), 0, 0).unwrap()
    }

    #[test]
    fn patients_and_pedigrees_count() {
        let validation = [member("ID003/a", &[]), member("ID004/a#wrist", &[("parent", "ID004/a")])];
        let found = |training: Member| leak(&[member("ID001/a", &[]), training], &validation);
        assert_eq!(found(member("ID005/a", &[])), None);
        assert_eq!(found(member("ID003/b", &[("patient", "ID009")])), None);
        let same = found(member("ID003/b", &[])).unwrap();
        assert_eq!(
            [&*same.what, &*same.training, &*same.validation],
            ["patient ID003", "ID003/b", "ID003/a"]
        );
        // A phantom posed from a radiograph, and one mixed with it.
        let posed = found(member("x/posed", &[("patient", "x"), ("parent", "ID003/a")])).unwrap();
        assert_eq!([&*posed.what, &*posed.validation], ["patient ID003", "ID003/a"]);
        let mixed = found(member("ID003/mix", &[("parent", "ID008/a")])).unwrap();
        assert_eq!([&*mixed.what, &*mixed.validation], ["patient ID003", "ID003/a"]);
        let crop = [("parent", "x/posed"), ("ancestor", "ID003/a"), ("patient", "x")];
        assert_eq!(found(member("x/posed#wrist", &crop)).unwrap().what, "patient ID003");
        // One record, of whom its patients are told otherwise.
        let whole = found(member("ID004/a", &[("patient", "y")])).unwrap();
        assert_eq!([&*whole.what, &*whole.validation], ["record ID004/a", "ID004/a#wrist"]);
        let sibling = [("patient", "z"), ("parent", "ID004/a")];
        assert_eq!(found(member("ID004/b", &sibling)).unwrap().what, "record ID004/a");
    }

    /// Whatever lineage a record has, no record of one of its patients may be on the other side of it.
    #[test]
    fn the_patients_of_a_record_are_those_that_folds_know() {
        for lineage in samples::LINEAGES {
            let Ok(known) = Member::new(lineage.key, &lineage.record().attributes, 0, 0) else {
                assert_eq!(lineage.patients, [lineage.key]);
                continue;
            };
            assert_eq!(patients_of(&known).collect::<Vec<_>>(), lineage.patients, "{}", lineage.key);
            for patient in lineage.patients {
                let other = [member("other/image", &[("patient", patient)])];
                assert!(leak(std::slice::from_ref(&known), &other).is_some(), "{}", lineage.key);
                assert!(leak(&other, std::slice::from_ref(&known)).is_some(), "{}", lineage.key);
            }
        }
    }
}
