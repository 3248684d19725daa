//! A network and its optimizer, and what is done with them: an epoch, a validation.

use std::time::Instant;

use bones::bone::COUNT;
use bones::scores::{self, Logits, Thresholds, Values};
use bones::{Bone, Mask, dice};
use checkpoint::Extent;
use feed::{Dataset, Epoch, Shares, Training, Validation};
use pixels::View;
use planes::Scores;
use rayon::prelude::*;
use stage::Failure;
use tch::Kind;
use zoo::Segmenter;

use crate::guard::diverged;
use crate::validated::{Losses, Validated, Worst};
use crate::{Recipe, Remedy, Seen, Step, Stepper, model, seen, tensors};

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
    stepper: Stepper,
}

impl Trainer {
    /// Trains `model` from where it is, as `recipe` says. An error where its file of augmentation can't be read.
    pub fn new(model: Segmenter, recipe: &Recipe, seed: u64, threads: usize) -> Result<Trainer, Failure> {
        let augmentation = recipe.augment.read()?;
        let (view, stepper) = (recipe.input.view(), Stepper::new(model, recipe));
        Ok(Trainer { recipe: recipe.clone(), augmentation, view, seed, threads, stepper })
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
        feed::TrainingForm { labels: recipe.augment.label_form, enlargement: augmentation.enlargement() }
    }

    /// How it trains.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The network.
    pub fn model(&self) -> &Segmenter {
        self.stepper.model()
    }

    /// What moves its weights.
    pub fn stepper(&self) -> &Stepper {
        &self.stepper
    }

    /// The same, to change its state.
    pub fn stepper_mut(&mut self) -> &mut Stepper {
        &mut self.stepper
    }

    /// How many samples each batch of an epoch of `samples` turns has.
    fn batches(&self, samples: usize) -> impl ExactSizeIterator<Item = usize> {
        self.recipe.run.tail.batches(samples, self.recipe.run.batch as usize)
    }

    /// How many steps an epoch takes.
    pub fn steps_per_epoch(&self, shares: &Shares) -> u64 {
        self.batches(shares.turns()).len() as u64
    }

    /// How long the whole run is: its epochs, a last one that `run.steps` cuts short among them, and its steps.
    pub fn extent(&self, shares: &Shares) -> Extent {
        let per_epoch = self.steps_per_epoch(shares);
        match self.recipe.run.steps {
            Some(steps) => Extent { epochs: steps.div_ceil(per_epoch.max(1)), steps },
            None => Extent { epochs: self.recipe.run.epochs, steps: per_epoch * self.recipe.run.epochs },
        }
    }

