//! A network and its optimizer, and what is done with them: an epoch, a validation.

use bones::bone::COUNT;
use bones::scores::{self, Logits, Thresholds, Values};
use bones::{Bone, Size, dice};
use feed::{Dataset, Epoch, Shares, Training, Validation};
use pixels::View;
use planes::Scores;
use rayon::prelude::*;
use stage::Failure;
use tch::{Kind, Tensor};
use zoo::Segmenter;

use crate::{AdamW, Recipe, Remedy, Seen, model, schedule, seen, tensors};

/// Memory in bytes for samples that are made ahead of the step that needs them.
const AHEAD: usize = 256 << 20;

/// A network in training.
#[derive(Debug)]
pub struct Trainer {
    recipe: Recipe,
    augmentation: augment::Recipe,
    view: View,
    seed: u64,
    threads: usize,
    model: Segmenter,
    optimizer: AdamW,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Counted from 1 over all epochs.
    pub step: u64,
    /// Samples in its batch.
    pub samples: usize,
    /// The loss of its batch.
    pub loss: f64,
    /// Its learning rate.
    pub learning_rate: f64,
    /// The norm of the whole gradient before it was clipped.
    pub gradient_norm: f64,
}

impl Trainer {
    /// Trains `model` from where it is, as `recipe` says. An error where its flags do not fit, or its file of
    /// augmentation can't be read.
    pub fn new(model: Segmenter, recipe: &Recipe, seed: u64, threads: usize) -> Result<Trainer, Failure> {
        let view = recipe.view().map_err(Failure::Usage)?;
        let augmentation = recipe.augmentation.recipe()?;
        let learnt = model.weights().parameters();
        let learnt = learnt.map(|entry| (entry.key.clone(), entry.tensor.shallow_clone()));
        let optimizer = AdamW::new(learnt, recipe.weight_decay);
        Ok(Trainer { recipe: recipe.clone(), augmentation, view, seed, threads, model, optimizer })
    }

    /// What the network sees of radiographs.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// How samples are varied.
    pub fn augmentation(&self) -> &augment::Recipe {
        &self.augmentation
    }

    /// What training samples must be for it.
    pub fn training_form(&self) -> feed::TrainingForm {
        Trainer::form_of(&self.recipe, &self.augmentation)
    }

    /// What training samples must be where they are varied so.
    pub fn form_of(recipe: &Recipe, augmentation: &augment::Recipe) -> feed::TrainingForm {
        feed::TrainingForm { labels: recipe.augmentation.label_form, enlargement: augmentation.enlargement() }
    }

    /// How it trains.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The network.
    pub fn model(&self) -> &Segmenter {
        &self.model
    }

    /// The optimizer, to save its state.
    pub fn optimizer(&self) -> &AdamW {
        &self.optimizer
    }

    /// The optimizer, to restore its state.
    pub fn optimizer_mut(&mut self) -> &mut AdamW {
        &mut self.optimizer
    }

    /// How many samples each batch of an epoch of `samples` turns has.
    fn batches(&self, samples: usize) -> impl ExactSizeIterator<Item = usize> {
        self.recipe.tail.batches(samples, self.recipe.batch as usize)
    }

    /// How many steps an epoch takes.
    pub fn steps_per_epoch(&self, shares: &Shares) -> u64 {
        self.batches(shares.turns()).len() as u64
    }

    /// Refuses, before the first step, a number of samples that leaves the last batch too small for the network.
    pub fn check_batches(&self, shares: &Shares) -> Result<(), Failure> {
        let samples = shares.turns();
        let side = i64::from(self.recipe.size);
        let least = self.batches(samples).min().unwrap_or(0);
        self.model.check_batch(least as i64, side, side).map_err(|error| {
            let model = self.model.spec().name();
            Failure::Usage(format!(
                "{samples} record(s) in batches of {} leave {model} a batch of {least}: {error}; --tail fill fills it, \
                 --tail drop leaves it out where it is not the only one",
                self.recipe.batch
            ))
        })
    }

    /// Goes over the samples of `data` once, as often each as `shares` says, and calls `after` after each step; the mean
    /// loss over the samples seen. All that is drawn depends on the seed and on `epoch` (counted from 1) alone, so that an
    /// interrupted run can go on with any epoch.
    pub fn epoch(
        &mut self,
        data: &Dataset<Training>,
        shares: &Shares,
        epoch: u64,
        mut after: impl FnMut(Step) -> Result<(), Failure>,
    ) -> Result<f64, Failure> {
        let total = self.steps_per_epoch(shares) * self.recipe.epochs;
        let augmentation = self.augmentation.clone();
        let plan = Epoch {
            seed: self.seed,
            number: epoch,
            batch: self.recipe.batch as usize,
            tail: self.recipe.tail,
            shares,
            recipe: &augmentation,
            on_small_bones: self.recipe.augmentation.on_small_bones,
            ahead: AHEAD,
            threads: self.threads,
        };
        // For stochastic depth, which draws from libtorch's generator.
        tch::manual_seed((self.seed ^ epoch.wrapping_mul(0x9e37_79b9_7f4a_7c15)) as i64);
        let (mut loss, mut samples) = (0.0, 0);
        data.epoch(&plan, |batch| {
            let step = Remedy::TRAINING.caught(|| self.step(&batch, total))?;
            loss += step.loss * step.samples as f64;
            samples += step.samples;
            after(step)
        })?;
        Ok(loss / samples as f64)
    }

