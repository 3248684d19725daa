//! Trains a network on records with masks: `{image, masks}` × 2 → a checkpoint.
//!
//! ```text
//! before   train.shard, validation.shard     image, masks of different patients
//! after    checkpoint/                       model.safetensors, last.safetensors, checkpoint.json, metrics.jsonl
//! ```
//!
//! After every epoch all that a later run needs is saved in `<out>.partial/state`: a run that was killed goes on from
//! there when it is started again with the same arguments and data, and ends with the same bytes (on a CPU, with the
//! same number of threads). Started with others it is refused, and says what differs: an unfinished run is only given up
//! with `--replace`.

mod beginning;
mod data;
mod show;
mod store;
mod weighted;

use std::path::PathBuf;

use bones::Bone;
use checkpoint::{Checkpoint, Input, Line, Validation, Versions};
use clap::Args;
use feed::{Dataset, Shares};
use learn::recipe::{Flags, Run};
use learn::{Log, Patience, Recipe, Remedy, Trainer, Waiting};
use schemars::JsonSchema;
use serde::Serialize;
use stage::{Arity, Artefact, Backend, Failure, Job, Output, Pass, Port, Relation, Stage};

pub use crate::beginning::Beginning;
use crate::data::Port as DataPort;
use crate::store::{Identity, Opened, Progress, Store};
use crate::weighted::Weighted;

/// The arguments of the stage.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub struct Train {
    /// Records to validate on, of patients that are not trained on; may be given several times
    #[arg(long, value_name = "PATH", required_unless_present_any = ["describe", "show_augmentations"])]
    pub validation: Vec<PathBuf>,
    #[command(flatten)]
    #[serde(flatten)]
    #[allow(missing_docs, reason = "its fields are documented where they are")]
    pub beginning: Beginning,
    #[command(flatten)]
    #[serde(flatten)]
    #[allow(missing_docs, reason = "its fields are documented where they are")]
    pub flags: Flags,
    /// How often an epoch shows the records of each `--in`, in order, separated by commas: 1 once, 0.5 half of them, 2
    /// twice; on the command line `--in wrist.shard@0.5` says the same
    #[arg(long, value_name = "WEIGHT", value_delimiter = ',', allow_negative_numbers = true, value_parser = weighted::weight)]
    pub input_weights: Vec<f64>,
    /// Write pictures of N training samples as the network would see them, with what was drawn for each, instead of a
    /// checkpoint; nothing is trained
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=400))]
    pub show_augmentations: Option<u32>,
    /// Where to compute: auto, cpu, cuda, cuda:N or mps
    #[arg(long, default_value = "auto")]
    pub device: String,
    /// Memory for samples at the network's size, in MB; what does not fit is read again in every epoch
    #[arg(long, value_name = "MB", default_value_t = 2048)]
    pub cache_mb: u32,
    /// Keep fewer activations in memory and compute the others again for the gradient: for large images or batches
    #[arg(long)]
    pub checkpoint_activations: bool,
    /// Log what depends on the clock in this folder: TensorBoard event files, curves.svg, speed.jsonl
    #[arg(long, value_name = "DIR")]
    pub log: Option<PathBuf>,
    /// Write a line of metrics every so many steps
    #[arg(long, value_name = "STEPS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub log_every: u64,
}

impl Stage for Train {
    const NAME: &'static str = "train";
    const ABOUT: &'static str = "Trains a network on records with masks: {image, masks} × 2 → a checkpoint";
    const RELATION: Relation = Relation::Reduce;
    const PASS: Pass = Pass::Replayed;
    const NUMERIC: bool = true;

    fn backend(&self) -> Option<Backend> {
        Some(Backend { libtorch: zoo::libtorch_version().to_owned(), device: zoo::device_kind(&self.device) })
    }

    fn inputs(&self) -> Vec<Port> {
        let shards = Artefact::shard(&data::PLANES);
        vec![
            Port::new("in", Arity::Many, [shards.clone()]),
            Port::new("validation", Arity::Many, [shards]),
            Port::new("start", Arity::Optional, [Artefact::directory("checkpoint")]),
            Port::new("weights", Arity::Optional, [Artefact::file("weights")]),
            Port::new("encoder-weights", Arity::Optional, [Artefact::file("weights")]),
            Port::new("augment", Arity::Optional, [Artefact::file("augmentation")]),
            Port::new("recipe", Arity::Optional, [Artefact::file("recipe")]),
        ]
    }

