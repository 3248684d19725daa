//! Transforms: what a recipe is a list of; groups of them are transforms too.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bend::{ElasticTransform, GridDistortion};
use super::check::Check;
use super::crop::{CropAndPad, RandomResizedCrop};
use super::drawing::Drawing;
use super::dropout::CoarseDropout;
use super::filter::{Downscale, GaussianBlur, MedianBlur, MotionBlur, Sharpen};
use super::flip::{HorizontalFlip, VerticalFlip};
use super::noise::{GaussNoise, MultiplicativeNoise, SaltAndPepper, ShotNoise};
use super::operation::Operation;
use super::perspective::Perspective;
use super::pose::{Affine, Rotate, ShiftScaleRotate};
use super::random::Random;
use super::tone::{CLAHE, Illumination, InvertImg, RandomBrightnessContrast, RandomGamma, SigmoidContrast};

/// One entry of a recipe: `name` says which transform it is, the other keys are its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name")]
#[allow(missing_docs, reason = "each is documented where it is defined")]
pub enum Transform {
    HorizontalFlip(HorizontalFlip),
    VerticalFlip(VerticalFlip),
    Rotate(Rotate),
    ShiftScaleRotate(ShiftScaleRotate),
    Affine(Affine),
    Perspective(Perspective),
    RandomResizedCrop(RandomResizedCrop),
    CropAndPad(CropAndPad),
    ElasticTransform(ElasticTransform),
    GridDistortion(GridDistortion),
    RandomBrightnessContrast(RandomBrightnessContrast),
    RandomGamma(RandomGamma),
    SigmoidContrast(SigmoidContrast),
    InvertImg(InvertImg),
    CLAHE(CLAHE),
    Illumination(Illumination),
    Sharpen(Sharpen),
    GaussianBlur(GaussianBlur),
    MedianBlur(MedianBlur),
    MotionBlur(MotionBlur),
    Downscale(Downscale),
    GaussNoise(GaussNoise),
    ShotNoise(ShotNoise),
    SaltAndPepper(SaltAndPepper),
    MultiplicativeNoise(MultiplicativeNoise),
    CoarseDropout(CoarseDropout),
    OneOf(OneOf),
    SomeOf(SomeOf),
    Sequential(Sequential),
}

impl Transform {
    pub(super) fn operation(&self) -> &dyn Operation {
        match self {
            Transform::HorizontalFlip(it) => it,
            Transform::VerticalFlip(it) => it,
            Transform::Rotate(it) => it,
            Transform::ShiftScaleRotate(it) => it,
            Transform::Affine(it) => it,
            Transform::Perspective(it) => it,
            Transform::RandomResizedCrop(it) => it,
            Transform::CropAndPad(it) => it,
            Transform::ElasticTransform(it) => it,
            Transform::GridDistortion(it) => it,
            Transform::RandomBrightnessContrast(it) => it,
            Transform::RandomGamma(it) => it,
            Transform::SigmoidContrast(it) => it,
            Transform::InvertImg(it) => it,
            Transform::CLAHE(it) => it,
            Transform::Illumination(it) => it,
            Transform::Sharpen(it) => it,
            Transform::GaussianBlur(it) => it,
            Transform::MedianBlur(it) => it,
            Transform::MotionBlur(it) => it,
            Transform::Downscale(it) => it,
            Transform::GaussNoise(it) => it,
            Transform::ShotNoise(it) => it,
            Transform::SaltAndPepper(it) => it,
            Transform::MultiplicativeNoise(it) => it,
            Transform::CoarseDropout(it) => it,
            Transform::OneOf(it) => it,
            Transform::SomeOf(it) => it,
            Transform::Sequential(it) => it,
        }
    }

    /// The transforms inside, of a group.
    fn inside(&self) -> &[Transform] {
        match self {
            Transform::OneOf(it) => &it.transforms,
            Transform::SomeOf(it) => &it.transforms,
            Transform::Sequential(it) => &it.transforms,
            _ => &[],
        }
    }

    /// Its name in a recipe.
    pub fn name(&self) -> &'static str {
        self.operation().name()
    }

    /// Its probability.
    pub fn p(&self) -> f64 {
        self.operation().p()
    }

    /// How much larger than before anything may be shown at most: 1 where it never happens.
    pub(super) fn enlargement(&self) -> f64 {
        if self.p() > 0.0 { self.operation().enlargement() } else { 1.0 }
    }

    /// Checks it and what is inside, at `place` of the recipe.
    pub(super) fn check(&self, place: String, check: &mut Check) {
        let operation = self.operation();
        check.enter(place.clone(), operation.name());
        check.number("p", operation.p(), 0.0..=1.0, "a number from 0 to 1");
        operation.check(check);
        for (index, inside) in self.inside().iter().enumerate() {
            inside.check(format!("{place}.transforms[{index}]"), check);
        }
    }

    /// Happens with its probability, or in any case where it is `forced`.
    pub(super) fn apply(&self, mut random: Random, drawing: &mut Drawing, forced: bool) {
        let happens = random.chance(self.p());
        if happens || forced {
            self.operation().draw(&mut random, drawing);
        }
    }
}

