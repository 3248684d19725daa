//! Merges predictions: N × `{scores}` or `{masks}` or submissions → `{masks}`.
//!
//! ```text
//! before   a.shard  ID001/image1  masks: Radius on pixels 1–8
//!          b.shard  ID001/image1  masks: Radius on pixels 5–9
//!          c.csv    image1.png    Radius: 6 4
//! after    ID001/image1           masks: Radius on pixels 5–8   (at least 2 of the 3 say so)
//! ```
//!
//! Here each `--in` is a voter, where other stages read several inputs one behind the other. Records belong together
//! by their keys, rows of a submission by the image's name.
//!
//! - A **soft** vote needs scores: logits are upsampled to the radiograph's size, the sigmoids averaged by weight,
//!   and a bone is where the mean is strictly above its threshold. With one input this turns scores into masks.
//! - A **hard** vote counts masks (scores are turned into masks first): a bone is where at least `--min-votes` say so.
//!
//! A submission without any row for a bone has no opinion on it, and no vote: neither have masks that `decode-rle` read
//! from it. Where fewer than `--min-votes` have an opinion, all who have one must agree; where nobody has one, neither
//! has the result. An empty run-length text is an opinion: no pixel. So is a row that is left out of a bone which has
//! rows for other images. What is passed over so is said and counted.
//!
//! With `--allow-missing`, who lacks a radiograph has no opinion on it. Of one that no voter has (it is in `--images`
//! alone), the masks are empty; that too is said and counted.
//!
//! A submission knows images by their names alone. Where nothing but submissions vote, the key is that name, unless
//! `--images` gives a shard that knows more.
//!
//! With `--paste-back` the result on a crop goes back into the whole radiograph that it was cut from. The crops of one
//! radiograph follow one another in the streams; a bone is where any of them has it.

mod ballot;
mod pasted;
mod threshold;

use std::path::PathBuf;

use aligned::{Aligned, ImageSize, Missing};
use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::Serialize;
use stage::{Arity, Artefact, Failure, Job, Output, Port, Relation, Stage};

use ballot::{Ballot, Decision};
use pasted::Pasted;
pub use threshold::ThresholdOf;

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Soft where all inputs are scores, else hard
    #[default]
    Auto,
    /// Votes of masks
    Hard,
    /// The mean of scores
    Soft,
}

/// The arguments of the stage.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub struct Vote {
    /// What is counted: votes of masks, or the mean of scores
    #[arg(long, value_enum, default_value_t = Mode::Auto)]
    pub mode: Mode,
    /// Hard vote: how many masks must have a pixel; all that have an opinion on the bone, where those are fewer
    /// [default: more than half of them]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(1..))]
    pub min_votes: Option<u16>,
    /// Soft vote: the weight of each input, in order, separated by commas [default: all equal]
    #[arg(long, value_name = "WEIGHT", value_delimiter = ',')]
    pub weights: Vec<f32>,
    /// From which score on, exclusive, a bone is there: `0.5`, or `finger-1=0.4` for one bone; may be given several
    /// times [default: 0.5]
    #[arg(long, value_name = "[BONE=]SCORE", value_delimiter = ',')]
    pub threshold: Vec<ThresholdOf>,
    /// A JSON file of thresholds: `{"finger-1": 0.4, …}`; `--threshold` has the last word
    #[arg(long, value_name = "PATH")]
    pub thresholds: Option<PathBuf>,
    /// Count radiographs that some inputs lack, and let the others vote, instead of stopping
    #[arg(long)]
    pub allow_missing: bool,
    /// A shard of the same images, from which keys, patients and sizes are taken, where submissions vote
    #[arg(long, value_name = "PATH")]
    pub images: Option<PathBuf>,
    /// Put crops back into the radiograph that they were cut from
    #[arg(long)]
    pub paste_back: bool,
    #[command(flatten)]
    #[serde(flatten)]
    #[allow(missing_docs, reason = "its fields are documented where they are")]
    pub size: ImageSize,
}

impl Stage for Vote {
    const NAME: &'static str = "vote";
    const ABOUT: &'static str = "Merges predictions: N × {scores} or {masks} or submissions → {masks}";
    const RELATION: Relation = Relation::Reduce;

    fn inputs(&self) -> Vec<Port> {
        let voters = [
            Artefact::shard(&[planes::name::MASKS]),
            Artefact::shard(&[planes::name::SCORES]),
            Artefact::file("submission"),
        ];
        vec![
            Port::new("in", Arity::Each, voters),
            Port::new("thresholds", Arity::Optional, [Artefact::file("thresholds")]),
            Port::new("images", Arity::Optional, [Artefact::shard(&[])]),
        ]
    }

    fn output(&self) -> Output {
        Output::planes([planes::masks_spec()])
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        let voters = job.input_paths()?.into_iter().map(|path| ("in", path));
        let images = self.images.iter().map(|images| ("images", images.clone()));
        let inputs: Vec<(&str, PathBuf)> = voters.chain(images).collect();
        let missing = if self.allow_missing { Missing::Allow } else { Missing::Refuse };
        let thresholds = threshold::read(job, self.thresholds.as_deref(), &self.threshold)?;
        let rows = Aligned::open(job, &inputs, self.size.get()?, missing)?;
        let ballot = Ballot::new(self, &rows, thresholds)?;

        let mut header = job.header_after(rows.headers().flatten().next());
        header.classes = planes::classes();
        job.create(header)?;
        let mut pasted = Pasted::default();
        let mut without = 0;
        let incomplete = rows.each(
            job,
            |row| {
                let mut decision = ballot.decide(row)?;
                if self.paste_back {
                    decision.record = pasted::paste(decision.record)?;
                }
                Ok(decision)
            },
            |job, Decision { record, voted, misgiving }| {
                if let Some(misgiving) = misgiving {
                    job.doubt(&record.key, &misgiving);
                }
                without += u64::from(!voted);
                if self.paste_back { pasted.push(job, record) } else { job.push(&record) }
            },
        )?;
        pasted.flush(job)?;
        if incomplete > 0 {
            job.count("incomplete", incomplete);
            job.note(&format!("{incomplete} radiographs lacked a voter"));
        }
        if without > 0 {
            job.count("without a voter", without);
            job.note(&format!("{without} radiographs had no voter at all: their masks are empty"));
        }
        Ok(())
    }
}
