//! The log of a run: what is told of training that depends on the clock, in a folder of its own (`--log DIR`).
//!
//! Curves are those of `metrics.jsonl`, which is part of the checkpoint; nothing here is. A run that goes on is one curve.

use std::io;
use std::path::Path;
use std::time::Instant;

use bones::Bone;
use checkpoint::Line;
use logbook::curves::Training;
use logbook::{Curves, Ending, Logbook, Speed};
use serde_json::Value;
use zoo::Segmenter;

use crate::{Step, WorstCase};

/// The log of a run.
#[derive(Debug)]
pub struct Log {
    book: Logbook,
    curves: Training,
    began: Instant,
    since: Since,
}

/// What happened since the last line of `speed.jsonl`.
#[derive(Debug)]
struct Since {
    start: Instant,
    samples: usize,
    waiting: f64,
    computing: f64,
}

impl Since {
    fn now() -> Since {
        Since { start: Instant::now(), samples: 0, waiting: 0.0, computing: 0.0 }
    }
}

impl Log {
    /// Opens the log in `folder` of a run that has done `steps` steps, of which `earlier` are the lines of metrics.
    pub fn open(folder: &Path, recipe: &Value, earlier: &[Line], steps: u64) -> io::Result<Log> {
        let mut book = Logbook::open(folder, ".", if steps == 0 { 0 } else { steps + 1 })?;
        book.hparams(recipe, &[])?;
        book.flush()?;
        let mut log = Log { book, curves: Training::default(), began: Instant::now(), since: Since::now() };
        earlier.iter().for_each(|line| log.draw(line));
        Ok(log)
    }

    /// Takes note of where a step's time went.
    pub fn count(&mut self, step: &Step) {
        self.since.samples += step.samples;
        self.since.waiting += step.waited.as_secs_f64();
        self.since.computing += step.took.as_secs_f64();
    }

    /// Tells what a line of metrics says, and how fast the steps up to it were.
    pub fn tell(&mut self, line: &Line) -> io::Result<()> {
        self.draw(line);
        match line {
            Line::Step { epoch, step, loss, terms, learning_rate, gradient_norm, .. } => {
                self.book.scalar("loss/train", *step, *loss)?;
                for (name, value) in terms {
                    self.book.scalar(&format!("loss/train {name}"), *step, *value)?;
                }
                self.book.scalar("optimizer/learning rate", *step, *learning_rate)?;
                self.book.scalar("optimizer/gradient norm", *step, *gradient_norm)?;
                self.speed(*epoch, *step)?;
            }
            Line::Epoch { step, loss, validation, .. } => {
                self.book.scalar("loss/epoch", *step, *loss)?;
                if let Some(validation) = validation {
                    self.book.scalar("dice/validation", *step, validation.dice)?;
                    if let Some(loss) = validation.loss {
                        self.book.scalar("loss/validation", *step, loss)?;
                    }
                    for (name, value) in &validation.terms {
                        self.book.scalar(&format!("loss/validation {name}"), *step, *value)?;
                    }
                    for (bone, dice) in Bone::ALL.iter().zip(&validation.classes) {
                        self.book.scalar(&format!("dice of bones/{}", bone.name()), *step, *dice)?;
                    }
                }
            }
        }
        self.book.flush()
    }

    /// Tells how the weights of a network are distributed after `step`, and draws the curves so far.
    pub fn weights(&mut self, model: &Segmenter, step: u64) -> io::Result<()> {
        for entry in model.weights().parameters().filter(|entry| entry.tensor.dim() >= 2) {
            let values = entry.tensor.to_kind(tch::Kind::Float).flatten(0, -1).to_device(tch::Device::Cpu);
            let values: Vec<f32> = Vec::try_from(values).map_err(io::Error::other)?;
            self.book.histogram(&format!("weights/{}", entry.key), step, &values)?;
        }
        self.book.curves(&Curves::of_training("Training", &self.curves))?;
        self.book.flush()
    }

    /// Shows the records that the validation after `step` found worst: `worst/1` and so on, from the lowest Dice.
    pub fn worst(&mut self, worst: &[WorstCase], step: u64) -> io::Result<()> {
        for (place, case) in worst.iter().enumerate() {
            let mut png = Vec::new();
            case.picture.write_png(&mut png)?;
            self.book.image(&format!("worst/{}", place + 1), step, &png)?;
        }
        self.book.flush()
    }

    /// Tells how the run ended.
    pub fn end(&mut self, well: bool) -> io::Result<()> {
        self.book.curves(&Curves::of_training("Training", &self.curves))?;
        self.book.end(if well { Ending::Success } else { Ending::Failure })
    }

    fn draw(&mut self, line: &Line) {
        match line {
            Line::Step { step, loss, learning_rate, .. } => {
                self.curves.loss.push((*step, *loss));
                self.curves.learning_rate.push((*step, *learning_rate));
            }
            Line::Epoch { epoch, validation, .. } => {
                let loss =
                    validation.as_ref().and_then(|validation| Some((validation.step, validation.loss?)));
                self.curves.validation_loss.extend(loss);
                let dice = validation.as_ref().map(|validation| (*epoch, validation.dice));
                self.curves.dice.extend(dice);
            }
        }
    }

    fn speed(&mut self, epoch: u64, step: u64) -> io::Result<()> {
        let Since { start, samples, waiting, computing } = std::mem::replace(&mut self.since, Since::now());
        let seconds = start.elapsed().as_secs_f64().max(f64::MIN_POSITIVE);
        let share = |part: f64| (part / seconds).clamp(0.0, 1.0);
        let speed = Speed {
            step,
            epoch,
            seconds: self.began.elapsed().as_secs_f64(),
            images_per_second: samples as f64 / seconds,
            waiting: share(waiting),
            computing: share(computing),
        };
        self.book.scalar("speed/images a second", step, speed.images_per_second)?;
        self.book.scalar("speed/waiting for data", step, speed.waiting)?;
        self.book.speed(&speed)
    }
}