    fn step(&mut self, batch: &feed::Batch, total: u64) -> Result<Step, Failure> {
        let Recipe { loss, dice_weight, grad_clip, precision, lr, warmup, .. } = self.recipe;
        let device = self.model.placement().device;
        let grey: Vec<u8> = batch.samples.iter().flat_map(|sample| &sample.image).copied().collect();
        let images = self.images(&grey, batch.size);
        let targets = tensors::targets(batch, device);
        self.model.weights().drop_gradients();
        let logits = precision.compute(device, || self.model.forward_t(&images, true));
        let loss = loss.of(&logits.map_err(internal)?, &targets, dice_weight);
        loss.backward();
        let gradient_norm = self.optimizer.clip_gradients((grad_clip > 0.0).then_some(grad_clip));
        let (loss, step) = (loss.double_value(&[]), self.optimizer.steps());
        if !(loss.is_finite() && gradient_norm.is_finite()) {
            return Err(Failure::data(
                format!("step {}", step + 1),
                format!(
                    "the loss is {loss}, the gradient's norm {gradient_norm}: training diverged; try a lower --lr, a \
                     longer --warmup or --precision f32 with another --out: what this run came to, its best weights \
                     too, stays beside its --out as `.partial` until --replace gives it up"
                ),
            ));
        }
        let learning_rate = lr * schedule::cosine(step, (warmup * total as f64).round() as u64, total);
        self.optimizer.step(learning_rate);
        Ok(Step { step: step + 1, samples: batch.samples.len(), loss, learning_rate, gradient_norm })
    }

    /// The mean over the samples of `data` of each bone's Dice coefficient at the size of the radiograph. Radiographs are
    /// seen as `predict` sees them, and scores are rounded as it does.
    pub fn validate(&self, data: &Dataset<Validation>) -> Result<[f64; COUNT], Failure> {
        let mut sums = [0.0; COUNT];
        let indices: Vec<usize> = (0..data.len()).collect();
        let device = self.model.placement().device;
        let batch = self.recipe.batch as usize;
        let (together, size) = (model::together(device, batch), self.view.plane());
        // The scores of windows are as large as the radiographs.
        let at_once = if self.view.windows.is_some() { 1 } else { batch };
        for indices in indices.chunks(at_once) {
            let samples = indices.iter().map(|&index| data.sample(index)).collect::<Result<Vec<_>, _>>()?;
            let seen: Vec<Seen<'_>> = samples
                .iter()
                .map(|sample| Seen { image: &sample.image, radiograph: sample.mask.size() })
                .collect();
            let infer = |planes: &[u8]| {
                Remedy::TRAINING.caught(|| {
                    let images = self.images(planes, size);
                    let logits = self.recipe.precision.compute(device, || self.model.infer(&images));
                    Ok(logits.map_err(internal)?.to_kind(Kind::Float))
                })
            };
            let scores = seen::scores(&self.view, &seen, together, infer, seen::exactly)?;
            let scored: Vec<[f64; COUNT]> = scores
                .par_iter()
                .zip(&samples)
                .map(|(scores, sample)| score(scores, sample))
                .collect::<Result<_, _>>()?;
            for bone in Bone::ALL {
                sums[bone.index()] += scored.iter().map(|dice| dice[bone.index()]).sum::<f64>();
            }
        }
        Ok(sums.map(|sum| sum / data.len() as f64))
    }

    /// Grey images as the network's input.
    fn images(&self, grey: &[u8], size: Size) -> Tensor {
        let (channels, device) = (self.model.spec().in_channels, self.model.placement().device);
        tensors::images(grey, size, channels, self.recipe.normalisation(), device)
    }
}

/// Each bone's Dice coefficient of one sample.
fn score(scores: &Scores, sample: &Validation) -> Result<[f64; COUNT], Failure> {
    let logits = Logits::new(Values::F16(scores.logits()), scores.size()).map_err(internal)?;
    let mask =
        scores::to_mask(&[(logits, 1.0)], sample.mask.size(), &Thresholds::default()).map_err(internal)?;
    let overlaps = dice::overlaps(&mask, &sample.mask)
        .ok_or_else(|| Failure::Internal("a prediction came out at another size".to_owned()))?;
    Ok(overlaps.map(dice::Overlap::dice))
}

fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::Internal(error.to_string())
}
