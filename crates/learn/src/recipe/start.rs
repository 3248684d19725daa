//! What a start fixes of a recipe: its weights are for one network and one kind of input.

use checkpoint::{Checkpoint, Normalisation};
use tch::Device;

use super::flags::name;
use super::{Input, Network, Recipe, Run};

impl Recipe {
    /// The same with what the checkpoint `start` fixes, because its weights are for nothing else. The error says what
    /// contradicts it.
    pub fn begun_from(self, start: &Checkpoint) -> Result<Recipe, String> {
        let checkpoint::Model { architecture, encoder, in_channels, .. } = &start.model;
        let model =
            inherited("--model", self.model.name, format!("{architecture}/{encoder}"), String::clone)?;
        let channels = inherited("--in-channels", self.model.in_channels, *in_channels, i64::to_string)?;
        let filter = inherited("--filter", self.input.filter, start.input.filter, name)?;
        let normalisation =
            inherited("--normalisation", self.input.normalisation, start.input.normalisation, name)?;
        // What a radiograph looks like may change where its weights go on; where nothing is said it stays.
        // Windows keep proportions, however the start saw the whole.
        let placement = self.input.window.is_none().then_some(start.input.placement);
        let input = Input {
            filter,
            normalisation,
            placement: self.input.placement.or(placement),
            clahe: self.input.clahe.or(start.input.clahe.map(|clahe| clahe.clip_limit)),
            ..self.input
        };
        Ok(Recipe { model: Network { name: model, in_channels: channels }, input, ..self })
    }

    /// The same with nothing left open, as checkpoints record it. `known` is how the pretrained weights want images
    /// normalised, where that is known, and `device` where it is computed.
    pub fn settled(self, known: Option<Normalisation>, device: Device) -> Result<Recipe, zoo::Error> {
        let spec = self.model.spec()?;
        let input = Input {
            filter: Some(self.input.filter()),
            placement: Some(self.input.placement.unwrap_or_default()),
            stride: self.input.windows().map(|windows| windows.stride),
            normalisation: self.input.normalisation.or(known).or(Some(self.input.normalisation())),
            ..self.input.clone()
        };
        Ok(Recipe {
            model: Network { name: Some(spec.name()), in_channels: Some(spec.in_channels) },
            input,
            run: Run { precision: self.run.precision.on(device), ..self.run },
            ..self
        })
    }
}

/// What is given, where it is what the start has; the start's where nothing is.
fn inherited<T: PartialEq>(
    flag: &str,
    given: Option<T>,
    start: T,
    name: impl Fn(&T) -> String,
) -> Result<Option<T>, String> {
    match given {
        Some(given) if given != start => Err(format!(
            "{flag} {} contradicts --start, which was trained with {flag} {}: leave {flag} out to go on as it was",
            name(&given),
            name(&start),
        )),
        _ => Ok(Some(start)),
    }
}
