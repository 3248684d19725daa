//! Training input: records of a shard → augmented samples at the network's size, as tensors of images and targets.

use std::cell::RefCell;

use augment::Recipe;
use augment::render::{Cells, LabelForm, Memory, Pyramid, render};
use checkpoint::Normalisation;
use feed::{Batch, Dataset, Epoch, Shares, Source, Tail, Training, TrainingForm};
use learn::tensors;
use pixels::{Filter, Fit, Placement, View};
use stage::Failure;
use tch::{Device, Kind};

use super::{Outcome, Work};
use crate::Result;
use crate::inputs::Inputs;

/// Samples in a batch.
const BATCH: usize = 8;

/// Threads that make samples.
const THREADS: usize = 2;

/// An epoch over a shard of which nothing is kept in memory: each sample is read, decompressed, warped as the flags'
/// defaults draw it, put into its batch, and unpacked: `[8, 1, 512, 512]` and `[8, 29, 512, 512]` in single precision.
pub(crate) fn training_input(inputs: &Inputs) -> Result<Work> {
    // As `train` does.
    zoo::keep_freed_memory();
    let view = View { size: 512, filter: Filter::Linear, fit: Fit::Pad, windows: None, clahe: None };
    let recipe = flags()?;
    let form = TrainingForm { labels: LabelForm::Coverage, enlargement: recipe.enlargement() };
    let source = Source::from(inputs.training().as_path());
    let refuse = |file: &str, record: &str, reason: stage::Reason| {
        Err(Failure::Internal(format!("{file}: {record}: {reason}")))
    };
    let keep = 0;
    let data: Dataset<Training> = Dataset::open(&[source], view, form, keep, THREADS, refuse)
        .map_err(|error| format!("training shard: {error:?}"))?;
    let images = data.len();
    Ok(Work::new(vec![(data, recipe)], |(data, recipe)| Epoched(epoch(data, recipe))).of_images(images))
}

/// A sample of a radiograph of 2048² in memory, as the flags' defaults draw it: coverage labels, still in words.
pub(crate) fn training_sample(inputs: &Inputs) -> Result<Work> {
    rendered(inputs, flags()?)
}

/// The same by the whole recipe `field`.
pub(crate) fn training_sample_field(inputs: &Inputs) -> Result<Work> {
    rendered(inputs, Recipe::builtin("field").ok_or("no recipe `field`")?)
}

fn flags() -> Result<Recipe> {
    Ok(Recipe::of_flags(0.5, 15.0, 0.1, 0.05, 0.1, 0.15).map_err(|error| error.to_string())?)
}

/// How many samples are rendered as one piece of work, so that what is drawn evens out.
const SAMPLES: u64 = 64;

fn rendered(inputs: &Inputs, recipe: Recipe) -> Result<Work> {
    let path = inputs.radiographs()?.into_iter().next().ok_or("no radiograph")?;
    let mask = inputs.masks()?.into_iter().next().ok_or("no mask")?;
    let image = super::radiographs::grey_image(&path)?;
    let (large, small) = (image.size(), bones::Size::new(512, 512).ok_or("size")?);
    let pyramid = Pyramid::new(image, small, Filter::Area, recipe.enlargement());
    let labels = LabelForm::Coverage;
    let cells = Cells::new(&mask, small, labels);
    let placement = Placement::whole(Fit::Pad, large, small);
    let pixels = small.pixels() as usize;
    let out = RefCell::new((vec![0u8; pixels], vec![0i32; labels.words() * pixels], Memory::default()));
    let work = Work::new(vec![(pyramid, cells)], move |(pyramid, cells)| {
        let source = augment::render::Source { pyramid, cells, labels, placement };
        let (image, labels, memory) = &mut *out.borrow_mut();
        for key in 0..SAMPLES {
            let plan = recipe.plan([512, 512], key);
            render(&plan, &source, image, labels, memory);
        }
        Rendered(image.iter().map(|&grey| u64::from(grey)).sum())
    });
    Ok(work.of_images(SAMPLES as usize))
}

struct Rendered(u64);

impl Outcome for Rendered {
    /// What is drawn is our own.
    fn check(&self) -> Vec<f64> {
        std::hint::black_box(self.0);
        Vec::new()
    }
}

/// The elements of an epoch's tensors.
fn epoch(data: &Dataset<Training>, recipe: &Recipe) -> std::result::Result<u64, Failure> {
    let shares = Shares::once(data.len());
    let epoch = Epoch {
        seed: 1,
        number: 1,
        batch: BATCH,
        tail: Tail::Keep,
        batches: None,
        shares: &shares,
        recipe,
        on_small_bones: 0.0,
        ahead: 256 << 20,
        threads: THREADS,
    };
    let mut elements = 0;
    data.epoch(&epoch, |batch: Batch| {
        let grey: Vec<u8> = batch.samples.iter().flat_map(|sample| &sample.image).copied().collect();
        let images = tensors::images(&grey, batch.size, 1, Normalisation::Unit, Device::Cpu);
        let targets = tensors::targets(&batch, Device::Cpu);
        assert_eq!([images.kind(), targets.kind()], [Kind::Float; 2]);
        elements += (images.numel() + targets.numel()) as u64;
        let _ = std::hint::black_box((images, targets));
        Ok(())
    })?;
    Ok(elements)
}

struct Epoched(std::result::Result<u64, Failure>);

impl Outcome for Epoched {
    /// Both sides draw at random, so that only the number of elements can agree.
    fn check(&self) -> Vec<f64> {
        self.0.as_ref().map(|&elements| vec![elements as f64]).unwrap_or_default()
    }
}
