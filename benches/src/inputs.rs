//! The files that both sides work on: radiographs, scores, submissions, drawn once and kept.
//!
//! ```text
//! inputs/hands/…                 phantoms in the competition's layout, 2048 × 2048
//! inputs/scores/MODEL/IMAGE.f16  logits [29, 512, 512], little-endian half precision, of three models
//! inputs/submissions/1 … 5.csv   the masks of five models
//! inputs/training.shard          images of 512² with masks of 2048²
//! inputs/networks/…              weights and a batch: see [`networks`]
//! inputs/complete                what the files were made from; written last
//! ```

use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use bones::scores::{Logits, Thresholds, Values, to_mask};
use bones::{Mask, Size, polygon, submission};
use decode::annotation;
use half::f16;
use rayon::prelude::*;

use crate::process::stage;
use crate::{Result, logits, networks};

/// Width and height of the radiographs.
pub(crate) const SIDE: u32 = 2048;
/// Width and height of the score maps.
pub(crate) const SCORES: u32 = 512;
/// How many submissions there are.
pub(crate) const SUBMISSIONS: usize = 5;
/// How many models' scores are kept.
const MODELS: usize = 3;
/// Records of the training shard.
const TRAINING: usize = 64;
/// Raised when other files are drawn from the same numbers.
const VERSION: u32 = 3;

/// The folder of inputs.
pub(crate) struct Inputs {
    root: PathBuf,
}

impl Inputs {
    /// Draws the inputs, unless they are there already.
    pub(crate) fn make(root: &Path, images: usize) -> Result<Inputs> {
        let complete = format!("version {VERSION}, {images} images\n");
        let inputs = Inputs { root: root.to_owned() };
        if fs::read_to_string(root.join("complete")).is_ok_and(|text| text == complete) {
            return Ok(inputs);
        }
        eprintln!(
            "bench: drawing {images} radiographs, scores, submissions and weights in {}",
            root.display()
        );
        if root.exists() {
            fs::remove_dir_all(root)?;
        }
        fs::create_dir_all(root)?;
        inputs.draw_hands(images, SIDE)?;
        inputs.make_training()?;
        inputs.draw_scores()?;
        networks::draw(root)?;
        fs::write(root.join("complete"), complete)?;
        Ok(inputs)
    }

    /// Draws small radiographs alone, without scores and submissions.
    pub(crate) fn make_small(root: &Path, images: usize, side: u32) -> Result<Inputs> {
        let inputs = Inputs { root: root.to_owned() };
        inputs.draw_hands(images, side)?;
        Ok(inputs)
    }

    /// Inputs that are there.
    pub(crate) fn open(root: &Path) -> Result<Inputs> {
        match root.join("complete").exists() {
            true => Ok(Inputs { root: root.to_owned() }),
            false => Err(format!("{} holds no complete inputs", root.display()).into()),
        }
    }

    /// Where the files are.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The PNG files, in the order of their paths.
    pub(crate) fn radiographs(&self) -> Result<Vec<PathBuf>> {
        files(&self.root.join("hands/train/DCM"))
    }

    /// The annotation files, in the order of their paths: that of the radiographs.
    pub(crate) fn annotations(&self) -> Result<Vec<PathBuf>> {
        files(&self.root.join("hands/train/outputs_json"))
    }

    /// The true masks.
    pub(crate) fn masks(&self) -> Result<Vec<Mask>> {
        let size = Size::new(SIDE, SIDE).ok_or("no size")?;
        let fill =
            |path| -> Result<Mask> { Ok(polygon::fill(&annotation::read(&fs::read(path)?)?.outlines, size)) };
        self.annotations()?.into_iter().map(fill).collect()
    }

    /// The path of a submission, counted from 0.
    pub(crate) fn submission(&self, number: usize) -> PathBuf {
        self.root.join(format!("submissions/{}.csv", number + 1))
    }

    /// The masks of a submission, in the order of the radiographs.
    pub(crate) fn predicted_masks(&self, number: usize) -> Result<Vec<Mask>> {
        let size = Size::new(SIDE, SIDE).ok_or("no size")?;
        let submission = submission::read(BufReader::new(File::open(self.submission(number))?))?;
        submission.images().map(|image| Ok(submission.mask(image, size)?)).collect()
    }

    /// The shard to train on.
    pub(crate) fn training(&self) -> PathBuf {
        self.root.join("training.shard")
    }

