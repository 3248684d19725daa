//! The scores of all images together.

use std::collections::BTreeMap;

use bones::statistics::bootstrap;
use bones::{Bone, bone::COUNT};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Measured, Measures};

/// A mean with its 95 % bootstrap interval over patients.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The scores of one class.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// The bone, or `mean` for the mean over bones.
    pub class: String,
    /// Mean Dice over images.
    pub dice: Option<Interval>,
    /// Mean HD95 in pixels over the images where it is defined.
    pub hd95: Option<f64>,
    /// Mean NSD over images.
    pub nsd: Option<f64>,
    /// In how many images one of the two masks is empty, so that HD95 is not defined.
    pub one_empty: u64,
}

/// The content of `scores.json`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// How many images were compared.
    pub images: u64,
    /// How many patients they are of.
    pub patients: u64,
    /// The tolerance of NSD in pixels.
    pub tolerance: f64,
    /// How often patients were drawn for an interval.
    pub resamples: u32,
    /// The seed of the draws.
    pub seed: u64,
    /// The classes in canonical order.
    pub classes: Vec<Class>,
    /// The mean over classes.
    pub mean: Class,
}

impl Scores {
    /// The scores of `images`, in any order.
    pub fn of(images: &[Measured], tolerance: f64, resamples: u32, seed: u64) -> Scores {
        let mut patients: BTreeMap<&str, Vec<&Measured>> = BTreeMap::new();
        for image in images {
            patients.entry(&image.patient).or_default().push(image);
        }
        for images in patients.values_mut() {
            images.sort_by(|a, b| a.key.cmp(&b.key));
        }
        let interval = |dice: &dyn Fn(&Measured) -> f64| {
            let groups: Vec<Vec<f64>> =
                patients.values().map(|images| images.iter().map(|image| dice(image)).collect()).collect();
            let bones::statistics::Interval { mean, low, high } =
                bootstrap(&groups, resamples as usize, seed);
            (!images.is_empty()).then_some(Interval { mean, low, high })
        };
        let ordered: Vec<&Measured> = patients.values().flatten().copied().collect();
        let class = |bone: Bone| {
            let measures: Vec<&Measures> = ordered.iter().map(|image| &image.bones[bone.index()]).collect();
            let hd95: Vec<f64> = measures.iter().filter_map(|one| one.surface.hd95).collect();
            Class {
                class: bone.name().to_owned(),
                dice: interval(&|image| image.bones[bone.index()].overlap.dice()),
                one_empty: (measures.len() - hd95.len()) as u64,
                hd95: mean(hd95),
                nsd: mean(measures.iter().map(|one| one.surface.nsd).collect()),
            }
        };
        let classes: Vec<Class> = Bone::ALL.into_iter().map(class).collect();
        let of_image =
            |image: &Measured| image.bones.iter().map(|one| one.overlap.dice()).sum::<f64>() / COUNT as f64;
        // All images have all classes, so the mean over images of an image's mean over classes is the mean over
        // classes of their means over images.
        let mean = Class {
            class: "mean".to_owned(),
            dice: interval(&of_image),
            hd95: mean(classes.iter().filter_map(|class| class.hd95).collect()),
            nsd: mean(classes.iter().filter_map(|class| class.nsd).collect()),
            one_empty: classes.iter().map(|class| class.one_empty).sum(),
        };
        Scores {
            images: images.len() as u64,
            patients: patients.len() as u64,
            tolerance,
            resamples,
            seed,
            classes,
            mean,
        }
    }
}

/// `None` for no values.
fn mean(values: Vec<f64>) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bones::dice::Overlap;
    use bones::surface::Surface;

    use super::*;

    fn image(key: &str, patient: &str, both: u32) -> Measured {
        let overlap = Overlap { a: 100, b: 100, both };
        let measures = Measures { overlap, surface: Surface { hd95: Some(f64::from(both)), nsd: 0.5 } };
        let mut bones = [measures; COUNT];
        bones[7].surface.hd95 = (both > 50).then_some(2.0);
        Measured { key: key.to_owned(), patient: patient.to_owned(), bones }
    }

    #[test]
    fn means_are_over_images_and_intervals_over_patients() {
        let images = [image("a/1", "a", 100), image("a/2", "a", 80), image("b/1", "b", 30)];
        let scores = Scores::of(&images, 2.0, 500, 7);
        let dice = scores.mean.dice.unwrap();
        assert!((dice.mean - 0.7).abs() < 1e-6, "{dice:?}");
        // Of two patients the extremes are drawn often: all a, all b.
        assert!((dice.low - 0.3).abs() < 1e-6 && (dice.high - 0.9).abs() < 1e-6, "{dice:?}");
        assert_eq!((scores.images, scores.patients), (3, 2));
        assert_eq!((scores.classes[7].hd95, scores.classes[7].one_empty), (Some(2.0), 1));
        assert_eq!(scores.classes[3].hd95, Some(70.0));
        let mut shuffled = images.to_vec();
        shuffled.reverse();
        assert_eq!(Scores::of(&shuffled, 2.0, 500, 7), scores);
    }

    #[test]
    fn no_images_have_no_means() {
        let scores = Scores::of(&[], 2.0, 500, 7);
        assert_eq!((scores.mean.dice, scores.mean.hd95, scores.images), (None, None, 0));
    }
}
