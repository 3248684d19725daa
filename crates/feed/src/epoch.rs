//! One pass over all samples.

use std::cell::RefCell;

use augment::Recipe;
use augment::render::{LabelForm, Memory, Source, render};
use bones::Size;
use bones::statistics::SplitMix64;
use stage::Failure;

use crate::order::Turn;
use crate::window::Drawn;
use crate::{Dataset, Shares, Tail, Training};

/// How to go over a data set once.
#[derive(Clone, Debug)]
pub struct Epoch<'a> {
    /// Seed of the order and of what is drawn.
    pub seed: u64,
    /// Which epoch it is; each has an order of its own.
    pub number: u64,
    /// Samples in a batch, at least 1.
    pub batch: usize,
    /// What becomes of the last batch where the samples do not fill it.
    pub tail: Tail,
    /// At most so many batches, the first of them.
    pub batches: Option<usize>,
    /// How often each sample comes.
    pub shares: &'a Shares,
    /// How samples are varied.
    pub recipe: &'a Recipe,
    /// Which share of windows is centred on a small bone, where the network sees windows.
    pub on_small_bones: f64,
    /// Memory in bytes for samples that are made ahead; one a thread is made in any case.
    pub ahead: usize,
    /// Threads that make samples, at least 1.
    pub threads: usize,
}

/// A sample as the network is trained on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Which sample it is of.
    pub sample: usize,
    /// Grey values `[height, width]`.
    pub image: Vec<u8>,
    /// Words of labels `[words, height, width]` ([`LabelForm::words`]).
    pub labels: Vec<i32>,
}

/// Samples that go through a network together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The size of all of them.
    pub size: Size,
    /// What their labels say.
    pub labels: LabelForm,
    /// The samples.
    pub samples: Vec<Rendered>,
}

impl Epoch<'_> {
    /// The turns of this epoch, in its order, with those that fill its tail.
    pub fn turns(&self) -> Vec<Turn> {
        let order = self.shares.order(&mut SplitMix64::new(self.key(u64::MAX)));
        let rounds = |turns: &[Turn], sample| turns.iter().filter(|turn| turn.sample == sample).count();
        let count: usize = self.batches().sum();
        let mut turns: Vec<Turn> = order.iter().copied().take(count).collect();
        while turns.len() < count {
            let sample = order[turns.len() % order.len()].sample;
            turns.push(Turn { sample, again: rounds(&turns, sample) });
        }
        turns
    }

    /// How many samples each batch has.
    fn batches(&self) -> impl Iterator<Item = usize> {
        self.tail.batches(self.shares.turns(), self.batch).take(self.batches.unwrap_or(usize::MAX))
    }

    /// A number of this epoch's own for each `index`.
    fn key(&self, index: u64) -> u64 {
        let mix = |seed: u64, with: u64| SplitMix64::new(seed ^ SplitMix64::new(with).next_u64()).next_u64();
        mix(mix(self.seed, self.number), index)
    }
}

impl Dataset<Training> {
    /// Goes over the samples once, in the epoch's order and with the tail that it asks for, and hands each batch to
    /// `sink` on the calling thread while rayon's threads make the next samples. What a sample looks like depends on
    /// seed, epoch and sample alone. The calling thread must not be one of rayon's.
    pub fn epoch(
        &self,
        epoch: &Epoch<'_>,
        mut sink: impl FnMut(Batch) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let (size, labels) = (self.view().plane(), self.form().labels);
        let turns = epoch.turns();
        let mut sizes = epoch.batches();
        let mut due = sizes.next().unwrap_or(0);
        let mut samples = Vec::with_capacity(due);
        let bytes = size.pixels() as usize * (1 + size_of::<i32>() * labels.words());
        let in_flight = (epoch.ahead / bytes.max(1)).clamp(epoch.threads, epoch.threads + 2 * epoch.batch);
        shard::ordered::map(
            turns.into_iter().map(Ok),
            in_flight,
            |turn| self.rendered(epoch, turn),
            |sample| {
                samples.push(sample);
                if samples.len() < due {
                    return Ok(());
                }
                due = sizes.next().unwrap_or(0);
                let samples = std::mem::replace(&mut samples, Vec::with_capacity(due));
                sink(Batch { size, labels, samples })
            },
        )
    }

    /// What a sample looks like at its turn.
    pub fn rendered(&self, epoch: &Epoch<'_>, turn: Turn) -> Result<Rendered, Failure> {
        thread_local! {
            static MEMORY: RefCell<Memory> = RefCell::default();
        }
        let sample = self.sample(turn.sample)?;
        let Drawn { plan, placement } = self.drawn(epoch, turn, &sample);
        let labels = self.form().labels;
        let pixels = self.view().plane().pixels() as usize;
        let mut out = (zeros(pixels)?, zeros(labels.words() * pixels)?);
        let source = Source { pyramid: &sample.pyramid, cells: &sample.cells, labels, placement };
        MEMORY.with_borrow_mut(|memory| render(&plan, &source, &mut out.0, &mut out.1, memory));
        if let Some(clahe) = self.view().clahe {
            clahe.apply_to(self.view().plane(), &mut out.0);
        }
        Ok(Rendered { sample: turn.sample, image: out.0, labels: out.1 })
    }

    /// What is done to a sample at its turn, and what of it is seen.
    pub fn drawn(&self, epoch: &Epoch<'_>, turn: Turn, sample: &Training) -> Drawn {
        let key = epoch.key(turn.sample as u64 | (turn.again as u64) << 32);
        Drawn::new(self.view(), sample, epoch.recipe, epoch.on_small_bones, key)
    }
}

/// Memory for a sample; too little of it is a failure, where a vector's own way would end the process.
fn zeros<T: Clone + Default>(count: usize) -> Result<Vec<T>, Failure> {
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| {
        let bytes = count * size_of::<T>();
        Failure::TryAgain(format!(
            "not enough memory for a sample of {bytes} bytes: give a smaller --batch or --size"
        ))
    })?;
    values.resize(count, T::default());
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fills_a_batch_is_from_the_start_of_the_order() {
        let (recipe, shares) = (Recipe::default(), Shares::once(2));
        let epoch = Epoch {
            seed: 1,
            number: 2,
            batch: 5,
            tail: Tail::Fill,
            batches: None,
            shares: &shares,
            recipe: &recipe,
            on_small_bones: 0.0,
            ahead: 0,
            threads: 1,
        };
        let turns: Vec<(usize, usize)> =
            epoch.turns().into_iter().map(|turn| (turn.sample, turn.again)).collect();
        let [(one, _), (two, _), ..] = turns[..] else { panic!("an order of two") };
        assert_eq!(turns, [(one, 0), (two, 0), (one, 1), (two, 1), (one, 2)]);
    }
}
