//! The section `[input]`: what the network sees of radiographs.

use checkpoint::Normalisation;
use pixels::{Clahe, Filter, Fit, View, Windows};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::{Check, Fault};

/// What the network sees of radiographs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Input {
    /// Height and width that the network sees, 32 to 4096 pixels
    pub size: u32,
    /// How images are resized; where nothing is said as for the start, else linear
    pub filter: Option<Filter>,
    /// How a radiograph that is no square comes onto the network's square; where nothing is said as for the start, else pad
    pub placement: Option<Fit>,
    /// Side of windows of the radiograph, in its pixels, that are shown instead of the whole
    pub window: Option<u32>,
    /// Pixels of the radiograph from one window to the next where radiographs are validated and predicted; where nothing
    /// is said half a window
    pub stride: Option<u32>,
    /// Clip limit of a CLAHE in 8 × 8 tiles, in training and prediction; 0: not; where nothing is said as for the start
    pub clahe: Option<f64>,
    /// What becomes of grey values; where nothing is said as for the start, else as for the pretrained weights where that is
    /// known, else unit
    pub normalisation: Option<Normalisation>,
}

impl Default for Input {
    fn default() -> Input {
        Input {
            size: 512,
            filter: None,
            placement: None,
            window: None,
            stride: None,
            clahe: None,
            normalisation: None,
        }
    }
}

impl Input {
    /// Everything that is out of range or does not fit.
    pub(super) fn check(&self) -> Vec<Fault> {
        let among = |range: &std::ops::RangeInclusive<u32>| {
            format!("a whole number from {} to {}", range.start(), range.end())
        };
        let mut check =
            Check::default().that("size", self.size, View::SIZES.contains(&self.size), &among(&View::SIZES));
        if let Some(side) = self.window {
            check = check.that("window", side, Windows::SIDES.contains(&side), &among(&Windows::SIDES));
            let stretches = self.placement == Some(Fit::Stretch);
            check = check.that("placement", "stretch", !stretches, "pad: windows keep proportions");
        }
        if let Some(stride) = self.stride {
            let expected = match self.window {
                Some(side) => format!("1 to {side}: more leaves gaps between windows of {side}"),
                None => "nothing, or --window too".to_owned(),
            };
            let legal = self.window.is_some_and(|side| (1..=side).contains(&stride));
            check = check.that("stride", stride, legal, &expected);
        }
        if let Some(limit) = self.clahe {
            let legal = Clahe::CLIP_LIMITS.contains(&limit);
            check = check.that("clahe", limit, legal, "a clip limit from 0 to 256; 2 is customary");
        }
        check.0
    }

    /// How images are resized.
    pub fn filter(&self) -> Filter {
        self.filter.unwrap_or(Filter::Linear)
    }

    /// What becomes of grey values.
    pub fn normalisation(&self) -> Normalisation {
        self.normalisation.unwrap_or(Normalisation::Unit)
    }

    /// What the network sees of radiographs.
    pub fn view(&self) -> View {
        View {
            size: self.size,
            filter: self.filter(),
            fit: self.placement.unwrap_or_default(),
            windows: self.windows(),
            clahe: self.clahe(),
        }
    }

    /// The windows, where there are any.
    pub(super) fn windows(&self) -> Option<Windows> {
        let side = self.window?;
        Some(Windows { side, stride: self.stride.unwrap_or(side.div_ceil(2)) })
    }

    fn clahe(&self) -> Option<Clahe> {
        let clip_limit = self.clahe.filter(|&limit| limit > 0.0)?;
        Some(Clahe { clip_limit, tiles: [8, 8] })
    }
}
