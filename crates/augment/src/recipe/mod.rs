//! Recipes: what may be drawn, as a user writes it.
//!
//! ```toml
//! [[transforms]]
//! name = "ShiftScaleRotate"
//! p = 0.8
//! rotate_limit = 15          # degrees; a number L is [-L, L]
//!
//! [[transforms]]
//! name = "OneOf"             # one of those inside, by their p as weights
//! p = 0.3
//! [[transforms.transforms]]
//! name = "GaussianBlur"
//! [[transforms.transforms]]
//! name = "MedianBlur"
//! blur_limit = 5
//! ```
//!
//! Names, parameters, their meaning and defaults are those of albumentations 1.4 where it has them; where its releases
//! differ, each transform says which. What differs everywhere:
//!
//! - The warp comes first, in one interpolation whatever it is made of, with the checkpoint's filter; then tones in the order
//!   of the list; then holes.
//! - What comes from outside is black and shows no bone.
//! - Sizes are those of the network's plane: nothing changes the size of the result.
//! - The same key draws the same on every machine, and a transform's numbers depend on its place in the list, not on what
//!   the others draw.

mod bend;
mod check;
mod crop;
mod drawing;
mod dropout;
mod filter;
mod flip;
#[cfg(test)]
mod golden;
mod limit;
mod noise;
mod operation;
mod parse;
mod perspective;
mod pose;
mod random;
#[cfg(test)]
mod ranges;
#[cfg(test)]
mod tests;
mod tone;
mod transform;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use bend::{ElasticTransform, GridDistortion};
pub use check::{Fault, RecipeError};
pub use crop::{CropAndPad, RandomResizedCrop};
pub use dropout::CoarseDropout;
pub use filter::{Downscale, GaussianBlur, MedianBlur, MotionBlur, Sharpen};
pub use flip::{HorizontalFlip, VerticalFlip};
pub use limit::{Axes, EachAxis, Lengths, Limit};
pub use noise::{GaussNoise, MultiplicativeNoise, SaltAndPepper, ShotNoise};
pub use perspective::Perspective;
pub use pose::{Affine, Rotate, ShiftScaleRotate};
pub use tone::{CLAHE, Illumination, InvertImg, RandomBrightnessContrast, RandomGamma, SigmoidContrast};
pub use transform::{OneOf, Sequential, SomeOf, Transform};

use self::check::{Check, Wrong};
use self::drawing::Drawing;
use self::random::Random;
use crate::Plan;

/// A list of transforms whose values are all within their ranges.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Unchecked")]
pub struct Recipe {
    transforms: Vec<Transform>,
}

/// Transforms, one after the other.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename = "Recipe")]
struct Unchecked {
    /// What may happen to a sample, in this order; nothing where there is none.
    transforms: Vec<Transform>,
}

impl TryFrom<Unchecked> for Recipe {
    type Error = RecipeError;

    fn try_from(Unchecked { transforms }: Unchecked) -> Result<Recipe, RecipeError> {
        Recipe::new(transforms)
    }
}

impl Recipe {
    /// The names of the recipes that come with the program.
    pub const BUILTIN: [&str; 3] = ["none", "field", "radiograph"];

    /// A recipe of these transforms; an error names each value that is out of its range.
    pub fn new(transforms: Vec<Transform>) -> Result<Recipe, RecipeError> {
        let fault = |Wrong { text, .. }| Fault { position: None, text };
        let faults: Vec<Fault> = wrong(&transforms).into_iter().map(fault).collect();
        if faults.is_empty() { Ok(Recipe { transforms }) } else { Err(RecipeError { faults }) }
    }

    /// The recipe that a TOML text is; an error names all faults, with line and column.
    pub fn parse(text: &str) -> Result<Recipe, RecipeError> {
        parse::recipe(text)
    }

    /// The recipe that comes with the program under this name of [`Recipe::BUILTIN`].
    pub fn builtin(name: &str) -> Option<Recipe> {
        let text = Recipe::builtin_text(name)?;
        Some(Recipe::parse(text).expect("the tests read each recipe that comes with the program"))
    }

    /// The commented text of the recipe that comes with the program under this name.
    pub fn builtin_text(name: &str) -> Option<&'static str> {
        match name {
            "none" => Some(include_str!("../../recipes/none.toml")),
            "field" => Some(include_str!("../../recipes/field.toml")),
            "radiograph" => Some(include_str!("../../recipes/radiograph.toml")),
            _ => None,
        }
    }

    /// A recipe of six ranges: mirrored left to right with probability `flip`; scaled by 1 ± `scale`, turned by up to
    /// `rotate` degrees either way, shifted by up to `shift` of the sides; lighter or darker by up to `brightness` of white
    /// and of contrast 1 ± `contrast` about mid-grey. All uniform and always, and what is 0 is left out.
    pub fn of_flags(
        flip: f64,
        rotate: f64,
        scale: f64,
        shift: f64,
        brightness: f64,
        contrast: f64,
    ) -> Result<Recipe, RecipeError> {
        let mut transforms = Vec::new();
        if flip != 0.0 {
            transforms.push(Transform::HorizontalFlip(HorizontalFlip { p: flip }));
        }
        if [rotate, scale, shift] != [0.0; 3] {
            transforms.push(Transform::ShiftScaleRotate(ShiftScaleRotate {
                p: 1.0,
                shift_limit: Limit::Number(shift),
                scale_limit: Limit::Number(scale),
                rotate_limit: Limit::Number(rotate),
                shift_limit_x: None,
                shift_limit_y: None,
            }));
        }
        if [brightness, contrast] != [0.0; 2] {
            transforms.push(Transform::RandomBrightnessContrast(RandomBrightnessContrast {
                p: 1.0,
                brightness_limit: Limit::Number(brightness),
                contrast_limit: Limit::Number(contrast),
                pivot: 0.5,
            }));
        }
        Recipe::new(transforms)
    }

    /// Its transforms, in order.
    pub fn transforms(&self) -> &[Transform] {
        &self.transforms
    }

    /// Whether it has no transforms.
    pub fn is_empty(&self) -> bool {
        self.transforms.is_empty()
    }

    /// What to do to a sample at the network's plane of `size` (width, height); the same for the same `key`.
    pub fn plan(&self, size: [u32; 2], key: u64) -> Plan {
        let mut drawing = Drawing::new(size);
        let random = Random::new(key);
        for (index, transform) in self.transforms.iter().enumerate() {
            transform.apply(random.inside(index), &mut drawing, false);
        }
        drawing.finish()
    }

    /// How much larger than life anything may be shown, as a linear scale of at least 1: the product of what each transform
    /// may come to, on a square plane. Elastic noise may go beyond it now and then.
    pub fn enlargement(&self) -> f64 {
        self.transforms.iter().map(Transform::enlargement).product()
    }
}

/// Every value that is out of its range.
fn wrong(transforms: &[Transform]) -> Vec<Wrong> {
    let mut check = Check::default();
    for (index, transform) in transforms.iter().enumerate() {
        transform.check(format!("transforms[{index}]"), &mut check);
    }
    check.wrong
}
