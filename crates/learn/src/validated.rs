//! What a validation finds: Dice coefficients, the validation loss, the worst cases.

use std::collections::BTreeMap;
use std::sync::Arc;

use augment::render::LabelForm;
use bones::bone::COUNT;
use bones::{Bone, Mask};
use drawing::{Canvas, Picture};
use feed::{Batch, Rendered, Validation};
use pixels::View;
use tch::Tensor;
use zoo::Coarse;

use crate::loss::{Objective, fused};
use crate::{Recipe, tensors};

/// Pixels of the longer side of a worst case's picture, at most.
const SIDE: u32 = 512;
/// Pixels of a line of its caption; a character is 8 wide.
const LINE: usize = 12;

/// What a network makes of the validation records.
#[derive(Clone, Debug)]
pub struct Validated {
    /// Each bone's mean Dice coefficient, 0 to 1, at the size of the radiograph.
    pub classes: [f64; COUNT],
    /// The mean loss: of batches of `run.batch` records in their order, each weighing as many as it has, not augmented, with
    /// labels of training's form at the network's size. Absent where the network sees windows, for training's are drawn, or
    /// where it is no number.
    pub loss: Option<f64>,
    /// Each of its terms by its name, before it is weighted; empty where there is no loss.
    pub terms: BTreeMap<String, f64>,
    /// The records with the lowest mean Dice, as many as were asked for, from the lowest.
    pub worst: Vec<WorstCase>,
}

/// A record with a low Dice coefficient.
#[derive(Clone, Debug, PartialEq)]
pub struct WorstCase {
    /// The record's key.
    pub key: String,
    /// Its mean Dice coefficient over all bones.
    pub dice: f64,
    /// What was found, in the bones' colours, with the outlines of the truth in white, above a caption.
    pub picture: Canvas,
}

/// The loss, summed up.
#[derive(Debug)]
pub(crate) struct Losses {
    objective: Objective,
    labels: LabelForm,
    view: View,
    /// The logits of this batch so far.
    held: Vec<Tensor>,
    records: usize,
    loss: f64,
    terms: BTreeMap<String, f64>,
}

impl Losses {
    pub(crate) fn new(recipe: &Recipe, view: View) -> Losses {
        let (objective, labels) = (recipe.loss.clone(), recipe.augment.label_form);
        Losses { objective, labels, view, held: Vec::new(), records: 0, loss: 0.0, terms: BTreeMap::new() }
    }

    /// Keeps logits `[n, 29, H, W]` of the batch at hand.
    pub(crate) fn hold(&mut self, logits: &Tensor) {
        self.held.push(logits.shallow_clone());
    }

    /// Adds the loss of the batch at hand, of `samples`; logits of what filled it up are left out.
    pub(crate) fn add(&mut self, samples: &[Arc<Validation>]) -> Result<(), stage::Failure> {
        let held = std::mem::take(&mut self.held);
        let logits = Tensor::cat(&held, 0).narrow(0, 0, samples.len() as i64);
        drop(held);
        let size = self.view.plane();
        // The loss looks at labels alone.
        let rendered = |(sample, of): (usize, &Arc<Validation>)| {
            let labels = of.labels(&self.view, self.labels);
            Rendered { sample, image: Vec::new(), labels }
        };
        let samples: Vec<Rendered> = samples.iter().enumerate().map(rendered).collect();
        let (count, batch) = (samples.len(), Batch { size, labels: self.labels, samples });
        let sides = [size.height(), size.width()].map(i64::from);
        let coarse = Coarse { logits, size: sides, align_corners: false };
        let value = tch::no_grad(|| match fused(&self.objective, &coarse, &batch) {
            Some(fused) => fused.value,
            None => {
                let targets = tensors::targets(&batch, coarse.logits.device());
                self.objective.of(&coarse.logits, &targets)
            }
        });
        self.records += count;
        self.loss += count as f64 * value.total.double_value(&[]);
        for (name, term) in value.terms {
            *self.terms.entry(name).or_default() += count as f64 * term.double_value(&[]);
        }
        Ok(())
    }

    /// The means.
    pub(crate) fn finish(self) -> (Option<f64>, BTreeMap<String, f64>) {
        let records = self.records as f64;
        let terms: BTreeMap<String, f64> =
            self.terms.into_iter().map(|(name, sum)| (name, sum / records)).collect();
        let all = terms.values().chain([&self.loss]).all(|value| value.is_finite());
        if all && records > 0.0 { (Some(self.loss / records), terms) } else { Default::default() }
    }
}

/// The worst cases so far, no more of them than are wanted.
#[derive(Debug)]
pub(crate) struct Worst {
    most: usize,
    cases: Vec<WorstCase>,
}

