//! The recipe: how to train, everything that the weights depend on, but for data and seed.
//!
//! As a TOML file, every key with its default, what is chosen from by `name`:
//!
//! ```toml
//! [model]
//! name = "unet/resnet18"
//!
//! [input]
//! size = 512
//!
//! [augment]
//! recipe = "field"
//!
//! [optimizer]
//! name = "adamw"             # sgd, adam, adamw, lion, rmsprop
//! lr = 1e-3
//!
//! [groups]
//! encoder-lr = 0.1           # a share of the rate
//! grad-clip = 1.0
//!
//! [schedule]
//! name = "cosine"            # constant, cosine, step, plateau, poly, one-cycle
//! warmup = 0.05
//!
//! [average]                  # an exponential moving average of the weights; none where the section is missing
//! decay = 0.999
//!
//! [[loss.terms]]
//! name = "bce"               # and dice, iou, focal, tversky, focal-tversky, lovasz, boundary
//! weight = 0.5
//!
//! [[loss.terms]]
//! name = "dice"
//! weight = 0.5
//!
//! [run]
//! epochs = 50
//! batch = 8
//! ```

pub mod augmentation;
mod document;
mod fault;
pub mod flags;
mod input;
mod network;
mod read;
mod run;
mod start;
#[cfg(test)]
mod tests;

use std::path::Path;

use fs_err as fs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use stage::Failure;

pub use self::augmentation::Augmentation;
pub use self::flags::Flags;
pub use self::input::Input;
pub use self::network::Network;
pub use self::run::Run;

use self::document::Document;
use crate::average::AverageConfig;
use crate::fault::Fault;
use crate::loss::Objective;
use crate::optimizer::{Groups, OptimizerConfig};
use crate::schedule::ScheduleConfig;

/// How to train: everything that the weights depend on, but for data and seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Recipe {
    /// Which network
    pub model: Network,
    /// What it sees of radiographs
    pub input: Input,
    /// How samples are varied, and what their labels say
    pub augment: Augmentation,
    /// What training makes small
    pub loss: Objective,
    /// By which rule weights move along their gradients
    pub optimizer: OptimizerConfig,
    /// Which weights learn more slowly, which do not decay
    pub groups: Groups,
    /// How the learning rate goes
    pub schedule: ScheduleConfig,
    /// The average of weights that is validated and kept in their place; absent: none
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average: Option<AverageConfig>,
    /// How long training goes on, and in which portions
    pub run: Run,
}

impl Recipe {
    /// The recipe that flags come to: what they give, before what `--set` gives, before what their file says, before
    /// defaults. The error names all faults, each with its place.
    pub fn of_flags(flags: &Flags) -> Result<Recipe, Failure> {
        Recipe::of_flags_after(flags, None)
    }

    /// The same, where the finished run in the folder `resumed` goes on: without a file of their own, its recipe is what
    /// flags change.
    pub fn of_flags_after(flags: &Flags, resumed: Option<&Path>) -> Result<Recipe, Failure> {
        let resumed = resumed.map(|folder| folder.join(checkpoint::file::DESCRIPTION));
        let file = flags.recipe.as_ref().or(resumed.as_ref());
        let mut document = file.map_or_else(|| Ok(Document::default()), |path| read(path))?;
        for given in &flags.set {
            set(&mut document, given)?;
        }
        for (flag, path, value) in flags.values() {
            unfold(&mut document, &path);
            let words = format!("{flag} {}", told(&value));
            document.set(&path, value, words).map_err(|why| Failure::Usage(format!("{flag}: {why}")))?;
        }
        if flags.epochs.is_some() && flags.steps.is_none() {
            // Of the file, which the flag goes before.
            document.remove("run.steps");
        }
        read::recipe(&mut document).map_err(|faults| match file {
            Some(path) if faults.iter().any(fault::Found::is_of_text) => {
                Failure::data(path.display(), fault::told(faults))
            }
            _ => Failure::Usage(fault::told(faults)),
        })
    }

