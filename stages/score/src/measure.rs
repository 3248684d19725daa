//! The measures of one image.

use aligned::Row;
use bones::bone::COUNT;
use bones::dice::{Overlap, overlaps};
use bones::surface::{Surface, surface};
use bones::{Bone, Mask};
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
    /// The bones in canonical order.
    pub bones: [Measures; COUNT],
}

/// Compares the two members of a row: the prediction and the truth.
pub(crate) fn measure(row: &Row, tolerance: f64) -> Result<Measured, Reason> {
    let records = row.records()?;
    let [Some(predicted), Some(truth)] = records.as_slice() else {
        return Err("a prediction and a truth were expected".into());
    };
    let patient = patient(&[&row.head, truth, predicted]);
    let bones = compare(&planes::masks(predicted)?, &planes::masks(truth)?, tolerance)?;
    Ok(Measured { key: row.head.key.clone(), patient: patient.to_owned(), bones })
}

/// The patient of an image, by the first of its `records` that tells it; those of submissions know images alone.
fn patient<'a>(records: &[&'a Record]) -> &'a str {
    let patients = || records.iter().map(|record| (patient_of(&record.key, &record.attributes), record));
    let told = patients().find(|(patient, record)| *patient != record.key);
    told.or_else(|| patients().next()).expect("an image has records").0
}

fn compare(predicted: &Mask, truth: &Mask, tolerance: f64) -> Result<[Measures; COUNT], Reason> {
    let sizes = || format!("the prediction is {}, the truth is {}", predicted.size(), truth.size());
    let overlaps = overlaps(predicted, truth).ok_or_else(sizes)?;
    let surfaces: Vec<Option<Surface>> =
        Bone::ALL.into_par_iter().map(|bone| surface(predicted, truth, bone, tolerance)).collect();
    let mut measures =
        overlaps.map(|overlap| Measures { overlap, surface: Surface { hd95: None, nsd: 0.0 } });
    for (measures, surface) in measures.iter_mut().zip(surfaces) {
        measures.surface = surface.ok_or_else(sizes)?;
    }
    Ok(measures)
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
        let bones = compare(&square(11), &square(10), 0.5).unwrap();
        assert_eq!(bones[3].overlap, Overlap { a: 100, b: 100, both: 90 });
        assert!((bones[3].overlap.dice() - 0.9).abs() < 1e-6);
        assert_eq!(bones[3].surface.hd95, Some(1.0));
        // A bone that is in neither mask was found.
        assert_eq!(
            (bones[4].overlap.dice(), bones[4].surface.hd95, bones[4].surface.nsd),
            (1.0, Some(0.0), 1.0)
        );
        let half = compare(&square(10), &Mask::empty(size), 0.5).unwrap();
        assert!(half[3].overlap.dice() < 2e-6 && half[3].surface.hd95.is_none());
        let other = Mask::empty(Size::new(50, 41).unwrap());
        assert_eq!(
            compare(&square(10), &other, 0.5).unwrap_err().to_string(),
            "the prediction is 50×40, the truth is 50×41"
        );
    }
}
