//! Tones: what becomes of grey values as such, by curves, by tiles, by light that falls unevenly.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Limit;
use super::check::Check;
use super::drawing::Drawing;
use super::operation::Operation;
use super::random::Random;
use crate::Tone;

/// Scales grey values (contrast), then adds to them (brightness): v ↦ 255·`pivot` + (v − 255·`pivot`)·(1 + c) + 255·b.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RandomBrightnessContrast {
    /// Probability.
    pub p: f64,
    /// b, in shares of white, -1 to 1; L is [-L, L].
    pub brightness_limit: Limit,
    /// c, -1 to 10; L is [-L, L].
    pub contrast_limit: Limit,
    /// The share of white that contrast leaves as it is, 0 to 1. albumentations has none: black stays, as with 0, so that
    /// more contrast is also lighter. 0.5 is mid-grey.
    pub pivot: f64,
}

impl Default for RandomBrightnessContrast {
    fn default() -> RandomBrightnessContrast {
        let limit = Limit::pair(-0.2, 0.2);
        RandomBrightnessContrast { p: 0.5, brightness_limit: limit, contrast_limit: limit, pivot: 0.0 }
    }
}

/// A power of grey values: v ↦ 255·(v/255)^γ. Above 1 is darker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RandomGamma {
    /// Probability.
    pub p: f64,
    /// γ in per cent, 1 to 1000: 80 is 0.8. A number L is between 1 and L, so write a pair.
    pub gamma_limit: Limit,
}

impl Default for RandomGamma {
    fn default() -> RandomGamma {
        RandomGamma { p: 0.5, gamma_limit: Limit::pair(80.0, 120.0) }
    }
}

/// An S-shaped curve: v ↦ 255/(1 + exp(`gain`·(`cutoff` − v/255))), as `SigmoidContrast` of imgaug and `adjust_sigmoid` of
/// scikit-image. albumentations has none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SigmoidContrast {
    /// Probability.
    pub p: f64,
    /// Steepness, 0 to 50; a number is that very gain. 5 is moderate, 10 strong.
    pub gain: Limit,
    /// The share of white that becomes mid-grey, 0 to 1; a number is that very share.
    pub cutoff: Limit,
}

impl Default for SigmoidContrast {
    fn default() -> SigmoidContrast {
        SigmoidContrast { p: 0.5, gain: Limit::pair(3.0, 10.0), cutoff: Limit::pair(0.25, 0.75) }
    }
}

/// Makes a negative: v ↦ 255 − v. What comes from outside becomes white by it, as on radiographs of that polarity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InvertImg {
    /// Probability.
    pub p: f64,
}

impl Default for InvertImg {
    fn default() -> InvertImg {
        InvertImg { p: 0.5 }
    }
}

/// Contrast-limited adaptive histogram equalisation (CLAHE), `cv2.createCLAHE(clip_limit, tile_grid_size)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CLAHE {
    /// Probability.
    pub p: f64,
    /// How many times the mean count a bin may have, 1 to 256; L is [1, L].
    pub clip_limit: Limit,
    /// Tiles in a row and in a column, 1 to 64.
    pub tile_grid_size: [u32; 2],
}

impl Default for CLAHE {
    fn default() -> CLAHE {
        CLAHE { p: 0.5, clip_limit: Limit::Number(4.0), tile_grid_size: [8, 8] }
    }
}

/// A low-frequency field: multiplies by factors that are drawn at the nodes of a grid over the plane, bilinear in between.
/// Ours: what albumentations calls so has modes (linear, corner, Gaussian) and other parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Illumination {
    /// Probability.
    pub p: f64,
    /// Factors, 0 to 4; a number is that very factor.
    pub factor_range: Limit,
    /// Nodes in a row and in a column, 2 to 16.
    pub nodes: u32,
}

impl Default for Illumination {
    fn default() -> Illumination {
        Illumination { p: 0.5, factor_range: Limit::pair(0.8, 1.2), nodes: 4 }
    }
}

