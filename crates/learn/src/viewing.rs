//! What the network is shown of radiographs, beside the size: the flags of its view.

use clap::Args;
use pixels::{Clahe, Fit, Windows};
use schemars::JsonSchema;
use serde::Serialize;

/// What the network is shown of radiographs, beside the size.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, JsonSchema)]
#[command(next_help_heading = "What the network sees")]
pub struct Viewing {
    /// How a radiograph that is no square comes onto the network's square; where nothing is said as for the start, else pad
    #[arg(long, value_enum)]
    pub placement: Option<Fit>,
    /// Show the network windows of so many pixels of the radiograph a side instead of the whole; 1024 with --size 1024 is
    /// native resolution
    #[arg(long, value_name = "PIXELS", allow_negative_numbers = true, value_parser = side)]
    pub window: Option<u32>,
    /// Pixels of the radiograph from one window to the next where radiographs are validated and predicted; where nothing
    /// is said half a window
    #[arg(long, value_name = "PIXELS", requires = "window", value_parser = clap::value_parser!(u32).range(1..))]
    pub stride: Option<u32>,
    /// Equalise what the network sees by CLAHE with this clip limit, in 8 × 8 tiles, in training and prediction; 0: not;
    /// where nothing is said as for the start
    #[arg(long, value_name = "CLIP", allow_negative_numbers = true, value_parser = clip)]
    pub clahe: Option<f64>,
}

impl Viewing {
    /// The windows, where there are any. The error says what does not fit.
    pub fn windows(&self) -> Result<Option<Windows>, String> {
        let Some(side) = self.window else { return Ok(None) };
        let stride = self.stride.unwrap_or(side.div_ceil(2));
        if stride > side {
            return Err(format!(
                "--stride {stride} leaves gaps between windows of {side}: give {side} at most"
            ));
        }
        if self.placement == Some(Fit::Stretch) {
            return Err("--window keeps proportions: leave --placement stretch out".to_owned());
        }
        Ok(Some(Windows { side, stride }))
    }

    /// The equalisation, where there is one.
    pub fn clahe(&self) -> Option<Clahe> {
        let clip_limit = self.clahe.filter(|&limit| limit > 0.0)?;
        Some(Clahe { clip_limit, tiles: [8, 8] })
    }
}

fn side(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(side) if Windows::SIDES.contains(&side) => Ok(side),
        _ => {
            Err(format!("`{text}` is no number from {} to {}", Windows::SIDES.start(), Windows::SIDES.end()))
        }
    }
}

fn clip(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(limit) if Clahe::CLIP_LIMITS.contains(&limit) => Ok(limit),
        _ => Err(format!("`{text}` is no clip limit from 0 to 256; 2 is customary")),
    }
}
