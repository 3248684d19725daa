//! Pictures of training samples as the network sees them: `--show-augmentations`.

use std::io::{BufWriter, Write};
use std::ops::RangeInclusive;
use std::sync::Arc;

use augment::render::LabelForm;
use bones::{BoneSet, Mask, Size};
use drawing::{Cell, Picture, Sheet};
use feed::{Dataset, Epoch, Rendered, Shares, Training, Turn};
use fs_err::File;
use learn::{Recipe, Trainer};
use planes::Image;
use stage::{Failure, Job};

use crate::data::Port;
use crate::weighted::Weighted;
use crate::{Train, internal};

/// The picture of all samples.
const SHEET: &str = "augmentations.png";

/// What was drawn for each, a line of JSON each.
const PLANS: &str = "plans.jsonl";

/// Pixels of a picture's side: the network's, as far as a sheet of many stays of a size that can be looked at.
const SIDES: RangeInclusive<u32> = 384..=512;

/// Pictures in a row, at least; of many there are as many rows as columns.
const COLUMNS: usize = 4;

/// Lines of a caption that say what was drawn, at most: a row is as high as its longest caption needs.
const LINES: usize = 7;

impl Train {
    /// Writes the first samples of the first epoch, as they would be trained on.
    pub(crate) fn show(&self, job: &mut Job, recipe: &Recipe, count: usize) -> Result<(), Failure> {
        let view = recipe.input.view();
        let augmentation = recipe.augment.read()?;
        if let Some(file) = recipe.augment.file() {
            job.note_file("augment", file)?;
        }
        let form = Trainer::form_of(recipe, &augmentation);
        let Weighted { paths, weights } = Weighted::new(job.input_paths()?, &self.input_weights)?;
        let data = Port { name: "in", paths }.open::<Training>(job, &view, form, 0)?;
        let shares = Shares::new(data.set.inputs(), weights);
        let epoch = Epoch {
            seed: job.seed(),
            number: 1,
            batch: count,
            tail: feed::Tail::Fill,
            batches: None,
            shares: &shares,
            recipe: &augmentation,
            on_small_bones: recipe.augment.on_small_bones,
            ahead: 0,
            threads: job.threads(),
        };
        let folder = job.directory()?;
        let columns = (1..).find(|columns| columns * columns >= count).unwrap_or(count).max(COLUMNS);
        let mut sheet = Sheet::new(columns, side_of(view.size) as usize).with_lines(LINES);
        let mut plans = Vec::new();
        for turn in epoch.turns().into_iter().take(count) {
            let drawn = Shown::of(&data.set, &epoch, turn)?;
            serde_json::to_writer(&mut plans, &drawn.plan).map_err(internal)?;
            plans.push(b'\n');
            sheet.push(drawn.cell);
            job.count_written(1);
        }
        fs_err::write(folder.join(PLANS), plans).map_err(Failure::system)?;
        let write = || {
            let mut file = BufWriter::new(File::create(folder.join(SHEET))?);
            sheet.finish().write_png(&mut file)?;
            file.flush()
        };
        write().map_err(Failure::system)
    }
}

/// Pixels of the side of a picture of a plane of `size`.
fn side_of(size: u32) -> u32 {
    size.clamp(*SIDES.start(), *SIDES.end())
}

/// A sample as it is shown.
struct Shown {
    cell: Cell,
    plan: serde_json::Value,
}

impl Shown {
    fn of(data: &Dataset<Training>, epoch: &Epoch<'_>, turn: Turn) -> Result<Shown, Failure> {
        let sample: Arc<Training> = data.sample(turn.sample)?;
        let drawn = data.drawn(epoch, turn, &sample);
        let rendered = data.rendered(epoch, turn)?;
        let key = &data.members()[turn.sample].key;
        let size = data.view().plane();
        let mask = shown_bones(&rendered, data.form().labels, size)?;
        let image = Image::new(size, rendered.image).ok_or_else(|| internal("an image of another size"))?;
        let picture = Picture::magnified(&image, &mask, side_of(size.width())).canvas();
        // In the radiograph's pixels.
        let [left, top] = drawn.placement.to_radiograph([-0.5; 2]).map(|at| (at + 0.5).round());
        let place = match data.view().windows {
            Some(_) => format!("window at {left}, {top} · "),
            None => String::new(),
        };
        let remark = format!("{place}{}", drawn.plan);
        let plan = serde_json::json!({
            "key": key,
            "again": turn.again,
            "origin": drawn.placement.origin(),
            "plan": serde_json::to_value(&drawn.plan).map_err(internal)?,
        });
        Ok(Shown { cell: Cell { picture, name: key.clone(), remark }, plan })
    }
}

/// The bones that cover half of a pixel, or its centre.
fn shown_bones(rendered: &Rendered, labels: LabelForm, size: Size) -> Result<Mask, Failure> {
    let pixels = size.pixels() as usize;
    let word = |place: usize, at: usize| rendered.labels[place * pixels + at] as u32;
    let bits = |at: usize| match labels {
        LabelForm::Coverage => word(1, at) | word(2, at),
        LabelForm::Centre | LabelForm::Legacy => word(0, at),
    };
    let sets: Vec<BoneSet> = (0..pixels).map(|at| BoneSet::from_bits_truncate(bits(at))).collect();
    Mask::from_dense(size, &sets).ok_or_else(|| internal("labels of another size"))
}
