//! The order of an epoch: which samples it shows, how often, and in which batches.

use bones::statistics::SplitMix64;
use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of the last batch of an epoch where the samples do not fill it (PyTorch's `drop_last`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tail {
    /// Left out, where it is not the only one: other samples are in it in every epoch
    #[default]
    Drop,
    /// Filled from the start of the epoch's order; what is seen again is varied anew
    Fill,
    /// Kept as small as it is
    Keep,
}

impl Tail {
    /// How many samples each batch of an epoch over `samples` samples has, in order; none only of no samples.
    pub fn batches(self, samples: usize, batch: usize) -> impl ExactSizeIterator<Item = usize> {
        let batch = batch.max(1);
        let (full, left) = (samples / batch, samples % batch);
        let last = match self {
            Tail::Drop if full > 0 => 0,
            Tail::Fill if left > 0 => batch,
            Tail::Drop | Tail::Fill | Tail::Keep => left,
        };
        (0..full + usize::from(last > 0)).map(move |index| if index < full { batch } else { last })
    }
}

/// A sample's turn in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Which sample.
    pub sample: usize,
    /// How often the epoch has shown it before.
    pub again: usize,
}

/// How often an epoch shows the samples of each input: the input of each sample, and the weight of each input.
///
/// A weight of 1 shows each sample once, 2 twice, 0.5 half of them, drawn anew in every epoch. Weights are turned into
/// whole numbers of turns for each input (rounded, at least one), so that all epochs have as many steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    inputs: Vec<usize>,
    weights: Vec<f64>,
}

impl Shares {
    /// For samples of the `inputs`, with a weight above 0 for each input.
    ///
    /// # Panics
    /// Where an input has no weight.
    pub fn new(inputs: Vec<usize>, weights: Vec<f64>) -> Shares {
        assert!(inputs.iter().all(|&input| input < weights.len()), "a weight for each input");
        Shares { inputs, weights }
    }

    /// Each of so many samples once.
    pub fn once(samples: usize) -> Shares {
        Shares::new(vec![0; samples], vec![1.0])
    }

    /// The weight of each input.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// How many samples an epoch shows.
    pub fn turns(&self) -> usize {
        (0..self.weights.len()).map(|input| self.turns_of(self.samples_of(input).count(), input)).sum()
    }

    fn samples_of(&self, input: usize) -> impl Iterator<Item = usize> + '_ {
        self.inputs.iter().enumerate().filter(move |(_, of)| **of == input).map(|(sample, _)| sample)
    }

    fn turns_of(&self, samples: usize, input: usize) -> usize {
        let turns = (samples as f64 * self.weights[input]).round() as usize;
        if samples == 0 { 0 } else { turns.max(1) }
    }

    /// The turns of an epoch in its order: a Fisher–Yates shuffle by `random`.
    pub(crate) fn order(&self, random: &mut SplitMix64) -> Vec<Turn> {
        let mut order = Vec::with_capacity(self.turns());
        for input in 0..self.weights.len() {
            let mut samples: Vec<usize> = self.samples_of(input).collect();
            let turns = self.turns_of(samples.len(), input);
            // Those that come once more than the others are drawn.
            if !turns.is_multiple_of(samples.len().max(1)) {
                shuffle(&mut samples, random);
            }
            order.extend(
                (0..turns)
                    .map(|turn| Turn { sample: samples[turn % samples.len()], again: turn / samples.len() }),
            );
        }
        shuffle(&mut order, random);
        order
    }
}

fn shuffle<T>(items: &mut [T], random: &mut SplitMix64) {
    for last in (1..items.len()).rev() {
        items.swap(last, random.below(last + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(tail: Tail, samples: usize, batch: usize) -> Vec<usize> {
        tail.batches(samples, batch).collect()
    }

    #[test]
    fn a_tail_is_dropped_filled_or_kept() {
        for (samples, batch, dropped, filled, kept) in [
            (9, 4, vec![4, 4], vec![4, 4, 4], vec![4, 4, 1]),
            (8, 4, vec![4, 4], vec![4, 4], vec![4, 4]),
            (4, 4, vec![4], vec![4], vec![4]),
            // An epoch never has no steps.
            (3, 4, vec![3], vec![4], vec![3]),
            (1, 4, vec![1], vec![4], vec![1]),
            (2, 1, vec![1, 1], vec![1, 1], vec![1, 1]),
            (0, 4, vec![], vec![], vec![]),
        ] {
            let given = format!("{samples} samples in batches of {batch}");
            assert_eq!(sizes(Tail::Drop, samples, batch), dropped, "{given}, dropped");
            assert_eq!(sizes(Tail::Fill, samples, batch), filled, "{given}, filled");
            assert_eq!(sizes(Tail::Keep, samples, batch), kept, "{given}, kept");
        }
    }

    #[test]
    fn weights_say_how_often_samples_come() {
        let shares = Shares::new(vec![0, 0, 0, 0, 1, 1, 2, 2, 2, 2], vec![1.0, 2.5, 0.5]);
        assert_eq!(shares.turns(), 4 + 5 + 2);
        let mut seen = [0; 10];
        for seed in 0..200 {
            let order = shares.order(&mut SplitMix64::new(seed));
            assert_eq!(order.len(), 11);
            let count = |sample| order.iter().filter(|turn| turn.sample == sample).count();
            assert!((0..4).all(|sample| count(sample) == 1));
            assert!((4..6).all(|sample| [2, 3].contains(&count(sample))));
            assert!((6..10).all(|sample| count(sample) <= 1));
            // No turn of an epoch is varied as another one of it.
            let mut turns: Vec<(usize, usize)> = order.iter().map(|turn| (turn.sample, turn.again)).collect();
            turns.sort_unstable();
            turns.dedup();
            assert_eq!(turns.len(), 11);
            (0..10).for_each(|sample| seen[sample] += count(sample));
        }
        // Over many epochs all samples of an input come as often.
        assert!(seen[6..].iter().all(|&count| (70..130).contains(&count)), "{seen:?}");
        assert_eq!(Shares::new(vec![0, 0], vec![0.01]).turns(), 1);
        assert_eq!(Shares::new(vec![1], vec![1.0, 1.0]).turns(), 1);
    }
}
