//! Runs a network over radiographs: `{image}` + a checkpoint → `{scores}` or `{masks}`.
//!
//! ```text
//! before   ID001/image1_R   image [2048, 2048]
//! after    ID001/image1_R   scores [29, 512, 512]       (--emit scores, of a network that sees 512 × 512)
//!                           masks [2048, 2048]          (--emit masks: at the attribute `size`)
//! ```
//!
//! Images are placed, resized and normalised as the checkpoint says. Scores are logits at the network's resolution, of the
//! radiograph alone (of 2048 × 1536 at 512 they are [29, 384, 512]), or, of a network that sees windows, those of all windows
//! blended; the masks are exactly those that `vote` makes of the `--exact` scores alone with the same threshold. A record's bits do not depend
//! on the records around it.

mod augmented;
mod network;

use std::path::PathBuf;

use bones::scores::{self, Logits, Thresholds, Values};
use checkpoint::{Checkpoint, file};
use clap::{Args, ValueEnum};
use learn::{Precision, Remedy, Seen};
use pixels::View;
use planes::{Extent, Image, Scores, ScoresKind};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;
use shard::{RawRecord, Record};
use stage::{Arity, Artefact, Backend, Failure, Job, Output, Port, Reason, Relation, Stage};

pub use augmented::{Merge, Variants};
use network::Network;

/// What a prediction is written as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Emit {
    /// Logits at the network's resolution
    Scores,
    /// Masks at the size of the radiograph
    Masks,
}

/// Which weights of a checkpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Weights {
    /// Those with the best validation Dice
    Best,
    /// Those after the last epoch
    Last,
}

impl Weights {
    /// The checkpoint's file with them.
    fn file(self) -> &'static str {
        match self {
            Weights::Best => file::BEST,
            Weights::Last => file::LAST,
        }
    }
}

/// The arguments of the stage.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub struct Predict {
    /// The folder that `train` wrote
    #[arg(long, value_name = "DIR", required_unless_present = "describe")]
    pub checkpoint: Option<PathBuf>,
    /// What predictions are written as
    #[arg(long, value_enum, default_value_t = Emit::Scores)]
    pub emit: Emit,
    /// Scores: keep every bit of half precision; else those are rounded away that move no probability by more than
    /// 0.0001, and no mask of this model at the threshold 0.5, which takes far fewer bytes
    #[arg(long, conflicts_with = "quantise")]
    pub exact: bool,
    /// Scores: keep a logit in this many bits, 8, in steps that grow with it, and one value for what is sure all
    /// around: fewer bytes still, and masks that differ by a few pixels of an outline
    #[arg(long, value_name = "BITS", value_parser = clap::value_parser!(u8).range(8..=8))]
    pub quantise: Option<u8>,
    /// Which of the checkpoint's weights to use
    #[arg(long, value_enum, default_value_t = Weights::Best)]
    pub weights: Weights,
    /// Masks: from which score on, exclusive, a bone is there
    #[arg(long, value_name = "SCORE", default_value_t = 0.5, value_parser = threshold)]
    pub threshold: f32,
    /// Let the input's other planes flow on; its masks are replaced where masks are written
    #[arg(long)]
    pub keep: bool,
    /// Records in a batch; on a CPU they are only read and written together, and seen one by one
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub batch: u32,
    /// A network that sees windows: pixels of the radiograph from one to the next; where nothing is said as in training
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..))]
    pub stride: Option<u32>,
    #[command(flatten)]
    #[serde(flatten)]
    #[allow(missing_docs, reason = "its fields are documented where they are")]
    pub variants: Variants,
    /// Where to compute: auto, cpu, cuda, cuda:N or mps
    #[arg(long, default_value = "auto")]
    pub device: String,
    /// In which precision to compute
    #[arg(long, value_enum, default_value_t = Precision::Auto)]
    pub precision: Precision,
}

fn threshold(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(threshold) if threshold > 0.0 && threshold < 1.0 => Ok(threshold),
        _ => Err(format!("`{text}` is no number between 0 and 1, both excluded")),
    }
}

/// A record that is ready to be written, and what is doubtful about it.
struct Written {
    raw: RawRecord,
    misgiving: Option<String>,
}

impl Stage for Predict {
    const NAME: &'static str = "predict";
    const ABOUT: &'static str =
        "Runs a network over radiographs: {image} + a checkpoint → {scores} or {masks}";
    const RELATION: Relation = Relation::Map;
    const NUMERIC: bool = true;

    fn backend(&self) -> Option<Backend> {
        Some(Backend { libtorch: zoo::libtorch_version().to_owned(), device: zoo::device_kind(&self.device) })
    }

    fn inputs(&self) -> Vec<Port> {
        vec![
            Port::shards(&[planes::name::IMAGE]),
            Port::new("checkpoint", Arity::One, [Artefact::directory("checkpoint")]),
        ]
    }

    fn output(&self) -> Output {
        let plane = match self.emit {
            Emit::Scores => self.scores_kind().spec(),
            Emit::Masks => planes::masks_spec(),
        };
        if self.keep { Output::adds([plane]) } else { Output::planes([plane]) }
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        Remedy::PREDICTION.caught(|| self.predict(job))
    }
}

/// A record and what the network sees of it.
struct Prepared {
    record: Record,
    extent: Extent,
    image: Image,
}

