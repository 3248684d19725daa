//! Work on masks: run-length text, walks over runs, comparisons.

use bones::components::{Connectivity, fill_holes, largest};
use bones::contour::{Contour, simplify, trace};
use bones::crop::{Window, crop, paste};
use bones::dice::{overlaps, shared};
use bones::resize::{flip_horizontal, nearest};
use bones::surface::{Surface, surface};
use bones::{Bone, BoneSet, Mask, Size, rle};

use super::{Outcome, Work};
use crate::Result;
use crate::inputs::{Inputs, SIDE};

/// 29 masks → run-length texts.
pub(crate) fn run_length_text(inputs: &Inputs) -> Result<Work> {
    Ok(Work::new(inputs.masks()?, rle::encode_all))
}

/// Left becomes right.
pub(crate) fn flip(inputs: &Inputs) -> Result<Work> {
    Ok(Work::new(inputs.masks()?, flip_horizontal))
}

/// A quarter of the radiograph, cut out and put back.
pub(crate) fn crop_and_paste(inputs: &Inputs) -> Result<Work> {
    let full = Size::new(SIDE, SIDE).ok_or("no size")?;
    let window = Window::new(500, 700, 1024, 1024, full)?;
    Ok(Work::new(inputs.masks()?, move |mask| paste(&crop(mask, &window), &window)))
}

/// 2048² → 512², nearest.
pub(crate) fn shrink(inputs: &Inputs) -> Result<Work> {
    let network = Size::new(512, 512).ok_or("no size")?;
    Ok(Work::new(inputs.masks()?, move |mask| nearest(mask, network)))
}

/// Outer outlines of the components of all bones, straight sides joined.
pub(crate) fn contours(inputs: &Inputs) -> Result<Work> {
    Ok(Work::new(inputs.masks()?, |mask| Bone::ALL.map(|bone| traced(mask, bone))))
}

fn traced(mask: &Mask, bone: Bone) -> Vec<Contour> {
    let shortened = |contour: Contour| Contour { ring: simplify(&contour.ring), ..contour };
    trace(mask, bone).into_iter().map(shortened).collect()
}

impl Outcome for [Vec<Contour>; 29] {
    fn check(&self) -> Vec<f64> {
        self.iter().map(|contours| contours.len() as f64).collect()
    }
}

/// The largest component of each bone.
pub(crate) fn largest_component(inputs: &Inputs) -> Result<Work> {
    Ok(Work::new(inputs.predicted_masks(0)?, |mask| largest(mask, BoneSet::ALL, Connectivity::Eight)))
}

/// Holes of all bones filled.
pub(crate) fn holes(inputs: &Inputs) -> Result<Work> {
    Ok(Work::new(inputs.predicted_masks(0)?, |mask| fill_holes(mask, BoneSet::ALL)))
}

/// True masks, and those of the first submission.
fn pairs(inputs: &Inputs) -> Result<Vec<(Mask, Mask)>> {
    Ok(inputs.masks()?.into_iter().zip(inputs.predicted_masks(0)?).collect())
}

/// Dice of all bones.
pub(crate) fn dice(inputs: &Inputs) -> Result<Work> {
    Ok(Work::new(pairs(inputs)?, |(a, b)| match overlaps(a, b) {
        Some(overlaps) => overlaps.iter().map(|overlap| overlap.dice()).collect(),
        None => Vec::new(),
    }))
}

/// HD95 and NSD at 2 px of all bones.
pub(crate) fn surfaces(inputs: &Inputs) -> Result<Work> {
    Ok(Work::new(pairs(inputs)?, |(a, b)| {
        Bone::ALL.iter().filter_map(|&bone| surface(a, b, bone, 2.0)).collect::<Vec<Surface>>()
    }))
}

impl Outcome for Vec<Surface> {
    fn check(&self) -> Vec<f64> {
        self.iter().flat_map(|surface| [surface.hd95.unwrap_or(f64::NAN), surface.nsd]).collect()
    }
}

/// Pixels that each pair of bones shares.
pub(crate) fn shared_pixels(inputs: &Inputs) -> Result<Work> {
    Ok(Work::new(inputs.masks()?, |mask| {
        shared(mask).concat().into_iter().map(f64::from).collect::<Vec<f64>>()
    }))
}

/// Areas of all bones.
pub(crate) fn areas(inputs: &Inputs) -> Result<Work> {
    Ok(Work::new(inputs.masks()?, |mask| mask.areas().map(f64::from).to_vec()))
}