    /// A model's logits for all radiographs.
    pub(crate) fn scores(&self, model: usize) -> Result<Vec<Vec<f16>>> {
        let read = |image| -> Result<Vec<f16>> {
            let bytes = fs::read(self.root.join(format!("scores/{model}/{image}.f16")))?;
            Ok(bytes.chunks_exact(2).map(|pair| f16::from_le_bytes([pair[0], pair[1]])).collect())
        };
        (0..self.radiographs()?.len()).map(read).collect()
    }

    /// A data set of `count` radiographs in `hands`: those of this one again and again, each file put there by `place`.
    pub(crate) fn multiply(
        &self,
        hands: &Path,
        count: usize,
        place: impl Fn(&Path, &Path) -> std::io::Result<()>,
    ) -> Result<()> {
        let files = [("DCM", "png", self.radiographs()?), ("outputs_json", "json", self.annotations()?)];
        for (kind, extension, files) in files {
            for (number, file) in files.iter().cycle().take(count).enumerate() {
                let folder = hands.join(format!("train/{kind}/ID{:05}", number / 2 + 1));
                fs::create_dir_all(&folder)?;
                let side = if number % 2 == 0 { "L" } else { "R" };
                place(file, &folder.join(format!("image{number:06}_{side}.{extension}")))?;
            }
        }
        Ok(())
    }

    fn draw_hands(&self, images: usize, side: u32) -> Result<()> {
        let phantom = stage("phantom")?;
        let mut draw = phantom.command();
        draw.args(["--seed", "1", "--progress", "off", "--count", &images.to_string()]);
        draw.args(["--size", &side.to_string()]).arg("--out").arg(self.root.join("hands"));
        phantom.run(&mut draw)
    }

    /// Writes the training shard, of the radiographs again and again.
    fn make_training(&self) -> Result<()> {
        let [hands, decoded] = ["many", "decoded.shard"].map(|name| self.root.join(name));
        self.multiply(&hands, TRAINING, |from, to| fs::hard_link(from, to))?;
        let (decode, rasterize) = (stage("decode")?, stage("rasterize-labels")?);
        let quietly = ["--progress", "off"];
        let mut command = decode.command();
        decode.run(command.args(quietly).args(["--size", "512"]).arg(&hands).arg("--out").arg(&decoded))?;
        let mut command = rasterize.command();
        rasterize.run(command.args(quietly).arg(&decoded).arg("--out").arg(self.training()))?;
        fs::remove_file(decoded)?;
        Ok(fs::remove_dir_all(hands)?)
    }

    fn draw_scores(&self) -> Result<()> {
        let masks = self.masks()?;
        let names: Vec<String> = self
            .radiographs()?
            .iter()
            .map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
            .collect();
        let (network, full) = Size::new(SCORES, SCORES).zip(Size::new(SIDE, SIDE)).ok_or("no size")?;
        fs::create_dir_all(self.root.join("submissions"))?;
        for model in 0..SUBMISSIONS {
            let folder = self.root.join(format!("scores/{model}"));
            if model < MODELS {
                fs::create_dir_all(&folder)?;
            }
            let predicted =
                masks.par_iter().enumerate().map(|(image, mask)| -> std::result::Result<_, String> {
                    let drawn = logits::draw(mask, network, (model * masks.len() + image) as u64);
                    if model < MODELS {
                        let bytes: Vec<u8> = drawn.iter().flat_map(|logit| logit.to_le_bytes()).collect();
                        fs::write(folder.join(format!("{image}.f16")), bytes)
                            .map_err(|error| error.to_string())?;
                    }
                    let map = Logits::new(Values::F16(&drawn), network).map_err(|error| error.to_string())?;
                    to_mask(&[(map, 1.0)], full, &Thresholds::default()).map_err(|error| error.to_string())
                });
            let predicted = predicted.collect::<std::result::Result<Vec<Mask>, String>>()?;
            let mut writer = submission::Writer::new(BufWriter::new(File::create(self.submission(model))?))?;
            for (name, mask) in names.iter().zip(&predicted) {
                writer.push(name, mask)?;
            }
            writer.finish()?;
        }
        Ok(())
    }
}

/// The files of the folders of a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let list = |folder: &Path| -> Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    };
    let mut found = Vec::new();
    for patient in list(folder)? {
        found.extend(list(&patient)?);
    }
    Ok(found)
}