/// A record made ready for the network; its image stays in it where planes are kept.
fn prepared(mut record: Record, view: &View, keep: bool) -> Result<Prepared, Reason> {
    let extent = Extent::of(&record)?;
    let image = if keep {
        // Of a copy: planes stay in the order that the header says.
        planes::take_image(&mut record.clone())?
    } else {
        let image = planes::take_image(&mut record)?;
        record.planes.clear();
        image
    };
    let image = view.scale(image, extent.size)?;
    Ok(Prepared { record, extent, image })
}

impl Predict {
    fn predict(&self, job: &mut Job) -> Result<(), Failure> {
        let Some(folder) = &self.checkpoint else {
            return Err(Failure::Usage("--checkpoint DIR is missing".to_owned()));
        };
        if (self.exact || self.quantise.is_some()) && self.emit == Emit::Masks {
            let flag = if self.exact { "--exact" } else { "--quantise" };
            return Err(Failure::Usage(format!("{flag} is for scores, and --emit asks for masks")));
        }
        tch::set_num_threads(job.threads() as i32);
        let device = zoo::device(&self.device).map_err(|error| Failure::Usage(error.to_string()))?;
        let checkpoint = learn::model::read(folder)?;
        let network = Network::load(
            folder,
            &checkpoint,
            self.weights.file(),
            device,
            self.precision,
            self.batch as usize,
        )?;
        job.note_folder("checkpoint", folder)?;

        let view = self.view(&checkpoint)?;
        let records = job.records()?;
        view.check_header(records.header()).map_err(|what| Failure::data(records.file(), what))?;
        let mut header = job.header_after(Some(records.header()));
        header.classes = planes::classes();
        job.create(header)?;
        let mut batch = Vec::with_capacity(self.batch as usize);
        job.each_with(
            records,
            |record| prepared(record, &view, self.keep),
            |job, prepared| {
                batch.push(prepared);
                if batch.len() == self.batch as usize {
                    self.flush(job, &network, &view, &mut batch)
                } else {
                    Ok(())
                }
            },
        )?;
        self.flush(job, &network, &view, &mut batch)
    }

    /// What the network sees of radiographs: as in training, but for the stride of windows.
    fn view(&self, checkpoint: &Checkpoint) -> Result<View, Failure> {
        let mut view = checkpoint.input.view();
        match (&mut view.windows, self.stride) {
            (_, None) => {}
            (None, Some(_)) => {
                return Err(Failure::Usage(
                    "--stride is for networks that see windows, and this one sees radiographs whole"
                        .to_owned(),
                ));
            }
            (Some(windows), Some(stride)) if stride > windows.side => {
                return Err(Failure::Usage(format!(
                    "--stride {stride} leaves gaps between windows of {0}: give {0} at most",
                    windows.side
                )));
            }
            (Some(windows), Some(stride)) => windows.stride = stride,
        }
        Ok(view)
    }

    fn scores_kind(&self) -> ScoresKind {
        match (self.exact, self.quantise) {
            (true, _) => ScoresKind::Exact,
            (false, Some(_)) => ScoresKind::Quantised,
            (false, None) => ScoresKind::Rounded,
        }
    }

    /// Runs the network over the records that wait in `batch`, which is empty then, and writes them.
    fn flush(
        &self,
        job: &mut Job,
        network: &Network,
        view: &View,
        batch: &mut Vec<Prepared>,
    ) -> Result<(), Failure> {
        if batch.is_empty() {
            return Ok(());
        }
        let seen: Vec<Seen<'_>> = batch
            .iter()
            .map(|prepared| Seen { image: &prepared.image, radiograph: prepared.extent.size })
            .collect();
        let thresholds = Thresholds::uniform(self.threshold).map_err(internal)?;
        let masks = (self.emit == Emit::Masks).then_some(&thresholds);
        let scores = network.scores(view, &seen, &self.variants, masks)?;
        let done: Vec<Result<Written, Failure>> = batch
            .par_drain(..)
            .zip(scores)
            .map(|(prepared, scores)| self.written(prepared, &scores, &thresholds))
            .collect();
        done.into_iter().try_for_each(|written| {
            let Written { raw, misgiving } = written?;
            if let Some(misgiving) = misgiving {
                job.doubt(raw.key(), &misgiving);
            }
            job.push_raw(&raw)
        })
    }

    /// The record with its prediction, compressed.
    fn written(
        &self,
        Prepared { mut record, extent, .. }: Prepared,
        scores: &Scores,
        thresholds: &Thresholds,
    ) -> Result<Written, Failure> {
        let mut misgiving = None;
        match self.emit {
            Emit::Scores => {
                let kind = self.scores_kind();
                if kind == ScoresKind::Quantised && scores.logits().iter().any(|logit| logit.is_nan()) {
                    let reason = "a logit is no number: did the training diverge?";
                    return Err(Failure::record("prediction", &record.key, reason));
                }
                planes::set_scores(&mut record, scores, kind);
            }
            Emit::Masks => {
                let mask = Logits::new(Values::F16(scores.logits()), scores.size())
                    .and_then(|logits| scores::to_mask(&[(logits, 1.0)], extent.size, thresholds));
                let mask = mask.map_err(|error| Failure::record("prediction", &record.key, error))?;
                misgiving = extent.misgiving(&mask);
                planes::set_masks(&mut record, &mask);
            }
        }
        Ok(Written { raw: RawRecord::encode(&record).map_err(internal)?, misgiving })
    }
}

fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::Internal(error.to_string())
}