    fn output(&self) -> Output {
        let of = if self.show_augmentations.is_some() { "pictures" } else { "checkpoint" };
        Output::Directory { of: of.to_owned() }
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        Remedy::TRAINING.caught(|| self.train(job))
    }
}

impl Train {
    fn train(&self, job: &mut Job) -> Result<(), Failure> {
        let seed = job.seed();
        tch::set_num_threads(job.threads() as i32);
        let device = zoo::device(&self.device).map_err(usage)?;
        let recipe = Recipe::of_flags(&self.flags)?;
        if let Some(file) = &self.flags.recipe {
            job.note_file("recipe", file)?;
        }
        let recipe = match &self.beginning.start {
            Some(start) => recipe.begun_from(&learn::model::read(start)?).map_err(Failure::Usage)?,
            None => recipe,
        };
        if let Some(count) = self.show_augmentations {
            return self.show(job, &recipe, count as usize);
        }
        let model = learn::model::fresh(&recipe, device, seed).map_err(usage)?;
        model.checkpoint_activations(self.checkpoint_activations);
        let begun = self.beginning.apply(&model, job)?;
        let recipe = recipe.settled(begun.normalisation, device).map_err(usage)?;
        let mut trainer = Trainer::new(model, &recipe, seed, job.threads())?;
        if let Some(file) = recipe.augment.file() {
            job.note_file("augment", file)?;
        }

        let budget = self.cache_mb as usize * 1_000_000;
        let Weighted { paths, weights } = Weighted::new(job.input_paths()?, &self.input_weights)?;
        let training = DataPort { name: "in", paths };
        let training =
            training.open::<feed::Training>(job, trainer.view(), trainer.training_form(), budget)?;
        let shares = Shares::new(training.set.inputs(), weights);
        trainer.check_batches(&shares)?;
        let validation = DataPort { name: "validation", paths: self.validation.clone() };
        let left = budget.saturating_sub(training.set.bytes_in_memory());
        let validation = validation.open::<feed::Validation>(job, trainer.view(), (), left)?;
        data::refuse_leak(&training.set, &validation.set)?;

        let mut recorded = recipe.recorded(trainer.augmentation()).map_err(internal)?;
        if shares.weights().iter().any(|weight| *weight != 1.0) {
            recorded["input_weights"] = serde_json::to_value(shares.weights()).map_err(internal)?;
        }
        let identity = Identity {
            recipe: recorded,
            seed,
            start: begun.digest,
            pretrained: begun.pretrained,
            training: training.described(),
            validation: validation.described(),
            versions: Versions {
                train: env!("CARGO_PKG_VERSION").to_owned(),
                libtorch: zoo::libtorch_version().to_owned(),
            },
        };
        let run = &recipe.run;
        let patience = Patience::new((run.patience > 0).then_some(run.patience), run.min_delta);
        let folder = job.directory_to_resume()?;
        let (mut store, mut progress) = match Store::open(folder, identity, patience, job.replaces())? {
            Opened::Growing(both) => *both,
            Opened::Complete => return Ok(()),
        };
        if progress.epoch > 0 {
            store.restore(&mut trainer, &progress)?;
            job.note(&format!("goes on after epoch {} of {}", progress.epoch, run.epochs));
        }
        let data = Data { training: &training.set, shares, validation: &validation.set };
        let mut log = match &self.log {
            Some(folder) => Some(
                Log::open(folder, &store.identity().recipe, &store.lines()?, progress.step)
                    .map_err(Failure::system)?,
            ),
            None => None,
        };
        let fitted = self.fit(job, &mut trainer, &mut store, &mut progress, &data, log.as_mut());
        if let Some(log) = log {
            log.end(fitted.is_ok()).map_err(Failure::system)?;
        }
        fitted?;
        store.finish(&described(&trainer, &store, &progress)?)
    }

