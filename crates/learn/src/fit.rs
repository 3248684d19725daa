//! A whole run: epochs and validations from where it is to its goal.

use bones::Bone;
use checkpoint::{Checkpoint, Input, Line, Validation};
use feed::{Dataset, Shares};
use stage::{Failure, Job};

use crate::store::{Goal, Progress, Store};
use crate::{Identity, Log, Trainer, Validated, Waiting, WorstCase, model};

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
    pub log: Option<&'a mut Log>,
}

/// Trains to the goal. After each epoch all that a later run needs is in the store.
pub fn fit(
    job: &mut Job,
    trainer: &mut Trainer,
    store: &mut Store,
    progress: &mut Progress,
    mut fit: Fit<'_>,
) -> Result<(), Failure> {
    let run = trainer.recipe().run.clone();
    let (whole, extent) = (Goal::of(&run), trainer.extent(&fit.shares));
    let mut waiting = Waiting::new(job.threads());
    job.total(extent.steps);
    job.advance(progress.step);
    while !progress.is_done(fit.goal) {
        let epoch = progress.epoch + 1;
        let (log, shares) = (&mut fit.log, &fit.shares);
        let loss = trainer.epoch(fit.training, shares, epoch, |step| {
            job.advance(1);
            progress.step = step.step;
            waiting.note(&step).iter().for_each(|advice| job.note(advice));
            if let Some(log) = log {
                log.count(&step);
            }
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
            tell(log, &line)?;
            store.log(&line)
        })?;
        progress.epoch = epoch;
        let due = epoch.is_multiple_of(run.validate_every) || progress.reaches(whole);
        let measured = fit.validation.filter(|_| due).map(|data| {
            let pictures = if fit.log.is_some() { WORST } else { 0 };
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
        tell(&mut fit.log, &line)?;
        if let (Some(log), Some(worst)) = (&mut fit.log, worst) {
            log.worst(&worst, progress.step).map_err(Failure::system)?;
        }
        if let (Some(log), true) = (&mut fit.log, due) {
            log.weights(trainer.model(), progress.step).map_err(Failure::system)?;
        }
        store.log(&line)?;
        store.save(trainer, progress)?;
    }
    Ok(())
}

/// Tells a line of metrics in the log, where there is one.
fn tell(log: &mut Option<&mut Log>, line: &Line) -> Result<(), Failure> {
    log.as_mut().map_or(Ok(()), |log| log.tell(line)).map_err(Failure::system)
}

/// What the checkpoint of a run says of itself.
pub fn described(trainer: &Trainer, identity: &Identity, progress: &Progress) -> Checkpoint {
    let Identity { recipe, seed, start, pretrained, training, validation, versions } = identity.clone();
    let of = trainer.recipe();
    Checkpoint {
        format: checkpoint::FORMAT,
        model: model::described(trainer.model().spec()),
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
        trained: Some(progress.extent()),
        best: progress.best.clone(),
        last: progress.last.clone(),
        kept: progress.kept.clone(),
        legs: progress.legs.clone(),
        stopped_early: progress.patience.is_over() && !progress.reaches(Goal::of(&of.run)),
        versions,
    }
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
