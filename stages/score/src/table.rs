//! The score table: Dice, HD95 and NSD of all images together.

use std::collections::BTreeMap;

use bones::statistics::{bootstrap, bootstrap_of_classes};
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
    /// In how many images the prediction or the truth has no opinion, so that they take no part in the means.
    pub no_opinion: u64,
}

/// The score table: the content of `scores.json`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreTable {
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
    /// The mean over the classes that have one.
    pub mean: Class,
}

impl ScoreTable {
    /// The scores of `images`, in any order.
    pub fn of(images: &[Measured], tolerance: f64, resamples: u32, seed: u64) -> ScoreTable {
        let mut patients: BTreeMap<&str, Vec<&Measured>> = BTreeMap::new();
        for image in images {
            patients.entry(&image.patient).or_default().push(image);
        }
        for images in patients.values_mut() {
            images.sort_by(|a, b| a.key.cmp(&b.key));
        }
        let groups: Vec<Vec<[Option<f64>; COUNT]>> =
            patients.values().map(|images| images.iter().map(|image| dice(image)).collect()).collect();
        let ordered: Vec<&Measured> = patients.values().flatten().copied().collect();
        let class = |bone: Bone| {
            let of_bone = |images: &Vec<[Option<f64>; COUNT]>| {
                images.iter().filter_map(|image| image[bone.index()]).collect::<Vec<f64>>()
            };
            let groups: Vec<Vec<f64>> = groups.iter().map(of_bone).collect();
            let measures: Vec<&Measures> =
                ordered.iter().filter_map(|image| image.bones[bone.index()].as_ref()).collect();
            let hd95: Vec<f64> = measures.iter().filter_map(|one| one.surface.hd95).collect();
            Class {
                class: bone.name().to_owned(),
                dice: interval(bootstrap(&groups, resamples as usize, seed)),
                one_empty: (measures.len() - hd95.len()) as u64,
                no_opinion: (ordered.len() - measures.len()) as u64,
                hd95: mean(hd95),
                nsd: mean(measures.iter().map(|one| one.surface.nsd).collect()),
            }
        };
        let classes: Vec<Class> = Bone::ALL.into_iter().map(class).collect();
        let mean = Class {
            class: "mean".to_owned(),
            dice: interval(bootstrap_of_classes(&groups, resamples as usize, seed)),
            hd95: mean(classes.iter().filter_map(|class| class.hd95).collect()),
            nsd: mean(classes.iter().filter_map(|class| class.nsd).collect()),
            one_empty: classes.iter().map(|class| class.one_empty).sum(),
            no_opinion: classes.iter().map(|class| class.no_opinion).sum(),
        };
        ScoreTable {
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

/// The Dice of each class that was compared.
fn dice(image: &Measured) -> [Option<f64>; COUNT] {
    image.bones.map(|measures| measures.map(|measures| measures.overlap.dice()))
}

/// `None` where nothing was compared.
fn interval(found: bones::statistics::Interval) -> Option<Interval> {
    let bones::statistics::Interval { mean, low, high } = found;
    (!mean.is_nan()).then_some(Interval { mean, low, high })
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
        let mut bones = [Some(measures); COUNT];
        let surface = Surface { hd95: (both > 50).then_some(2.0), nsd: 0.5 };
        bones[7] = Some(Measures { overlap, surface });
        Measured { key: key.to_owned(), patient: patient.to_owned(), bones }
    }

    #[test]
    fn means_are_over_images_and_intervals_over_patients() {
        let images = [image("a/1", "a", 100), image("a/2", "a", 80), image("b/1", "b", 30)];
        let scores = ScoreTable::of(&images, 2.0, 500, 7);
        let dice = scores.mean.dice.unwrap();
        assert!((dice.mean - 0.7).abs() < 1e-6, "{dice:?}");
        // Of two patients the extremes are drawn often: all a, all b.
        assert!((dice.low - 0.3).abs() < 1e-6 && (dice.high - 0.9).abs() < 1e-6, "{dice:?}");
        assert_eq!((scores.images, scores.patients), (3, 2));
        assert_eq!((scores.classes[7].hd95, scores.classes[7].one_empty), (Some(2.0), 1));
        assert_eq!(scores.classes[3].hd95, Some(70.0));
        let mut shuffled = images.to_vec();
        shuffled.reverse();
        assert_eq!(ScoreTable::of(&shuffled, 2.0, 500, 7), scores);
    }

    #[test]
    fn classes_without_an_opinion_take_no_part() {
        let mut images = [image("a/1", "a", 100), image("b/1", "b", 50)];
        images[0].bones[0] = None;
        for image in &mut images {
            image.bones[1] = None;
        }
        let scores = ScoreTable::of(&images, 2.0, 500, 7);
        let dice = |class: &Class| class.dice.map(|dice| (dice.mean * 1e4).round() / 1e4);
        assert_eq!(scores.classes[..3].iter().map(dice).collect::<Vec<_>>(), [Some(0.5), None, Some(0.75)]);
        let none = &scores.classes[1];
        assert_eq!((none.hd95, none.nsd, none.one_empty, none.no_opinion), (None, None, 0, 2));
        // 27 classes of 0.75 and one of 0.5.
        assert_eq!(dice(&scores.mean), Some(0.7411));
        assert_eq!((scores.classes[0].no_opinion, scores.mean.no_opinion), (1, 3));
    }

    #[test]
    fn no_images_have_no_means() {
        let scores = ScoreTable::of(&[], 2.0, 500, 7);
        assert_eq!((scores.mean.dice, scores.mean.hd95, scores.images), (None, None, 0));
    }
}