impl Worst {
    pub(crate) fn new(most: usize) -> Worst {
        Worst { most, cases: Vec::new() }
    }

    /// Takes note of a record; it is drawn where it is among the worst so far. Of equals, the lesser key is worse.
    pub(crate) fn note(&mut self, key: &str, dice: &[f64; COUNT], sample: &Validation, found: &Mask) {
        let mean = dice.iter().sum::<f64>() / COUNT as f64;
        let worse =
            |case: &WorstCase| case.dice.total_cmp(&mean).then_with(|| case.key.as_str().cmp(key)).is_le();
        let place = self.cases.partition_point(worse);
        if place < self.most {
            self.cases.truncate(self.most - 1);
            let picture = drawn(key, mean, dice, sample, found);
            self.cases.insert(place, WorstCase { key: key.to_owned(), dice: mean, picture });
        }
    }

    pub(crate) fn finish(self) -> Vec<WorstCase> {
        self.cases
    }
}

/// A record's picture above its caption.
fn drawn(key: &str, mean: f64, dice: &[f64; COUNT], sample: &Validation, found: &Mask) -> Canvas {
    let mut canvas = Picture::new(&sample.image, found, Some(&sample.mask), SIDE).canvas();
    let (width, top) = (canvas.width(), canvas.height());
    let worst = Bone::ALL.into_iter().min_by(|a, b| dice[a.index()].total_cmp(&dice[b.index()]));
    let worst = worst.map(|bone| format!("{} {:.4}", bone.name(), dice[bone.index()])).unwrap_or_default();
    let lines = [key.to_owned(), format!("Dice {mean:.4}"), worst];
    canvas.extend(lines.len() * LINE + 4, [0; 3]);
    for (at, line) in lines.iter().enumerate() {
        // Names differ at their ends.
        let skipped = line.chars().count().saturating_sub(width / 8);
        let shown: String = line.chars().skip(if at == 0 { skipped } else { 0 }).collect();
        canvas.write(0, top + 4 + at * LINE, 1, [255; 3], &shown);
    }
    canvas
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bones::{BoneSet, Size};
    use planes::Image;

    use super::*;

    /// A radiograph of 600 × 300 with two bones.
    fn sample() -> Validation {
        let size = Size::new(600, 300).unwrap();
        let bits = |at: usize| u32::from(at % 600 < 200) | u32::from(at % 600 > 400) << 3;
        let sets: Vec<BoneSet> = (0..600 * 300).map(|at| BoneSet::from_bits(bits(at)).unwrap()).collect();
        let image = Image::new(Size::new(64, 32).unwrap(), vec![90; 64 * 32]).unwrap();
        Validation { image, mask: Mask::from_dense(size, &sets).unwrap() }
    }

    fn dice_of(found: &Mask, truth: &Mask) -> [f64; COUNT] {
        bones::dice::overlaps(found, truth).unwrap().map(bones::dice::Overlap::dice)
    }

    #[test]
    fn the_one_that_was_missed_is_the_worst() {
        let sample = sample();
        let nothing = Mask::from_dense(sample.mask.size(), &vec![BoneSet::EMPTY; 600 * 300]).unwrap();
        for missed in ["a", "c", "f"] {
            let mut worst = Worst::new(4);
            for key in ["f", "b", "a", "e", "c", "d"] {
                let found = if key == missed { &nothing } else { &sample.mask };
                worst.note(key, &dice_of(found, &sample.mask), &sample, found);
                assert!(worst.cases.len() <= 4);
            }
            let cases = worst.finish();
            let rest = ["a", "b", "c", "d"].into_iter().filter(|key| *key != missed).take(3);
            let expected: Vec<&str> = std::iter::once(missed).chain(rest).collect();
            assert_eq!(cases.iter().map(|case| case.key.as_str()).collect::<Vec<_>>(), expected);
            // A bone that was missed has a Dice of some 1e-9, not 0.
            assert!((cases[0].dice - 27.0 / 29.0).abs() < 1e-8 && cases[1].dice == 1.0);
            let [width, height] = [cases[0].picture.width(), cases[0].picture.height()];
            assert_eq!([width, height], [512, 256 + 3 * LINE + 4]);
            assert_ne!(cases[0].picture, cases[1].picture);
        }
    }

    #[test]
    fn nothing_is_drawn_where_nothing_is_wanted() {
        let (sample, mut worst) = (sample(), Worst::new(0));
        worst.note("a", &[0.0; COUNT], &sample, &sample.mask);
        assert_eq!(worst.finish(), []);
    }
}