/// Does one of its transforms. Their `p` are weights here: the chosen one happens in any case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OneOf {
    /// Probability that any of them happens.
    pub p: f64,
    /// To choose from: at least one of a `p` above 0.
    pub transforms: Vec<Transform>,
}

impl Default for OneOf {
    fn default() -> OneOf {
        OneOf { p: 0.5, transforms: Vec::new() }
    }
}

/// Does `n` of its transforms, in the order of the list. Their `p` are weights here: the chosen ones happen in any case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SomeOf {
    /// Probability that any of them happens.
    pub p: f64,
    /// How many, at least 1; no more than there are of a `p` above 0, unless `replace`.
    pub n: u32,
    /// Whether one may be chosen again.
    pub replace: bool,
    /// To choose from: at least one of a `p` above 0.
    pub transforms: Vec<Transform>,
}

impl Default for SomeOf {
    fn default() -> SomeOf {
        SomeOf { p: 1.0, n: 1, replace: false, transforms: Vec::new() }
    }
}

/// Does all of its transforms one after the other, each with its own `p`: makes one entry of several in a `OneOf`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sequential {
    /// Probability that the sequence happens.
    pub p: f64,
    /// At least one.
    pub transforms: Vec<Transform>,
}

impl Default for Sequential {
    fn default() -> Sequential {
        Sequential { p: 0.5, transforms: Vec::new() }
    }
}

impl Operation for OneOf {
    fn name(&self) -> &'static str {
        "OneOf"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        choices(&self.transforms, check);
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let weights: Vec<f64> = self.transforms.iter().map(Transform::p).collect();
        if let Some(index) = choose(&weights, random) {
            self.transforms[index].apply(random.inside(index), drawing, true);
        }
    }

    fn enlargement(&self) -> f64 {
        self.transforms.iter().map(Transform::enlargement).fold(1.0, f64::max)
    }
}

impl Operation for SomeOf {
    fn name(&self) -> &'static str {
        "SomeOf"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        check.number("n", f64::from(self.n), 1.0..=100.0, "a whole number from 1 to 100");
        choices(&self.transforms, check);
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let mut weights: Vec<f64> = self.transforms.iter().map(Transform::p).collect();
        let mut times = vec![0; weights.len()];
        for _ in 0..self.n {
            let Some(index) = choose(&weights, random) else { break };
            times[index] += 1;
            if !self.replace {
                weights[index] = 0.0;
            }
        }
        for (index, transform) in self.transforms.iter().enumerate() {
            for again in 0..times[index] {
                // The first time is the same with and without `replace`.
                let place = index + again * self.transforms.len();
                transform.apply(random.inside(place), drawing, true);
            }
        }
    }

    fn enlargement(&self) -> f64 {
        let mut each: Vec<f64> = self.transforms.iter().map(Transform::enlargement).collect();
        each.sort_by(|one, other| other.total_cmp(one));
        let count = self.n as usize;
        match each.first() {
            Some(greatest) if self.replace => greatest.powi(self.n.min(100) as i32),
            _ => each.iter().take(count).product(),
        }
    }
}

impl Operation for Sequential {
    fn name(&self) -> &'static str {
        "Sequential"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        if self.transforms.is_empty() {
            check.missing("transforms", "a list of at least one transform");
        }
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        for (index, transform) in self.transforms.iter().enumerate() {
            transform.apply(random.inside(index), drawing, false);
        }
    }

    fn enlargement(&self) -> f64 {
        self.transforms.iter().map(Transform::enlargement).product()
    }
}

fn choices(transforms: &[Transform], check: &mut Check) {
    if transforms.is_empty() {
        check.missing("transforms", "a list of at least one transform");
    } else if transforms.iter().all(|transform| transform.p() == 0.0) {
        check.fault("transforms", "a list whose p are all 0", "at least one p above 0 (they are weights)");
    }
}

/// An index, as probable as its weight is of their sum; none where they are all 0.
fn choose(weights: &[f64], random: &mut Random) -> Option<usize> {
    let sum: f64 = weights.iter().sum();
    let mut place = random.unit() * sum;
    let last = weights.iter().rposition(|&weight| weight > 0.0)?;
    let before = weights[..last].iter().position(|&weight| {
        place -= weight;
        place < 0.0
    });
    Some(before.unwrap_or(last))
}
