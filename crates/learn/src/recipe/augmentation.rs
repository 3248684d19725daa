//! The section `[augment]`: how samples are varied, and what their labels say.

use std::path::Path;

use augment::render::LabelForm;
use augment::{Recipe, Transform};
use fs_err as fs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::Failure;

use crate::fault::{Check, Fault};

/// How samples are varied, and what their labels say. The defaults are moderate: hands lie upright, with bent wrists now
/// and then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Augmentation {
    /// A recipe of augmentation instead of the six ranges below: a TOML file, or one that comes with the program, `none`,
    /// `field` or `radiograph`
    pub recipe: Option<String>,
    /// Transforms instead of the six ranges below, as such a file lists them
    pub transforms: Option<Vec<Transform>>,
    /// Probability to mirror left to right; no bone changes its class, as there are no left and right ones
    pub flip: f64,
    /// Turn by up to so many degrees either way
    pub rotate: f64,
    /// Scale by up to this share up or down: 0.1 is 0.9 … 1.1
    pub scale: f64,
    /// Move by up to this share of the image's sides
    pub shift: f64,
    /// Make lighter or darker by up to this share of white
    pub brightness: f64,
    /// Raise or lower the contrast about mid-grey by up to this share
    pub contrast: f64,
    /// What the labels of a pixel say of the bones under it
    pub label_form: LabelForm,
    /// Windows: which share of them is centred on a carpal or a fingertip, the others lie anywhere
    pub on_small_bones: f64,
}

impl Default for Augmentation {
    fn default() -> Augmentation {
        Augmentation {
            recipe: None,
            transforms: None,
            flip: 0.5,
            rotate: 15.0,
            scale: 0.1,
            shift: 0.05,
            brightness: 0.1,
            contrast: 0.15,
            label_form: LabelForm::Coverage,
            on_small_bones: 0.5,
        }
    }
}

impl Augmentation {
    /// Leaves samples as they are.
    pub fn none() -> Augmentation {
        let still =
            Augmentation { flip: 0.0, rotate: 0.0, scale: 0.0, shift: 0.0, ..Augmentation::default() };
        Augmentation { brightness: 0.0, contrast: 0.0, ..still }
    }

    /// Everything that is out of range or does not fit.
    pub(super) fn check(&self) -> Vec<Fault> {
        let mut check = Check::default()
            .share("flip", self.flip)
            .that("rotate", self.rotate, (0.0..=180.0).contains(&self.rotate), "a number from 0 to 180")
            .share("on-small-bones", self.on_small_bones);
        let Augmentation { scale, shift, brightness, contrast, .. } = *self;
        for (name, value) in
            [("scale", scale), ("shift", shift), ("brightness", brightness), ("contrast", contrast)]
        {
            check = check.that(name, value, (0.0..=0.9).contains(&value), "a number from 0 to 0.9");
        }
        let plain = Augmentation::default().ranges();
        match (&self.recipe, &self.transforms) {
            (Some(_), Some(_)) => {
                check.say("transforms", "`recipe` says how samples are varied already: leave one out").0
            }
            (Some(named), None) if self.ranges() != plain => {
                let what = format!(
                    "{named} says how samples are varied: leave flip, rotate, scale, shift, brightness and contrast out, \
                     or it"
                );
                check.say("recipe", &what).0
            }
            (None, Some(_)) if self.ranges() != plain => {
                let what = "they say how samples are varied: leave flip, rotate, scale, shift, brightness and contrast \
                            out, or them";
                check.say("transforms", what).0
            }
            (None, Some(transforms)) => match Recipe::new(transforms.clone()) {
                Ok(_) => check.0,
                Err(error) => check.say("transforms", &error.to_string()).0,
            },
            _ => check.0,
        }
    }

    fn ranges(&self) -> [f64; 6] {
        [self.flip, self.rotate, self.scale, self.shift, self.brightness, self.contrast]
    }

    /// The file of the recipe, where one was named that does not come with the program.
    pub fn file(&self) -> Option<&Path> {
        let named = self.recipe.as_deref()?;
        Recipe::builtin(named).is_none().then(|| Path::new(named))
    }

    /// The recipe that the section comes to; reads its file, where it has one.
    pub fn read(&self) -> Result<Recipe, Failure> {
        let usage = |error: augment::RecipeError| Failure::Usage(error.to_string());
        if let Some(transforms) = &self.transforms {
            return Recipe::new(transforms.clone()).map_err(usage);
        }
        let Some(named) = &self.recipe else {
            let [flip, rotate, scale, shift, brightness, contrast] = self.ranges();
            return Recipe::of_flags(flip, rotate, scale, shift, brightness, contrast).map_err(usage);
        };
        if let Some(recipe) = Recipe::builtin(named) {
            return Ok(recipe);
        }
        Recipe::parse(&text(named)?).map_err(|error| Failure::data(named, error))
    }
}

/// The text of a file of a recipe.
fn text(named: &str) -> Result<String, Failure> {
    let expected = format!("a TOML file was expected, or one of {}", Recipe::BUILTIN.join(", "));
    if Path::new(named).is_dir() {
        return Err(Failure::data(named, format!("is a folder; {expected}")));
    }
    let bytes = fs::read(named).map_err(|source| Failure::Io {
        what: format!("{named} ({expected})"),
        source: source.kind().into(),
    })?;
    String::from_utf8(bytes).map_err(|_| Failure::data(named, format!("is no text; {expected}")))
}