    /// The training loop.
    fn fit(
        &self,
        job: &mut Job,
        trainer: &mut Trainer,
        store: &mut Store,
        progress: &mut Progress,
        data: &Data<'_>,
        mut log: Option<&mut Log>,
    ) -> Result<(), Failure> {
        let Run { epochs, validate_every, .. } = trainer.recipe().run;
        let mut waiting = Waiting::new(job.threads());
        job.total(epochs * trainer.steps_per_epoch(&data.shares));
        job.advance(progress.step);
        while progress.epoch < epochs && !progress.patience.is_over() {
            let epoch = progress.epoch + 1;
            let loss = trainer.epoch(data.training, &data.shares, epoch, |step| {
                job.advance(1);
                progress.step = step.step;
                waiting.note(&step).iter().for_each(|advice| job.note(advice));
                if let Some(log) = &mut log {
                    log.count(&step);
                }
                if step.left_out {
                    job.note(&format!("step {} is left out: its loss or gradient is no number", step.step));
                    return Ok(());
                }
                if !step.step.is_multiple_of(self.log_every) {
                    return Ok(());
                }
                let line = Line::Step {
                    epoch,
                    step: step.step,
                    loss: step.loss,
                    terms: step.terms.into_iter().collect(),
                    learning_rate: step.learning_rate,
                    gradient_norm: step.gradient_norm,
                };
                tell(&mut log, &line)?;
                store.log(&line)
            })?;
            progress.epoch = epoch;
            let due = epoch.is_multiple_of(validate_every) || epoch == epochs;
            let validation = due.then(|| measure(trainer, data.validation, progress)).transpose()?;
            let best = validation.as_ref().is_some_and(|validation| progress.note(validation));
            if best {
                store.keep_best(trainer, epoch)?;
            }
            job.message(&told(epoch, epochs, loss, validation.as_ref(), best));
            let left_out = trainer.stepper().left_out();
            let line = Line::Epoch { epoch, step: progress.step, loss, left_out, validation, best };
            tell(&mut log, &line)?;
            if let (Some(log), true) = (&mut log, due) {
                log.weights(trainer.model(), progress.step).map_err(Failure::system)?;
            }
            store.log(&line)?;
            store.save(trainer, progress)?;
        }
        Ok(())
    }
}

/// Tells a line of metrics in the log, where there is one.
fn tell(log: &mut Option<&mut Log>, line: &Line) -> Result<(), Failure> {
    log.as_mut().map_or(Ok(()), |log| log.tell(line)).map_err(Failure::system)
}

/// What is learnt from, and how often each of it.
struct Data<'a> {
    training: &'a Dataset<feed::Training>,
    shares: Shares,
    validation: &'a Dataset<feed::Validation>,
}

/// What the checkpoint says of itself.
fn described(trainer: &Trainer, store: &Store, progress: &Progress) -> Result<Checkpoint, Failure> {
    let Identity { recipe, seed, start, pretrained, training, validation, versions } =
        store.identity().clone();
    let (Some(best), Some(last)) = (progress.best.clone(), progress.last.clone()) else {
        return Err(Failure::Internal("training ended without a validation".to_owned()));
    };
    let of = trainer.recipe();
    Ok(Checkpoint {
        format: checkpoint::FORMAT,
        model: learn::model::described(trainer.model().spec()),
        classes: planes::classes(),
        input: Input {
            size: of.input.size,
            filter: of.input.filter(),
            placement: trainer.view().fit,
            windows: trainer.view().windows,
            clahe: trainer.view().clahe,
            normalisation: of.input.normalisation(),
        },
        recipe,
        seed,
        start,
        pretrained,
        training,
        validation,
        best,
        last,
        stopped_early: progress.epoch < of.run.epochs,
        versions,
    })
}

/// A validation of the network as it is now.
fn measure(
    trainer: &mut Trainer,
    data: &Dataset<feed::Validation>,
    progress: &Progress,
) -> Result<Validation, Failure> {
    let classes = trainer.validate(data)?;
    let dice = classes.iter().sum::<f64>() / Bone::ALL.len() as f64;
    trainer.stepper_mut().note(dice);
    Ok(Validation { epoch: progress.epoch, step: progress.step, dice, classes: classes.to_vec() })
}

/// One line about an epoch.
fn told(epoch: u64, epochs: u64, loss: f64, validation: Option<&Validation>, best: bool) -> String {
    let dice = validation.map_or_else(String::new, |validation| {
        format!(", Dice {:.4}{}", validation.dice, if best { " (best)" } else { "" })
    });
    format!("epoch {epoch}/{epochs}: loss {loss:.4}{dice}")
}

fn usage(error: zoo::Error) -> Failure {
    Failure::Usage(error.to_string())
}

fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::Internal(error.to_string())
}
