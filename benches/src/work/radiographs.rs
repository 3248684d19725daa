//! Work on the files of a data set: outlines and images.

use std::fs;
use std::path::{Path, PathBuf};

use bones::{Mask, Size, polygon};
use decode::annotation;
use planes::Image;
use radiograph::{Grey, Samples};
use rayon::prelude::*;

use super::{Outcome, Work};
use crate::Result;
use crate::inputs::{Inputs, SIDE};

/// A result that can't be had ends the row.
#[expect(clippy::panic, reason = "a broken input ends the side's process, which the bench reports")]
fn or_end<T, E: std::fmt::Display>(path: &Path, result: std::result::Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Outline JSON → masks of 29 bones.
pub(crate) fn outlines(inputs: &Inputs) -> Result<Work> {
    let size = Size::new(SIDE, SIDE).ok_or("no size")?;
    Ok(Work::new(inputs.annotations()?, move |path: &PathBuf| -> Mask {
        let json = or_end(path, fs::read(path));
        polygon::fill(&or_end(path, annotation::read(&json)).outlines, size)
    }))
}

fn read(path: &PathBuf) -> Grey {
    let bytes = or_end(path, fs::read(path));
    or_end(path, radiograph::read(&bytes, 1 << 28))
}

/// A radiograph of 8 bits.
pub(crate) fn grey_image(path: &PathBuf) -> Result<Image> {
    let grey = read(path);
    let Samples::Eight(samples) = grey.samples else {
        return Err("a radiograph of 8 bits was expected".into());
    };
    Ok(Image::new(grey.size, samples).ok_or("width × height samples")?)
}

/// PNG → grey image.
pub(crate) fn radiographs(inputs: &Inputs) -> Result<Work> {
    Ok(Work::new(inputs.radiographs()?, read))
}

/// All PNGs → grey images, on as many threads as there are.
pub(crate) fn radiographs_parallel(inputs: &Inputs) -> Result<Work> {
    let paths = inputs.radiographs()?;
    let images = paths.len();
    let run = |paths: &Vec<PathBuf>| paths.par_iter().with_max_len(1).map(read).collect::<Vec<Grey>>();
    Ok(Work::new(vec![paths], run).of_images(images))
}

impl Outcome for Grey {
    fn check(&self) -> Vec<f64> {
        let sum: u64 = match &self.samples {
            Samples::Eight(samples) => samples.iter().copied().map(u64::from).sum(),
            Samples::Sixteen(samples) => samples.iter().copied().map(u64::from).sum(),
        };
        vec![sum as f64]
    }
}

impl Outcome for Vec<Grey> {
    fn check(&self) -> Vec<f64> {
        self.iter().flat_map(Outcome::check).collect()
    }
}
