//! The section `[model]`: which network is trained.

use bones::bone::COUNT;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo::ModelSpec;

use crate::fault::{Check, Fault};

/// Which network is trained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Network {
    /// Architecture and encoder, such as `unet/resnet18` or `segformer/mit_b0`; where nothing is said the start's, else
    /// `unet/resnet18`
    pub name: Option<String>,
    /// Channels of its input, 1 or 3: the grey image once, or three times as encoders trained on ImageNet want it; where
    /// nothing is said the start's, else 3
    pub in_channels: Option<i64>,
}

impl Network {
    /// The model where neither a recipe nor a start names one.
    pub(super) const DEFAULT: &'static str = "unet/resnet18";

    /// Everything that is out of range.
    pub(super) fn check(&self) -> Vec<Fault> {
        let channels = self.in_channels.unwrap_or(3);
        let check = Check::default().that("in-channels", channels, [1, 3].contains(&channels), "1 or 3");
        match self.spec() {
            Ok(_) => check.0,
            Err(error) => check.say("name", &error.to_string()).0,
        }
    }

    /// The network to build.
    pub fn spec(&self) -> Result<ModelSpec, zoo::Error> {
        let spec = ModelSpec::named(self.name.as_deref().unwrap_or(Network::DEFAULT), COUNT as i64)?;
        Ok(ModelSpec { in_channels: self.in_channels.unwrap_or(3), ..spec })
    }
}