impl Operation for RandomBrightnessContrast {
    fn name(&self) -> &'static str {
        "RandomBrightnessContrast"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        let brightness = self.brightness_limit;
        let expected = "shares of white from -1 to 1";
        check.limit("brightness_limit", brightness, brightness.symmetric(), -1.0..=1.0, expected);
        let contrast = self.contrast_limit;
        check.limit("contrast_limit", contrast, contrast.symmetric(), -1.0..=10.0, "numbers from -1 to 10");
        check.number("pivot", self.pivot, 0.0..=1.0, "a share of white from 0 to 1");
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let gain = 1.0 + random.within(self.contrast_limit.symmetric());
        let added = random.within(self.brightness_limit.symmetric());
        let offset = 255.0 * (self.pivot - self.pivot * gain + added);
        drawing.curve(|grey| grey * gain + offset);
        drawing.note("contrast", &[gain], "");
        drawing.note("brightness", &[added], "");
    }
}

impl Operation for RandomGamma {
    fn name(&self) -> &'static str {
        "RandomGamma"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        let expected = "per cent from 1 to 1000 (as [80, 120])";
        check.limit("gamma_limit", self.gamma_limit, self.gamma_limit.beside(1.0), 1.0..=1000.0, expected);
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let gamma = random.within(self.gamma_limit.beside(1.0)) / 100.0;
        drawing.curve(|grey| 255.0 * (grey / 255.0).powf(gamma));
        drawing.note("gamma", &[gamma], "");
    }
}

impl Operation for SigmoidContrast {
    fn name(&self) -> &'static str {
        "SigmoidContrast"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        check.limit("gain", self.gain, self.gain.fixed(), 0.0..=50.0, "numbers from 0 to 50");
        check.limit("cutoff", self.cutoff, self.cutoff.fixed(), 0.0..=1.0, "shares of white from 0 to 1");
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let gain = random.within(self.gain.fixed());
        let cutoff = random.within(self.cutoff.fixed());
        drawing.curve(|grey| 255.0 / (1.0 + (gain * (cutoff - grey / 255.0)).exp()));
        drawing.note("sigmoid", &[gain], "");
    }
}

impl Operation for InvertImg {
    fn name(&self) -> &'static str {
        "InvertImg"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, _: &mut Check) {}

    fn draw(&self, _: &mut Random, drawing: &mut Drawing) {
        drawing.curve(|grey| 255.0 - grey);
        drawing.note("invert", &[], "");
    }
}

impl Operation for CLAHE {
    fn name(&self) -> &'static str {
        "CLAHE"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        let expected = "numbers from 1 to 256";
        check.limit("clip_limit", self.clip_limit, self.clip_limit.beside(1.0), 1.0..=256.0, expected);
        let [columns, rows] = self.tile_grid_size;
        if ![columns, rows].iter().all(|tiles| (1..=64).contains(tiles)) {
            let found = format!("[{columns}, {rows}]");
            check.fault("tile_grid_size", found, "a pair of whole numbers from 1 to 64");
        }
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let clip_limit = random.within(self.clip_limit.beside(1.0));
        drawing.tone.push(Tone::Clahe(pixels::Clahe { clip_limit, tiles: self.tile_grid_size }));
        drawing.note("CLAHE", &[clip_limit], "");
    }
}

impl Operation for Illumination {
    fn name(&self) -> &'static str {
        "Illumination"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        let factors = self.factor_range;
        check.limit("factor_range", factors, factors.fixed(), 0.0..=4.0, "factors from 0 to 4");
        check.number("nodes", f64::from(self.nodes), 2.0..=16.0, "a whole number from 2 to 16");
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let columns = self.nodes;
        let range = self.factor_range.fixed();
        let factors: Vec<f64> = (0..columns * columns).map(|_| random.within(range)).collect();
        let least = factors.iter().copied().fold(f64::MAX, f64::min);
        let greatest = factors.iter().copied().fold(0.0, f64::max);
        drawing.tone.push(Tone::Illumination(crate::Illumination { columns, factors }));
        drawing.note("light", &[least, greatest], "");
    }
}
