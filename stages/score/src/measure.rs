//! The measures of one image.

use aligned::Row;
use bones::bone::COUNT;
use bones::dice::{Overlap, overlaps};
use bones::surface::{Surface, surface};
use bones::{Bone, BoneSet, Mask};
use folds::patient_of;
use rayon::prelude::*;
use shard::Record;
use stage::Reason;

/// How well one bone of one image was found.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Measures {
    /// Pixels in the prediction, in the truth, and in both.
    pub overlap: Overlap,
    /// How far the surfaces lie apart.
    pub surface: Surface,
}

/// All measures of one image.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The record's key.
    pub key: String,
    /// The patient ([`folds::patient_of`]); the image's own key where nothing tells it.
    pub patient: String,
    /// The bones in canonical order; `None` where prediction or truth has no opinion.
    pub bones: [Option<Measures>; COUNT],
}

/// Compares the two members of a row: the prediction and the truth.
pub(crate) fn measure(row: &Row, tolerance: f64) -> Result<Measured, Reason> {
    let records = row.records()?;
    let [Some(predicted), Some(truth)] = records.as_slice() else {
        return Err("a prediction and a truth were expected".into());
    };
    let patient = patient(&[&row.head, truth, predicted]).to_owned();
    let (predicted, opinion) = planes::masks_and_opinion(predicted)?;
    let (truth, other) = planes::masks_and_opinion(truth)?;
    let bones = compare(&predicted, &truth, opinion & other, tolerance)?;
    Ok(Measured { key: row.head.key.clone(), patient, bones })
}

/// The patient of an image, by the first of its `records` that tells it; those of submissions know images alone.
fn patient<'a>(records: &[&'a Record; 3]) -> &'a str {
    let patients = records.map(|record| (patient_of(&record.key, &record.attributes), &record.key));
    patients.into_iter().find(|(patient, key)| patient != key).unwrap_or(patients[0]).0
}

fn compare(
    predicted: &Mask,
    truth: &Mask,
    compared: BoneSet,
    tolerance: f64,
) -> Result<[Option<Measures>; COUNT], Reason> {
    let sizes = || format!("the prediction is {}, the truth is {}", predicted.size(), truth.size());
    let overlaps = overlaps(predicted, truth).ok_or_else(sizes)?;
    let measures = |bone: Bone| {
        let surface = surface(predicted, truth, bone, tolerance).ok_or_else(sizes)?;
        Ok(Measures { overlap: overlaps[bone.index()], surface })
    };
    let compared: Vec<Bone> = compared.iter().collect();
    let found: Vec<Measures> =
        compared.par_iter().map(|&bone| measures(bone)).collect::<Result<_, String>>()?;
    let mut bones = [None; COUNT];
    for (bone, measures) in compared.into_iter().zip(found) {
        bones[bone.index()] = Some(measures);
    }
    Ok(bones)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bones::Size;
    use bones::polygon::{Outline, fill};

    use super::*;

    #[test]
    fn a_shifted_square_has_the_measures_of_its_overlap() {
        let size = Size::new(50, 40).unwrap();
        let square = |x: i32| {
            let ring = vec![[x, 10], [x + 9, 10], [x + 9, 19], [x, 19]];
            fill(&[Outline { bone: Bone::ALL[3], ring }], size)
        };
        let compare = |predicted: &Mask, truth: &Mask| compare(predicted, truth, BoneSet::ALL, 0.5);
        let bones = compare(&square(11), &square(10)).unwrap().map(Option::unwrap);
        assert_eq!(bones[3].overlap, Overlap { a: 100, b: 100, both: 90 });
        assert!((bones[3].overlap.dice() - 0.9).abs() < 1e-6);
        assert_eq!(bones[3].surface.hd95, Some(1.0));
        // A bone that is in neither mask was found.
        assert_eq!(
            (bones[4].overlap.dice(), bones[4].surface.hd95, bones[4].surface.nsd),
            (1.0, Some(0.0), 1.0)
        );
        let half = compare(&square(10), &Mask::empty(size)).unwrap().map(Option::unwrap);
        assert!(half[3].overlap.dice() < 2e-6 && half[3].surface.hd95.is_none());
        let other = Mask::empty(Size::new(50, 41).unwrap());
        assert_eq!(
            compare(&square(10), &other).unwrap_err().to_string(),
            "the prediction is 50×40, the truth is 50×41"
        );
    }

    #[test]
    fn what_lacks_an_opinion_is_not_compared() {
        let mask = Mask::empty(Size::new(50, 40).unwrap());
        let bones = compare(&mask, &mask, BoneSet::CARPALS, 0.5).unwrap();
        for (bone, measures) in Bone::ALL.into_iter().zip(bones) {
            assert_eq!(measures.is_some(), BoneSet::CARPALS.contains(bone));
        }
    }
}
