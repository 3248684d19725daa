//! The patient of a record: the one place that decides who it is.
//!
//! | attributes | key | patient |
//! |---|---|---|
//! | `patient` ID001 | any | ID001 |
//! | none | ID001/image | ID001: what stands before the first slash |
//! | none | image, image#wrist | image: a submission's image, a patient of its own |
//! | `parent` ID001/image | ID001/image#wrist | ID001: what is derived is its parent's |
//! | `parent` ID002/image, `patient` P1 | P1/posed | ID002, and P1 besides |
//!
//! A parent in another folder is of another patient: the record is of that patient, and shows, or was mixed with, the
//! one of its own folder. What was derived in several steps names its first parent as `ancestor`.

use std::collections::BTreeMap;

use planes::attribute;

/// The patient of a record, by its key and attributes: the unit that folds are dealt by and intervals are drawn over.
pub fn patient_of<'a>(key: &'a str, attributes: &'a BTreeMap<String, String>) -> &'a str {
    lineage(key, attributes).0
}

/// Everybody whom a record shows or was derived from, the patient first: whoever of them is held out, the record must
/// not be trained on.
pub fn patients_of<'a>(
    key: &'a str,
    attributes: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = &'a str> + use<'a> {
    let (patient, other) = lineage(key, attributes);
    std::iter::once(patient).chain(other)
}

/// The patient of a record, and whom it shows besides.
fn lineage<'a>(key: &'a str, attributes: &'a BTreeMap<String, String>) -> (&'a str, Option<&'a str>) {
    let attribute =
        |name: &str| attributes.get(name).map(String::as_str).filter(|text| !text.trim().is_empty());
    let told = attribute(attribute::PATIENT);
    let parent = attribute(attribute::ANCESTOR).or_else(|| attribute(attribute::PARENT));
    match parent {
        Some(parent) if by_key(parent) != by_key(key) => {
            let (patient, shown) = (by_key(parent), told.unwrap_or_else(|| by_key(key)));
            (patient, Some(shown).filter(|shown| *shown != patient))
        }
        // In one folder all are of one patient, who may be told by an attribute alone.
        _ => (told.unwrap_or_else(|| by_key(key)), None),
    }
}

/// The patient in a key `patient/file`, or `patient#part` where there is no folder.
fn by_key(key: &str) -> &str {
    key.split_once('/').or_else(|| key.split_once('#')).map_or(key, |(patient, _)| patient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patient_of_a_record() {
        for lineage in samples::LINEAGES {
            let record = lineage.record();
            let found: Vec<&str> = patients_of(&record.key, &record.attributes).collect();
            assert_eq!(found, lineage.patients, "{} {:?}", lineage.key, lineage.attributes);
            assert_eq!(patient_of(&record.key, &record.attributes), found[0]);
        }
    }
}
