//! A whole run: epochs and validations from where it is to its goal.

use std::io;

use bones::Bone;
use checkpoint::{Line, Validation};
use feed::{Dataset, Shares};
use stage::{Failure, Job};

use crate::store::{Goal, Progress, Store};
use crate::{Log, Trainer, Validated, Waiting, WorstCase};

/// Records of a validation whose pictures are logged.
const WORST: usize = 4;

/// What a run learns from, and how it is told.
pub struct Fit<'a> {
    /// What is trained on.
    pub training: &'a Dataset<feed::Training>,
    /// How often each of it is shown.
    pub shares: Shares,
    /// What is validated on.
    pub validation: Option<&'a Dataset<feed::Validation>>,
    /// Where to end: the recipe's goal, or before.
    pub goal: Goal,
    /// Steps from one line of metrics to the next.
    pub log_every: u64,
    /// The log, where one is written.
    pub log: Option<Log>,
}

/// The log as it is told: what can't be written of it never ends a run.
struct Telling {
    log: Option<Log>,
    failed: bool,
}

impl Telling {
    /// Tells the log, where there is one; the first failure is noted.
    fn tell(&mut self, job: &mut Job, what: impl FnOnce(&mut Log) -> io::Result<()>) {
        let Some(Err(error)) = self.log.as_mut().map(what) else { return };
        if !self.failed {
            job.note(&format!("--log: {error}: some of the log is missing; training goes on"));
        }
        self.failed = true;
    }
}

/// Trains to the goal. After each epoch all that a later run needs is in the store.
pub fn fit(
    job: &mut Job,
    trainer: &mut Trainer,
    store: &mut Store,
    progress: &mut Progress,
    mut fit: Fit<'_>,
) -> Result<(), Failure> {
    let mut telling = Telling { log: fit.log.take(), failed: false };
    let ended = epochs(job, trainer, store, progress, &fit, &mut telling);
    telling.tell(job, |log| log.end(ended.is_ok()));
    ended
}

fn epochs(
    job: &mut Job,
    trainer: &mut Trainer,
    store: &mut Store,
    progress: &mut Progress,
    fit: &Fit<'_>,
    telling: &mut Telling,
) -> Result<(), Failure> {
    let run = trainer.recipe().run.clone();
    let (whole, extent) = (Goal::of(&run), trainer.extent(&fit.shares));
    let mut waiting = Waiting::new(job.threads());
    job.total(extent.steps);
    job.advance(progress.step);
    while !progress.is_done(fit.goal) {
        let epoch = progress.epoch + 1;
        let loss = trainer.epoch(fit.training, &fit.shares, epoch, |step| {
            job.advance(1);
            progress.step = step.step;
            waiting.note(&step).iter().for_each(|advice| job.note(advice));
            telling.log.iter_mut().for_each(|log| log.count(&step));
            if step.left_out {
                job.note(&format!("step {} is left out: its loss or gradient is no number", step.step));
                return Ok(());
            }
            if !step.step.is_multiple_of(fit.log_every) {
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
            telling.tell(job, |log| log.tell(&line));
            store.log(&line)
        })?;
        progress.epoch = epoch;
        let due = epoch.is_multiple_of(run.validate_every) || progress.reaches(whole);
        let measured = fit.validation.filter(|_| due).map(|data| {
            let pictures = if telling.log.is_some() { WORST } else { 0 };
            measure(trainer, data, progress, pictures)
        });
        let (validation, worst) = measured.transpose()?.unzip();
        let best = validation.as_ref().is_some_and(|validation| progress.note(validation));
        if best {
            store.keep_best(trainer, epoch)?;
        }
        if progress.keep(&run, validation.as_ref()) {
            store.keep(trainer, progress)?;
        }
        job.message(&told(epoch, extent.epochs, loss, validation.as_ref(), progress.best.as_ref()));
        let left_out = trainer.stepper().left_out();
        let line = Line::Epoch { epoch, step: progress.step, loss, left_out, validation, best };
        telling.tell(job, |log| log.tell(&line));
        if let Some(worst) = worst {
            telling.tell(job, |log| log.worst(&worst, progress.step));
        }
        if due {
            telling.tell(job, |log| log.weights(trainer.model(), progress.step));
        }
        store.log(&line)?;
        store.save(trainer, progress)?;
    }
    Ok(())
}

/// A validation of the network as it is now.
fn measure(
    trainer: &mut Trainer,
    data: &Dataset<feed::Validation>,
    progress: &Progress,
    pictures: usize,
) -> Result<(Validation, Vec<WorstCase>), Failure> {
    let Validated { classes, loss, terms, worst } = trainer.validate(data, pictures)?;
    let dice = classes.iter().sum::<f64>() / Bone::ALL.len() as f64;
    trainer.stepper_mut().note(dice);
    let Progress { epoch, step, .. } = *progress;
    Ok((Validation { epoch, step, dice, classes: classes.to_vec(), loss, terms }, worst))
}

/// One line about an epoch.
fn told(
    epoch: u64,
    epochs: u64,
    loss: f64,
    validation: Option<&Validation>,
    best: Option<&Validation>,
) -> String {
    let dice = validation.map_or_else(String::new, |validation| format!(", Dice {:.4}", validation.dice));
    let best = best.map_or_else(String::new, |best| match best.epoch {
        now if now == epoch => " (best)".to_owned(),
        before => format!(", best {:.4} of epoch {before}", best.dice),
    });
    format!("epoch {epoch}/{epochs}: loss {loss:.4}{dice}{best}")
}