    /// Everything that is out of range or does not fit, each by its path.
    pub fn check(&self) -> Vec<Fault> {
        let sections = [
            ("model", self.model.check()),
            ("input", self.input.check()),
            ("augment", self.augment.check()),
            ("loss", self.loss.check()),
            ("optimizer", self.optimizer.check()),
            ("groups", self.groups.check()),
            ("schedule", self.schedule.check()),
            ("average", self.average.as_ref().map(AverageConfig::check).unwrap_or_default()),
            ("run", self.run.check()),
        ];
        let within = |(section, faults): (&str, Vec<Fault>)| {
            let section = section.to_owned();
            faults.into_iter().map(move |fault| fault.within(&section))
        };
        sections.into_iter().flat_map(within).collect()
    }

    /// What a checkpoint records of it: how samples are varied as a list of transforms, whatever flags or files said so.
    /// It is a recipe again.
    pub fn recorded(&self, augmentation: &augment::Recipe) -> serde_json::Result<Value> {
        let mut value = serde_json::to_value(self)?;
        let mut list = serde_json::to_value(augmentation)?;
        if let Some(section) = value["augment"].as_object_mut() {
            for range in ["recipe", "flip", "rotate", "scale", "shift", "brightness", "contrast"] {
                section.shift_remove(range);
            }
            section.insert("transforms".to_owned(), list["transforms"].take());
        }
        Ok(value)
    }
}

/// A value as the command line has it; what a flag stands for is left out.
fn told(value: &Value) -> String {
    match value {
        Value::String(word) => word.clone(),
        Value::Array(_) => "…".to_owned(),
        other => other.to_string(),
    }
}

/// A value of `--set`: TOML, or else a plain word.
fn set(document: &mut Document, given: &str) -> Result<(), Failure> {
    let words = format!("--set {given}");
    let Some((path, text)) = given.split_once('=') else {
        return Err(Failure::Usage(format!(
            "{words}: KEY=VALUE was expected, as in --set optimizer.lr=1e-3"
        )));
    };
    let (path, text) = (path.trim(), text.trim());
    let value = toml::from_str::<Map<String, Value>>(&format!("value = {text}"));
    let value = value.ok().and_then(|mut table| table.remove("value")).unwrap_or_else(|| text.into());
    unfold(document, path);
    seed(document, path);
    document.set(path, value, words.clone()).map_err(|why| Failure::Usage(format!("{words}: {why}")))
}

/// Makes a list that nothing was said of its default, where a path leads into it, as `loss.terms[1].weight`.
fn seed(document: &mut Document, path: &str) {
    let Some((list, _)) = path.split_once('[') else { return };
    let mut plain = serde_json::to_value(Recipe::default()).expect("a recipe is plain data");
    let pointer = format!("/{}", list.replace('.', "/"));
    let given = Value::Object(document.values.clone());
    if let (None, Some(value @ Value::Array(_))) = (given.pointer(&pointer), plain.pointer_mut(&pointer)) {
        // A path that can't be set is refused with the value.
        let _ = document.set(list, value.take(), format!("the default of {list}"));
    }
}

/// Makes `optimizer = "lion"` a table, where a path leads into it.
fn unfold(document: &mut Document, path: &str) {
    let Some((section, _)) = path.split_once('.') else { return };
    if let Some(value @ Value::String(_)) = document.values.get_mut(section) {
        *value = Value::Object(Map::from_iter([("name".to_owned(), value.take())]));
    }
}

/// The document of a file: TOML, or what a checkpoint says of itself.
fn read(path: &Path) -> Result<Document, Failure> {
    let what = format!("{} (a recipe was expected, as TOML)", path.display());
    let bytes =
        fs::read(path).map_err(|source| Failure::Io { what: what.clone(), source: source.kind().into() })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::data(path.display(), "is no text; a recipe was expected, as TOML"))?;
    if path.extension().is_some_and(|extension| extension == "json") {
        let of_checkpoint = serde_json::from_str::<Map<String, Value>>(&text);
        let mut of_checkpoint = of_checkpoint.map_err(|error| Failure::data(path.display(), error))?;
        return match of_checkpoint.shift_remove("recipe") {
            Some(Value::Object(mut recipe)) if recipe.contains_key("run") => {
                // Of that run's inputs.
                recipe.shift_remove("input_weights");
                Ok(Document::of(recipe))
            }
            _ => Err(Failure::data(
                path.display(),
                "holds no recipe in sections: the checkpoint.json of a run of this version was expected, or TOML",
            )),
        };
    }
    Document::parse(&text).map_err(|faults| Failure::data(path.display(), fault::told(faults)))
}
