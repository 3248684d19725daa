//! Filters: blur, sharpening, loss of resolution.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Limit;
use super::check::Check;
use super::drawing::Drawing;
use super::operation::Operation;
use super::random::Random;
use crate::{Kernel, Tone};

/// Mixes the image with one whose edges are raised (`method = "kernel"` of albumentations): the kernel of 3 × 3 with
/// −`alpha` around 1 + (7 + `lightness`)·`alpha`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sharpen {
    /// Probability.
    pub p: f64,
    /// How much of the sharpened image is seen, 0 to 1; a number is that very share.
    pub alpha: Limit,
    /// Its brightness: 1 leaves even grey as it is; 0 to 4; a number is that very value.
    pub lightness: Limit,
}

impl Default for Sharpen {
    fn default() -> Sharpen {
        Sharpen { p: 0.5, alpha: Limit::pair(0.2, 0.5), lightness: Limit::pair(0.5, 1.0) }
    }
}

/// Gaussian blur, `cv2.GaussianBlur`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GaussianBlur {
    /// Probability.
    pub p: f64,
    /// Side of the kernel, odd, 3 to 99; L is [3, L]. 0: three standard deviations to each side.
    pub blur_limit: Limit,
    /// Standard deviation in pixels, 0 to 16; L is [0, L]. 0: 0.3·((side − 1)·0.5 − 1) + 0.8.
    pub sigma_limit: Limit,
}

impl Default for GaussianBlur {
    fn default() -> GaussianBlur {
        GaussianBlur { p: 0.5, blur_limit: Limit::pair(3.0, 7.0), sigma_limit: Limit::Number(0.0) }
    }
}

/// The median of a square, `cv2.medianBlur`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MedianBlur {
    /// Probability.
    pub p: f64,
    /// Side of the square, odd, 3 to 7; L is [3, L].
    pub blur_limit: Limit,
}

impl Default for MedianBlur {
    fn default() -> MedianBlur {
        MedianBlur { p: 0.5, blur_limit: Limit::Number(7.0) }
    }
}

/// The mean along a line, as of something that moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MotionBlur {
    /// Probability.
    pub p: f64,
    /// Side of the kernel and length of the line, odd, 3 to 31; L is [3, L].
    pub blur_limit: Limit,
    /// Degrees of the line, 0 to 360; a number is that very angle.
    pub angle_range: Limit,
    /// Whether the line may lie beside the middle. It moves the image by up to a quarter of `blur_limit`, but not its
    /// bones: better false where bones are to be found.
    pub allow_shifted: bool,
}

impl Default for MotionBlur {
    fn default() -> MotionBlur {
        let angle_range = Limit::pair(0.0, 360.0);
        MotionBlur { p: 0.5, blur_limit: Limit::Number(7.0), angle_range, allow_shifted: true }
    }
}

/// Loses resolution: scales down (INTER_AREA) and back up (INTER_LINEAR). albumentations takes nearest pixels for both
/// where it is not told otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Downscale {
    /// Probability.
    pub p: f64,
    /// The share of the sides that is left, 0.02 to 1; a number is that very share.
    pub scale_range: Limit,
}

impl Default for Downscale {
    fn default() -> Downscale {
        Downscale { p: 0.5, scale_range: Limit::pair(0.25, 0.25) }
    }
}

/// The sides of kernels from which one is drawn; they were checked.
fn sides(limit: Limit) -> [u32; 2] {
    limit.beside(3.0).map(|side| side as u32)
}

/// The kernel of [`Sharpen`].
pub(super) fn sharpening(alpha: f64, lightness: f64) -> [f64; 9] {
    let mut weights = [-alpha; 9];
    weights[4] = (1.0 - alpha) + alpha * (8.0 + lightness);
    weights
}

