//! The pairing of radiographs with their annotations by key, and whose hands they show.
//!
//! An annotation belongs to the radiograph with the same key, wherever the two folders lie: beside each other, or under
//! `DCM` and `outputs_json` as in the competition.

use std::collections::HashMap;
use std::path::PathBuf;

use stage::Failure;

use crate::listing::{Listed, Listing};

/// A radiograph and what belongs to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// The image file.
    pub radiograph: Listed,
    /// `R` or `L`, where something tells.
    pub side: Option<char>,
    /// The annotation file.
    pub annotation: Option<PathBuf>,
}

/// All radiographs with what belongs to them, sorted by their paths below the root.
#[derive(Debug, Default)]
pub struct Cases {
    /// One a key.
    pub cases: Vec<Case>,
    /// Annotations of no radiograph, sorted.
    pub orphans: Vec<String>,
    /// Files whose keys are taken by others.
    pub faults: Vec<Failure>,
}

impl Listing {
    /// Pairs radiographs with annotations and finds out sides.
    pub fn pair(&self) -> Cases {
        let mut cases = Cases::default();
        let radiographs = unique(&self.radiographs, "image", &mut cases.faults);
        let keys: HashMap<&str, usize> =
            radiographs.iter().enumerate().map(|(index, listed)| (listed.key.as_str(), index)).collect();
        // What belongs to no radiograph may have any key, a name of settings for example.
        let (paired, orphans): (Vec<&Listed>, Vec<&Listed>) =
            self.annotations.iter().partition(|listed| keys.contains_key(listed.key.as_str()));
        cases.orphans = orphans.into_iter().map(|listed| listed.source.clone()).collect();
        cases.orphans.sort();
        let mut annotations: HashMap<&str, &Listed> = unique(paired, "annotation", &mut cases.faults)
            .into_iter()
            .map(|listed| (listed.key.as_str(), listed))
            .collect();
        let sides = sides(&radiographs);
        cases.cases = radiographs
            .into_iter()
            .zip(sides)
            .map(|(radiograph, side)| Case {
                annotation: annotations.remove(radiograph.key.as_str()).map(|listed| listed.path.clone()),
                radiograph: radiograph.clone(),
                side,
            })
            .collect();
        cases
    }
}

/// The files sorted, and of those with one key the first; each other is a fault.
fn unique<'a>(
    files: impl IntoIterator<Item = &'a Listed>,
    kind: &str,
    faults: &mut Vec<Failure>,
) -> Vec<&'a Listed> {
    let mut files: Vec<&Listed> = files.into_iter().collect();
    files.sort();
    let mut first: HashMap<&str, &Listed> = HashMap::new();
    files.retain(|&listed| match first.get(listed.key.as_str()) {
        None => {
            first.insert(&listed.key, listed);
            true
        }
        Some(other) => {
            faults.push(Failure::record(
                listed.path.display(),
                &listed.key,
                format!(
                    "{} is the {kind} of that key already (a key is the folder's name and the file's without \
                     extension, both in Unicode's form NFC): rename one, or decode them apart",
                    other.path.display()
                ),
            ));
            false
        }
    });
    files
}

/// The side of each radiograph: what its name ends in; where one of a patient's two does not say, the other side of
/// the one that does, or the right for the first and the left for the second. `radiographs` are sorted.
fn sides(radiographs: &[&Listed]) -> Vec<Option<char>> {
    let told = |listed: &Listed| {
        ["_R", "_L"].into_iter().find(|end| listed.key.ends_with(end)).map(|end| end == "_R")
    };
    let mut of_patient: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, listed) in radiographs.iter().enumerate() {
        of_patient.entry(&listed.patient).or_default().push(index);
    }
    let mut sides: Vec<Option<bool>> = radiographs.iter().map(|listed| told(listed)).collect();
    for hands in of_patient.values() {
        if let &[first, second] = hands.as_slice() {
            (sides[first], sides[second]) = match (sides[first], sides[second]) {
                (None, None) => (Some(true), Some(false)),
                (Some(side), None) => (Some(side), Some(!side)),
                (None, Some(side)) => (Some(!side), Some(side)),
                both => both,
            };
        }
    }
    sides.into_iter().map(|side| side.map(|right| if right { 'R' } else { 'L' })).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn listing(radiographs: &[&str], annotations: &[&str]) -> Listing {
        let mut listing = Listing::default();
        let listed = |paths: &[&str]| -> Vec<Listed> {
            paths.iter().filter_map(|path| listing.list(Path::new(path), Path::new(path)).ok()).collect()
        };
        (listing.radiographs, listing.annotations) = (listed(radiographs), listed(annotations));
        listing
    }

    #[test]
    fn radiographs_find_their_annotations_by_folder_and_name() {
        let cases = listing(
            &["train/DCM/ID002/b.png", "train/DCM/ID001/a.png", "train/DCM/ID001/c.png"],
            &["train/outputs_json/ID001/a.json", "train/DCM/ID002/b.json", "train/outputs_json/ID002/c.json"],
        )
        .pair();
        let found: Vec<_> = cases
            .cases
            .iter()
            .map(|case| (case.radiograph.key.as_str(), case.annotation.as_deref().and_then(Path::to_str)))
            .collect();
        assert_eq!(
            found,
            [
                ("ID001/a", Some("train/outputs_json/ID001/a.json")),
                ("ID001/c", None),
                ("ID002/b", Some("train/DCM/ID002/b.json"))
            ]
        );
        assert_eq!(cases.orphans, ["train/outputs_json/ID002/c.json"]);
        assert!(cases.faults.is_empty());
    }

    #[test]
    fn names_tell_sides_and_order_does_where_they_do_not() {
        let sides = |files: &[&str]| {
            listing(files, &[]).pair().cases.iter().map(|case| case.side).collect::<Vec<_>>()
        };
        assert_eq!(sides(&["d/P/1_L.png", "d/P/2_R.png"]), [Some('L'), Some('R')]);
        assert_eq!(sides(&["d/P/2.png", "d/P/1.png"]), [Some('R'), Some('L')]);
        assert_eq!(sides(&["d/P/1.png", "d/P/2_R.png"]), [Some('L'), Some('R')]);
        assert_eq!(sides(&["d/P/1.png"]), [None]);
        assert_eq!(sides(&["d/P/1.png", "d/P/2.png", "d/P/3_L.png"]), [None, None, Some('L')]);
        assert_eq!(sides(&["d/P/1.png", "d/Q/1.png", "d/P/2.png"]), [Some('R'), Some('L'), None]);
    }

    #[test]
    fn a_key_that_two_files_have_is_a_fault_that_names_both() {
        let cases =
            listing(&["a/P/1.png", "b/P/1.png"], &["a/P/1.json", "b/P/1.json", "x/set.json", "y/x/set.json"])
                .pair();
        assert_eq!((cases.cases.len(), cases.orphans.len()), (1, 2));
        let faults: Vec<String> = cases.faults.iter().map(Failure::to_string).collect();
        assert!(
            faults[0].starts_with("b/P/1.png: record P/1: a/P/1.png is the image of that key"),
            "{faults:?}"
        );
        assert!(faults[1].starts_with("b/P/1.json: record P/1: a/P/1.json is the annotation"), "{faults:?}");
    }
}