    /// Refuses, before the first step, a number of samples that leaves the last batch too small for the network.
    pub fn check_batches(&self, shares: &Shares) -> Result<(), Failure> {
        let samples = shares.turns();
        let (side, run) = (i64::from(self.recipe.input.size), &self.recipe.run);
        let least = self.batches(samples).min().unwrap_or(0) / run.accumulate as usize;
        self.model().check_batch(least as i64, side, side).map_err(|error| {
            let model = self.model().spec().name();
            let portions = match run.accumulate {
                1 => String::new(),
                portions => format!(", in {portions} portions,"),
            };
            Failure::Usage(format!(
                "{samples} record(s) in batches of {}{portions} leave {model} a batch of {least}: {error}; --tail fill fills \
                 it, --tail drop leaves it out where it is not the only one",
                run.batch
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
        let steps_per_epoch = self.steps_per_epoch(shares);
        let Extent { steps, .. } = self.extent(shares);
        let left = self.recipe.run.steps.map(|steps| steps.saturating_sub(self.stepper.steps()) as usize);
        let augmentation = self.augmentation.clone();
        let plan = Epoch {
            seed: self.seed,
            number: epoch,
            batch: self.recipe.run.batch as usize,
            tail: self.recipe.run.tail,
            batches: left,
            shares,
            recipe: &augmentation,
            on_small_bones: self.recipe.augment.on_small_bones,
            ahead: AHEAD,
            threads: self.threads,
        };
        // For stochastic depth, which draws from libtorch's generator.
        tch::manual_seed((self.seed ^ epoch.wrapping_mul(0x9e37_79b9_7f4a_7c15)) as i64);
        let (mut loss, mut samples, mut ready) = (0.0, 0, Instant::now());
        data.epoch(&plan, |batch| {
            let waited = ready.elapsed();
            let step = self.stepper.step_caught(batch, steps, steps_per_epoch)?;
            if !step.left_out {
                loss += step.loss * step.samples as f64;
                samples += step.samples;
            }
            after(Step { waited, ..step })?;
            ready = Instant::now();
            Ok(())
        })?;
        if samples == 0 {
            return Err(diverged(
                format!("epoch {epoch}"),
                "no step had a loss and a gradient that are numbers",
            ));
        }
        Ok(loss / samples as f64)
    }

    /// The mean over the samples of `data` of each bone's Dice coefficient at the size of the radiograph. Radiographs are
    /// seen as `predict` sees them, and scores are rounded as it does.
    /// Where weights are averaged, it is their average that is validated.
    ///
    /// With it comes the mean loss, and pictures of the `worst` samples with the lowest Dice.
    pub fn validate(&mut self, data: &Dataset<Validation>, worst: usize) -> Result<Validated, Failure> {
        let Trainer { recipe, view, stepper, .. } = self;
        stepper.averaged(|model| validated(model, recipe, view, data, worst))
    }
}

/// What a network makes of the samples of `data`.
fn validated(
    model: &Segmenter,
    recipe: &Recipe,
    view: &View,
    data: &Dataset<Validation>,
    worst: usize,
) -> Result<Validated, Failure> {
    let mut sums = [0.0; COUNT];
    let mut losses = view.windows.is_none().then(|| Losses::new(recipe, *view));
    let mut worst = Worst::new(worst);
    let indices: Vec<usize> = (0..data.len()).collect();
    let device = model.placement().device;
    let batch = recipe.run.batch as usize;
    let (together, size) = (model::together(device, batch), view.plane());
    let (channels, normalisation) = (model.spec().in_channels, recipe.input.normalisation());
    // The scores of windows are as large as the radiographs.
    let at_once = if view.windows.is_some() { 1 } else { batch };
    for indices in indices.chunks(at_once) {
        let samples = indices.iter().map(|&index| data.sample(index)).collect::<Result<Vec<_>, _>>()?;
        let seen: Vec<Seen<'_>> = samples
            .iter()
            .map(|sample| Seen { image: &sample.image, radiograph: sample.mask.size() })
            .collect();
        let infer = |planes: &[u8]| {
            Remedy::TRAINING.caught(|| {
                let images = tensors::images(planes, size, channels, normalisation, device);
                let logits = recipe.run.precision.compute(device, || model.infer(&images));
                let logits = logits.map_err(internal)?.to_kind(Kind::Float);
                if let Some(losses) = &mut losses {
                    losses.hold(&logits);
                }
                Ok(logits)
            })
        };
        let scores = seen::scores(view, &seen, together, infer, seen::exactly)?;
        if let Some(losses) = &mut losses {
            Remedy::TRAINING.caught(|| losses.add(&samples))?;
        }
        let scored: Vec<([f64; COUNT], Mask)> = scores
            .par_iter()
            .zip(&samples)
            .map(|(scores, sample)| score(scores, sample))
            .collect::<Result<_, _>>()?;
        for bone in Bone::ALL {
            sums[bone.index()] += scored.iter().map(|(dice, _)| dice[bone.index()]).sum::<f64>();
        }
        for ((&index, sample), (dice, mask)) in indices.iter().zip(&samples).zip(&scored) {
            worst.note(&data.members()[index].key, dice, sample, mask);
        }
    }
    let (loss, terms) = losses.map(Losses::finish).unwrap_or_default();
    let classes = sums.map(|sum| sum / data.len() as f64);
    Ok(Validated { classes, loss, terms, worst: worst.finish() })
}

/// Each bone's Dice coefficient of one sample, and what was found of it.
fn score(scores: &Scores, sample: &Validation) -> Result<([f64; COUNT], Mask), Failure> {
    let logits = Logits::new(Values::F16(scores.logits()), scores.size()).map_err(internal)?;
    let mask = scores::to_mask(&[(logits, 1.0)], sample.mask.size(), &Thresholds::default());
    // What can be wrong with them but their form is that they are no numbers.
    let mask = mask.map_err(|error| diverged("validation", error))?;
    let overlaps = dice::overlaps(&mask, &sample.mask)
        .ok_or_else(|| Failure::Internal("a prediction came out at another size".to_owned()))?;
    Ok((overlaps.map(dice::Overlap::dice), mask))
}

fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::Internal(error.to_string())
}
