//! How samples are varied: the flags of augmentation, and the recipe that they come to.

use std::path::Path;

use augment::Recipe;
use augment::render::LabelForm;
use clap::Args;
use fs_err as fs;
use schemars::JsonSchema;
use serde::Serialize;
use stage::{Failure, number};

/// How samples are varied. The defaults are moderate: hands lie upright, with bent wrists now and then.
#[derive(Clone, Debug, PartialEq, Args, Serialize, JsonSchema)]
#[command(next_help_heading = "Augmentation")]
pub struct Augmentation {
    /// Vary samples as this recipe says, instead of the flags below: a TOML file, or one that comes with the program, `none`,
    /// `field` or `radiograph`
    #[arg(long, value_name = "FILE|NAME")]
    pub augment: Option<String>,
    /// Probability to mirror left to right; no bone changes its class, as there are no left and right ones
    #[arg(long, value_name = "P", default_value_t = Augmentation::default().flip, value_parser = share)]
    pub flip: f64,
    /// Turn by up to so many degrees either way
    #[arg(long, value_name = "DEGREES", default_value_t = Augmentation::default().rotate, value_parser = number::within(0.0..=180.0))]
    pub rotate: f64,
    /// Scale by up to this share up or down: 0.1 is 0.9 … 1.1
    #[arg(long, value_name = "SHARE", default_value_t = Augmentation::default().scale, value_parser = number::within(0.0..=0.9))]
    pub scale: f64,
    /// Move by up to this share of the image's sides
    #[arg(long, value_name = "SHARE", default_value_t = Augmentation::default().shift, value_parser = number::within(0.0..=0.9))]
    pub shift: f64,
    /// Make lighter or darker by up to this share of white
    #[arg(long, value_name = "SHARE", default_value_t = Augmentation::default().brightness, value_parser = number::within(0.0..=0.9))]
    pub brightness: f64,
    /// Raise or lower the contrast about mid-grey by up to this share
    #[arg(long, value_name = "SHARE", default_value_t = Augmentation::default().contrast, value_parser = number::within(0.0..=0.9))]
    pub contrast: f64,
    /// What the labels of a pixel say of the bones under it
    #[arg(long, value_enum, default_value_t = Augmentation::default().label_form)]
    pub label_form: LabelForm,
    /// Windows: which share of them is centred on a carpal or a fingertip, the others lie anywhere
    #[arg(long, value_name = "SHARE", default_value_t = Augmentation::default().on_small_bones, value_parser = share)]
    pub on_small_bones: f64,
}

impl Default for Augmentation {
    fn default() -> Augmentation {
        Augmentation {
            augment: None,
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
        Augmentation {
            flip: 0.0,
            rotate: 0.0,
            scale: 0.0,
            shift: 0.0,
            brightness: 0.0,
            contrast: 0.0,
            ..Augmentation::default()
        }
    }

    /// The file of the recipe, where one was named that does not come with the program.
    pub fn file(&self) -> Option<&Path> {
        let named = self.augment.as_deref()?;
        Recipe::builtin(named).is_none().then(|| Path::new(named))
    }

    /// The recipe that the flags come to.
    pub fn recipe(&self) -> Result<Recipe, Failure> {
        let Augmentation { flip, rotate, scale, shift, brightness, contrast, .. } = *self;
        let flags = [flip, rotate, scale, shift, brightness, contrast];
        let Some(named) = &self.augment else {
            let recipe = Recipe::of_flags(flip, rotate, scale, shift, brightness, contrast);
            return recipe.map_err(|error| Failure::Usage(error.to_string()));
        };
        let plain = Augmentation::default();
        if flags != [plain.flip, plain.rotate, plain.scale, plain.shift, plain.brightness, plain.contrast] {
            return Err(Failure::Usage(format!(
                "--augment {named} says how samples are varied: leave --flip, --rotate, --scale, --shift, --brightness \
                 and --contrast out, or --augment"
            )));
        }
        if let Some(recipe) = Recipe::builtin(named) {
            return Ok(recipe);
        }
        let text = read(named)?;
        Recipe::parse(&text).map_err(|error| Failure::data(named, error))
    }
}

/// The text of a file of a recipe.
fn read(named: &str) -> Result<String, Failure> {
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

fn share(text: &str) -> Result<f64, String> {
    number::within(0.0..=1.0)(text).map_err(|_| format!("`{text}` is no share from 0 to 1"))
}
