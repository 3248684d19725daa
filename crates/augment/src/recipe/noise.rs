//! Noise: grey values that each pixel draws by itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Limit;
use super::check::Check;
use super::drawing::Drawing;
use super::operation::Operation;
use super::random::Random;
use crate::Tone;

/// Adds normal noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GaussNoise {
    /// Probability.
    pub p: f64,
    /// Variance, in grey values (0 to 255) squared, 0 to 10000; L is [0, L]. albumentations 1.4.22 and later
    /// write `std_range`, in shares of white, and take numbers above 1 here for [10, 50].
    pub var_limit: Limit,
    /// Mean, in grey values, -255 to 255.
    pub mean: f64,
}

impl Default for GaussNoise {
    fn default() -> GaussNoise {
        GaussNoise { p: 0.5, var_limit: Limit::pair(10.0, 50.0), mean: 0.0 }
    }
}

/// Photon noise (Poisson). White is 1/s photons, s of `scale_range`; a darker pixel is as many fewer as its grey value is
/// below 255. albumentations takes grey values to the power of 2.2 for it, as those of a photograph are not linear.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ShotNoise {
    /// Probability.
    pub p: f64,
    /// s, 0.00001 to 1: 0.01 is 100 photons, whose noise is a tenth of white; a number is that very s.
    pub scale_range: Limit,
}

impl Default for ShotNoise {
    fn default() -> ShotNoise {
        ShotNoise { p: 0.5, scale_range: Limit::pair(0.1, 0.3) }
    }
}

/// Turns pixels white or black.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SaltAndPepper {
    /// Probability.
    pub p: f64,
    /// The share of pixels, 0 to 1; a number is that very share.
    pub amount: Limit,
    /// The share of those that becomes white, 0 to 1; a number is that very share.
    pub salt_vs_pepper: Limit,
}

impl Default for SaltAndPepper {
    fn default() -> SaltAndPepper {
        SaltAndPepper { p: 0.5, amount: Limit::pair(0.01, 0.06), salt_vs_pepper: Limit::pair(0.4, 0.6) }
    }
}

/// Multiplies grey values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MultiplicativeNoise {
    /// Probability.
    pub p: f64,
    /// Factors, 0 to 4; a number is that very factor.
    pub multiplier: Limit,
    /// Whether each pixel has a factor of its own, else all have the same.
    pub elementwise: bool,
}

impl Default for MultiplicativeNoise {
    fn default() -> MultiplicativeNoise {
        MultiplicativeNoise { p: 0.5, multiplier: Limit::pair(0.9, 1.1), elementwise: false }
    }
}

impl Operation for GaussNoise {
    fn name(&self) -> &'static str {
        "GaussNoise"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        let variance = self.var_limit;
        let expected = "grey values squared from 0 to 10000";
        check.limit("var_limit", variance, variance.beside(0.0), 0.0..=1e4, expected);
        check.number("mean", self.mean, -255.0..=255.0, "a grey value from -255 to 255");
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let deviation = random.within(self.var_limit.beside(0.0)).sqrt();
        let key = random.key();
        drawing.tone.push(Tone::GaussNoise { key, mean: self.mean, deviation });
        drawing.note("noise", &[deviation], "");
    }
}

impl Operation for ShotNoise {
    fn name(&self) -> &'static str {
        "ShotNoise"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        let scale = self.scale_range;
        check.limit("scale_range", scale, scale.fixed(), 1e-5..=1.0, "numbers from 0.00001 to 1");
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let photons = 1.0 / random.within(self.scale_range.fixed());
        drawing.tone.push(Tone::PoissonNoise { key: random.key(), photons });
        drawing.note("photons", &[photons.round()], "");
    }
}

impl Operation for SaltAndPepper {
    fn name(&self) -> &'static str {
        "SaltAndPepper"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        check.limit("amount", self.amount, self.amount.fixed(), 0.0..=1.0, "shares from 0 to 1");
        let salt = self.salt_vs_pepper;
        check.limit("salt_vs_pepper", salt, salt.fixed(), 0.0..=1.0, "shares from 0 to 1");
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let amount = random.within(self.amount.fixed());
        let salt = random.within(self.salt_vs_pepper.fixed());
        drawing.tone.push(Tone::SaltAndPepper { key: random.key(), amount, salt });
        drawing.note("salt and pepper", &[amount], "");
    }
}

impl Operation for MultiplicativeNoise {
    fn name(&self) -> &'static str {
        "MultiplicativeNoise"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        let factors = self.multiplier;
        check.limit("multiplier", factors, factors.fixed(), 0.0..=4.0, "factors from 0 to 4");
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let range @ [low, high] = self.multiplier.fixed();
        if self.elementwise {
            drawing.tone.push(Tone::MultiplicativeNoise { key: random.key(), low, high });
            drawing.note("speckle", &range, "");
        } else {
            let factor = random.within(range);
            drawing.curve(|grey| grey * factor);
            drawing.note("multiply", &[factor], "");
        }
    }
}
