//! Trains a network on records with masks: `{image, masks}` × 2 → a checkpoint.
//!
//! ```text
//! before   train.shard, validation.shard     image, masks of different patients
//! after    checkpoint/                       model.safetensors, last.safetensors, checkpoint.json, metrics.jsonl, state/
//! ```
//!
//! After every epoch all that a later run needs is saved in `<out>.partial/state`: a run that was killed goes on from
//! there when it is started again with the same arguments and data, and ends with the same bytes (on a CPU, with the
//! same number of threads). Started with another length, rate or whatever else its weights allow, it goes on in a new leg,
//! which the checkpoint records; with another network or other data it is refused, and says what differs: an unfinished run
//! is only given up with `--replace`. A finished run goes on by `--resume`.

mod beginning;
mod data;
mod show;
mod weighted;

use std::path::PathBuf;

use checkpoint::Versions;
use clap::Args;
use feed::Shares;
use learn::recipe::Flags;
use learn::store::{self, Opened};
use learn::{Fit, Goal, Identity, Log, Patience, Recipe, Remedy, ScheduleConfig, Store, Trainer, fit};
use schemars::JsonSchema;
use serde::Serialize;
use stage::{Arity, Artefact, Backend, Failure, Job, Output, Pass, Port, Relation, Stage};

pub use crate::beginning::Beginning;
use crate::data::Port as DataPort;
use crate::weighted::Weighted;

/// The arguments of the stage.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub struct Train {
    /// Records to validate on, of patients that are not trained on; may be given several times; without any, the last
    /// weights are the best
    #[arg(long, value_name = "PATH")]
    pub validation: Vec<PathBuf>,
    #[command(flatten)]
    #[serde(flatten)]
    #[allow(missing_docs, reason = "its fields are documented where they are")]
    pub beginning: Beginning,
    #[command(flatten)]
    #[serde(flatten)]
    #[allow(missing_docs, reason = "its fields are documented where they are")]
    pub flags: Flags,
    /// End after this epoch with a checkpoint that `--resume` goes on from; rates are those of the whole run
    #[arg(long, value_name = "EPOCH", value_parser = clap::value_parser!(u64).range(1..))]
    pub until: Option<u64>,
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
            Port::new("resume", Arity::Optional, [Artefact::directory("checkpoint")]),
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
        tch::set_num_threads(job.threads() as i32);
        let device = zoo::device(&self.device).map_err(usage)?;
        let resumed = self.beginning.resume.as_deref();
        let recipe = Recipe::of_flags_after(&self.flags, resumed)?;
        if let Some(file) = &self.flags.recipe {
            job.note_file("recipe", file)?;
        }
        let seed = self.beginning.seed(job.seed())?;
        let recipe = match &self.beginning.start {
            Some(start) => recipe.begun_from(&learn::model::read(start)?).map_err(Failure::Usage)?,
            None => recipe,
        };
        if let Some(count) = self.show_augmentations {
            return self.show(job, &recipe, count as usize);
        }
        let goal = self.goal(&recipe)?;
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
        let left = budget.saturating_sub(training.set.bytes_in_memory());
        let validation = DataPort { name: "validation", paths: self.validation.clone() };
        let validation = (!self.validation.is_empty())
            .then(|| validation.open::<feed::Validation>(job, trainer.view(), (), left))
            .transpose()?;
        if let Some(validation) = &validation {
            data::refuse_leak(&training.set, &validation.set)?;
        }

        let mut recorded = recipe.recorded(trainer.augmentation()).map_err(internal)?;
        if shares.weights().iter().any(|weight| *weight != 1.0) {
            recorded["input_weights"] = serde_json::to_value(shares.weights()).map_err(internal)?;
        }
        let identity = Identity {
            recipe: recorded,
            seed,
            start: begun.start,
            pretrained: begun.pretrained,
            training: training.described(),
            validation: validation.as_ref().map(data::Opened::described),
            versions: Versions {
                train: env!("CARGO_PKG_VERSION").to_owned(),
                libtorch: zoo::libtorch_version().to_owned(),
            },
        };
        let run = &recipe.run;
        let patience = Patience::new((run.patience > 0).then_some(run.patience), run.min_delta);
        let folder = job.directory_to_resume()?;
        let resume = resumed.zip(begun.resumed);
        let run = store::Run { identity, patience, goal, resume, give_up: job.replaces() };
        let (mut store, mut progress) = match Store::open(folder, run, |words| job.note(words))? {
            Opened::Growing(both) => *both,
            Opened::Complete => return Ok(()),
        };
        if progress.epoch > 0 {
            store.restore(&mut trainer, &progress)?;
            job.note(&format!(
                "goes on after epoch {} of {}",
                progress.epoch,
                trainer.extent(&shares).epochs
            ));
        }
        let log = match &self.log {
            Some(folder) => Some(
                Log::open(folder, &store.identity().recipe, &store.lines()?, progress.step)
                    .map_err(Failure::system)?,
            ),
            None => None,
        };
        let what = Fit {
            training: &training.set,
            shares,
            validation: validation.as_ref().map(|validation| &validation.set),
            goal,
            log_every: self.log_every,
            log,
        };
        fit(job, &mut trainer, &mut store, &mut progress, what)?;
        store.finish(&trainer, &progress)
    }

    /// Where the run ends. What a run without validation, or one that ends before, cannot do is refused.
    fn goal(&self, recipe: &Recipe) -> Result<Goal, Failure> {
        let (run, whole) = (&recipe.run, Goal::of(&recipe.run));
        if self.validation.is_empty() {
            let wants = |what: &str| Failure::Usage(format!("{what} goes by validations: give --validation"));
            if run.patience > 0 {
                return Err(wants("--patience"));
            }
            if run.keep_best > 1 {
                return Err(wants("--keep-best"));
            }
            if matches!(recipe.schedule, ScheduleConfig::Plateau(_)) {
                return Err(wants("the schedule plateau"));
            }
        }
        let Some(until) = self.until.filter(|until| *until < whole.epochs) else { return Ok(whole) };
        let every = run.validate_every;
        if !self.validation.is_empty() && !until.is_multiple_of(every) {
            return Err(Failure::Usage(format!(
                "--until {until}: the run is validated every {every} epochs; give a multiple, so that it ends with a validation"
            )));
        }
        Ok(Goal { epochs: until, ..whole })
    }
}

fn usage(error: zoo::Error) -> Failure {
    Failure::Usage(error.to_string())
}

fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::Internal(error.to_string())
}