/// The kernel of [`MotionBlur`]: pixels near 2·`side` points of a line through the middle, moved by `shift`, at `angle`
/// degrees (clockwise, as y goes down) have the same weight; as albumentations' `create_motion_kernel` with direction 0,
/// but for points beyond the kernel, which are left out.
pub(super) fn line(side: u32, angle: f64, shift: [f64; 2]) -> Vec<f32> {
    let middle = f64::from(side / 2);
    let (sin, cos) = angle.to_radians().sin_cos();
    let mut weights = vec![0.0; (side * side) as usize];
    for step in 0..2 * side {
        let along = middle * (2.0 * f64::from(step) / f64::from(2 * side - 1) - 1.0);
        let [x, y] =
            [middle + cos * along + shift[0], middle + sin * along + shift[1]].map(f64::round_ties_even);
        let inside = |at: f64| (0.0..f64::from(side)).contains(&at);
        if inside(x) && inside(y) {
            weights[y as usize * side as usize + x as usize] = 1.0;
        }
    }
    let sum: f32 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

fn convolve(side: u32, weights: Vec<f32>, drawing: &mut Drawing) {
    let kernel = Kernel::new(side, weights).expect("as many weights as an odd side has");
    drawing.tone.push(Tone::Convolve(kernel));
}

impl Operation for Sharpen {
    fn name(&self) -> &'static str {
        "Sharpen"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        check.limit("alpha", self.alpha, self.alpha.fixed(), 0.0..=1.0, "shares from 0 to 1");
        let lightness = self.lightness;
        check.limit("lightness", lightness, lightness.fixed(), 0.0..=4.0, "numbers from 0 to 4");
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let alpha = random.within(self.alpha.fixed());
        let lightness = random.within(self.lightness.fixed());
        convolve(3, sharpening(alpha, lightness).map(|weight| weight as f32).to_vec(), drawing);
        drawing.note("sharpen", &[alpha], "");
    }
}

impl GaussianBlur {
    /// Whether sides follow from standard deviations.
    fn free(&self) -> bool {
        self.blur_limit.fixed() == [0.0; 2]
    }
}

impl Operation for GaussianBlur {
    fn name(&self) -> &'static str {
        "GaussianBlur"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        if !self.free() {
            let expected = "odd numbers from 3 to 99 or 0";
            check.odd("blur_limit", self.blur_limit, self.blur_limit.beside(3.0), 3.0..=99.0, expected);
        }
        let sigma = self.sigma_limit;
        let expected = if self.free() {
            "where blur_limit is 0 a pair of pixels from 0.1 to 16"
        } else {
            "pixels from 0 to 16"
        };
        let least = if self.free() { 0.1 } else { 0.0 };
        check.limit("sigma_limit", sigma, sigma.beside(0.0), least..=16.0, expected);
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let sigma = random.within(self.sigma_limit.beside(0.0));
        let size = if self.free() {
            // As cv2.GaussianBlur does it for bytes.
            (sigma * 6.0 + 1.0).round_ties_even() as u32 | 1
        } else {
            random.odd(sides(self.blur_limit))
        };
        drawing.tone.push(Tone::GaussianBlur { size, sigma });
        if sigma > 0.0 {
            drawing.note("blur", &[sigma], " px");
        } else {
            drawing.note("blur", &[f64::from(size)], "");
        }
    }
}

impl Operation for MedianBlur {
    fn name(&self) -> &'static str {
        "MedianBlur"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        let limit = self.blur_limit;
        check.odd("blur_limit", limit, limit.beside(3.0), 3.0..=7.0, "odd numbers from 3 to 7");
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let size = random.odd(sides(self.blur_limit));
        drawing.tone.push(Tone::MedianBlur { size });
        drawing.note("median", &[f64::from(size)], "");
    }
}

impl Operation for MotionBlur {
    fn name(&self) -> &'static str {
        "MotionBlur"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        let limit = self.blur_limit;
        check.odd("blur_limit", limit, limit.beside(3.0), 3.0..=31.0, "odd numbers from 3 to 31");
        let angle = self.angle_range;
        check.limit("angle_range", angle, angle.fixed(), 0.0..=360.0, "degrees from 0 to 360");
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let side = random.odd(sides(self.blur_limit));
        let angle = random.within(self.angle_range.fixed());
        let reach = if self.allow_shifted { f64::from(side / 2) / 2.0 } else { 0.0 };
        let shift = [random.within([-reach, reach]), random.within([-reach, reach])];
        convolve(side, line(side, angle, shift), drawing);
        drawing.note("motion", &[f64::from(side)], "");
    }
}

impl Operation for Downscale {
    fn name(&self) -> &'static str {
        "Downscale"
    }

    fn p(&self) -> f64 {
        self.p
    }

    fn check(&self, check: &mut Check) {
        let scale = self.scale_range;
        check.limit("scale_range", scale, scale.fixed(), 0.02..=1.0, "shares of the sides from 0.02 to 1");
    }

    fn draw(&self, random: &mut Random, drawing: &mut Drawing) {
        let scale = random.within(self.scale_range.fixed());
        if scale < 1.0 {
            drawing.tone.push(Tone::Downscale { scale });
            drawing.note("downscale", &[scale], "");
        }
    }
}
