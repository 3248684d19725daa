//! Refuses training data that knows the validation patients.

use std::collections::HashMap;

use crate::{Dataset, Member};

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

impl Dataset {
    /// The first training record of this data set that knows a validation patient: it is of the same patient, or it
    /// is, or was derived from, a record that a validation record is or was derived from.
    pub fn leak(&self, validation: &Dataset) -> Option<Leak> {
        leak(self.members(), validation.members())
    }
}

fn leak(training: &[Member], validation: &[Member]) -> Option<Leak> {
    let (mut patients, mut records) = (HashMap::new(), HashMap::new());
    for member in validation {
        patients.entry(member.patient.as_str()).or_insert(member);
        for key in origins(member) {
            records.entry(key).or_insert(member);
        }
    }
    training.iter().find_map(|member| {
        let patient = patients
            .get(member.patient.as_str())
            .map(|other: &&Member| (format!("patient {}", member.patient), *other));
        let record = || {
            origins(member).find_map(|key| records.get(key).map(|other| (format!("record {key}"), *other)))
        };
        let (what, other) = patient.or_else(record)?;
        Some(Leak { what, training: member.key.clone(), validation: other.key.clone() })
    })
}

/// The keys of the record itself and of what it was derived from.
fn origins(member: &Member) -> impl Iterator<Item = &str> {
    std::iter::once(member.key.as_str()).chain(member.parent.as_deref())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn member(key: &str, patient: &str, parent: Option<&str>) -> Member {
        Member::new(key, patient, parent)
    }

    #[test]
    fn patients_and_origins_count() {
        let validation =
            [member("ID003/a", "ID003", None), member("ID004/a#wrist", "ID004", Some("ID004/a"))];
        let found = |training: Member| leak(&[member("ID001/a", "ID001", None), training], &validation);
        assert_eq!(found(member("ID005/a", "ID005", None)), None);
        let same = found(member("ID003/b", "ID003", None)).unwrap();
        assert_eq!(
            [&*same.what, &*same.training, &*same.validation],
            ["patient ID003", "ID003/b", "ID003/a"]
        );
        // A crop, or a phantom posed from a radiograph, whose patient was named otherwise.
        let derived = found(member("x#wrist", "x", Some("ID003/a"))).unwrap();
        assert_eq!([&*derived.what, &*derived.validation], ["record ID003/a", "ID003/a"]);
        let whole = found(member("ID004/a", "y", None)).unwrap();
        assert_eq!(whole.validation, "ID004/a#wrist");
        let sibling = found(member("z", "z", Some("ID004/a"))).unwrap();
        assert_eq!(sibling.what, "record ID004/a");
    }
}
