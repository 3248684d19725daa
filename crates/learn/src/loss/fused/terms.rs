//! Terms of the fused loss: from the sums of each bone to values, and to what the gradient of a pixel is made of.

use bones::bone::COUNT;

use super::super::comparison::{LEAST, Per};
use super::super::{Dice, Term};
use super::number::Real;
use super::pixels::{LANES, Slopes, Sums};

/// What the terms come to over a batch.
pub(super) struct Terms {
    /// Of each term, before it is weighted.
    pub(super) values: Vec<f64>,
    /// Of each image, before they are rounded.
    slopes: Vec<Slopes<f64>>,
}

impl Terms {
    /// `weights` are of each class, 1 on average; `images` are the sums of each, over `pixels`. All terms are `bce` or `dice`.
    pub(super) fn new(terms: &[Term], weights: &[f64; COUNT], images: &[Sums], pixels: usize) -> Terms {
        let none = [0.0; LANES];
        let slopes = vec![Slopes { bce: none, both: none, whole: none }; images.len()];
        let mut sums = Sums::default();
        images.iter().for_each(|image| sums.add(image));
        let mut all = Terms { values: Vec::new(), slopes };
        for term in terms {
            let value = match term {
                Term::Bce(bce) => {
                    let elements = (images.len() * pixels * COUNT) as f64;
                    let each = |class: usize| {
                        let share = weights[class] / elements;
                        for slopes in &mut all.slopes {
                            slopes.bce[class] += bce.weight * share;
                        }
                        share * sums.bce[class]
                    };
                    (0..COUNT).map(each).sum()
                }
                Term::Dice(dice) => match dice.per {
                    Per::Batch => 1.0 - overlap(dice, weights, &sums, 1, &mut all.slopes),
                    Per::Image => {
                        let each = all.slopes.iter_mut().zip(images);
                        let each = each.map(|(slopes, sums)| {
                            overlap(dice, weights, sums, images.len(), std::slice::from_mut(slopes))
                        });
                        1.0 - each.sum::<f64>()
                    }
                },
                _ => unreachable!("only terms that can be fused come here"),
            };
            all.values.push(value);
        }
        all
    }

    /// What the gradient of each image is made of.
    pub(super) fn slopes<R: Real>(&self) -> Vec<Slopes<R>> {
        let real = |numbers: &[f64; LANES]| numbers.map(R::of);
        let of_image = |slopes: &Slopes<f64>| Slopes {
            bce: real(&slopes.bce),
            both: real(&slopes.both),
            whole: real(&slopes.whole),
        };
        self.slopes.iter().map(of_image).collect()
    }
}

/// The weighted mean of soft Dice over classes, as a share of that over `images`; adds the loss's gradient to `slopes`.
fn overlap(
    dice: &Dice,
    weights: &[f64; COUNT],
    sums: &Sums,
    images: usize,
    slopes: &mut [Slopes<f64>],
) -> f64 {
    let each = |class: usize| {
        let share = weights[class] / (images * COUNT) as f64;
        if dice.ignore_empty && sums.seen >> class & 1 == 0 {
            return share;
        }
        let both = 2.0 * sums.both[class] + dice.smooth;
        let sum = sums.predicted[class] + sums.labelled[class] + dice.smooth;
        // A comparison that NaN does not pass as if it were large enough.
        let whole = if sum < LEAST { LEAST } else { sum };
        for slopes in slopes.iter_mut() {
            slopes.both[class] -= dice.weight * share * 2.0 / whole;
            if sum >= LEAST {
                slopes.whole[class] += dice.weight * share * both / (whole * whole);
            }
        }
        share * both / whole
    };
    (0..COUNT).map(each).sum()
}
